//! What a Xuncha phone and server must agree on, and the phone's half.
#![warn(missing_docs)]

mod error;
pub mod host;
pub mod model;
pub mod notebook;
pub mod op;
pub mod photo;
pub mod plan;
pub mod proof;
pub mod protocol;
mod store;
pub mod sync;

pub use error::{Error, Result};
