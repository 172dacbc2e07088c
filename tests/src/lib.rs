//! Stories, random play and fault runs over the whole of Xuncha; the pieces they are made of.
// This crate is test code from end to end: where a step of a test fails, the test has failed.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

pub mod harness;
