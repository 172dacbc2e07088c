//! Bytes of photos. Absent: network, SQL, and any opinion on what a photo shows.

mod seal;

pub use seal::{MAX_ORIGINAL, Sealed, media_type, seal};
