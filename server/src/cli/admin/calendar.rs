//! `xuncha admin calendar`: which days of a year are worked, and when the office is open.

use std::fs;
use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};
use xuncha_core::model::{DayKind, EntityId, YearCalendar};

use super::super::Failure;
use super::super::folder::Folder;
use super::super::print::Printer;
use super::list;
use crate::ledger::OwnOp;

#[derive(Debug, Subcommand)]
pub(super) enum Calendar {
    /// Enter a year, or change one: a JSON object with `year`, `hours` and `days` (day to `off` or `work`).
    Load {
        /// The file.
        file: PathBuf,
    },
    /// Change one day.
    Set {
        /// The day, such as 2026-11-27.
        day: String,
        /// `off`, `work`, or `usual`: what its weekday says.
        #[arg(value_parser = ["off", "work", "usual"])]
        kind: String,
    },
    /// List the years that are known.
    List,
}

impl Calendar {
    pub(super) fn run(self, folder: &Folder, printer: &Printer) -> Result<(), Failure> {
        match self {
            Calendar::Load { file } => {
                let text = fs::read_to_string(&file).map_err(|error| Failure::io(file.display(), &error))?;
                let bad = |what: String| Failure::new("bad_field", format!("file: {what}"));
                let body: Value = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
                let year = body.get("year").and_then(Value::as_u64).ok_or_else(|| bad("names no year".into()))?;
                put(folder, printer, year, body)
            }
            Calendar::Set { day, kind } => {
                let year = day.get(..4).and_then(|year| year.parse().ok());
                let year = year.ok_or_else(|| Failure::new("bad_field", "day: is not a day, such as 2026-11-27"))?;
                let kind = if kind == "usual" { Value::Null } else { json!(kind) };
                put(folder, printer, year, json!({ "days": { day: kind } }))
            }
            Calendar::List => list(folder, printer, "calendar", |entity| {
                let year = YearCalendar::from_entity(entity);
                let off = year.days.values().filter(|kind| **kind == DayKind::Off).count();
                let hours: Vec<_> = year.hours.iter().map(|(opens, closes)| format!("{opens}-{closes}")).collect();
                let (number, worked) = (year.year, year.days.len() - off);
                let text = format!("{number}  {off} days off, {worked} made up  {}", hours.join(" "));
                (json!(year), text)
            }),
        }
    }
}

/// Enters the year, or changes the one that is there.
fn put(folder: &Folder, printer: &Printer, year: u64, body: Value) -> Result<(), Failure> {
    let entity = EntityId::of_calendar(folder.ledger, year);
    let op = match folder.entity(entity)? {
        None => OwnOp::making_once("admin", "calendar.add", entity, body),
        Some(_) => OwnOp::about(&folder.host, "admin", "calendar.amend", entity, body),
    };
    folder.append(&[op])?;
    printer.say(&json!({ "id": entity, "year": year }), format!("{year} is entered"));
    Ok(())
}
