//! Visits: start, answer, pause, finish.

use std::collections::HashMap;
use std::sync::Arc;

use xuncha_core::model::catalogue::Item;
use xuncha_core::model::{self, EntityId, Is, OpId, Place, Time};
use xuncha_core::notebook;

use crate::{FieldError, FindingDraft, Notebook, SealedPhoto, Value};

type Result<T> = std::result::Result<T, FieldError>;

/// The answer to one item of a checklist. Without `isRight` it is not finished.
#[derive(Debug, Clone, Default, PartialEq, uniffi::Record)]
pub struct Answer {
    /// Whether it is as it should be; none where that follows from figures.
    #[uniffi(default)]
    pub is_right: Option<Is>,
    /// What the item asks besides, by the name of the ask.
    #[uniffi(default)]
    pub values: HashMap<String, Value>,
    /// In the inspector's words.
    #[uniffi(default)]
    pub note: Option<String>,
    /// Why there are fewer photos than the item takes.
    #[uniffi(default)]
    pub why: Option<String>,
    /// What was found wrong.
    #[uniffi(default)]
    pub findings: Vec<EntityId>,
}

impl Answer {
    fn into_core(self) -> Result<model::Answer> {
        let values = Value::all_json(self.values)?;
        Ok(model::Answer { is: self.is_right, values, note: self.note, why: self.why, findings: self.findings })
    }

    fn of(answer: model::Answer) -> Answer {
        let values = Value::all(&answer.values);
        Answer { is_right: answer.is, values, note: answer.note, why: answer.why, findings: answer.findings }
    }
}

/// A visit to a place with a checklist.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Inspection {
    /// Its id.
    pub id: EntityId,
    /// Ledger index of the last op that changed it; none while only pending ops know it.
    pub index: Option<u64>,
    /// Who started it, unless hidden.
    pub by: Option<EntityId>,
    /// When, as the phone's clock claimed.
    pub at: Time,
    /// `started`, `paused`, `finished`, `void`.
    pub status: String,
    /// Kind of place, whose checklist it goes through.
    pub place_type: String,
    /// The catalogue that the checklist is of.
    pub catalogue: Option<EntityId>,
    /// Where it was started; names the known place.
    pub place: Option<Place>,
    /// The task that it carries out.
    pub task: Option<EntityId>,
    /// Answers so far, by item.
    pub answers: HashMap<String, Answer>,
    /// In the inspector's words.
    pub note: Option<String>,
    /// What it comes to in hundredths of a point, once it is finished.
    pub points: Option<u64>,
    /// Areas that hold its place.
    pub areas: Vec<EntityId>,
    /// Why it is void.
    pub reason: Option<String>,
    /// Fields whose value is disputed.
    pub conflicts: Vec<String>,
}

impl From<model::Inspection> for Inspection {
    fn from(visit: model::Inspection) -> Inspection {
        Inspection {
            id: visit.id,
            index: visit.index,
            by: visit.by,
            at: visit.at,
            status: visit.status,
            place_type: visit.place_type,
            catalogue: visit.catalogue,
            place: visit.place,
            task: visit.task,
            answers: visit.answers.into_iter().map(|(item, answer)| (item, Answer::of(answer))).collect(),
            note: visit.note,
            points: visit.points,
            areas: visit.areas,
            reason: visit.reason,
            conflicts: visit.conflicts,
        }
    }
}

/// One line of a checklist and how far it has come.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Line {
    /// The item.
    pub item: Item,
    /// The answer so far.
    pub answer: Option<Answer>,
    /// Photos of what was found wrong.
    pub photos: u32,
    /// How many the item takes when the answer is no.
    pub photos_wanted: u32,
    /// What it costs, in hundredths of a point.
    pub points: u32,
    /// What is still to be done before the visit can be finished; none: it is complete.
    pub missing: Option<String>,
}

/// What a visit is begun with.
#[derive(Debug, Clone, Default, PartialEq, uniffi::Record)]
pub struct Visit {
    /// Where; names the known place, if there is one. Taken from the task when left out.
    #[uniffi(default)]
    pub place: Option<Place>,
    /// Kind of place; taken from the known place or the task when left out.
    #[uniffi(default)]
    pub place_type: Option<String>,
    /// The task that it carries out.
    #[uniffi(default)]
    pub task: Option<EntityId>,
    /// In the inspector's words.
    #[uniffi(default)]
    pub note: Option<String>,
}

#[uniffi::export]
impl Notebook {
    /// Begins a visit, with the checklist of the catalogue in force. Needs no network.
    ///
    /// Throws `Invalid` naming what is missing: a task, a place, a catalogue (sync once), a field.
    pub fn start_inspection(&self, visit: Visit) -> Result<EntityId> {
        let Visit { place, place_type, task, note } = visit;
        Ok(self.core()?.start_inspection(notebook::Visit { place, place_type, task, note })?)
    }

    /// Answers an item, or changes the answer. What follows from figures need not be said.
    ///
    /// Throws `Invalid` naming `answers/<item>`, `Refused` with `state_changed` when the visit is over.
    pub fn answer(&self, inspection: EntityId, item: String, answer: Answer) -> Result<OpId> {
        Ok(self.core()?.answer(inspection, &item, answer.into_core()?)?)
    }

    /// Records what was found wrong, with its photos, and answers the item with no; all or nothing. Gives the
    /// finding. Its place is that of the visit unless the draft has one.
    pub fn answer_with_finding(
        &self,
        inspection: EntityId,
        item: String,
        answer: Answer,
        finding: FindingDraft,
        photos: Vec<Arc<SealedPhoto>>,
    ) -> Result<EntityId> {
        let (answer, draft) = (answer.into_core()?, finding.into_core()?);
        Ok(self.core()?.answer_with_finding(inspection, &item, answer, draft, SealedPhoto::all(&photos))?)
    }

    /// The checklist of a visit, item by item, and what is still missing.
    pub fn checklist(&self, inspection: EntityId) -> Result<Vec<Line>> {
        let crossed = |line: notebook::Line| Line {
            item: line.item,
            answer: line.answer.map(Answer::of),
            photos: line.photos,
            photos_wanted: line.photos_wanted,
            points: line.points,
            missing: line.missing,
        };
        Ok(self.core()?.checklist(inspection)?.into_iter().map(crossed).collect())
    }

    /// A visit as it is shown.
    pub fn inspection(&self, id: EntityId) -> Result<Inspection> {
        Ok(self.core()?.inspection(id)?.into())
    }

    /// Visits that this phone shows, the one started last first; with `open`, only those under way.
    #[uniffi::method(default(open = false))]
    pub fn inspections(&self, open: bool) -> Result<Vec<Inspection>> {
        Ok(self.core()?.inspections(open)?.into_iter().map(Inspection::from).collect())
    }

    /// Puts a visit aside; it can be resumed on any phone that shows it.
    pub fn pause_inspection(&self, id: EntityId) -> Result<OpId> {
        Ok(self.core()?.pause_inspection(id)?)
    }

    /// Goes on with a visit that was put aside.
    pub fn resume_inspection(&self, id: EntityId) -> Result<OpId> {
        Ok(self.core()?.resume_inspection(id)?)
    }

    /// Declares a visit void, with a reason; it stays readable.
    pub fn cancel_inspection(&self, id: EntityId, reason: String) -> Result<OpId> {
        Ok(self.core()?.cancel_inspection(id, &reason)?)
    }

    /// Ends a visit, and its task with it.
    ///
    /// Throws `Invalid` naming `answers/<item>`, the first that is not complete.
    pub fn finish_inspection(&self, id: EntityId) -> Result<OpId> {
        Ok(self.core()?.finish_inspection(id)?)
    }
}
