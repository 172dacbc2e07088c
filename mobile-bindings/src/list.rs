//! The list of findings, whose rows cross to the app when they are looked at.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use xuncha_core::model::{EntityId, Time};
use xuncha_core::notebook::{self, ListPage};

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

impl From<&notebook::Listed> for Listed {
    fn from(one: &notebook::Listed) -> Listed {
        Listed { is_pending: one.pending, key: ListKey::of(one), finding: one.finding.clone().into() }
    }
}

impl ListKey {
    fn of(one: &notebook::Listed) -> ListKey {
        ListKey { at: one.key.at, id: one.key.id }
    }
}

/// Findings as they were when they were listed: later edits change nothing in here, list again to see them. It needs
/// the notebook no longer.
///
/// A screen shows a dozen of a thousand rows, and a row costs more to hand over than to list. So the rows stay here
/// until somebody looks: `rows` in Kotlin and Swift is a list like any other that fetches them a few at a time. Two
/// are equal when all of their rows are; nothing crosses for that.
#[derive(Debug, PartialEq, uniffi::Object)]
#[uniffi::export(Eq, Hash)]
pub struct FindingList {
    listed: Vec<notebook::Listed>,
}

impl Hash for FindingList {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Equal lists have equal ids. The rest has numbers that are only nearly comparable.
        self.listed.iter().for_each(|one| one.key.id.hash(state));
    }
}

#[uniffi::export]
impl Notebook {
    /// Findings, newest first, at most `limit`, behind `after`.
    #[uniffi::method(default(after = None, limit = 50))]
    pub fn list(&self, after: Option<ListKey>, limit: u32) -> Result<Arc<FindingList>, FieldError> {
        let after = after.map(|key| notebook::ListKey { at: key.at, id: key.id });
        let listed = self.core()?.list(ListPage { after, limit })?;
        Ok(Arc::new(FindingList { listed }))
    }
}

#[uniffi::export]
impl FindingList {
    /// How many findings it has.
    pub fn size(&self) -> u32 {
        u32::try_from(self.listed.len()).unwrap_or(u32::MAX)
    }

    /// The rows from `start` on, at most `count`; none behind the end.
    pub fn read(&self, start: u32, count: u32) -> Vec<Listed> {
        self.listed.iter().skip(start as usize).take(count as usize).map(Listed::from).collect()
    }

    /// The place of its last finding, behind which the next page begins; none when it is empty.
    pub fn last_key(&self) -> Option<ListKey> {
        self.listed.last().map(ListKey::of)
    }
}
