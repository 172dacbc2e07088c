//! What somebody is to do, and what comes again by the calendar.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::finding::read;
use super::{Entity, EntityId, Place, Time};

/// A visit that somebody is to make.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Task {
    /// Its id.
    pub id: EntityId,
    /// What is to be done.
    pub name: String,
    /// `open`, `done`, `void`.
    pub status: String,
    /// Who is to do it; empty: whoever sees it.
    pub to: Vec<EntityId>,
    /// Where; names the known place.
    pub place: Option<Place>,
    /// Kind of place, whose checklist is to be gone through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place_type: Option<String>,
    /// Not before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opens: Option<Time>,
    /// Not after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Time>,
    /// Nobody but those who do it hears of it (暗访).
    pub unannounced: bool,
    /// In words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The schedule that it follows from, and the day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<EntityId>,
    /// The day of the schedule, such as `2026-11-27`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// The inspection that carried it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inspection: Option<EntityId>,
    /// Why it is void.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Task {
    /// Reads `entity` as a task; a value this version cannot read is left out, never an error.
    pub fn from_entity(entity: &Entity) -> Task {
        let time = |field: &str| entity.text(field).and_then(|text| text.parse().ok());
        Task {
            id: entity.id,
            name: entity.text("name").unwrap_or_default().to_owned(),
            status: entity.text("status").unwrap_or("open").to_owned(),
            to: ids(entity, "to"),
            place: read(entity.field("place")),
            place_type: entity.text("type").map(str::to_owned),
            opens: time("opens"),
            due: time("due"),
            unannounced: entity.field("unannounced").is_some(),
            note: entity.text("note").map(str::to_owned),
            schedule: entity.reference("schedule"),
            on: entity.text("on").map(str::to_owned),
            inspection: entity.reference("inspection"),
            reason: entity.text("reason").map(str::to_owned),
        }
    }
}

/// The days on which a schedule falls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Recurs {
    /// On these days of the week: `mon` to `sun`.
    Week(BTreeSet<Day>),
    /// On these days of the month, 1 to 31; where a month is shorter, on its last day.
    Month(BTreeSet<u8>),
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// Visits that come again by the calendar.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Schedule {
    /// Its id.
    pub id: EntityId,
    /// What its tasks are called.
    pub name: String,
    /// `active` or `retired`.
    pub status: String,
    /// On which days.
    pub every: Option<Recurs>,
    /// First day, such as `2026-11-01`.
    pub from: String,
    /// Last day; none: until it is retired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Days given for it after the day itself; 0: by the end of that day.
    pub days: u64,
    /// Who is to do it.
    pub to: Vec<EntityId>,
    /// Known places to be visited, if they are named one by one.
    pub places: Vec<EntityId>,
    /// Kind of known places to be visited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place_type: Option<String>,
    /// Of these, only those in this area.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<EntityId>,
    /// How many of these are drawn each time; none: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draw: Option<u64>,
    /// What the draw depends on besides the day; random, so that nobody outside can tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<String>,
    /// Nobody but those who do it hears of it (暗访).
    pub unannounced: bool,
}

impl Schedule {
    /// Reads `entity` as a schedule; a value this version cannot read is left out, never an error.
    pub fn from_entity(entity: &Entity) -> Schedule {
        let number = |field: &str| entity.field(field).and_then(serde_json::Value::as_u64);
        Schedule {
            id: entity.id,
            name: entity.text("name").unwrap_or_default().to_owned(),
            status: entity.text("status").unwrap_or("active").to_owned(),
            every: read(entity.field("every")),
            from: entity.text("from").unwrap_or_default().to_owned(),
            until: entity.text("until").map(str::to_owned),
            days: number("days").unwrap_or(0),
            to: ids(entity, "to"),
            places: ids(entity, "places"),
            place_type: entity.text("type").map(str::to_owned),
            area: entity.reference("area"),
            draw: number("draw"),
            seed: entity.text("seed").map(str::to_owned),
            unannounced: entity.field("unannounced").is_some(),
        }
    }
}

fn ids(entity: &Entity, set: &str) -> Vec<EntityId> {
    entity.members(set).filter_map(|(id, _)| id.parse().ok()).collect()
}
