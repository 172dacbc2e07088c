//! One case: what it is now, how it came to be so, and what may be the same.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use serde_json::Value;
use xuncha_core::model::{Code, Entity, EntityId, Finding, KnownPlace, Time};
use xuncha_core::op::Op;
use xuncha_core::plan::{Facts, Scope, looks_alike, metres_between};
use xuncha_core::protocol::{Problem, ServiceError};

use super::super::wire::{reply, token};
use super::super::{Inner, Service};
use super::line::{Line, line_of};
use super::list::Lines;
use super::{kind_of, tagged};
use crate::auth::Person;
use crate::ledger::{catalogue_for, cells_around, shown_to, stands_for};
use crate::problem::{refusal, respond};
use crate::store::{Order, Result, Snapshot, StoreError, Wanted};

/// Entries of a history that are given at most.
const MOST: u32 = 1_000;

/// Neighbours that are looked at.
const NEIGHBOURS: u32 = 200;

/// Gives one finding, notice or deduction. Its version is the reply's ETag.
#[utoipa::path(get, path = "/v1/{kind}/{id}", security(("token" = [])),
    params(("kind" = String, Path, description = "`findings`, `notices` or `deductions`"), ("id" = String, Path)),
    responses((status = 200, body = Line), (status = 304), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn case(
    State(service): State<Service>,
    Path((plural, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let found = async {
        let (kind, id) = about(&plural, &id)?;
        let person = service.person(&token(&headers)?).await?;
        service.blocking(move |inner| inner.case(&person, kind, id)).await
    };
    match found.await {
        Ok((_, index)) if knows(&headers, index) => tagged(StatusCode::NOT_MODIFIED.into_response(), index),
        Ok((line, index)) => tagged(reply(&headers, Ok(line)), index),
        Err(error) => respond(error),
    }
}

/// One thing that was said about a case.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Said {
    /// Ledger index.
    pub index: u64,
    /// What happened, such as `finding.file`.
    pub kind: String,
    /// The op.
    #[schema(value_type = String, format = Uuid)]
    pub op: xuncha_core::model::OpId,
    /// Who said it, unless hidden.
    #[schema(value_type = Option<String>, format = Uuid)]
    pub by: Option<EntityId>,
    /// On which device, unless hidden.
    #[schema(value_type = Option<String>)]
    pub device: Option<xuncha_core::model::DeviceId>,
    /// When, as the author's clock claimed.
    #[schema(value_type = String)]
    pub at: Time,
    /// When the server received it.
    #[schema(value_type = String)]
    pub received: Time,
    /// What was said; only of ops that are about this case themselves.
    #[schema(value_type = Object)]
    #[serde(skip_serializing_if = "Value::is_null")]
    pub body: Value,
    /// `accepted` or `conflict`.
    #[schema(value_type = Object)]
    pub judged: Value,
}

/// A case's history.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct History {
    /// Everything that changed it, in order; at most 1000.
    pub said: Vec<Said>,
}

/// Tells how a case came to be what it is, op by op with the ledger's index. A unit is not told: who recorded what is
/// not its business.
#[utoipa::path(get, path = "/v1/{kind}/{id}/history", security(("token" = [])),
    params(("kind" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = History), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn history(
    State(service): State<Service>,
    Path((plural, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let found = async {
        let (kind, id) = about(&plural, &id)?;
        let person = service.person(&token(&headers)?).await?;
        service.blocking(move |inner| inner.history(&person, kind, id)).await
    };
    reply(&headers, found.await)
}

/// Findings that may be the same as one: near it, of the same item, not long before or after, as the item says.
#[utoipa::path(get, path = "/v1/findings/{id}/alike", security(("token" = [])), params(("id" = String, Path)),
    responses((status = 200, body = Lines), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn alike(State(service): State<Service>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let found = async {
        let (_, id) = about("findings", &id)?;
        let person = service.person(&token(&headers)?).await?;
        service.blocking(move |inner| inner.alike(&person, id)).await
    };
    reply(&headers, found.await)
}

fn about(plural: &str, id: &str) -> std::result::Result<(&'static str, EntityId), ServiceError> {
    let id = id.parse().map_err(|_| refusal(Code::NotFound, None))?;
    Ok((kind_of(plural)?, id))
}

fn knows(headers: &HeaderMap, index: u64) -> bool {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    known.is_some_and(|known| known == format!("\"{index}\""))
}

/// The entity, whole; none when there is no such thing.
fn whole(snapshot: &dyn Snapshot, kind: &str, id: EntityId) -> Result<Option<Entity>> {
    let Some(row) = snapshot.entity(id)?.filter(|row| row.kind == kind) else { return Ok(None) };
    let entity = serde_json::from_str(&row.row).map_err(|error| StoreError::Damaged(error.to_string()))?;
    Ok(Some(entity))
}

/// The entity as the scopes show it; none when they do not.
pub(super) fn seen(snapshot: &dyn Snapshot, granted: &[Scope], kind: &str, id: EntityId) -> Result<Option<Entity>> {
    Ok(whole(snapshot, kind, id)?.and_then(|entity| shown_to(&entity, granted)))
}

impl Inner {
    fn case(&self, person: &Person, kind: &str, id: EntityId) -> std::result::Result<(Line, u64), ServiceError> {
        let now = self.host.clock.wall();
        self.look_for(person, |snapshot, who| {
            let Some(entity) = whole(snapshot, kind, id)? else { return Ok(Err(refusal(Code::NotFound, None))) };
            let line = line_of(snapshot, who, &entity, now)?.map(|line| (line, entity.index));
            Ok(line.ok_or_else(|| refusal(Code::NotFound, None)))
        })
    }

    fn history(&self, person: &Person, kind: &str, id: EntityId) -> std::result::Result<History, ServiceError> {
        self.look_for(person, |snapshot, who| {
            if seen(snapshot, &who.granted, kind, id)?.is_none() {
                return Ok(Err(refusal(Code::NotFound, None)));
            }
            if !who.granted.contains(&Scope::staff()) {
                return Ok(Err(refusal(Code::NotAllowed, "the history is not told to a unit".to_owned())));
            }
            let mut said = Vec::new();
            for index in snapshot.trace(id, 0, MOST)? {
                let entry = snapshot.entries(index, 1)?.pop().filter(|entry| entry.index == index);
                let entry = entry.ok_or_else(|| StoreError::Damaged(format!("entry {index} is missing")))?;
                said.push(said_in(&entry, id)?);
            }
            Ok(Ok(History { said }))
        })
    }

    fn alike(&self, person: &Person, id: EntityId) -> std::result::Result<Lines, ServiceError> {
        let now = self.host.clock.wall();
        self.look_for(person, |snapshot, who| {
            let Some(entity) = seen(snapshot, &who.granted, "finding", id)? else {
                return Ok(Err(refusal(Code::NotFound, None)));
            };
            let near = neighbours(snapshot, &who.granted, &entity)?;
            let lines = near.iter().filter_map(|entity| line_of(snapshot, who, entity, now).transpose());
            let lines = lines.collect::<Result<_>>()?;
            Ok(Ok(Lines { lines, next: None }))
        })
    }
}

fn said_in(entry: &crate::store::Entry, about: EntityId) -> Result<Said> {
    let damaged = |detail: String| StoreError::Damaged(format!("entry {}: {detail}", entry.index));
    let op = Op::parse(&entry.op).map_err(|error| damaged(format!("{error:?}")))?;
    let facts: Facts = serde_json::from_str(&entry.facts).map_err(|error| damaged(error.to_string()))?;
    let body = if op.entity == about { serde_json::to_value(&op.body).unwrap_or_default() } else { Value::Null };
    Ok(Said {
        index: entry.index,
        kind: op.kind.clone(),
        op: op.id,
        by: op.user,
        device: op.chain.as_ref().map(|chain| chain.device),
        at: op.at.wall,
        received: facts.received,
        body,
        judged: serde_json::to_value(&facts.judged).unwrap_or_default(),
    })
}

/// Others that may be the same, the nearest first.
fn neighbours(snapshot: &dyn Snapshot, granted: &[Scope], finding: &Entity) -> Result<Vec<Entity>> {
    let read = Finding::from_entity(finding);
    let place = read.place.unwrap_or_default();
    // Without a fix it is where the known place is that it names.
    let known = match place.id.filter(|_| place.lat.is_none()) {
        Some(id) => whole(snapshot, "place", id)?.and_then(|known| KnownPlace::from_entity(&known).place),
        None => None,
    };
    let point = known.as_ref().unwrap_or(&place);
    let (Some((lat, lon)), Some(item)) = (point.lat.zip(point.lon), &read.item) else { return Ok(Vec::new()) };
    let catalogue = catalogue_for(snapshot, read.catalogue)?;
    let Some(item) = catalogue.as_ref().and_then(|catalogue| catalogue.item(item)) else { return Ok(Vec::new()) };
    let wanted = Wanted {
        kind: "finding".into(),
        all: stands_for("item", &item.id).into_iter().collect(),
        begins: Vec::new(),
        any: vec![cells_around(lat, lon, f64::from(item.near.metres))],
        from: None,
        below: None,
        due_below: None,
        due_from: None,
        order: Order::Newest { below: None },
        limit: NEIGHBOURS,
    };
    let ids: Vec<EntityId> = snapshot.list(&wanted)?.iter().map(|line| line.entity).collect();
    let mut near: Vec<(f64, Entity)> = Vec::new();
    for row in snapshot.entities_of(&ids)? {
        let other: Entity = serde_json::from_str(&row.row).map_err(|error| StoreError::Damaged(error.to_string()))?;
        if other.id == finding.id || shown_to(&other, granted).is_none() {
            continue;
        }
        let there = Finding::from_entity(&other).place.unwrap_or_default();
        let Some((there_lat, there_lon)) = there.lat.zip(there.lon) else { continue };
        let metres = metres_between((lat, lon), (there_lat, there_lon));
        // The window runs both ways: what came later may be the same as well.
        let now = finding.at.max(other.at);
        let earlier = if other.at <= finding.at { &other } else { finding };
        if looks_alike(item, earlier, Some(item), metres, now) {
            near.push((metres, other));
        }
    }
    near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.id.cmp(&b.1.id)));
    Ok(near.into_iter().map(|(_, other)| other).collect())
}
