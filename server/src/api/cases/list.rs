//! Lists: a page at a time, in the order of what is listed, never by counting from the first.

use std::collections::HashMap;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query as Asked, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use xuncha_core::model::{Code, Entity, EntityId};
use xuncha_core::protocol::{Problem, ServiceError};

use super::super::wire::{reply, token};
use super::super::{Inner, Service};
use super::kind_of;
use super::line::{Line, line_of};
use super::query::{Query, next_of};
use crate::auth::Person;
use crate::problem::{refusal, respond};
use crate::store::StoreError;

/// A page of a list.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Lines {
    /// What is on it.
    pub lines: Vec<Line>,
    /// Ask for this with `after` to have the next page; none when this is the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Lists findings, notices or deductions that the caller may see.
#[utoipa::path(get, path = "/v1/{kind}", security(("token" = [])),
    params(("kind" = String, Path, description = "`findings`, `notices` or `deductions`"), Query),
    responses((status = 200, body = Lines), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn list(
    State(service): State<Service>,
    Path(plural): Path<String>,
    asked: Result<Asked<Query>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let page = async {
        let kind = kind_of(&plural)?;
        let Asked(query) = asked.map_err(|error| refusal(Code::BadField, error.body_text()))?;
        let person = service.person(&token(&headers)?).await?;
        service.blocking(move |inner| inner.lines(&person, kind, &query)).await
    };
    match page.await {
        Ok(page) => reply(&headers, Ok(page)),
        Err(error) => respond(error),
    }
}

impl Inner {
    fn lines(&self, person: &Person, kind: &str, query: &Query) -> Result<Lines, ServiceError> {
        let now = self.host.clock.wall();
        self.look_for(person, |snapshot, who| {
            let wanted = match query.wanted(kind, &who.granted, now) {
                Ok(wanted) => wanted,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let found = snapshot.list(&wanted)?;
            let ids: Vec<EntityId> = found.iter().map(|line| line.entity).collect();
            let mut rows: HashMap<EntityId, Entity> = HashMap::new();
            for row in snapshot.entities_of(&ids)? {
                let entity = serde_json::from_str(&row.row)
                    .map_err(|error| StoreError::Damaged(format!("entity {}: {error}", row.id)))?;
                rows.insert(row.id, entity);
            }
            let listed = found.iter().filter_map(|line| rows.get(&line.entity));
            let lines = listed.filter_map(|entity| line_of(snapshot, who, entity, now).transpose());
            let lines = lines.collect::<crate::store::Result<_>>()?;
            let full = found.len() >= wanted.limit as usize;
            let next = found.last().filter(|_| full).map(|last| next_of(&wanted.order, last));
            Ok(Ok(Lines { lines, next }))
        })
    }
}
