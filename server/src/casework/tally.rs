//! How many cases stand how, by department, month, item or register.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use xuncha_core::model::{Entity, Source, Time};
use xuncha_core::plan::{Standing, standing};

/// What cases are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum By {
    /// Who has to rectify it: the register's own word for a case taken over, otherwise the unit.
    Department,
    /// The month in which it was opened, where it was opened.
    Month,
    /// The item of the catalogue.
    Item,
    /// The register that it was taken over from.
    System,
}

impl By {
    /// Its name, as it stands in JSON.
    pub fn name(self) -> &'static str {
        match self {
            By::Department => "department",
            By::Month => "month",
            By::Item => "item",
            By::System => "system",
        }
    }
}

/// How many cases stand how. Those that are exempt are counted as such alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Stands {
    /// Rectified in time.
    pub on_time: u64,
    /// Rectified, but late.
    pub late: u64,
    /// Not rectified, and the time is over.
    pub overdue: u64,
    /// There is time left.
    pub running: u64,
    /// The clock stands.
    pub suspended: u64,
    /// Nobody has to do anything by a certain time.
    pub none: u64,
    /// Left out of the statistics.
    pub exempt: u64,
}

impl Stands {
    fn count(&mut self, finding: &Entity, as_of: Time) {
        let place = match standing(finding, as_of) {
            _ if finding.field("exempt").is_some() => &mut self.exempt,
            Standing::OnTime => &mut self.on_time,
            Standing::Late => &mut self.late,
            Standing::Overdue => &mut self.overdue,
            Standing::Running => &mut self.running,
            Standing::Suspended => &mut self.suspended,
            Standing::None => &mut self.none,
        };
        *place += 1;
    }
}

/// Counts cases one by one; holds one line for each group.
#[derive(Debug)]
pub struct Tally {
    by: Vec<By>,
    as_of: Time,
    zone: TimeZone,
    /// Names of units by their ids.
    units: BTreeMap<String, String>,
    groups: BTreeMap<Vec<String>, Stands>,
}

impl Tally {
    /// Counts as of `as_of`; months of what was recorded here are those of `zone`.
    pub fn new(by: &[By], as_of: Time, zone: TimeZone, units: BTreeMap<String, String>) -> Tally {
        Tally { by: by.to_vec(), as_of, zone, units, groups: BTreeMap::new() }
    }

    /// Counts a finding. What is void, declined or a duplicate is no case.
    pub fn count(&mut self, finding: &Entity) {
        if matches!(finding.text("status"), Some("void" | "declined" | "duplicate")) {
            return;
        }
        let source = Source::of(finding);
        let key = self.by.iter().map(|by| self.key(*by, finding, source.as_ref())).collect();
        self.groups.entry(key).or_default().count(finding, self.as_of);
    }

    /// The groups, in order of their keys; a key is empty where there is nothing to go by.
    pub fn groups(&self) -> impl Iterator<Item = (&[String], &Stands)> {
        self.groups.iter().map(|(key, stands)| (&key[..], stands))
    }

    fn key(&self, by: By, finding: &Entity, source: Option<&Source>) -> String {
        let unit = || self.units.get(finding.text("unit")?).cloned();
        let key = match by {
            By::Department => source.and_then(|source| source.department.clone()).or_else(unit),
            By::Month => Some(self.month(finding, source)),
            By::Item => finding.text("item").map(str::to_owned),
            By::System => source.map(|source| source.system.clone()),
        };
        key.unwrap_or_default()
    }

    fn month(&self, finding: &Entity, source: Option<&Source>) -> String {
        let told = source.and_then(|source| TimeZone::get(source.zone.as_deref()?).ok());
        let zone = told.unwrap_or_else(|| self.zone.clone());
        let opened = source.map_or(finding.at, |source| source.opened);
        let opened = Timestamp::from_millisecond(opened.millis()).unwrap_or_default();
        opened.to_zoned_datetime(zone).strftime("%Y-%m").to_string()
    }
}
