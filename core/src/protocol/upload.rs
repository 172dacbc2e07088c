//! Files on their way up: an upload in hand, and where its bytes come from.

use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};

/// The version of the tus protocol that uploads speak.
pub const TUS_VERSION: &str = "1.0.0";

/// Names one upload of one device. Random, and worth nothing without the device's token.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UploadId(pub String);

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An upload and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its id.
    pub id: UploadId,
    /// Bytes that the server keeps durably; the file's length when it is whole and verified.
    pub offset: u64,
}

/// Bytes that can be read piece by piece, so that no photo is ever whole in memory.
pub trait Content: Send + Sync {
    /// Length in bytes.
    fn len(&self) -> u64;

    /// True when there are no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads into `buffer` from `offset` on; 0 at the end. May give fewer bytes than fit.
    ///
    /// # Errors
    /// When the bytes cannot be read, or are no longer there.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
}
