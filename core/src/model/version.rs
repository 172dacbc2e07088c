//! Places in the ledger: a version of an entity, and how far a reader has come.

use serde::{Deserialize, Serialize};

/// The version of an entity: the ledger index of the last op that changed it. JSON: `[epoch, index]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "(u32, u64)", into = "(u32, u64)")]
pub struct Version {
    /// The epoch in which `index` was read; 1 in a ledger never restored from a backup.
    pub epoch: u32,
    /// Ledger index, from 0.
    pub index: u64,
}

/// How much of the ledger a reader has seen: the entries below `size`. JSON: `[epoch, size]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "(u32, u64)", into = "(u32, u64)")]
pub struct Cursor {
    /// The epoch in which `size` was read.
    pub epoch: u32,
    /// Number of entries seen; 0 has seen nothing.
    pub size: u64,
}

impl Cursor {
    /// True when the entry at `index` has been seen.
    pub fn covers(self, index: u64) -> bool {
        index < self.size
    }
}

impl From<(u32, u64)> for Version {
    fn from((epoch, index): (u32, u64)) -> Version {
        Version { epoch, index }
    }
}

impl From<Version> for (u32, u64) {
    fn from(version: Version) -> (u32, u64) {
        (version.epoch, version.index)
    }
}

impl From<(u32, u64)> for Cursor {
    fn from((epoch, size): (u32, u64)) -> Cursor {
        Cursor { epoch, size }
    }
}

impl From<Cursor> for (u32, u64) {
    fn from(cursor: Cursor) -> (u32, u64) {
        (cursor.epoch, cursor.size)
    }
}
