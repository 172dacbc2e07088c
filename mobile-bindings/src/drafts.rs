//! What a person has begun to write down; survives a kill at every field.

use std::sync::Arc;

use xuncha_core::model::{EntityId, Time};
use xuncha_core::notebook::DraftId;

use crate::{FieldError, FindingDraft, Notebook, SealedPhoto};

type Result<T> = std::result::Result<T, FieldError>;

/// A draft and when it was saved last.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct SavedDraft {
    /// Its id.
    pub id: DraftId,
    /// What was written so far.
    pub draft: FindingDraft,
    /// When it was saved last, by this phone's clock.
    pub saved: Time,
}

#[uniffi::export]
impl Notebook {
    /// Saves a draft, new or over an older state of it; any content will do, also before the first enrolment.
    #[uniffi::method(default(id = None))]
    pub fn save_draft(&self, draft: FindingDraft, id: Option<DraftId>) -> Result<DraftId> {
        Ok(self.core()?.save_draft(id, &draft.into_core()?)?)
    }

    /// Drafts, the one saved last first.
    pub fn drafts(&self) -> Result<Vec<SavedDraft>> {
        let drafts = self.core()?.drafts()?;
        let crossed = |one: xuncha_core::notebook::SavedDraft| SavedDraft {
            id: one.id,
            draft: FindingDraft::of(&one.draft),
            saved: one.saved,
        };
        Ok(drafts.into_iter().map(crossed).collect())
    }

    /// Throws a draft away.
    pub fn discard_draft(&self, id: DraftId) -> Result<()> {
        Ok(self.core()?.discard_draft(id)?)
    }

    /// Records the finding that a draft describes, with its photos, and deletes the draft; all or nothing.
    #[uniffi::method(default(photos = []))]
    pub fn record_draft(&self, id: DraftId, photos: Vec<Arc<SealedPhoto>>) -> Result<EntityId> {
        Ok(self.core()?.record_draft_with_photos(id, SealedPhoto::all(&photos))?)
    }
}
