//! What changes while somebody looks: server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{self, Stream};
use serde::{Deserialize, Serialize};
use xuncha_core::model::{Code, EntityId};
use xuncha_core::protocol::{Problem, ServiceError, Token};

use super::super::wire::token;
use super::super::{Inner, Service};
use crate::auth::{Person, still_person};
use crate::ledger::collect;
use crate::problem::{refusal, respond};

/// How long nothing may be heard before a line says that the connection stands.
const STILL: Duration = Duration::from_secs(20);

/// How often it is asked whether something changed; another process may have written it.
const LOOK: Duration = Duration::from_secs(1);

/// Most changes that are told at a time.
const MOST: u32 = 500;

/// From where on somebody wants to be told.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct From {
    /// Ledger index; none: from now on. `Last-Event-ID` goes before it.
    pub from: Option<u64>,
}

/// Something changed.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Change {
    /// Ledger index of the change.
    pub index: u64,
    /// What changed.
    #[schema(value_type = String, format = Uuid)]
    pub entity: EntityId,
    /// Its kind.
    pub kind: String,
    /// True when the caller does not see it any more.
    pub gone: bool,
}

/// Tells what changes, among what the caller may see, as long as the connection stands. Each event `change` carries a
/// [`Change`]; its id is the index to go on with: what changed there is told once more.
#[utoipa::path(get, path = "/v1/events", security(("token" = [])), params(From),
    responses((status = 200, body = Change, content_type = "text/event-stream"),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn events(State(service): State<Service>, Query(from): Query<From>, headers: HeaderMap) -> Response {
    let begun = async {
        let token = token(&headers)?;
        let person = service.person(&token).await?;
        let last = headers.get("last-event-id").and_then(|value| value.to_str().ok()).map(|text| {
            text.parse::<u64>().map_err(|_| refusal(Code::BadField, "Last-Event-ID: is no index".to_owned()))
        });
        let from = last.transpose()?.or(from.from);
        let (_, next) = service.blocking(move |inner| inner.changes(&person, None)).await?;
        Ok::<_, ServiceError>((token, from.unwrap_or(next)))
    };
    match begun.await {
        Ok((token, from)) => {
            Sse::new(told(service, token, from)).keep_alive(KeepAlive::new().interval(STILL)).into_response()
        }
        Err(error) => respond(error),
    }
}

struct Watching {
    service: Service,
    token: Token,
    from: u64,
    waiting: std::collections::VecDeque<Change>,
}

fn told(service: Service, token: Token, from: u64) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    let watching = Watching { service, token, from, waiting: std::collections::VecDeque::new() };
    stream::unfold(watching, |mut watching| async move {
        loop {
            if let Some(change) = watching.waiting.pop_front() {
                let data = serde_json::to_string(&change).unwrap_or_default();
                let event = Event::default().event("change").id(change.index.to_string()).data(data);
                return Some((Ok(event), watching));
            }
            if watching.service.is_stopping() {
                return None;
            }
            let (token, from) = (watching.token.clone(), watching.from);
            let look = move |inner: &Inner| {
                let person = still_person(&*inner.store, &inner.host, &token)?;
                inner.changes(&person, Some(from))
            };
            // Somebody who has left or signed out, or a store that fails, ends it; the browser asks again and is told why.
            let found = watching.service.blocking(look).await.ok()?;
            (watching.waiting, watching.from) = (found.0.into(), found.1);
            if watching.waiting.is_empty() {
                tokio::time::sleep(LOOK).await;
            }
        }
    })
}

impl Inner {
    /// What changed from index `from` on, in order, and where to go on; nothing when there is none.
    fn changes(&self, person: &Person, from: Option<u64>) -> Result<(Vec<Change>, u64), ServiceError> {
        self.look_for(person, |snapshot, who| {
            let size = snapshot.head()?.map_or(0, |head| head.size);
            let Some(from) = from.filter(|from| *from < size) else { return Ok(Ok((Vec::new(), size))) };
            // What lies behind the page is told with the next; what one entry moved is told together.
            let found = collect(snapshot, &who.granted, from, size, MOST)?;
            let end = found.end.unwrap_or(size);
            let mut rows: Vec<_> = found.rows.into_iter().map(|(row, _)| row).collect();
            // Seen in one scope, it is seen, whatever another says.
            rows.dedup_by_key(|row| (row.index, row.entity));
            let mut changes = Vec::with_capacity(rows.len());
            for row in rows {
                let kind = snapshot.entity(row.entity)?.map(|entity| entity.kind).unwrap_or_default();
                changes.push(Change { index: row.index, entity: row.entity, kind, gone: row.gone });
            }
            Ok(Ok((changes, end)))
        })
    }
}
