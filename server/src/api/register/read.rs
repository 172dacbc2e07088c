//! Reading entities as entries of a register; a value that this version cannot read is left out, never an error.

use serde::de::DeserializeOwned;
use xuncha_core::model::{Entity, Time};
use xuncha_core::op::PublicKey;
use xuncha_core::plan::roles_of;

use super::entry::{
    AreaEntry, CalendarEntry, CatalogueEntry, DeviceEntry, PlaceEntry, RoleEntry, ScheduleEntry, TaskEntry, UnitEntry,
    UserEntry,
};

fn text(entity: &Entity, field: &str) -> Option<String> {
    entity.text(field).map(str::to_owned)
}

fn name(entity: &Entity) -> String {
    text(entity, "name").unwrap_or_default()
}

fn value<T: DeserializeOwned>(entity: &Entity, field: &str) -> Option<T> {
    entity.field(field).and_then(|value| T::deserialize(value).ok())
}

fn members(entity: &Entity, set: &str) -> Vec<String> {
    entity.members(set).map(|(member, _)| member.to_owned()).collect()
}

fn time(entity: &Entity, field: &str) -> Option<Time> {
    entity.text(field).and_then(|text| text.parse().ok())
}

pub(super) fn user(entity: &Entity) -> UserEntry {
    UserEntry {
        name: name(entity),
        roles: roles_of(entity),
        unit: entity.reference("unit"),
        areas: members(entity, "areas"),
        actions: members(entity, "actions"),
    }
}

pub(super) fn unit(entity: &Entity) -> UnitEntry {
    UnitEntry { name: name(entity), code: text(entity, "code") }
}

pub(super) fn area(entity: &Entity) -> AreaEntry {
    let shape = entity.field("shape").cloned().unwrap_or_default();
    AreaEntry { name: name(entity), shape, unit: entity.reference("unit") }
}

pub(super) fn role(entity: &Entity) -> RoleEntry {
    RoleEntry { name: name(entity), may: members(entity, "may"), sees: text(entity, "sees") }
}

/// What the ledger says of a device; what else is known of it is added by the caller.
pub(super) fn device(entity: &Entity) -> DeviceEntry {
    let key: Option<PublicKey> = entity.text("key").and_then(|key| key.parse().ok());
    DeviceEntry {
        device: key.map(|key| key.device()),
        user: entity.reference("user"),
        reason: text(entity, "reason"),
        last_seen: None,
        pending: 0,
        forked: 0,
        offset_ms: None,
    }
}

pub(super) fn place(entity: &Entity) -> PlaceEntry {
    PlaceEntry {
        name: name(entity),
        place_type: text(entity, "type").unwrap_or_default(),
        place: value(entity, "place"),
        code: text(entity, "code"),
        length: value(entity, "length"),
        unit: entity.reference("unit"),
        items: members(entity, "items"),
    }
}

pub(super) fn catalogue(entity: &Entity, in_force: bool) -> CatalogueEntry {
    let version = text(entity, "version").unwrap_or_default();
    CatalogueEntry { version, note: text(entity, "note"), file: value(entity, "file"), in_force }
}

pub(super) fn calendar(entity: &Entity) -> CalendarEntry {
    let days = entity.members("days");
    let days = days.filter_map(|(day, kind)| Some((day.to_owned(), serde_json::from_value(kind.clone()).ok()?)));
    CalendarEntry {
        year: value(entity, "year").unwrap_or_default(),
        days: days.collect(),
        hours: value(entity, "hours").unwrap_or_default(),
    }
}

pub(super) fn schedule(entity: &Entity) -> ScheduleEntry {
    ScheduleEntry {
        name: name(entity),
        every: value(entity, "every"),
        from: text(entity, "from").unwrap_or_default(),
        until: text(entity, "until"),
        days: value(entity, "days").unwrap_or_default(),
        to: members(entity, "to"),
        places: members(entity, "places"),
        place_type: text(entity, "type"),
        area: entity.reference("area"),
        draw: value(entity, "draw"),
        unannounced: entity.field("unannounced").is_some(),
    }
}

pub(super) fn task(entity: &Entity) -> TaskEntry {
    TaskEntry {
        name: name(entity),
        place: value(entity, "place"),
        place_type: text(entity, "type"),
        to: members(entity, "to"),
        opens: time(entity, "opens"),
        due: time(entity, "due"),
        unannounced: entity.field("unannounced").is_some(),
        note: text(entity, "note"),
        schedule: entity.reference("schedule"),
        on: text(entity, "on"),
        inspection: entity.reference("inspection"),
        reason: text(entity, "reason"),
    }
}
