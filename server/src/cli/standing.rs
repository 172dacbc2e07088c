//! `xuncha case standing`: how many cases are on time, late and overdue.

use std::collections::BTreeMap;

use clap::Args;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use xuncha_core::model::{EntityId, Source, Time};

use super::Failure;
use super::folder::Folder;
use super::parse_time;
use super::print::Printer;
use crate::casework::{By, Tally};

#[derive(Debug, Args)]
pub(super) struct Standings {
    /// What to count by.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["department", "month"])]
    by: Vec<By>,
    /// As of when, such as 2016-01-12T11:23:25-05:00 [default: now].
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    as_of: Option<Time>,
    /// Only cases that were taken over from this register.
    #[arg(long, value_name = "NAME")]
    system: Option<String>,
}

impl Standings {
    pub(super) fn run(&self, folder: &Folder, printer: &Printer) -> Result<(), Failure> {
        let as_of = self.as_of.unwrap_or_else(|| folder.host.clock.wall());
        print(folder, printer, &self.by, as_of, self.system.as_deref())
    }
}

/// Prints one line for each group of cases; those of the register `system` alone, if it is given.
pub(super) fn print(
    folder: &Folder,
    printer: &Printer,
    by: &[By],
    as_of: Time,
    system: Option<&str>,
) -> Result<(), Failure> {
    let city = folder.entity(EntityId(folder.ledger.0))?;
    let zone = city.as_ref().and_then(|city| TimeZone::get(city.text("zone")?).ok()).unwrap_or(TimeZone::UTC);
    let mut units = BTreeMap::new();
    folder.each("unit", |unit| drop(units.insert(unit.id.to_string(), unit.text("name").unwrap_or("-").to_owned())))?;
    let mut tally = Tally::new(by, as_of, zone, units);
    folder.each("finding", |finding| {
        if system.is_none_or(|system| Source::of(finding).is_some_and(|source| source.system == system)) {
            tally.count(finding);
        }
    })?;
    for (key, stands) in tally.groups() {
        let mut value = json!(stands);
        for (by, key) in by.iter().zip(key) {
            value[by.name()] = if key.is_empty() { Value::Null } else { json!(key) };
        }
        let key: Vec<_> = key.iter().map(|key| if key.is_empty() { "-" } else { key }).collect();
        let text = format!(
            "{}  {} on time, {} late, {} overdue, {} running, {} suspended, {} without a time, {} exempt",
            key.join("  "),
            stands.on_time,
            stands.late,
            stands.overdue,
            stands.running,
            stands.suspended,
            stands.none,
            stands.exempt
        );
        printer.say(&value, text);
    }
    Ok(())
}
