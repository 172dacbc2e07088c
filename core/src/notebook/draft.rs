//! What a person has begun to write down; survives a kill at every field.

use uuid::Uuid;

use super::{Notebook, record::raw};
use crate::model::{EntityId, FindingDraft, Time};
use crate::store::{Store, unreadable};
use crate::{Error, Result};

/// A saved draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DraftId(pub Uuid);

/// A draft and when it was saved last.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedDraft {
    /// Its id.
    pub id: DraftId,
    /// What was written so far.
    pub draft: FindingDraft,
    /// When it was saved last, by this phone's clock.
    pub saved: Time,
}

impl Notebook {
    /// Saves a draft, new or over an older state of it; any content will do. Durable when it
    /// returns.
    ///
    /// # Errors
    /// [`Error::Full`] when the disk is; the state before is kept.
    pub fn save_draft(&self, id: Option<DraftId>, draft: &FindingDraft) -> Result<DraftId> {
        let id = id.unwrap_or_else(|| DraftId(self.host().uuid()));
        let text = raw(draft)?;
        let now = self.host().clock.wall();
        self.change(|store| store.put_draft(*id.0.as_bytes(), text.get(), now))?;
        Ok(id)
    }

    /// Drafts, the one saved last first.
    ///
    /// # Errors
    /// [`Error::Storage`] when they cannot be read.
    pub fn drafts(&self) -> Result<Vec<SavedDraft>> {
        let read = |(id, text, saved): ([u8; 16], String, Time)| {
            Ok(SavedDraft { id: DraftId(Uuid::from_bytes(id)), draft: draft_of(&text)?, saved })
        };
        self.read(|store| store.drafts())?.into_iter().map(read).collect()
    }

    /// Throws a draft away.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub fn discard_draft(&self, id: DraftId) -> Result<()> {
        let dropped = self.change(|store| store.drop_draft(*id.0.as_bytes()))?;
        if dropped { Ok(()) } else { Err(not_found(id)) }
    }

    /// Records the finding that a draft describes and deletes the draft, both or neither.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none, otherwise as [`Notebook::record`]; the draft is kept.
    pub fn record_draft(&self, id: DraftId) -> Result<EntityId> {
        self.record_draft_with_photos(id, vec![])
    }
}

pub(super) fn saved_draft(store: &Store, id: DraftId) -> Result<FindingDraft> {
    draft_of(&store.draft(*id.0.as_bytes())?.ok_or_else(|| not_found(id))?)
}

fn draft_of(text: &str) -> Result<FindingDraft> {
    serde_json::from_str(text).map_err(|error| unreadable("draft", error))
}

fn not_found(id: DraftId) -> Error {
    Error::NotFound { what: format!("draft {}", id.0) }
}
