//! Casework on the way: what a unit's people and re-checkers say, as requests that the server decides.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use xuncha_core::model::{self, EntityId, OpId, Time};

use crate::{FieldError, Notebook, SealedPhoto};

type Result<T> = std::result::Result<T, FieldError>;

/// A supervision notice (督办单).
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Notice {
    /// Its id.
    pub id: EntityId,
    /// Ledger index of the last op that changed it; none while only pending ops know it.
    pub index: Option<u64>,
    /// `issued`, `signed_for`, `replied`, `returned`, `closed`, `withdrawn`.
    pub status: String,
    /// Its number, such as 督〔2026〕第0001号.
    pub number: Option<String>,
    /// The unit that must rectify.
    pub unit: Option<EntityId>,
    /// Where it comes from: `on_site`, `special_inspection`, `complaint`, `media`, `superior`.
    pub source: String,
    /// Its level, 1 to 3.
    pub level: u64,
    /// The findings on it.
    pub findings: Vec<EntityId>,
    /// Findings that were taken off it again.
    pub struck: Vec<EntityId>,
    /// Until when each is to be rectified, as it was when the notice was issued.
    pub deadlines: HashMap<EntityId, Time>,
    /// What each costs, in hundredths of a point.
    pub points: HashMap<EntityId, u64>,
    /// What is demanded.
    pub demand: Option<String>,
    /// On what it rests.
    pub basis: Option<String>,
    /// When it was issued.
    pub issued: Option<Time>,
    /// Until when it is to be signed for.
    pub sign_by: Option<Time>,
    /// When it was signed for.
    pub signed: Option<Time>,
    /// When everything on it was closed.
    pub closed: Option<Time>,
    /// Why the unit appeals.
    pub appeal: Option<String>,
    /// What became of the appeal: `granted` or `rejected`.
    pub appeal_result: Option<String>,
    /// Why it was withdrawn.
    pub reason: Option<String>,
}

impl From<model::Notice> for Notice {
    fn from(notice: model::Notice) -> Notice {
        Notice {
            id: notice.id,
            index: notice.index,
            status: notice.status,
            number: notice.number,
            unit: notice.unit,
            source: notice.source,
            level: notice.level,
            findings: notice.findings,
            struck: notice.struck,
            deadlines: unordered(notice.deadlines),
            points: unordered(notice.points),
            demand: notice.demand,
            basis: notice.basis,
            issued: notice.issued,
            sign_by: notice.sign_by,
            signed: notice.signed,
            closed: notice.closed,
            appeal: notice.appeal,
            appeal_result: notice.appeal_result,
            reason: notice.reason,
        }
    }
}

fn unordered<K: Hash + Eq, V>(map: BTreeMap<K, V>) -> HashMap<K, V> {
    map.into_iter().collect()
}

#[uniffi::export]
impl Notebook {
    /// 反馈: what the unit did, with photos of how it is now.
    ///
    /// Throws `Refused` with `state_changed` when the unit is not at work on the finding, `Invalid` when it is not
    /// shown here, otherwise as `record`.
    #[uniffi::method(default(after = []))]
    pub fn reply(&self, finding: EntityId, words: String, after: Vec<Arc<SealedPhoto>>) -> Result<OpId> {
        Ok(self.core()?.reply(finding, &words, SealedPhoto::all(&after))?)
    }

    /// 结案: checked, and found to be rectified. Throws as `reply`.
    #[uniffi::method(default(check = None, after = []))]
    pub fn close_finding(
        &self,
        finding: EntityId,
        check: Option<String>,
        after: Vec<Arc<SealedPhoto>>,
    ) -> Result<OpId> {
        Ok(self.core()?.close_finding(finding, check.as_deref(), SealedPhoto::all(&after))?)
    }

    /// 返工: checked, and found not to be rectified; says why. Throws as `reply`.
    #[uniffi::method(default(photos = []))]
    pub fn return_finding(&self, finding: EntityId, reason: String, photos: Vec<Arc<SealedPhoto>>) -> Result<OpId> {
        Ok(self.core()?.return_finding(finding, &reason, SealedPhoto::all(&photos))?)
    }

    /// 回退: what is not this unit's own, with the reason. Throws as `reply`.
    pub fn give_back(&self, finding: EntityId, reason: String) -> Result<OpId> {
        Ok(self.core()?.give_back(finding, &reason)?)
    }

    /// 延期申请: asks for time until `until`. Throws as `reply`.
    pub fn request_extension(&self, finding: EntityId, until: Time, because: String) -> Result<OpId> {
        Ok(self.core()?.request_extension(finding, until, &because)?)
    }

    /// Notices that this phone shows, the newest first.
    pub fn notices(&self) -> Result<Vec<Notice>> {
        Ok(self.core()?.notices()?.into_iter().map(Notice::from).collect())
    }

    /// 签收: the unit has the notice. Throws `Refused` with `state_changed` when it was signed for.
    pub fn sign_for(&self, notice: EntityId) -> Result<OpId> {
        Ok(self.core()?.sign_for(notice)?)
    }

    /// 申诉: the unit says that the notice is wrong, all of it or, where `findings` names some, these. Throws as
    /// `signFor`.
    #[uniffi::method(default(findings = []))]
    pub fn appeal(&self, notice: EntityId, words: String, findings: Vec<EntityId>) -> Result<OpId> {
        Ok(self.core()?.appeal(notice, &words, &findings)?)
    }
}
