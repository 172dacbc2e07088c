//! The core of Xuncha spoken in Kotlin and Swift. No rules of its own.
#![warn(missing_docs)]

pub use xuncha_core::{Error, Result};
