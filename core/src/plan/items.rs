//! Items are enforced: what an op says about items of a catalogue must fit the catalogue it names.
//!
//! A finding or an inspection that names no catalogue is of an app that had none; its item is taken
//! as it is. A phone that does not hold the document previews without it, the server waits for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::answers::{self, Misfit};
use super::kind::{Act, KindLaw};
use super::{Moment, Ruling, View, errand, hold, refuse, spot};
use crate::model::catalogue::{Catalogue, Item};
use crate::model::{Answer, Code, Entity, EntityId, Hash, Inspection, Is, TimeLimit};
use crate::op::Op;

/// Checks the op against the catalogue; `entity` is what it is about, if that is there.
pub(super) fn check(view: &dyn View, moment: &Moment, law: &KindLaw, op: &Op, entity: Option<&Entity>) -> Ruling<()> {
    let reader = Reader { view, moment };
    match law.kind {
        "catalogue.load" => reader.loaded(op),
        "finding.record" | "finding.import" | "finding.amend" | "finding.resolve" => reader.finding(law, op, entity),
        "finding.fix" => entity.map_or(Ok(()), |finding| spot::check(finding, op)),
        "inspection.start" => reader.started(op),
        "inspection.answer" => entity.map_or(Ok(()), |entity| reader.answered(op, entity)),
        "inspection.finish" => entity.map_or(Ok(()), |entity| reader.finished(entity)),
        "task.finish" => entity.map_or(Ok(()), |task| reader.done(op, task)),
        "inspection.resolve" => entity.map_or(Ok(()), |entity| reader.settled(op, entity)),
        _ => Ok(()),
    }
}

/// What an inspection comes to, in hundredths of a point: when `op` finishes it, and when `op`
/// settles an answer of one that is finished.
pub(super) fn points_after(view: &dyn View, op: &Op, entity: &Entity) -> Option<u64> {
    let mut inspection = Inspection::from_entity(entity);
    if op.kind == "inspection.resolve" {
        let field = op.body.get("field").and_then(Value::as_str);
        let item =
            field.and_then(|field| field.strip_prefix("answers/")).filter(|_| inspection.status == "finished")?;
        let answer = op.body.get("value").and_then(|value| Answer::deserialize(value).ok())?;
        inspection.answers.insert(item.to_owned(), answer);
    }
    let catalogue = catalogue_of(view, inspection.catalogue?)?;
    let points = inspection.answers.iter().filter_map(|(id, answer)| {
        let item = catalogue.item(id)?;
        Some(u64::from(answers::points(item, answer)))
    });
    Some(points.sum())
}

/// The catalogue that the entity `id` stands for, if its document is here.
pub fn catalogue_of(view: &dyn View, id: EntityId) -> Option<Arc<Catalogue>> {
    let entity = view.entity(id).filter(|entity| entity.kind == "catalogue")?;
    view.catalogue(&file_of(&entity)?)
}

/// The catalogue in force among `catalogues`: the one loaded last that was not retired.
pub fn in_force<'a>(catalogues: impl Iterator<Item = &'a Entity>) -> Option<&'a Entity> {
    let active = catalogues.filter(|catalogue| catalogue.text("status") == Some("active"));
    active.max_by_key(|catalogue| (catalogue.stamps.first.index, catalogue.id))
}

/// The limit that counts for a finding when nobody says another: the first that its item has.
pub(super) fn item_limit(view: &dyn View, finding: &Entity) -> Option<TimeLimit> {
    let catalogue = finding.reference("catalogue").and_then(|id| catalogue_of(view, id))?;
    let limit = catalogue.item(finding.text("item")?)?.limits.first()?;
    Some(TimeLimit { amount: limit.amount, clock: limit.clock })
}

/// The document of a catalogue.
pub fn file_of(catalogue: &Entity) -> Option<Hash> {
    catalogue.field("file")?.get("hash")?.as_str()?.parse().ok()
}

struct Reader<'a> {
    view: &'a dyn View,
    moment: &'a Moment,
}

impl Reader<'_> {
    /// The catalogue; none where a phone does not hold it.
    fn catalogue(&self, id: EntityId) -> Ruling<Option<Arc<Catalogue>>> {
        let Some(entity) = self.view.entity(id) else { return hold(format!("entity:{id}")) };
        if entity.kind != "catalogue" {
            return bad("catalogue", &format!("is a {}, not a catalogue", entity.kind));
        }
        self.document(&entity)
    }

    fn document(&self, entity: &Entity) -> Ruling<Option<Arc<Catalogue>>> {
        let file = file_of(entity);
        match file.and_then(|file| self.view.catalogue(&file)) {
            Some(catalogue) => Ok(Some(catalogue)),
            None if self.moment.received.is_none() => Ok(None),
            None => hold(format!("document:{}", file.map(|file| file.to_string()).unwrap_or_default())),
        }
    }

    /// The document must be here first, and be the version that it is said to be.
    fn loaded(&self, op: &Op) -> Ruling<()> {
        let hash = op.body.get("file").and_then(|file| file.get("hash")).and_then(Value::as_str);
        let Some(hash) = hash.and_then(|hash| hash.parse::<Hash>().ok()) else { return Ok(()) };
        match self.view.catalogue(&hash) {
            None => hold(format!("document:{hash}")),
            Some(catalogue) if op.body.get("version").and_then(Value::as_str) == Some(&catalogue.version) => Ok(()),
            Some(catalogue) => bad("version", &format!("the document says {}", catalogue.version)),
        }
    }

    fn finding(&self, law: &KindLaw, op: &Op, entity: Option<&Entity>) -> Ruling<()> {
        let before = |field: &str| entity.and_then(|entity| entity.field(field));
        let after = |field: &str| op.body.get(field).or_else(|| before(field));
        let id = |value: &Value| value.as_str().and_then(|text| text.parse::<EntityId>().ok());
        let Some(catalogue) = after("catalogue").and_then(id) else { return Ok(()) };
        let Some(catalogue) = self.catalogue(catalogue)? else { return Ok(()) };
        if law.act == Act::Resolve {
            return chosen(&catalogue, op, entity);
        }
        let Some(id) = after("item").and_then(Value::as_str) else { return Ok(()) };
        let Some(item) = catalogue.item(id) else {
            return bad("item", &format!("{id} is not in catalogue {}", catalogue.version));
        };
        let values = op.body.get("values").and_then(Value::as_object).into_iter().flatten();
        for (name, value) in values.filter(|(_, value)| !value.is_null()) {
            fits(&format!("values/{name}"), answers::check_value(item, name, value))?;
        }
        Ok(())
    }

    /// The kind of place must be one that the catalogue has a checklist for.
    fn started(&self, op: &Op) -> Ruling<()> {
        let text = |field: &str| op.body.get(field).and_then(Value::as_str);
        let Some(id) = text("catalogue").and_then(|id| id.parse().ok()) else { return Ok(()) };
        let Some(catalogue) = self.catalogue(id)? else { return Ok(()) };
        let kind = text("type").unwrap_or_default();
        match catalogue.place_type(kind) {
            Some(_) => Ok(()),
            None => bad("type", &format!("{kind} has no checklist in catalogue {}", catalogue.version)),
        }
    }

    fn answered(&self, op: &Op, entity: &Entity) -> Ruling<()> {
        let inspection = Inspection::from_entity(entity);
        // The phone replays its own answers over a row that is finished already.
        if !inspection.is_open() && self.moment.received.is_some() {
            return refuse(Code::StateChanged, &inspection.status);
        }
        let Some(list) = self.checklist(&inspection)? else { return Ok(()) };
        let said: BTreeMap<&String, Answer> = op
            .body
            .get("answers")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter_map(|(id, answer)| Some((id, Answer::deserialize(answer).ok()?)))
            .collect();
        for (id, answer) in said {
            let field = format!("answers/{id}");
            let Some(item) = list.items.get(id) else { return bad(&field, "is not on this checklist") };
            fits(&field, answers::check(item, &answer))?;
            self.found_nothing(&field, &answer)?;
        }
        Ok(())
    }

    /// What is as it should be, or does not arise, has no finding; one that was declared void is none.
    fn found_nothing(&self, field: &str, answer: &Answer) -> Ruling<()> {
        if !matches!(answer.is, Some(Is::Yes | Is::Na)) {
            return Ok(());
        }
        let stands = |id: &&EntityId| {
            let finding = self.view.entity(**id).filter(|finding| finding.kind == "finding");
            finding.is_some_and(|finding| finding.text("status") != Some("void"))
        };
        match answer.findings.iter().find(stands) {
            Some(id) => bad(&format!("{field}/findings"), &format!("{id} was found, and the answer is not no")),
            None => Ok(()),
        }
    }

    /// Every item is answered, and what is wrong is shown or explained.
    fn finished(&self, entity: &Entity) -> Ruling<()> {
        let inspection = Inspection::from_entity(entity);
        let Some(list) = self.checklist(&inspection)? else { return Ok(()) };
        for id in &list.order {
            let Some(item) = list.items.get(id) else { continue };
            let field = format!("answers/{id}");
            let answer = fits(&field, answers::whole(item, inspection.answers.get(id)))?;
            if answers::must_show(answer) {
                fits(&field, answers::shown(item, answer, self.photos_of(answer)?))?;
            }
        }
        Ok(())
    }

    /// A task is done by a visit that came to its end, not by one that was called off meanwhile or went elsewhere.
    fn done(&self, op: &Op, task: &Entity) -> Ruling<()> {
        let visit = op.body.get("inspection").and_then(Value::as_str).and_then(|id| id.parse().ok());
        let Some(visit) = visit.and_then(|id| self.view.entity(id)) else { return Ok(()) };
        match visit.text("status") {
            None | Some("finished") => fits("inspection", errand::check(self.view, task, &visit)),
            Some(status) => refuse(Code::StateChanged, format!("inspection: is {status}")),
        }
    }

    /// The answer chosen fits its item; that of a visit which is over is not only begun.
    fn settled(&self, op: &Op, entity: &Entity) -> Ruling<()> {
        let field = op.body.get("field").and_then(Value::as_str).unwrap_or_default();
        let Some(id) = field.strip_prefix("answers/") else { return Ok(()) };
        let inspection = Inspection::from_entity(entity);
        let Some(list) = self.checklist(&inspection)? else { return Ok(()) };
        let Some(item) = list.items.get(id) else { return bad("field", &format!("{id} is not on this checklist")) };
        let answer = op.body.get("value").and_then(|value| Answer::deserialize(value).ok());
        if inspection.status == "finished" && answer.as_ref().and_then(|answer| answer.is).is_none() {
            return bad("value", "is no answer, and the inspection is finished");
        }
        answer.map_or(Ok(()), |answer| fits("value", answers::check(item, &answer)))
    }

    /// Photos of what was found wrong, before it was rectified.
    fn photos_of(&self, answer: &Answer) -> Ruling<u32> {
        let mut count = 0;
        for id in &answer.findings {
            let Some(finding) = self.view.entity(*id) else { return hold(format!("entity:{id}")) };
            count += photos(&finding, false);
        }
        Ok(count)
    }

    fn checklist(&self, inspection: &Inspection) -> Ruling<Option<Checklist>> {
        let Some(id) = inspection.catalogue else { return Ok(None) };
        let here = self.catalogue(id)?.is_some();
        Ok(if here { Checklist::of(self.view, inspection) } else { None })
    }
}

/// What is gone through at a place: the list of its kind, and what is looked at there besides.
#[derive(Debug, Clone, Default)]
pub struct Checklist {
    /// Ids of the items, in order.
    pub order: Vec<String>,
    /// The items.
    pub items: BTreeMap<String, Item>,
}

impl Checklist {
    /// What `visit` goes through: the list of its kind of place, and the own items of its known place.
    /// None when its catalogue is not here; what the catalogue does not have is left out.
    pub fn of(view: &dyn View, visit: &Inspection) -> Option<Checklist> {
        let catalogue = catalogue_of(view, visit.catalogue?)?;
        let known = visit.place.as_ref().and_then(|place| place.id).and_then(|id| view.entity(id));
        let own = known.iter().flat_map(|place| place.members("items")).map(|(item, _)| item);
        let kind = catalogue.place_type(&visit.place_type);
        let mut list = Checklist::default();
        for id in kind.into_iter().flat_map(|kind| kind.items.iter().map(String::as_str)).chain(own) {
            if let Some(item) = catalogue.item(id)
                && list.items.insert(id.to_owned(), item.clone()).is_none()
            {
                list.order.push(id.to_owned());
            }
        }
        Some(list)
    }
}

/// Number of photos that show the finding after it was rectified, or before.
pub fn photos(finding: &Entity, after: bool) -> u32 {
    let count = finding.members("photos").filter(|(_, photo)| spot::shows_after(photo) == after).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn chosen(catalogue: &Catalogue, op: &Op, entity: Option<&Entity>) -> Ruling<()> {
    let field = op.body.get("field").and_then(Value::as_str).unwrap_or_default();
    let value = op.body.get("value").unwrap_or(&Value::Null);
    if value.is_null() {
        return Ok(());
    }
    let item = if field == "item" { value.as_str() } else { entity.and_then(|entity| entity.text("item")) };
    let item = item.and_then(|id| catalogue.item(id));
    match (field, field.strip_prefix("values/"), item) {
        ("item", _, None) => bad("value", &format!("is not in catalogue {}", catalogue.version)),
        (_, Some(name), Some(item)) => fits("value", answers::check_value(item, name, value)),
        _ => Ok(()),
    }
}

fn fits<T>(field: &str, found: Result<T, Misfit>) -> Ruling<T> {
    found.or_else(|misfit| bad(&misfit.within(field), &misfit.detail))
}

fn bad<T>(field: &str, what: &str) -> Ruling<T> {
    refuse(Code::BadField, format!("{field}: {what}"))
}
