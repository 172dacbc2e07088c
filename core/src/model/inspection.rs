//! A visit to a place with a checklist, as people read it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::finding::{members, read};
use super::{Entity, EntityId, Place, Time};

/// Whether something is as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Is {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// The question does not arise here.
    Na,
}

/// The answer to one item of a checklist. Without `is` it is not finished.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Whether it is as it should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is: Option<Is>,
    /// What the item asks besides, by the name of the ask.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Value>,
    /// In the inspector's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Why there are fewer photos than the item takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What was found wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<EntityId>,
}

/// A visit to a place with a checklist.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// Its id.
    pub id: EntityId,
    /// Ledger index of the last op that changed it; absent while only pending ops know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// Who started it, unless hidden.
    pub by: Option<EntityId>,
    /// When, as the phone's clock claimed.
    pub at: Time,
    /// `started`, `paused`, `finished`, `void`.
    pub status: String,
    /// Kind of place, whose checklist it goes through.
    pub place_type: String,
    /// The catalogue that the checklist is of; stays the same to its end.
    pub catalogue: Option<EntityId>,
    /// Where it was started; names the known place.
    pub place: Option<Place>,
    /// The task that it carries out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<EntityId>,
    /// Answers so far, by item.
    pub answers: BTreeMap<String, Answer>,
    /// In the inspector's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What it comes to in hundredths of a point, once it is finished.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<u64>,
    /// Areas that hold its place.
    pub areas: Vec<EntityId>,
    /// Why it is void.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Fields whose value is disputed.
    pub conflicts: Vec<String>,
}

impl Inspection {
    /// Reads `entity` as an inspection; a value this version cannot read is left out, never an error.
    pub fn from_entity(entity: &Entity) -> Inspection {
        Inspection {
            id: entity.id,
            index: (entity.index != super::PENDING).then_some(entity.index),
            by: entity.by,
            at: entity.at,
            status: entity.text("status").unwrap_or("started").to_owned(),
            place_type: entity.text("type").unwrap_or_default().to_owned(),
            catalogue: entity.reference("catalogue"),
            place: read(entity.field("place")),
            task: entity.reference("task"),
            answers: members(entity, "answers"),
            note: entity.text("note").map(str::to_owned),
            points: entity.field("points").and_then(Value::as_u64),
            areas: read(entity.field("areas")).unwrap_or_default(),
            reason: entity.text("reason").map(str::to_owned),
            conflicts: entity.rivals.keys().cloned().collect(),
        }
    }

    /// True while it can be answered.
    pub fn is_open(&self) -> bool {
        matches!(self.status.as_str(), "started" | "paused")
    }
}
