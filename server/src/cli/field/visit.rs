//! An inspector's day: checklist, places, tasks, visits, fixed on the spot.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use xuncha_core::model::catalogue::{AskKind, Item};
use xuncha_core::model::{Answer, EntityId, FindingDraft, Inspection, Is, Place};
use xuncha_core::notebook::{Line, Near, Notebook, Shot, Visit};
use xuncha_core::plan::check_value;

use super::item::describe as describe_item;
use super::standpoint::Standpoint;
use super::tray::with_photos;
use super::{Failure, Printer, Words};

/// What can be done at a place.
#[derive(Debug, Subcommand)]
pub(super) enum Inspect {
    /// Begin a visit; needs no network.
    Start(Start),
    /// List visits, the one started last first.
    List {
        /// Only those under way.
        #[arg(long)]
        open: bool,
    },
    /// Show the checklist of a visit and what is still missing.
    Show {
        /// The visit.
        id: EntityId,
    },
    /// Answer an item of a visit that is under way, also one that was put aside.
    Answer(Box<Given>),
    /// Put a visit aside.
    Pause {
        /// The visit.
        id: EntityId,
    },
    /// Go on with a visit.
    Resume {
        /// The visit.
        id: EntityId,
    },
    /// End a visit: everything is answered, and shown or explained.
    Finish {
        /// The visit.
        id: EntityId,
    },
    /// Say that a visit should not have been begun.
    Cancel {
        /// The visit.
        id: EntityId,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct Start {
    /// Name or id of the known place.
    #[arg(long)]
    place: Option<String>,
    /// The task that it carries out.
    #[arg(long)]
    task: Option<EntityId>,
    /// Kind of place, when it is not that of the known place.
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    #[command(flatten)]
    standpoint: Standpoint,
    /// In words.
    #[arg(long)]
    note: Option<String>,
}

/// An answer, and what was found wrong.
#[derive(Debug, Args)]
pub(super) struct Given {
    /// The visit.
    id: EntityId,
    /// The item.
    item: String,
    /// yes, no or na; what follows from figures need not be said.
    #[arg(long, value_parser = parse_is)]
    is: Option<Is>,
    /// What the item asks, such as count=3 or plate=…; may be given more than once.
    #[arg(long, value_name = "NAME=VALUE")]
    value: Vec<String>,
    /// Why there are fewer photos than the item takes.
    #[arg(long)]
    why: Option<String>,
    /// What was found wrong, in words: records a finding.
    #[arg(long)]
    note: Option<String>,
    /// A photo of it: records a finding; may be given more than once.
    #[arg(long, value_name = "FILE")]
    photo: Vec<PathBuf>,
    /// The photos were taken just now, not chosen from a gallery.
    #[arg(long)]
    camera: bool,
    #[command(flatten)]
    standpoint: Standpoint,
}

fn parse_is(text: &str) -> Result<Is, String> {
    serde_json::from_value(Value::from(text)).map_err(|_| "wanted yes, no or na".to_owned())
}

impl Inspect {
    pub(super) fn run(self, phone: &Notebook, printer: &Printer) -> Result<(), Failure> {
        match self {
            Inspect::Start(start) => start.run(phone, printer),
            Inspect::List { open } => {
                for visit in phone.inspections(open)? {
                    printer.say(&json!(visit), describe(phone, &visit));
                }
                Ok(())
            }
            Inspect::Show { id } => show(phone, id, printer),
            Inspect::Answer(given) => given.run(phone, printer),
            Inspect::Pause { id } => said(phone, printer, id, phone.pause_inspection(id)),
            Inspect::Resume { id } => said(phone, printer, id, phone.resume_inspection(id)),
            Inspect::Finish { id } => said(phone, printer, id, phone.finish_inspection(id)),
            Inspect::Cancel { id, reason } => said(phone, printer, id, phone.cancel_inspection(id, &reason)),
        }
    }
}

fn said(
    phone: &Notebook,
    printer: &Printer,
    id: EntityId,
    op: xuncha_core::Result<xuncha_core::model::OpId>,
) -> Result<(), Failure> {
    let op = op?;
    let visit = phone.inspection(id)?;
    let points = visit.points.map(|points| format!(", {} points", in_points(points))).unwrap_or_default();
    let value = json!({ "inspection": id, "op": op, "status": visit.status, "points": visit.points });
    printer.say(&value, format!("{id} is {}{points}", visit.status));
    Ok(())
}

impl Start {
    fn run(self, phone: &Notebook, printer: &Printer) -> Result<(), Failure> {
        let known = self.place.as_deref().map(|name| known_place(phone, name)).transpose()?;
        let place = self.standpoint.place(None, known);
        let here = |visit: &&Inspection| known.is_some() && visit.place.as_ref().and_then(|place| place.id) == known;
        for open in phone.inspections(true)?.iter().filter(here) {
            printer.hint(format!("under way here already: {}", describe(phone, open)));
        }
        let visit = Visit { place, place_type: self.kind, task: self.task, note: self.note };
        let id = phone.start_inspection(visit)?;
        let lines = phone.checklist(id)?.len();
        printer.say(&json!({ "inspection": id, "items": lines }), format!("started {id}, {lines} items"));
        Ok(())
    }
}

pub(super) fn known_place(phone: &Notebook, name: &str) -> Result<EntityId, Failure> {
    let places = phone.places()?;
    let mut found = places.iter().filter(|place| place.name == name || place.id.to_string() == name);
    match (found.next(), found.next()) {
        (Some(place), None) => Ok(place.id),
        (None, _) => Err(Failure::new("not_found", format!("place: {name} is not on this phone"))),
        _ => Err(Failure::new("ambiguous", format!("place: several are called {name}; give an id"))),
    }
}

impl Given {
    fn run(self, phone: &Notebook, printer: &Printer) -> Result<(), Failure> {
        let lines = phone.checklist(self.id)?;
        let item = lines.into_iter().map(|line| line.item).find(|item| item.id == self.item);
        let item =
            item.ok_or_else(|| Failure::new("bad_field", format!("item: {} is not on this checklist", self.item)))?;
        let values = parse_values(&item, &self.value)?;
        let wrong = self.note.is_some() || !self.photo.is_empty();
        if !wrong && self.is.is_none() && values.is_empty() && self.why.is_none() {
            return Err(Failure::new("bad_field", format!("is: nothing is said of {}, and its answer stays", item.id)));
        }
        let answer = Answer { is: self.is, values, why: self.why.clone(), ..Answer::default() };
        if wrong { self.found(phone, &item, answer, printer) } else { self.told(phone, answer, printer) }
    }

    /// An answer alone. What was found before stays with it, but for what was declared void.
    fn told(self, phone: &Notebook, answer: Answer, printer: &Printer) -> Result<(), Failure> {
        let before = phone.inspection(self.id)?.answers.remove(&self.item);
        let stands = |id: &EntityId| phone.finding(*id).is_ok_and(|finding| finding.status != "void");
        let findings = before.map(|before| before.findings).unwrap_or_default();
        let findings = findings.into_iter().filter(stands).collect();
        let op = phone.answer(self.id, &self.item, Answer { findings, ..answer })?;
        printer.say(&json!({ "inspection": self.id, "op": op }), format!("answered {}", self.item));
        Ok(())
    }

    /// An answer with what was found wrong, where it was found.
    fn found(self, phone: &Notebook, item: &Item, answer: Answer, printer: &Printer) -> Result<(), Failure> {
        let known = phone.inspection(self.id)?.place.and_then(|place| place.id);
        let place = self.standpoint.place(None, known).filter(|_| self.standpoint.at.is_some());
        let alike = alike(phone, &item.id, self.standpoint.place(None, known), printer)?;
        let draft = FindingDraft { place, note: self.note, why: self.why, ..FindingDraft::default() };
        let shot = self.standpoint.shot(self.camera);
        let finding = with_photos(phone, &self.photo, &[], &shot, |photos| {
            Ok(phone.answer_with_finding(self.id, &self.item, answer, draft, photos)?)
        })?;
        let alike: Vec<_> = alike.iter().map(|near| near.finding.id).collect();
        printer.say(
            &json!({ "inspection": self.id, "finding": finding, "alike": alike }),
            format!("answered {} with finding {finding}", self.item),
        );
        Ok(())
    }
}

/// `count=3` as what the item asks.
pub(super) fn parse_values(item: &Item, said: &[String]) -> Result<BTreeMap<String, Value>, Failure> {
    let value = |text: &String| {
        let bad = |what: &str| Failure::new("bad_field", format!("value: {text}: {what}"));
        let (name, value) = text.split_once('=').ok_or_else(|| bad("wanted NAME=VALUE"))?;
        let ask = item.asks.iter().find(|ask| ask.name == name);
        let measured = ask.is_some_and(|ask| matches!(ask.kind, AskKind::Count | AskKind::Length));
        let value = match value.parse::<u64>() {
            Ok(number) if measured => Value::from(number),
            _ if measured => Value::from(value.parse::<f64>().map_err(|_| bad("is not a number"))?),
            _ => Value::from(value),
        };
        // The form of an answer has no room for what no ask takes, and would not say which.
        if measured && let Err(misfit) = check_value(item, name, &value) {
            return Err(Failure::new("bad_field", format!("value: {text}: {}", misfit.detail)));
        }
        Ok((name.to_owned(), value))
    };
    said.iter().map(value).collect()
}

fn show(phone: &Notebook, id: EntityId, printer: &Printer) -> Result<(), Failure> {
    let visit = phone.inspection(id)?;
    // Of a visit that was over before this phone came, the checklist may not be here.
    let lines = match phone.checklist(id) {
        Err(xuncha_core::Error::NotFound { .. }) => Vec::new(),
        lines => lines?,
    };
    let mut text = describe(phone, &visit);
    for line in &lines {
        text.push_str(&format!("\n  {}", describe_line(line)));
    }
    let mut value = json!(visit);
    value["checklist"] = json!(lines);
    printer.say(&value, text);
    Ok(())
}

fn describe(phone: &Notebook, visit: &Inspection) -> String {
    let known = visit.place.as_ref().and_then(|place| place.id).and_then(|id| phone.place(id).ok());
    let place = known.map_or_else(|| visit.place_type.clone(), |place| place.name);
    let points = visit.points.map(|points| format!("  {} points", in_points(points))).unwrap_or_default();
    format!("{}  {}  {place}  {} answered{points}", visit.id, visit.status, visit.answers.len())
}

fn describe_line(line: &Line) -> String {
    let is = match line.answer.as_ref().and_then(|answer| answer.is) {
        Some(Is::Yes) => "yes",
        Some(Is::No) => "no",
        Some(Is::Na) => "n.a.",
        None => "-",
    };
    let missing = line.missing.as_ref().map(|missing| format!("  {missing}")).unwrap_or_default();
    let points = if line.points > 0 { format!("  {} points", in_points(line.points.into())) } else { String::new() };
    format!("{}  {is}  {} ({}){points}{missing}", line.item.id, line.item.name.zh, line.item.name.en)
}

/// Hundredths as people read them.
pub(super) fn in_points(hundredths: u64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

pub(super) fn catalogue(phone: &Notebook, item: Option<&str>, printer: &Printer) -> Result<(), Failure> {
    let in_force = phone.catalogue()?;
    let in_force = in_force.ok_or_else(|| Failure::new("not_found", "there is no catalogue here yet: sync once"))?;
    match item {
        Some(id) => {
            let item = in_force.catalogue.item(id);
            let item = item.ok_or_else(|| Failure::new("not_found", format!("item: {id} is not in the catalogue")))?;
            printer.say(&json!(item), describe_item(item));
        }
        None => {
            printer.hint(format!("catalogue {}", in_force.catalogue.version));
            for item in in_force.catalogue.items() {
                printer.say(&json!(item), format!("{}  {} ({})", item.id, item.name.zh, item.name.en));
            }
        }
    }
    Ok(())
}

pub(super) fn places(phone: &Notebook, near: Option<(f64, f64)>, printer: &Printer) -> Result<(), Failure> {
    match near {
        Some((lat, lon)) => {
            for found in phone.places_near(lat, lon, 2_000.0)? {
                let place = &found.place;
                let text = format!("{}  {:.0} m  {}  {}", place.id, found.metres, place.place_type, place.name);
                printer.say(&json!(found), text);
            }
        }
        None => {
            for place in phone.places()? {
                printer.say(&json!(place), format!("{}  {}  {}", place.id, place.place_type, place.name));
            }
        }
    }
    Ok(())
}

pub(super) fn tasks(phone: &Notebook, all: bool, printer: &Printer) -> Result<(), Failure> {
    for task in phone.tasks(!all)? {
        let due = task.due.map_or_else(|| "-".to_owned(), |due| due.to_string());
        let quiet = if task.unannounced { "  unannounced" } else { "" };
        printer.say(&json!(task), format!("{}  {}  due {due}  {}{quiet}", task.id, task.status, task.name));
    }
    Ok(())
}

pub(super) fn fix(
    phone: &Notebook,
    id: EntityId,
    after: &[PathBuf],
    shot: &Shot,
    printer: &Printer,
) -> Result<(), Failure> {
    let op = with_photos(phone, after, &[], shot, |photos| Ok(phone.fix_on_the_spot(id, photos)?))?;
    printer.say(&json!({ "finding": id, "op": op }), format!("{id} is fixed on the spot"));
    Ok(())
}

/// Findings nearby that may be the same: told before the new one is recorded, which is recorded all the same.
pub(super) fn warn(phone: &Notebook, words: &Words, printer: &Printer) -> Result<Vec<Near>, Failure> {
    let Some(item) = &words.item else { return Ok(Vec::new()) };
    let known = words.known.as_deref().map(|name| known_place(phone, name)).transpose()?;
    alike(phone, item, words.standpoint.place(None, known), printer)
}

fn alike(phone: &Notebook, item: &str, place: Option<Place>, printer: &Printer) -> Result<Vec<Near>, Failure> {
    let Some(place) = place else { return Ok(Vec::new()) };
    let alike = phone.look_alikes(item, &place)?;
    for near in &alike {
        let note = near.finding.note.as_deref().unwrap_or("-");
        printer.hint(format!("may be the same: {}  {:.0} m away  {note}", near.finding.id, near.metres));
    }
    Ok(alike)
}
