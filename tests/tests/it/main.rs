//! Everything that is tested through a whole server, in one executable.
#![allow(clippy::unwrap_used)]

mod conflicts;
mod http;
mod network;
mod ops;
mod people;
