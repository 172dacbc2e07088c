//! A place that the city knows: a road section, a building site, a market, a point on the list.

use serde::Serialize;
use serde_json::Value;

use super::finding::read;
use super::{Entity, EntityId, Place};

/// A place that is visited again and again.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KnownPlace {
    /// Its id.
    pub id: EntityId,
    /// What it is called.
    pub name: String,
    /// The city's own number of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Kind of place; its checklist is in the catalogue.
    pub place_type: String,
    /// Where it is.
    pub place: Option<Place>,
    /// Length in metres, of a road section or a river.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<f64>,
    /// The unit on whose ground it lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<EntityId>,
    /// Items looked at here besides those of its kind.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<String>,
    /// Areas that hold it.
    pub areas: Vec<EntityId>,
    /// `active` or `retired`.
    pub status: String,
}

impl KnownPlace {
    /// Reads `entity` as a place; a value this version cannot read is left out, never an error.
    pub fn from_entity(entity: &Entity) -> KnownPlace {
        KnownPlace {
            id: entity.id,
            name: entity.text("name").unwrap_or_default().to_owned(),
            code: entity.text("code").map(str::to_owned),
            place_type: entity.text("type").unwrap_or_default().to_owned(),
            place: read(entity.field("place")),
            length: entity.field("length").and_then(Value::as_f64),
            unit: entity.reference("unit"),
            items: entity.members("items").map(|(item, _)| item.to_owned()).collect(),
            areas: read(entity.field("areas")).unwrap_or_default(),
            status: entity.text("status").unwrap_or("active").to_owned(),
        }
    }
}
