//! What a unit's people and re-checkers say on the way: requests that the server decides.
//!
//! A phone previews the step from the state that it shows. Deadlines, the notice that follows, and whether the step still stands
//! are the server's to say; what was overtaken comes back as refused, with the state that is.

use serde_json::{Map, Value, json};

use super::photo::{blobs_of, promise};
use super::record::{finding_of, raw};
use super::{Notebook, SealedPhoto};
use crate::Result;
use crate::model::{EntityId, Notice, OpId, Time};
use crate::store::Saying;

impl Notebook {
    /// 反馈: what the unit did, with photos of how it is now.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound) when the finding is not shown here, [`Refused`](crate::Error::Refused) with `state_changed` when the unit is not at work
    /// on it, otherwise as [`Notebook::record_with_photos`].
    pub fn reply(&self, finding: EntityId, words: &str, after: Vec<SealedPhoto>) -> Result<OpId> {
        self.step_with("finding.reply", finding, json!({ "reply": words }), after)
    }

    /// 结案: checked, and found to be rectified. Photos of one's own are added.
    ///
    /// # Errors
    /// As [`Notebook::reply`].
    pub fn close_finding(&self, finding: EntityId, check: Option<&str>, after: Vec<SealedPhoto>) -> Result<OpId> {
        let body = check.map_or_else(|| json!({}), |check| json!({ "check": check }));
        self.step_with("finding.close", finding, body, after)
    }

    /// 返工: checked, and found not to be rectified; says why.
    ///
    /// # Errors
    /// As [`Notebook::reply`].
    pub fn return_finding(&self, finding: EntityId, reason: &str, photos: Vec<SealedPhoto>) -> Result<OpId> {
        self.step_with("finding.return", finding, json!({ "reason": reason }), photos)
    }

    /// 回退: what is not this unit's own, with the reason.
    ///
    /// # Errors
    /// As [`Notebook::reply`].
    pub fn give_back(&self, finding: EntityId, reason: &str) -> Result<OpId> {
        self.step_with("finding.give_back", finding, json!({ "reason": reason }), Vec::new())
    }

    /// 延期申请: asks for time until `until`.
    ///
    /// # Errors
    /// As [`Notebook::reply`].
    pub fn request_extension(&self, finding: EntityId, until: Time, because: &str) -> Result<OpId> {
        let body = json!({ "wanted": until, "wanted_because": because });
        self.step_with("finding.request_extension", finding, body, Vec::new())
    }

    /// 签收: the unit has the notice.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound) when the notice is not shown here, [`Refused`](crate::Error::Refused) with `state_changed` when it was signed for.
    pub fn sign_for(&self, notice: EntityId) -> Result<OpId> {
        self.change(|store| self.step_in(store, "notice.sign", notice, &json!({})))
    }

    /// 申诉: the unit says that the notice is wrong, all of it or some of its findings.
    ///
    /// # Errors
    /// As [`Notebook::sign_for`].
    pub fn appeal(&self, notice: EntityId, words: &str, findings: &[EntityId]) -> Result<OpId> {
        let of: Map<String, Value> = findings.iter().map(|id| (id.to_string(), Value::Bool(true))).collect();
        let mut body = json!({ "appeal": words });
        if !of.is_empty() {
            body["appeal_of"] = of.into();
        }
        self.change(|store| self.step_in(store, "notice.appeal", notice, &body))
    }

    /// Notices that this phone shows, the newest first.
    ///
    /// # Errors
    /// [`Storage`](crate::Error::Storage) when they cannot be read.
    pub fn notices(&self) -> Result<Vec<Notice>> {
        let mut notices: Vec<_> = self.read(|store| store.notices())?.iter().map(Notice::from_entity).collect();
        notices.sort_by_key(|notice| std::cmp::Reverse((notice.issued, notice.id)));
        Ok(notices)
    }

    /// A step of a finding with photos, all or nothing.
    fn step_with(
        &self,
        kind: &'static str,
        finding: EntityId,
        mut body: Value,
        mut photos: Vec<SealedPhoto>,
    ) -> Result<OpId> {
        for photo in &mut photos {
            photo.photo.shows.get_or_insert_with(|| "after".to_owned());
        }
        if !photos.is_empty() {
            let named: Map<String, Value> = photos.iter().map(|photo| (photo.id.clone(), json!(photo.photo))).collect();
            body["photos"] = named.into();
        }
        self.change_with(&photos, |store| {
            let from = finding_of(store, finding)?.text("status").map(str::to_owned);
            let (id, body, blobs) = (OpId(self.host().uuid()), raw(&body)?, blobs_of(&photos));
            store.say(Saying { id, kind, entity: finding, body, from, blobs, supersedes: None })?;
            promise(store, finding, id, &photos)?;
            Ok(id)
        })
    }
}
