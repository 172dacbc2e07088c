//! Bytes of photos. Absent: network, SQL, and any opinion on what a photo shows.

mod seal;

pub use seal::{Sealed, media_type, seal};
