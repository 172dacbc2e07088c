//! The central ledger of Xuncha and its command line.

pub mod ledger;
pub mod store;
