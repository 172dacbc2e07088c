//! What a Xuncha phone and server must agree on, and the phone's half.
#![warn(missing_docs)]

pub mod model;
pub mod proof;
