//! When a backup was last taken: a hint beside the ledger, for monitors.

use std::path::Path;

use xuncha_core::model::Time;

use super::copy::put;

/// Name of the file in the data folder.
const LAST: &str = "last-backup";

/// Remembers that a backup was taken. The backup counts without it.
pub(super) fn remember(data: &Path, taken: Time) {
    if let Err(error) = put(&data.join(LAST), format!("{taken}\n").as_bytes()) {
        tracing::warn!(%error, "that a backup was taken could not be noted");
    }
}

/// When a backup of the ledger in `data` was last taken from this folder; none when that is not known.
pub fn last_taken(data: &Path) -> Option<Time> {
    std::fs::read_to_string(data.join(LAST)).ok()?.trim().parse().ok()
}
