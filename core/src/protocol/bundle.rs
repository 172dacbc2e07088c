//! The bundle: everything that a phone has not sent, as one file to be carried by hand.
//!
//! A ZIP archive whose entries are stored, not compressed: `manifest.json`; `manifest.sig`, the
//! device's signature over [`bundle_message`](crate::op::bundle_message); `push/0001.json` and so on,
//! each a signed push as it would have gone over the wire; `files/<hash>`, in lower-case
//! hexadecimal. What the manifest does not list has no place in it.

use serde::{Deserialize, Serialize};

use crate::model::{BlobRef, DeviceId, Hash, LedgerId, Time};

/// Names this form of a bundle.
pub const BUNDLE_FORMAT: &str = "xuncha-bundle-1";

/// Name of the first entry.
pub const MANIFEST_NAME: &str = "manifest.json";

/// Name of the second.
pub const SIGNATURE_NAME: &str = "manifest.sig";

/// What is in a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleManifest {
    /// [`BUNDLE_FORMAT`].
    pub format: String,
    /// The ledger that it is meant for.
    pub ledger: LedgerId,
    /// Who made it.
    pub device: DeviceId,
    /// When, as the phone's clock claimed.
    pub made: Time,
    /// The pushes, in the order in which they are to be taken.
    pub pushes: Vec<BundlePush>,
    /// The files.
    pub files: Vec<BlobRef>,
}

/// A push in a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundlePush {
    /// SHA-256 of its text.
    pub hash: Hash,
    /// Length of its text in bytes.
    pub len: u64,
    /// Number of ops in it.
    pub ops: u64,
}

/// Name of the `n`th push, from 0.
pub fn push_name(n: usize) -> String {
    format!("push/{:04}.json", n + 1)
}

/// Name of a file.
pub fn file_name(hash: &Hash) -> String {
    format!("files/{}", hash.to_hex())
}
