//! What devices claim to have seen of this ledger, held against the ledger itself.

use xuncha_core::model::Hash;
use xuncha_core::op::Seen;
use xuncha_core::proof::root_at;

use super::pull::SnapshotNodes;
use crate::store::{Result, Snapshot};

/// The root that was computed last; neighbours mostly claim the same checkpoint.
#[derive(Default)]
pub(super) struct Roots(Option<(u64, Hash)>);

impl Roots {
    /// True when a ledger of `size` entries in this epoch never had the checkpoint `seen`.
    pub(super) fn differs(&mut self, snapshot: &dyn Snapshot, size: u64, seen: &Seen) -> Result<bool> {
        if seen.size > size {
            return Ok(true);
        }
        let root = match self.0.filter(|(known, _)| *known == seen.size) {
            Some((_, root)) => root,
            None => root_at(&SnapshotNodes(snapshot), seen.size)?,
        };
        self.0 = Some((seen.size, root));
        Ok(root != seen.root)
    }
}
