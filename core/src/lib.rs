//! What a Xuncha phone and server must agree on, and the phone's half.
//!
//! Inspectors record findings on phones that are often offline. Each change is an *op*: a text,
//! recorded once and never edited. Phones push ops, signed, to one central ledger; the ledger
//! judges them and phones pull what changed. The words are explained in [`docs::glossary`].
//!
//! # The rooms
//!
//! A room imports only from those above it. A test reads the sources and keeps it so.
//!
//! | room | what it holds | |
//! |---|---|---|
//! | [`model`] | the nouns: findings, entities, stamps, typed ids, times, codes | pure |
//! | [`op`] | the verb: one recorded change, its text, its hash, the device's chain, the signed push | pure |
//! | [`host`] | the clock and the random source, as traits: the only way in for time and chance | |
//! | [`plan`] | the law: forms, rights, merging, steps, who sees what | pure |
//! | [`protocol`] | the wire: addresses, requests, replies, the one trait that both ends implement | pure |
//! | [`proof`] | the Merkle tree, checkpoints, proofs: to build and to verify | pure |
//! | [`photo`] | the bytes of photos: sealing an original under its hash, display copy, thumbnail, stamp | no network, no SQL |
//! | `store` | the phone's SQLite | |
//! | [`sync`] | the phone's errands: push, pull, the HTTP client | |
//! | [`notebook`] | what an app holds: open, record, list, sync | |
//!
//! *Pure* rooms do no I/O, read no clock and draw no random number. The server uses the rooms from
//! [`model`] to [`proof`]; the rest is the phone's. [`Error`] sorts accidents by what the caller
//! does next; expected outcomes, such as a refused op, are values and not errors.
//!
//! # Where to read
//!
//! [`docs::sync_protocol`] for what travels, [`docs::merge_rules`] for what becomes of an op,
//! [`docs::decisions`] for why it is so. In the code, start with [`op::Op`] and [`plan::plan`].
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
pub mod docs;
