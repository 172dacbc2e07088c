//! The list of findings, whose rows cross to the app when they are looked at.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use xuncha_core::model::{EntityId, Time};
use xuncha_core::notebook::{self, ListPage, Listing};

use crate::{FieldError, Finding, Notebook};

/// The place of a finding in the list; stays right while the list grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct ListKey {
    /// When it was recorded, as claimed.
    pub at: Time,
    /// Its id.
    pub id: EntityId,
}

/// One finding in a list.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Listed {
    /// The finding as it is shown.
    pub finding: Finding,
    /// Some of it is not in the server's row yet.
    pub is_pending: bool,
    /// Its place; the next page begins behind the last one's.
    pub key: ListKey,
}

impl From<notebook::Listed> for Listed {
    fn from(one: notebook::Listed) -> Listed {
        Listed { is_pending: one.pending, key: one.key.into(), finding: one.finding.into() }
    }
}

impl From<notebook::ListKey> for ListKey {
    fn from(key: notebook::ListKey) -> ListKey {
        ListKey { at: key.at, id: key.id }
    }
}

/// Findings as they were when they were listed: later edits change nothing in here, list again to see them. It needs
/// the notebook no longer.
///
/// A screen shows a dozen of a thousand rows, and a row costs more to make and to hand over than to list. So that is done
/// when somebody looks: `rows` in Kotlin and Swift is a list like any other that fetches a few at a time. Two are equal
/// when the ledger and what waits say the same of all their findings; nothing crosses for that.
#[derive(Debug, PartialEq, uniffi::Object)]
#[uniffi::export(Eq, Hash)]
pub struct FindingList {
    listing: Listing,
}

impl Hash for FindingList {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Equal lists have equal ids. The rest has numbers that are only nearly comparable.
        self.listing.keys().for_each(|key| key.id.hash(state));
    }
}

#[uniffi::export]
impl Notebook {
    /// Findings, newest first, at most `limit`, behind `after`.
    #[uniffi::method(default(after = None, limit = 50))]
    pub fn list(&self, after: Option<ListKey>, limit: u32) -> Result<Arc<FindingList>, FieldError> {
        let after = after.map(|key| notebook::ListKey { at: key.at, id: key.id });
        let listing = self.core()?.listing(ListPage { after, limit })?;
        Ok(Arc::new(FindingList { listing }))
    }
}

#[uniffi::export]
impl FindingList {
    /// How many findings it has.
    pub fn size(&self) -> u32 {
        u32::try_from(self.listing.len()).unwrap_or(u32::MAX)
    }

    /// The rows from `start` on, at most `count`; none behind the end.
    pub fn read(&self, start: u32, count: u32) -> Vec<Listed> {
        self.listing.part(start as usize, count as usize).into_iter().map(Listed::from).collect()
    }

    /// The place of its last finding, behind which the next page begins; none when it is empty.
    pub fn last_key(&self) -> Option<ListKey> {
        self.listing.keys().next_back().map(ListKey::from)
    }
}
