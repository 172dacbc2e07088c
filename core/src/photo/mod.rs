//! Bytes of photos. Absent: network, SQL, and any opinion on what a photo shows.
//!
//! [`seal()`] keeps an original as it is, before anything refers to it; [`leftovers`] finds what a
//! crash left. [`shrink()`] makes what is looked at: a display copy, stamped if wanted, and a
//! thumbnail. Sealing takes any picture, also a damaged one; only previews may fail.

mod colour;
mod encode;
mod error;
mod exif;
mod font;
mod header;
mod jpeg;
mod plane;
mod pngs;
mod seal;
mod shrink;
mod stamp;
mod sweep;

pub use error::PhotoError;
pub use font::{Font, FontFile};
pub use header::{Measure, measure};
pub use seal::{MAX_ORIGINAL, Sealed, media_type, seal, sync_folder};
pub use shrink::{MAX_PIXELS, MAX_SIDE, Preview, Previews, Wanted, shrink};
pub use stamp::Stamp;
pub use sweep::{Leftovers, leftovers, verify_file};
