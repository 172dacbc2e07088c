//! Visits: start, answer, pause, finish.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Notebook;
use super::photo::SealedPhoto;
use super::record::{raw, real};
use crate::model::catalogue::Item;
use crate::model::{Answer, Entity, EntityId, FindingDraft, Inspection, Is, KnownPlace, OpId, Place, Task};
use crate::plan::{Checklist, Misfit, carries_out, follows, photos_showing, place_of_errand, points, shown, whole};
use crate::store::{Saying, Store};
use crate::{Error, Result};

/// What a visit is begun with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Visit {
    /// Where; names the known place, if there is one. What it leaves open is taken from the task.
    pub place: Option<Place>,
    /// Kind of place; taken from the known place or the task when absent.
    pub place_type: Option<String>,
    /// The task that it carries out.
    pub task: Option<EntityId>,
    /// In the inspector's words.
    pub note: Option<String>,
}

/// One line of a checklist and how far it has come.
#[derive(Debug, Clone, PartialEq, Serialize)]
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

impl Notebook {
    /// Begins a visit, with the checklist of the catalogue in force; that stays its checklist to the
    /// end. Needs no network.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a task, a place or a catalogue that is not on this phone,
    /// [`Error::Invalid`] naming the field to correct; also when the task is at another place, or asks for another
    /// type.
    pub fn start_inspection(&self, visit: Visit) -> Result<EntityId> {
        self.change(|store| {
            let in_force = store.catalogue_in_force()?.filter(|(_, document)| document.is_some());
            let Some((catalogue, _)) = in_force else {
                return Err(Error::NotFound { what: "a catalogue (sync once)".into() });
            };
            let task = visit.task.map(|id| entity_of(store, "task", id)).transpose()?;
            let task = task.as_ref().map(Task::from_entity);
            let place = place_of_errand(visit.place, task.as_ref().and_then(|task| task.place.clone()));
            let place = place.ok_or_else(|| invalid("place", "is missing"))?;
            real("place", &place)?;
            let known = place.id.map(|id| entity_of(store, "place", id)).transpose()?;
            let known = known.as_ref().map(KnownPlace::from_entity);
            let asked = task.as_ref().and_then(|task| task.place_type.clone());
            let place_type = visit.place_type.or(asked).or_else(|| known.map(|known| known.place_type));
            let place_type = place_type.ok_or_else(|| invalid("type", "is missing"))?;
            if let Some(task) = &task {
                fits_task(store, task, &place, &place_type)?;
            }
            let mut body = json!({ "type": place_type, "catalogue": catalogue.id, "place": place });
            if let Some(task) = visit.task {
                body["task"] = json!(task);
            }
            if let Some(note) = visit.note {
                body["note"] = json!(note);
            }
            let id = OpId(self.host().uuid());
            self.say_in(store, id, "inspection.start", EntityId::from(id), &body, None)?;
            Ok(EntityId::from(id))
        })
    }

    /// Answers an item, or changes the answer. What follows from figures need not be said.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming `answers/<item>`; [`Error::NotFound`] for an inspection that is not
    /// here; [`Error::Refused`] with `state_changed` when it is over.
    pub fn answer(&self, inspection: EntityId, item: &str, answer: Answer) -> Result<OpId> {
        self.change(|store| self.answer_in(store, inspection, item, answer))
    }

    /// Records what was found wrong, with its photos, and answers the item with no; all or nothing.
    /// Gives the finding. Without a place of its own it is at the known place of the visit; the fix at the start says
    /// where the inspector stood then, and is taken only where there is no known place.
    ///
    /// # Errors
    /// As [`Notebook::answer`] and [`Notebook::record_with_photos`].
    pub fn answer_with_finding(
        &self,
        inspection: EntityId,
        item: &str,
        answer: Answer,
        draft: FindingDraft,
        photos: Vec<SealedPhoto>,
    ) -> Result<EntityId> {
        self.change_with(&photos, |store| {
            let visit = open_visit(store, inspection)?;
            let before = visit.answers.get(item).map(|before| before.findings.clone()).unwrap_or_default();
            let draft = FindingDraft {
                item: draft.item.clone().or_else(|| Some(item.to_owned())),
                place: draft.place.clone().or_else(|| visit.place.map(place_of_visit)),
                values: if draft.values.is_empty() { answer.values.clone() } else { draft.values.clone() },
                inspection: Some(inspection),
                catalogue: visit.catalogue,
                ..draft
            };
            let finding = self.record_photos_in(store, draft, &photos)?;
            let findings = before.into_iter().chain([finding]).collect();
            self.answer_in(store, inspection, item, Answer { is: answer.is.or(Some(Is::No)), findings, ..answer })?;
            Ok(finding)
        })
    }

    fn answer_in(&self, store: &Store, inspection: EntityId, item: &str, mut answer: Answer) -> Result<OpId> {
        let visit = open_visit(store, inspection)?;
        let found = checklist(store, &visit)?.items.remove(item);
        let found = found.ok_or_else(|| invalid(&format!("answers/{item}"), "is not on this checklist"))?;
        if answer.is != Some(Is::Na)
            && let Some(is) = follows(&found, &answer.values)
        {
            answer.is = answer.is.or(Some(is));
        }
        let body = json!({ "answers": { item: answer } });
        self.say_in(store, OpId(self.host().uuid()), "inspection.answer", inspection, &body, None)
    }

    /// The checklist of a visit, item by item, and what is still missing.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the inspection or its catalogue is not here.
    pub fn checklist(&self, inspection: EntityId) -> Result<Vec<Line>> {
        self.read(|store| {
            let visit = Inspection::from_entity(&entity_of(store, "inspection", inspection)?);
            let list = checklist(store, &visit)?;
            let line = |id: &String| line_of(store, &visit, &list.items[id]);
            list.order.iter().map(line).collect()
        })
    }

    /// A visit as it is shown.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not shown here.
    pub fn inspection(&self, id: EntityId) -> Result<Inspection> {
        self.read(|store| Ok(Inspection::from_entity(&entity_of(store, "inspection", id)?)))
    }

    /// Visits that this phone shows, the one started last first; with `open`, only those under way.
    ///
    /// # Errors
    /// [`Error::Storage`] when they cannot be read.
    pub fn inspections(&self, open: bool) -> Result<Vec<Inspection>> {
        Ok(self.read(|store| store.inspections(open))?.iter().map(Inspection::from_entity).collect())
    }

    /// Puts a visit aside; it can be resumed on any phone that shows it.
    ///
    /// # Errors
    /// [`Error::Refused`] with `state_changed` when it is not under way.
    pub fn pause_inspection(&self, id: EntityId) -> Result<OpId> {
        self.change(|store| self.step_in(store, "inspection.pause", id, &json!({})))
    }

    /// Goes on with a visit that was put aside.
    ///
    /// # Errors
    /// [`Error::Refused`] with `state_changed` when it is not paused.
    pub fn resume_inspection(&self, id: EntityId) -> Result<OpId> {
        self.change(|store| self.step_in(store, "inspection.resume", id, &json!({})))
    }

    /// Declares a visit void, with a reason; it stays readable.
    ///
    /// # Errors
    /// [`Error::Refused`] with `state_changed` when it is void already.
    pub fn cancel_inspection(&self, id: EntityId, reason: &str) -> Result<OpId> {
        self.change(|store| self.step_in(store, "inspection.cancel", id, &json!({ "reason": reason })))
    }

    /// Ends a visit: every item is answered, and what is wrong is shown by as many photos as its item
    /// takes or has a reason why not. Its task, if it has one, is done with it; one that was moved elsewhere meanwhile
    /// stays open.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming `answers/<item>`, the first that is not complete.
    pub fn finish_inspection(&self, id: EntityId) -> Result<OpId> {
        self.change(|store| {
            let visit = Inspection::from_entity(&entity_of(store, "inspection", id)?);
            let op = self.step_in(store, "inspection.finish", id, &json!({}))?;
            if let (Some(id_of_task), Some(place)) = (visit.task, &visit.place) {
                let task = store.entity(id_of_task)?.filter(|task| task.text("status") == Some("open"));
                let task = task.as_ref().map(Task::from_entity);
                if task.is_some_and(|task| fits_task(store, &task, place, &visit.place_type).is_ok()) {
                    self.step_in(store, "task.finish", id_of_task, &json!({ "inspection": id }))?;
                }
            }
            Ok(op)
        })
    }

    /// Says a step from the state that is shown.
    pub(super) fn step_in(&self, store: &Store, kind: &'static str, entity: EntityId, body: &Value) -> Result<OpId> {
        let found = store.entity(entity)?.ok_or_else(|| Error::NotFound { what: entity.to_string() })?;
        let from = found.text("status").map(str::to_owned);
        self.say_in(store, OpId(self.host().uuid()), kind, entity, body, from)
    }

    fn say_in(
        &self,
        store: &Store,
        id: OpId,
        kind: &'static str,
        entity: EntityId,
        body: &Value,
        from: Option<String>,
    ) -> Result<OpId> {
        let body: Box<RawValue> = raw(body)?;
        store.say(Saying { id, kind, entity, body, from, blobs: Vec::new(), supersedes: None })
    }
}

fn invalid(field: &str, detail: &str) -> Error {
    Error::Invalid { field: field.to_owned(), detail: detail.to_owned() }
}

fn entity_of(store: &Store, kind: &str, id: EntityId) -> Result<Entity> {
    let found = store.entity(id)?.filter(|entity| entity.kind == kind);
    found.ok_or_else(|| Error::NotFound { what: format!("{kind} {id}") })
}

/// Where something is that was found in a visit to `place`, if nothing else is known.
fn place_of_visit(place: Place) -> Place {
    match place.id {
        Some(_) => Place { words: place.words, id: place.id, ..Place::default() },
        None => place,
    }
}

/// Fails naming what of a visit is not what its task asks for.
fn fits_task(store: &Store, task: &Task, place: &Place, kind: &str) -> Result<()> {
    let misfit =
        store.with_sight(task.id, store.entity(task.id)?, |sight| carries_out(sight, task, Some(place), kind))?;
    misfit.map_err(|misfit| invalid(misfit.ask.as_deref().unwrap_or("task"), &misfit.detail))
}

fn open_visit(store: &Store, id: EntityId) -> Result<Inspection> {
    let visit = Inspection::from_entity(&entity_of(store, "inspection", id)?);
    if visit.is_open() {
        return Ok(visit);
    }
    Err(Error::Refused { code: crate::model::Code::StateChanged, detail: visit.status })
}

/// The items that a visit goes through.
fn checklist(store: &Store, visit: &Inspection) -> Result<Checklist> {
    let list = store.with_sight(visit.id, store.entity(visit.id)?, |sight| Checklist::of(sight, visit))?;
    list.ok_or_else(|| Error::NotFound { what: "the catalogue of this inspection".into() })
}

fn line_of(store: &Store, visit: &Inspection, item: &Item) -> Result<Line> {
    let answer = visit.answers.get(&item.id).cloned();
    let mut photos = 0;
    for id in answer.iter().flat_map(|answer| &answer.findings) {
        photos += store.entity(*id)?.map_or(0, |finding| photos_showing(&finding, false));
    }
    let done = whole(item, answer.as_ref()).and_then(|answer| shown(item, answer, photos));
    let missing = done.err().map(|misfit| told(&misfit));
    let points = answer.as_ref().map_or(0, |answer| points(item, answer));
    Ok(Line { item: item.clone(), answer, photos, photos_wanted: item.photos.before(), points, missing })
}

fn told(misfit: &Misfit) -> String {
    match &misfit.ask {
        Some(ask) => format!("{ask} {}", misfit.detail),
        None => misfit.detail.clone(),
    }
}
