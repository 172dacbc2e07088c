//! The nouns of the field and their typed ids. Pure: no I/O, no clock, no randomness.

mod hash;

pub use hash::{Hash, NotAHash};
