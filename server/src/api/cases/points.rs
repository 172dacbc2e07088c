//! Findings as points on a map.

use std::io::{self, Write};

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query as Asked, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use serde_json::json;
use xuncha_core::model::{Code, Entity, Time};
use xuncha_core::plan::{Standing, standing};
use xuncha_core::protocol::{Problem, ServiceError};

use super::super::wire::token;
use super::super::{Inner, Service};
use super::query::Query;
use super::walk::Walk;
use crate::auth::Person;
use crate::ledger::Onlooker;
use crate::problem::{refusal, respond};
use crate::store::Snapshot;

/// Most points that are given.
const MOST: usize = 100_000;

/// zstd level: the fastest that still finds what repeats.
const LEVEL: i32 = 3;

/// Points.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct PointsReply {
    /// For each finding with a place: longitude and latitude in degrees of WGS-84, the number of its state in `states`, 1 when
    /// it is overdue, else 0, and its id.
    #[schema(value_type = Vec<Vec<Spot>>)]
    pub points: Vec<Vec<Spot>>,
    /// States, such as `reported`.
    pub states: Vec<String>,
    /// True when there are more than are given.
    pub more: bool,
}

/// A member of a point: a number, or the id.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Spot {
    /// A number.
    Number(f64),
    /// The id.
    Id(String),
}

/// Gives the findings that a list would give as points, at most 100,000: of the newest, or of those that are due first.
#[utoipa::path(get, path = "/v1/points", security(("token" = [])), params(Query),
    responses((status = 200, body = PointsReply), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn points(
    State(service): State<Service>,
    asked: Result<Asked<Query>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let begun = async {
        let Asked(query) = asked.map_err(|error| refusal(Code::BadField, error.body_text()))?;
        let person = service.person(&token(&headers)?).await?;
        let checked = query.clone();
        service.blocking(move |inner| inner.may_walk(&person, &checked)).await?;
        Ok::<_, ServiceError>((person, query, service.writing_room()?))
    };
    let (person, query, room) = match begun.await {
        Ok(begun) => begun,
        Err(error) => return respond(error),
    };
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let small = accepts.split(',').any(|coding| coding.trim() == "zstd");
    let body = service.written(room, move |inner, out| match small {
        true => {
            let mut out = zstd::Encoder::new(out, LEVEL)?;
            inner.write_points(&person, &query, &mut out)?;
            out.finish().map(drop)
        }
        false => inner.write_points(&person, &query, out),
    });
    let mut response = ([(header::CONTENT_TYPE, "application/json")], body).into_response();
    if small {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("zstd"));
    }
    response
}

impl Inner {
    fn write_points(&self, person: &Person, query: &Query, out: &mut dyn Write) -> io::Result<()> {
        let now = self.host.clock.wall();
        let (mut states, mut given, mut more) = (Vec::<String>::new(), 0, false);
        out.write_all(b"{\"points\":[")?;
        let nothing_more = |_: &dyn Snapshot, _: &Onlooker, _: &[Entity]| Ok(());
        self.walk(person, query, nothing_more, |findings, ()| {
            for finding in findings {
                let Some((lon, lat)) = place_of(finding) else { continue };
                if given == MOST {
                    more = true;
                    return Ok(Walk::Stop);
                }
                let between: &[u8] = if given == 0 { b"" } else { b"," };
                let (state, overdue) = (number_of(&mut states, finding), u8::from(is_overdue(finding, now)));
                out.write_all(between)?;
                serde_json::to_writer(&mut *out, &(lon, lat, state, overdue, finding.id))?;
                given += 1;
            }
            Ok(Walk::On)
        })?;
        let rest = json!({ "more": more, "states": states }).to_string();
        out.write_all(b"],")?;
        out.write_all(&rest.as_bytes()[1..])
    }
}

fn place_of(finding: &Entity) -> Option<(f64, f64)> {
    let place = finding.field("place")?;
    Some((place.get("lon")?.as_f64()?, place.get("lat")?.as_f64()?))
}

fn is_overdue(finding: &Entity, now: Time) -> bool {
    standing(finding, now) == Standing::Overdue
}

/// The number of its state; one that was not met before is put behind the others.
fn number_of(states: &mut Vec<String>, finding: &Entity) -> usize {
    let status = finding.text("status").unwrap_or("reported");
    states.iter().position(|known| known == status).unwrap_or_else(|| {
        states.push(status.to_owned());
        states.len() - 1
    })
}
