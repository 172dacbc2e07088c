//! The wire: addresses, requests, replies, and the one trait that both ends implement.
//!
//! Expected outcomes are values ([`Verdict`], [`PullReply`]); a [`ServiceError`] is an accident or
//! a closed door. The same types are read and written on both sides, so they cannot drift.

mod bundle;
mod pull;
mod push;
mod service;
mod upload;

pub use bundle::{BUNDLE_FORMAT, BundleManifest, BundlePush, MANIFEST_NAME, SIGNATURE_NAME, file_name, push_name};
pub use pull::{PullReply, PullRequest, Row, RowPart};
pub use push::{Final, OpVerdict, PushReply, Verdict};
pub use service::{EnrolReply, EnrolRequest, LedgerInfo, Problem, ServiceError, SyncService, Token, paths};
pub use upload::{Content, TUS_VERSION, Upload, UploadId};

/// Most ops in one push.
pub const MAX_PUSH_OPS: usize = 500;

/// Most bytes of op text that a phone puts into one push.
pub const MAX_PUSH_BYTES: usize = 1024 * 1024;

/// Largest file, in bytes: a photo of 100 megapixels fits several times.
pub const MAX_BLOB_BYTES: u64 = 256 * 1024 * 1024;

/// Most hashes that one reply calls missing.
pub const MAX_MISSING: u32 = 200;

/// Most people who may be signed in on one phone.
pub const MAX_PEOPLE: usize = 20;

/// Most rows in one page of a pull.
pub const MAX_PULL_ROWS: u32 = 5_000;

/// Largest request body in bytes, after decompression: a push at its limit, with room for quoting.
pub const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;

/// Largest reply in bytes, after decompression, that a phone reads: a page is cut at 4 MiB of row
/// text, and one row more always fits.
pub const MAX_REPLY_BYTES: usize = 16 * 1024 * 1024;
