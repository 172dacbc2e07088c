//! Registers: people, units, areas and what else is entered once and looked up often, page by page.

mod entry;
mod read;
mod sightings;

pub use entry::{
    AreaEntry, CalendarEntry, CatalogueEntry, DeviceEntry, DocumentEntry, Entry, GeoShape, PlaceEntry, RoleEntry,
    ScheduleEntry, TaskEntry, UnitEntry, UserEntry,
};
pub(super) use sightings::Sightings;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query as Asked, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use xuncha_core::model::{Code, Entity, EntityId, Time};
use xuncha_core::plan::{Scope, in_force};
use xuncha_core::protocol::{Problem, ServiceError};

use super::wire::{reply, token};
use super::{Inner, Service};
use crate::auth::Person;
use crate::ledger::{Onlooker, shown_to};
use crate::problem::refusal;
use crate::store::{EntityRow, Result, Snapshot, StoreError};

/// Lines of a page when nobody says how many, and at most.
const PAGE: u32 = 50;
const MOST: u32 = 500;

/// One register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Register {
    /// Its name in an address.
    plural: &'static str,
    /// The kind of its entries.
    kind: &'static str,
    /// The right to manage it.
    right: &'static str,
    /// True when the whole staff may read it.
    open: bool,
}

const fn register(plural: &'static str, kind: &'static str, right: &'static str, open: bool) -> Register {
    Register { plural, kind, right, open }
}

const REGISTERS: &[Register] = &[
    register("users", "user", "user.manage", false),
    register("units", "unit", "unit.manage", true),
    register("areas", "area", "area.manage", true),
    register("roles", "role", "role.manage", true),
    register("devices", "device", "device.manage", false),
    register("places", "place", "place.manage", true),
    register("catalogues", "catalogue", "catalogue.manage", true),
    register("calendars", "calendar", "calendar.manage", true),
    register("schedules", "schedule", "task.manage", false),
    register("tasks", "task", "task.manage", false),
];

impl Register {
    /// The register whose entries are of this kind.
    pub(super) fn of(kind: &str) -> Option<Register> {
        REGISTERS.iter().find(|register| register.kind == kind).copied()
    }

    fn called(plural: &str) -> std::result::Result<Register, ServiceError> {
        let found = REGISTERS.iter().find(|register| register.plural == plural);
        found.copied().ok_or_else(|| refusal(Code::NotFound, None))
    }

    fn is_read_by(&self, who: &Onlooker) -> bool {
        who.actor.may(self.right) || (self.open && who.granted.contains(&Scope::staff()))
    }

    /// Who manages visits sees all but those that others are to make unannounced (暗访).
    fn shows(&self, who: &Onlooker, entity: &Entity) -> bool {
        self.is_read_by(who) && (entity.field("unannounced").is_none() || shown_to(entity, &who.granted).is_some())
    }
}

/// One entry of a register.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct RegisterLine {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    pub id: EntityId,
    /// Its version: the ledger index of what last changed it.
    pub index: u64,
    /// When it was entered, as its author's clock claimed.
    #[schema(value_type = String, format = DateTime)]
    pub at: Time,
    /// `active`, `retired`, `revoked`; of a task `open`, `done`, `void`.
    pub status: String,
    /// Steps about it that its state and the caller's rights allow, such as `user.amend`.
    #[schema(value_type = Vec<String>)]
    pub open: Vec<&'static str>,
    /// What it holds.
    #[serde(flatten)]
    pub entry: Entry,
}

/// A page of a register.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct RegisterLines {
    /// What is on it.
    pub lines: Vec<RegisterLine>,
    /// Ask for this with `after` to have the next page; none when this is the last.
    #[schema(value_type = Option<String>, format = Uuid)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<EntityId>,
}

/// Which page.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// The `next` of the page before.
    #[param(value_type = Option<String>)]
    pub after: Option<EntityId>,
    /// Lines of a page, at most 500.
    pub limit: Option<u32>,
}

/// Reads a register in the order of the ids of its entries. Whoever may manage it may, and the whole staff those of units,
/// areas, roles, places, catalogues and calendars.
#[utoipa::path(get, path = "/v1/register/{kind}", security(("token" = [])),
    params(("kind" = String, Path, description = "`users`, `units`, `areas`, `roles`, `devices`, `places`, `catalogues`, `calendars`, `schedules` or `tasks`"), Page),
    responses((status = 200, body = RegisterLines), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn register_page(
    State(service): State<Service>,
    Path(plural): Path<String>,
    asked: std::result::Result<Asked<Page>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let page = async {
        let register = Register::called(&plural)?;
        let Asked(page) = asked.map_err(|error| refusal(Code::BadField, error.body_text()))?;
        let limit = page.limit.unwrap_or(PAGE);
        if !(1..=MOST).contains(&limit) {
            return Err(refusal(Code::BadField, "limit: must be 1 to 500".to_owned()));
        }
        let person = service.person(&token(&headers)?).await?;
        service.blocking(move |inner| inner.register(&person, register, page.after, limit)).await
    };
    reply(&headers, page.await)
}

fn entity_of(row: &EntityRow) -> Result<Entity> {
    serde_json::from_str(&row.row).map_err(|error| StoreError::Damaged(format!("entity {}: {error}", row.id)))
}

impl Inner {
    fn register(
        &self,
        person: &Person,
        register: Register,
        after: Option<EntityId>,
        limit: u32,
    ) -> std::result::Result<RegisterLines, ServiceError> {
        self.look_for(person, |snapshot, who| {
            if !register.is_read_by(who) {
                return Ok(Err(refusal(Code::NotAllowed, register.right.to_owned())));
            }
            let rows = snapshot.entities(register.kind, after, limit)?;
            let next = rows.last().filter(|_| rows.len() >= limit as usize).map(|last| last.id);
            let mut lines = Vec::with_capacity(rows.len());
            for row in &rows {
                lines.extend(self.register_line(snapshot, who, register, &entity_of(row)?)?);
            }
            Ok(Ok(RegisterLines { lines, next }))
        })
    }

    /// `entity` as an entry; none when `who` may not see it.
    pub(super) fn register_line(
        &self,
        snapshot: &dyn Snapshot,
        who: &Onlooker,
        register: Register,
        entity: &Entity,
    ) -> Result<Option<RegisterLine>> {
        if !register.shows(who, entity) {
            return Ok(None);
        }
        let entry = match register.kind {
            "user" => Entry::User(read::user(entity)),
            "unit" => Entry::Unit(read::unit(entity)),
            "area" => Entry::Area(read::area(entity)),
            "role" => Entry::Role(read::role(entity)),
            "device" => Entry::Device(self.device_entry(snapshot, entity)?),
            "place" => Entry::Place(read::place(entity)),
            "catalogue" => Entry::Catalogue(read::catalogue(entity, current_catalogue(snapshot)? == Some(entity.id))),
            "calendar" => Entry::Calendar(read::calendar(entity)),
            "schedule" => Entry::Schedule(read::schedule(entity)),
            _ => Entry::Task(read::task(entity)),
        };
        let status = entity.text("status").unwrap_or_default().to_owned();
        let open = who.actor.open_in(entity);
        Ok(Some(RegisterLine { id: entity.id, index: entity.index, at: entity.at, status, open, entry }))
    }

    fn device_entry(&self, snapshot: &dyn Snapshot, entity: &Entity) -> Result<DeviceEntry> {
        let mut entry = read::device(entity);
        if let Some(device) = &entry.device {
            (entry.pending, entry.forked) = snapshot.waiting(device)?;
            let (pulled, offset) = self.sightings.of(device);
            entry.last_seen = snapshot.heard(device)?.max(pulled);
            entry.offset_ms = offset;
        }
        Ok(entry)
    }
}

/// The catalogue in force. There are few versions, and a page of them is read now and then.
fn current_catalogue(snapshot: &dyn Snapshot) -> Result<Option<EntityId>> {
    let (mut known, mut after) = (Vec::new(), None);
    loop {
        let rows = snapshot.entities("catalogue", after, MOST)?;
        let Some(last) = rows.last() else { break };
        after = Some(last.id);
        known.extend(rows.iter().map(entity_of).collect::<Result<Vec<_>>>()?);
    }
    Ok(in_force(known.iter()).map(|catalogue| catalogue.id))
}
