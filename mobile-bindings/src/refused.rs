//! What came back: ops that were refused, correcting them, and ops that still wait.

use std::collections::HashMap;
use std::sync::Arc;

use xuncha_core::model::{EntityId, OpId};
use xuncha_core::notebook::{self, WaitingOp};

use crate::{FieldError, FindingDraft, Notebook, SealedPhoto, Value};

type Result<T> = std::result::Result<T, FieldError>;

/// An op that was refused or that the server cannot read; it waits for a person.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct RefusedOp {
    /// The op.
    pub op: OpId,
    /// What it is about.
    pub finding: EntityId,
    /// What it tried, such as `finding.amend`.
    pub kind: String,
    /// Why it was refused, as a stable code and for people, Chinese and English.
    pub code: String,
    /// The same in Chinese.
    pub zh: String,
    /// The same in English.
    pub en: String,
    /// What exactly; names the field where there is one.
    pub detail: String,
    /// Ledger index of the refusal; none when the server could not even read it.
    pub index: Option<u64>,
    /// What was said, field by field.
    pub body: HashMap<String, Value>,
}

impl From<notebook::RefusedOp> for RefusedOp {
    fn from(refused: notebook::RefusedOp) -> RefusedOp {
        let (zh, en) = crate::words::words(refused.code.as_str());
        RefusedOp {
            op: refused.op,
            finding: refused.finding,
            kind: refused.kind,
            code: refused.code.to_string(),
            zh,
            en,
            detail: refused.detail,
            index: refused.index,
            body: refused.body.iter().map(|(field, value)| (field.clone(), Value::of(value))).collect(),
        }
    }
}

#[uniffi::export]
impl Notebook {
    /// Ops that were refused, in the order they were said, until somebody corrects or dismisses them.
    pub fn refused(&self) -> Result<Vec<RefusedOp>> {
        Ok(self.core()?.refused()?.into_iter().map(RefusedOp::from).collect())
    }

    /// Ops that are not judged yet, in the order they were said.
    pub fn waiting(&self) -> Result<Vec<WaitingOp>> {
        Ok(self.core()?.waiting()?)
    }

    /// Says a refused op anew, with what `changes` sets laid over what it said, and with more photos.
    ///
    /// Throws `Invalid` when it is not a refused op, when the correction is not right either, or naming `kind` for a
    /// decision that must be made anew.
    #[uniffi::method(default(photos = []))]
    pub fn correct(&self, refused: OpId, changes: FindingDraft, photos: Vec<Arc<SealedPhoto>>) -> Result<OpId> {
        Ok(self.core()?.correct_with_photos(refused, changes.into_core()?, SealedPhoto::all(&photos))?)
    }

    /// Puts a refused op aside without a correction; it is kept.
    pub fn dismiss(&self, refused: OpId) -> Result<()> {
        Ok(self.core()?.dismiss(refused)?)
    }
}
