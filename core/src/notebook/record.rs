//! Writing findings down: record, amend, void, and reading one back.

use serde_json::value::RawValue;

use super::Notebook;
use crate::model::{BlobRef, Entity, EntityId, Finding, FindingDraft, OpId, Place};
use crate::op::check_text;
use crate::store::{Saying, Store, as_invalid};
use crate::{Error, Result};

impl Notebook {
    /// Records a finding and gives its id; durable when it returns. Needs no network.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the field to correct, [`Error::NotEnrolled`] before the first
    /// enrolment and [`Error::Locked`] while nobody records (keep a draft meanwhile), [`Error::Full`] when the disk is. Nothing was recorded.
    pub fn record(&self, draft: FindingDraft, blobs: Vec<BlobRef>) -> Result<EntityId> {
        self.change(|store| self.record_in(store, &draft, blobs))
    }

    pub(super) fn record_in(&self, store: &Store, draft: &FindingDraft, blobs: Vec<BlobRef>) -> Result<EntityId> {
        let id = OpId(self.host().uuid());
        let mut draft = draft.clone();
        name_catalogue(store, &mut draft, None)?;
        let (kind, entity, body) = ("finding.record", EntityId::from(id), body_of(&draft)?);
        store.say(Saying { id, kind, entity, body, from: None, blobs, supersedes: None })?;
        Ok(entity)
    }

    /// Changes the fields of a finding that `draft` sets, as its author saw it ([`FindingDraft::seen`]).
    ///
    /// # Errors
    /// [`Error::NotFound`] when the finding is not shown here, otherwise as [`Notebook::record`].
    pub fn amend(&self, finding: EntityId, draft: FindingDraft, blobs: Vec<BlobRef>) -> Result<OpId> {
        let mut draft = draft;
        self.change(|store| {
            name_catalogue(store, &mut draft, Some(&finding_of(store, finding)?))?;
            let (id, kind, body) = (OpId(self.host().uuid()), "finding.amend", body_of(&draft)?);
            let saying = Saying { id, kind, entity: finding, body, from: None, blobs, supersedes: None };
            store.say_on(saying, draft.seen)
        })
    }

    /// Declares a finding void, with a reason; it stays readable.
    ///
    /// # Errors
    /// [`Error::Refused`] with `state_changed` when it is void already, otherwise as
    /// [`Notebook::amend`].
    pub fn void(&self, finding: EntityId, reason: &str) -> Result<OpId> {
        self.change(|store| {
            let status = finding_of(store, finding)?.text("status").map(str::to_owned);
            let body = raw(&serde_json::json!({ "reason": reason }))?;
            let (id, kind) = (OpId(self.host().uuid()), "finding.void");
            store.say(Saying { id, kind, entity: finding, body, from: status, blobs: vec![], supersedes: None })
        })
    }

    /// A finding as it is shown: the server's row with our open ops replayed over it.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not shown here.
    pub fn finding(&self, id: EntityId) -> Result<Finding> {
        self.read(|store| Ok(Finding::from_entity(&finding_of(store, id)?)))
    }

    /// True while some of what is shown of the finding is not in the server's row yet.
    ///
    /// # Errors
    /// [`Error::Storage`] when it cannot be read.
    pub fn is_pending(&self, finding: EntityId) -> Result<bool> {
        self.read(|store| store.is_pending(finding))
    }

    /// Any entity as it is shown; none when it is not here.
    ///
    /// # Errors
    /// [`Error::Storage`] when it cannot be read.
    pub fn entity(&self, id: EntityId) -> Result<Option<Entity>> {
        self.read(|store| store.entity(id))
    }
}

/// The finding as it is shown.
pub(super) fn finding_of(store: &Store, id: EntityId) -> Result<Entity> {
    let found = store.entity(id)?.filter(|entity| entity.kind == "finding");
    found.ok_or_else(|| Error::NotFound { what: format!("finding {id}") })
}

/// Names the catalogue that the draft's item is of: the finding's own, that of its inspection, or
/// the one in force. A phone that has none yet takes the item as it is.
pub(super) fn name_catalogue(store: &Store, draft: &mut FindingDraft, finding: Option<&Entity>) -> Result<()> {
    let named = finding.is_some_and(|finding| finding.field("catalogue").is_some());
    let asks = draft.item.is_some() || !draft.values.is_empty();
    if draft.catalogue.is_some() || named || !asks {
        return Ok(());
    }
    let inspection = draft.inspection.map(|id| store.entity(id)).transpose()?.flatten();
    draft.catalogue = match inspection.and_then(|inspection| inspection.reference("catalogue")) {
        Some(catalogue) => Some(catalogue),
        None => store.catalogue_in_force()?.filter(|(_, document)| document.is_some()).map(|(entity, _)| entity.id),
    };
    Ok(())
}

/// The draft as the body of an op. Checked alone as well, so that a fault is told before anything
/// is asked of the store.
pub(super) fn body_of(draft: &FindingDraft) -> Result<Box<RawValue>> {
    real_figures(draft)?;
    let body = raw(draft)?;
    check_text(body.get()).map_err(|unreadable| as_invalid(&unreadable))?;
    Ok(body)
}

/// Fails naming a figure of the draft that is none.
pub(super) fn real_figures(draft: &FindingDraft) -> Result<()> {
    draft.place.iter().try_for_each(|place| real("place", place))?;
    let mut shots = draft.photos.iter().filter_map(|(id, photo)| Some((id, photo.as_ref()?.place.as_ref()?)));
    shots.try_for_each(|(id, place)| real(&format!("photos/{id}/place"), place))
}

/// Fails naming a figure of `place` that is none: written down, it would be left out without a word.
pub(super) fn real(field: &str, place: &Place) -> Result<()> {
    let figures = [("lat", place.lat), ("lon", place.lon), ("accuracy", place.accuracy)];
    match figures.into_iter().find(|(_, figure)| figure.is_some_and(|figure| !figure.is_finite())) {
        Some((name, _)) => {
            Err(Error::Invalid { field: format!("{field}.{name}"), detail: "is not a finite number".into() })
        }
        None => Ok(()),
    }
}

pub(super) fn raw(value: &impl serde::Serialize) -> Result<Box<RawValue>> {
    serde_json::value::to_raw_value(value)
        .map_err(|error| Error::Invalid { field: "body".into(), detail: error.to_string() })
}
