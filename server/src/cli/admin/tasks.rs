//! `xuncha admin task` and `schedule`: visits to be made, once or again and again.

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use xuncha_core::model::{Day, EntityId, KnownPlace, Recurs, Schedule, Task, Time};
use xuncha_core::plan::is_meant;

use super::super::Failure;
use super::super::folder::Folder;
use super::super::parse_time;
use super::super::print::Printer;
use super::catalogue::current_document;
use super::{find_user, list};
use crate::casework::{Clerk, day_in_city};
use crate::ledger::OwnOp;

#[derive(Debug, Subcommand)]
pub(super) enum Tasks {
    /// Give a visit to somebody.
    Add {
        /// What is to be done.
        #[arg(long)]
        name: String,
        /// Name or id of the place.
        #[arg(long)]
        place: String,
        /// Name or id of a user who is to do it; may be given more than once; none: whoever sees it.
        #[arg(long)]
        user: Vec<String>,
        /// Not after, such as 2026-11-27T18:00:00+08:00.
        #[arg(long, value_name = "TIME", value_parser = parse_time)]
        due: Option<Time>,
        /// Nobody else hears of it.
        #[arg(long)]
        unannounced: bool,
        /// In words.
        #[arg(long)]
        note: Option<String>,
    },
    /// List tasks.
    List,
    /// Take a task back.
    Cancel {
        /// Its id.
        id: EntityId,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Schedules {
    /// Let visits come again.
    Add(New),
    /// List schedules.
    List,
    /// End a schedule; tasks that were made stay.
    Retire {
        /// Name or id.
        schedule: String,
    },
    /// Make the tasks that are due by now; a running server does it by itself.
    Run,
}

#[derive(Debug, Args)]
pub(super) struct New {
    /// What its tasks are called.
    #[arg(long)]
    name: String,
    /// Day of the week (mon to sun) or of the month (1 to 31); may be given more than once.
    #[arg(long, required = true, value_delimiter = ',')]
    every: Vec<String>,
    /// First day [default: today, in the city's zone].
    #[arg(long, value_name = "YYYY-MM-DD")]
    from: Option<String>,
    /// Last day.
    #[arg(long, value_name = "YYYY-MM-DD")]
    until: Option<String>,
    /// Days given for it after the day itself.
    #[arg(long, default_value_t = 0)]
    days: u64,
    /// Name or id of a user who is to do it; may be given more than once.
    #[arg(long)]
    user: Vec<String>,
    /// Name or id of a place; may be given more than once.
    #[arg(long)]
    place: Vec<String>,
    /// All places of this kind.
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Of these, only those in this area.
    #[arg(long)]
    area: Option<EntityId>,
    /// Draw so many of them at random, each time anew.
    #[arg(long, value_name = "N")]
    draw: Option<u64>,
    /// Nobody but those who do it hears of it.
    #[arg(long)]
    unannounced: bool,
}

impl Tasks {
    pub(super) fn run(self, folder: &Folder, printer: &Printer) -> Result<(), Failure> {
        match self {
            Tasks::Add { name, place, user, due, unannounced, note } => {
                let known = folder.find_named("place", &place)?;
                let mut body = json!({ "name": name, "place": { "id": known.id }, "type": known.text("type") });
                put(&mut body, "to", people(folder, &user)?);
                put(&mut body, "due", json!(due));
                put(&mut body, "note", json!(note));
                put(&mut body, "unannounced", if unannounced { json!(true) } else { Value::Null });
                super::add(folder, printer, "task.add", body, &name)
            }
            Tasks::List => list(folder, printer, "task", |entity| {
                let task = Task::from_entity(entity);
                let due = task.due.map_or_else(|| "-".to_owned(), |due| due.to_string());
                let text = format!("{}  {}  {due}  {}", task.id, task.status, task.name);
                (json!(task), text)
            }),
            Tasks::Cancel { id, reason } => {
                folder.append(&[OwnOp::about(
                    &folder.host,
                    "admin",
                    "task.cancel",
                    id,
                    json!({ "reason": reason }),
                )])?;
                printer.say(&json!({ "id": id, "status": "void" }), format!("{id} is taken back"));
                Ok(())
            }
        }
    }
}

impl Schedules {
    pub(super) fn run(self, folder: &Folder, printer: &Printer) -> Result<(), Failure> {
        match self {
            Schedules::Add(new) => new.run(folder, printer),
            Schedules::List => list(folder, printer, "schedule", |entity| {
                let schedule = Schedule::from_entity(entity);
                let every = days_of(schedule.every.as_ref());
                let text = format!("{}  {}  {every}  {}", schedule.id, schedule.status, schedule.name);
                (json!(schedule), text)
            }),
            Schedules::Retire { schedule } => {
                let found = folder.find_named("schedule", &schedule)?;
                folder.append(&[OwnOp::about(&folder.host, "admin", "schedule.retire", found.id, json!({}))])?;
                printer.say(&json!({ "id": found.id, "status": "retired" }), format!("{} has ended", found.id));
                Ok(())
            }
            Schedules::Run => {
                let made = Clerk::default().make_due(&*folder.store, folder.sequencer(), &folder.host)?;
                printer.say(&json!({ "made": made }), format!("made {made} tasks"));
                Ok(())
            }
        }
    }
}

impl New {
    fn run(self, folder: &Folder, printer: &Printer) -> Result<(), Failure> {
        if self.place.is_empty() && self.kind.is_none() {
            return Err(Failure::new("bad_field", "place: name places, or a kind of place by --type"));
        }
        self.check(folder)?;
        let from = match self.from {
            Some(from) => from,
            None => folder.store.look(|snapshot| day_in_city(snapshot, folder.host.clock.wall()))?.to_string(),
        };
        let mut body = json!({ "name": self.name, "every": recurs(&self.every)?, "from": from, "days": self.days });
        put(&mut body, "until", json!(self.until));
        put(&mut body, "to", people(folder, &self.user)?);
        put(&mut body, "places", flags(folder, "place", &self.place)?);
        put(&mut body, "type", json!(self.kind));
        put(&mut body, "area", json!(self.area));
        put(&mut body, "unannounced", if self.unannounced { json!(true) } else { Value::Null });
        if let Some(draw) = self.draw {
            body["draw"] = json!(draw);
            // What nobody outside knows, nobody outside can draw.
            body["seed"] = json!(folder.host.salt().to_string());
        }
        super::add(folder, printer, "schedule.add", body, &self.name)
    }

    /// What the law cannot see, and would never come to anything: a kind of place without a checklist, and a draw of
    /// more places than there are.
    fn check(&self, folder: &Folder) -> Result<(), Failure> {
        if let Some(kind) = &self.kind
            && let Some(catalogue) = current_document(folder)?
            && catalogue.place_type(kind).is_none()
        {
            let detail = format!("type: {kind} has no checklist in catalogue {}", catalogue.version);
            return Err(Failure::new("bad_field", detail));
        }
        let mut known = Vec::new();
        folder.each("place", |entity| known.push(KnownPlace::from_entity(entity)))?;
        let named: Vec<EntityId> = self
            .place
            .iter()
            .map(|name| folder.find_named("place", name).map(|found| found.id))
            .collect::<Result<_, _>>()?;
        let meant = |place: &&KnownPlace| is_meant(place, &named, self.kind.as_deref(), self.area);
        let there = known.iter().filter(meant).count() as u64;
        match self.draw {
            Some(draw) if draw > there => {
                Err(Failure::new("bad_field", format!("draw: {draw} of {there} places cannot be drawn")))
            }
            _ => Ok(()),
        }
    }
}

/// The days as they are given on the command line.
fn days_of(every: Option<&Recurs>) -> String {
    let said: Vec<String> = match every {
        Some(Recurs::Week(days)) => days.iter().filter_map(|day| Some(json!(day).as_str()?.to_owned())).collect(),
        Some(Recurs::Month(days)) => days.iter().map(u8::to_string).collect(),
        None => vec!["-".to_owned()],
    };
    said.join(",")
}

fn recurs(days: &[String]) -> Result<Recurs, Failure> {
    let bad = |day: &str| Failure::new("bad_field", format!("every: {day} is neither mon to sun nor 1 to 31"));
    let week = |day: &String| serde_json::from_value::<Day>(Value::from(day.to_lowercase())).ok();
    if let Some(week) = days.iter().map(week).collect::<Option<BTreeSet<Day>>>() {
        return Ok(Recurs::Week(week));
    }
    if days.iter().any(|day| week(day).is_some()) && days.iter().any(|day| day.parse::<u8>().is_ok()) {
        return Err(Failure::new("bad_field", "every: wanted days of the week or of the month, not both"));
    }
    let month = |day: &String| day.parse::<u8>().ok().filter(|day| (1..=31).contains(day)).ok_or_else(|| bad(day));
    Ok(Recurs::Month(days.iter().map(month).collect::<Result<_, _>>()?))
}

fn people(folder: &Folder, names: &[String]) -> Result<Value, Failure> {
    let ids = names.iter().map(|name| find_user(folder, name).map(|user| user.id));
    Ok(as_flags(ids.collect::<Result<_, _>>()?))
}

fn flags(folder: &Folder, kind: &str, names: &[String]) -> Result<Value, Failure> {
    let ids = names.iter().map(|name| folder.find_named(kind, name).map(|found| found.id));
    Ok(as_flags(ids.collect::<Result<_, _>>()?))
}

fn as_flags(ids: Vec<EntityId>) -> Value {
    if ids.is_empty() {
        return Value::Null;
    }
    ids.into_iter().map(|id| (id.to_string(), Value::Bool(true))).collect::<Map<_, _>>().into()
}

fn put(body: &mut Value, field: &str, value: Value) {
    if !value.is_null() {
        body[field] = value;
    }
}
