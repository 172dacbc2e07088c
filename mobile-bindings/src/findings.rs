//! Findings: writing them down, reading one back, looking around.

use std::collections::HashMap;
use std::sync::Arc;

use xuncha_core::model::{EntityId, OpId, Photo, Place, Preview as PhotoPreview, Severity, Time};
use xuncha_core::{model, notebook};

use crate::{FieldError, Notebook, SealedPhoto, Value};

type Result<T> = std::result::Result<T, FieldError>;

/// What an inspector writes down. What is left out is left alone.
#[derive(Debug, Clone, Default, PartialEq, uniffi::Record)]
pub struct FindingDraft {
    /// Catalogue item, such as `SR-1`.
    #[uniffi(default)]
    pub item: Option<String>,
    /// Where it is.
    #[uniffi(default)]
    pub place: Option<Place>,
    /// What was seen, in the inspector's words.
    #[uniffi(default)]
    pub note: Option<String>,
    /// How bad it is.
    #[uniffi(default)]
    pub severity: Option<Severity>,
    /// What the item asks besides, by the name of the ask.
    #[uniffi(default)]
    pub values: HashMap<String, Value>,
    /// Tags to add.
    #[uniffi(default)]
    pub add_tags: Vec<String>,
    /// Tags to take out.
    #[uniffi(default)]
    pub remove_tags: Vec<String>,
    /// Photos to take out, by their ids in the finding.
    #[uniffi(default)]
    pub remove_photos: Vec<String>,
    /// The inspection in which it was seen.
    #[uniffi(default)]
    pub inspection: Option<EntityId>,
    /// Why it has fewer photos than its item takes.
    #[uniffi(default)]
    pub why: Option<String>,
    /// For changes: the `index` that the finding had when its author looked at it. What somebody else wrote since is then
    /// disputed and not overwritten. Null: what is here now was seen.
    #[uniffi(default)]
    pub seen: Option<u64>,
}

impl FindingDraft {
    pub(crate) fn into_core(self) -> Result<model::FindingDraft> {
        let added = self.add_tags.into_iter().map(|tag| (tag, Some(true)));
        Ok(model::FindingDraft {
            item: self.item,
            place: self.place,
            note: self.note,
            severity: self.severity,
            photos: self.remove_photos.into_iter().map(|id| (id, None)).collect(),
            tags: added.chain(self.remove_tags.into_iter().map(|tag| (tag, None))).collect(),
            values: Value::all_json(self.values)?,
            inspection: self.inspection,
            why: self.why,
            seen: self.seen,
            ..model::FindingDraft::default()
        })
    }

    pub(crate) fn of(draft: &model::FindingDraft) -> FindingDraft {
        let tags = |wanted: bool| {
            let chosen = draft.tags.iter().filter(move |(_, is)| (**is == Some(true)) == wanted);
            chosen.map(|(tag, _)| tag.clone()).collect()
        };
        FindingDraft {
            item: draft.item.clone(),
            place: draft.place.clone(),
            note: draft.note.clone(),
            severity: draft.severity,
            values: Value::all(&draft.values),
            add_tags: tags(true),
            remove_tags: tags(false),
            remove_photos: draft.photos.keys().cloned().collect(),
            inspection: draft.inspection,
            why: draft.why.clone(),
            seen: draft.seen,
        }
    }
}

/// How much of what a finding's photos promise has arrived in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct Evidence {
    /// Photos that the finding expects.
    pub expected: u32,
    /// Photos whose original is kept by the ledger.
    pub originals: u32,
    /// Photos whose display copy is.
    pub displays: u32,
    /// Photos whose thumbnail is.
    pub thumbnails: u32,
}

impl Evidence {
    fn of(evidence: model::Evidence) -> Evidence {
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Evidence {
            expected: count(evidence.expected),
            originals: count(evidence.originals),
            displays: count(evidence.displays),
            thumbnails: count(evidence.thumbnails),
        }
    }
}

/// A finding as people read it.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Finding {
    /// Its id.
    pub id: EntityId,
    /// Ledger index of the last op that changed it; none while only pending ops know it.
    pub index: Option<u64>,
    /// Who recorded it, unless hidden.
    pub by: Option<EntityId>,
    /// When, as the phone's clock claimed.
    pub at: Time,
    /// `reported`, `fixed_on_the_spot`, `void`, and from casework on the states of a case.
    pub status: String,
    /// Why it is void.
    pub reason: Option<String>,
    /// Catalogue item.
    pub item: Option<String>,
    /// Where.
    pub place: Option<Place>,
    /// What was seen.
    pub note: Option<String>,
    /// How bad.
    pub severity: Option<Severity>,
    /// Photos it expects, by photo id.
    pub photos: HashMap<String, Photo>,
    /// Previews announced for them, by photo id.
    pub previews: HashMap<String, PhotoPreview>,
    /// How much of them the ledger keeps.
    pub evidence: Evidence,
    /// Tags.
    pub tags: Vec<String>,
    /// Areas that hold its place.
    pub areas: Vec<EntityId>,
    /// The unit on whose ground it lies, as the map says.
    pub duty_unit: Option<EntityId>,
    /// The catalogue that its item is of.
    pub catalogue: Option<EntityId>,
    /// Answers to what its item asks.
    pub values: HashMap<String, Value>,
    /// The inspection in which it was seen.
    pub inspection: Option<EntityId>,
    /// Why it has fewer photos than its item takes.
    pub why: Option<String>,
    /// Fields whose value is disputed.
    pub conflicts: Vec<String>,
}

impl From<model::Finding> for Finding {
    fn from(finding: model::Finding) -> Finding {
        Finding {
            id: finding.id,
            index: finding.index,
            by: finding.by,
            at: finding.at,
            status: finding.status,
            reason: finding.reason,
            item: finding.item,
            place: finding.place,
            note: finding.note,
            severity: finding.severity,
            photos: finding.photos.into_iter().collect(),
            previews: finding.previews.into_iter().collect(),
            evidence: Evidence::of(finding.evidence),
            tags: finding.tags,
            areas: finding.areas,
            duty_unit: finding.duty_unit,
            catalogue: finding.catalogue,
            values: Value::all(&finding.values),
            inspection: finding.inspection,
            why: finding.why,
            conflicts: finding.conflicts,
        }
    }
}

/// A finding and how far away it is.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Near {
    /// The finding as it is shown.
    pub finding: Finding,
    /// Metres along the ground.
    pub metres: f64,
}

impl From<notebook::Near> for Near {
    fn from(near: notebook::Near) -> Near {
        Near { finding: near.finding.into(), metres: near.metres }
    }
}

#[uniffi::export]
impl Notebook {
    /// Records a finding with its photos, all or nothing, and gives its id. When this returns, the record and every
    /// byte of its photos are durable. Needs no network.
    ///
    /// Throws `Invalid` with the field to correct, `SignIn` before the first enrolment and while nobody records
    /// (keep a draft meanwhile), `Storage` when the storage is full. Nothing was recorded then.
    #[uniffi::method(default(photos = []))]
    pub fn record(&self, finding: FindingDraft, photos: Vec<Arc<SealedPhoto>>) -> Result<EntityId> {
        Ok(self.core()?.record_with_photos(finding.into_core()?, SealedPhoto::all(&photos))?)
    }

    /// Changes what `changes` sets and adds the photos, all or nothing.
    ///
    /// Throws `Invalid` when the finding is not shown here, otherwise as `record`.
    #[uniffi::method(default(photos = []))]
    pub fn amend(&self, finding: EntityId, changes: FindingDraft, photos: Vec<Arc<SealedPhoto>>) -> Result<OpId> {
        Ok(self.core()?.amend_with_photos(finding, changes.into_core()?, SealedPhoto::all(&photos))?)
    }

    /// Declares a finding void, with a reason; it stays readable.
    pub fn void(&self, finding: EntityId, reason: String) -> Result<OpId> {
        Ok(self.core()?.void(finding, &reason)?)
    }

    /// 即查即改: adds photos of the same spot after it was put right, and closes the finding at once.
    pub fn fix_on_the_spot(&self, finding: EntityId, after: Vec<Arc<SealedPhoto>>) -> Result<OpId> {
        Ok(self.core()?.fix_on_the_spot(finding, SealedPhoto::all(&after))?)
    }

    /// A finding as it is shown: the server's row with our open ops replayed over it.
    pub fn finding(&self, id: EntityId) -> Result<Finding> {
        Ok(self.core()?.finding(id)?.into())
    }

    /// Findings within `metres` of a point (WGS-84 degrees), nearest first.
    #[uniffi::method(default(limit = 50))]
    pub fn near(&self, lat: f64, lon: f64, metres: f64, limit: u32) -> Result<Vec<Near>> {
        let near = self.core()?.near(lat, lon, metres, limit as usize)?;
        Ok(near.into_iter().map(Near::from).collect())
    }

    /// Findings that may be the same as one of `item` at this place, nearest first: to be shown before a new one is
    /// recorded. Without a fix the known place counts that the place names.
    pub fn look_alikes(&self, item: String, place: Place) -> Result<Vec<Near>> {
        Ok(self.core()?.look_alikes(&item, &place)?.into_iter().map(Near::from).collect())
    }
}
