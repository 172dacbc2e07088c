//! What stands in the registers, kind by kind, in the words of the ops that enter it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use xuncha_core::model::{DayKind, DeviceId, EntityId, Hash, Place, Recurs, Time};

/// What an entry holds, by its kind.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Entry {
    /// Somebody.
    User(UserEntry),
    /// A responsible unit.
    Unit(UnitEntry),
    /// An area.
    Area(AreaEntry),
    /// A role.
    Role(RoleEntry),
    /// A phone.
    Device(DeviceEntry),
    /// A place that is visited again and again.
    Place(PlaceEntry),
    /// A catalogue.
    Catalogue(CatalogueEntry),
    /// A year of the office's calendar.
    Calendar(CalendarEntry),
    /// Visits that come again.
    Schedule(ScheduleEntry),
    /// A visit to be made.
    Task(TaskEntry),
}

/// Somebody.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct UserEntry {
    /// Their name.
    pub name: String,
    /// Their roles.
    pub roles: Vec<String>,
    /// The unit that they belong to.
    #[schema(value_type = Option<String>, format = Uuid)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<EntityId>,
    /// Areas that they see; none is the whole city.
    pub areas: Vec<String>,
    /// Actions that they score alone; none is all.
    pub actions: Vec<String>,
}

/// A responsible unit.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct UnitEntry {
    /// What it is called.
    pub name: String,
    /// Its social credit code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// An area.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct AreaEntry {
    /// What it is called.
    pub name: String,
    /// GeoJSON Polygon or MultiPolygon.
    #[schema(value_type = GeoShape)]
    pub shape: Value,
    /// The unit on whose ground it lies.
    #[schema(value_type = Option<String>, format = Uuid)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<EntityId>,
}

/// A GeoJSON Polygon or MultiPolygon.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct GeoShape {
    /// `Polygon` or `MultiPolygon`.
    #[serde(rename = "type")]
    pub form: String,
    /// Its rings, or those of its parts.
    #[schema(value_type = Vec<serde_json::Value>)]
    pub coordinates: Vec<Value>,
}

/// A role.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct RoleEntry {
    /// What it is called.
    pub name: String,
    /// Rights that it grants.
    pub may: Vec<String>,
    /// What it shows: `area`, `unit` or `nothing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sees: Option<String>,
}

/// A phone.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct DeviceEntry {
    /// The fingerprint of its key.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// Who enrolled it.
    #[schema(value_type = Option<String>, format = Uuid)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<EntityId>,
    /// Why it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it last pushed, or pulled since this server started, as far as that is known.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Time>,
    /// Ops of it that are held, waiting for something.
    pub pending: u64,
    /// Ops of it that fork its chain.
    pub forked: u64,
    /// How far its clock was behind the server's at its last push since this server started, in milliseconds, as it
    /// measured it itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset_ms: Option<i64>,
}

/// A place that is visited again and again.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct PlaceEntry {
    /// What it is called.
    pub name: String,
    /// Kind of place; its checklist is in the catalogue.
    #[serde(rename = "type")]
    pub place_type: String,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// The city's own number of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Length in metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<f64>,
    /// The unit on whose ground it lies.
    #[schema(value_type = Option<String>, format = Uuid)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<EntityId>,
    /// Items looked at here besides those of its kind.
    pub items: Vec<String>,
}

/// A catalogue.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct CatalogueEntry {
    /// Name of the version.
    pub version: String,
    /// In words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Its document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<DocumentEntry>,
    /// True for the one that new inspections begin with.
    pub in_force: bool,
}

/// A document of the ledger.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DocumentEntry {
    /// SHA-256 of its text.
    #[schema(value_type = String)]
    pub hash: Hash,
    /// Length in bytes.
    pub len: u64,
}

/// A year of the office's calendar.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct CalendarEntry {
    /// The year.
    pub year: u64,
    /// Days, such as `2026-02-17`, that are not what their weekday says.
    pub days: BTreeMap<String, DayKind>,
    /// When the office is open, as pairs of times of day, in order.
    #[schema(value_type = Vec<Vec<String>>)]
    pub hours: Vec<(String, String)>,
}

/// Visits that come again.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ScheduleEntry {
    /// What its tasks are called.
    pub name: String,
    /// On which days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<Recurs>,
    /// First day.
    pub from: String,
    /// Last day; none: until it is retired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Days given for it after the day itself.
    pub days: u64,
    /// Who is to do it.
    pub to: Vec<String>,
    /// Known places, if they are named one by one.
    pub places: Vec<String>,
    /// Kind of known places.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub place_type: Option<String>,
    /// Of these, only those in this area.
    #[schema(value_type = Option<String>, format = Uuid)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<EntityId>,
    /// How many of these are drawn each time; none: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draw: Option<u64>,
    /// Nobody but those who do it hears of it.
    pub unannounced: bool,
}

/// A visit to be made.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct TaskEntry {
    /// What is to be done.
    pub name: String,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Kind of place.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub place_type: Option<String>,
    /// Who is to do it; none: whoever sees it.
    pub to: Vec<String>,
    /// Not before.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opens: Option<Time>,
    /// Not after.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Time>,
    /// Nobody but those who do it hears of it.
    pub unannounced: bool,
    /// In words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The schedule that it follows from.
    #[schema(value_type = Option<String>, format = Uuid)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<EntityId>,
    /// The day of the schedule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// The inspection that carried it out.
    #[schema(value_type = Option<String>, format = Uuid)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inspection: Option<EntityId>,
    /// Why it is void.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
