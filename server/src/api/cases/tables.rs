//! Findings as tables and maps, however many there are: written while they are read.

use std::collections::BTreeSet;
use std::io::{self, Write};

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query as Asked, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use xuncha_core::model::catalogue::Catalogue;
use xuncha_core::model::{Code, Entity, EntityId, Time};
use xuncha_core::plan::file_of;
use xuncha_core::protocol::{Problem, ServiceError};

use super::super::wire::token;
use super::super::{Inner, Service};
use super::query::Query;
use super::walk::Walk;
use crate::auth::Person;
use crate::documents::{City, Format, listing};
use crate::ledger::{Onlooker, shown_to, stands_for};
use crate::problem::{refusal, respond};
use crate::store::{Order, Result, Snapshot, StoreError, Wanted};

/// Rows read together.
const PAGE: u32 = 1_000;

/// Findings whose deductions are looked up together.
const TOGETHER: usize = 100;

/// Gives findings as CSV that spreadsheets open, with the filters of the list.
#[utoipa::path(get, path = "/v1/findings.csv", security(("token" = [])), params(Query),
    responses((status = 200, body = String, content_type = "text/csv"),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn findings_csv(
    State(service): State<Service>,
    asked: std::result::Result<Asked<Query>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    table(&service, asked, &headers, Format::Csv).await
}

/// Gives findings as a workbook, with the filters of the list.
#[utoipa::path(get, path = "/v1/findings.xlsx", security(("token" = [])), params(Query),
    responses((status = 200, body = Vec<u8>, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn findings_xlsx(
    State(service): State<Service>,
    asked: std::result::Result<Asked<Query>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    table(&service, asked, &headers, Format::Xlsx).await
}

/// Gives findings as a collection of points in WGS-84, with the filters of the list.
#[utoipa::path(get, path = "/v1/findings.geojson", security(("token" = [])), params(Query),
    responses((status = 200, body = String, content_type = "application/geo+json"),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn findings_geojson(
    State(service): State<Service>,
    asked: std::result::Result<Asked<Query>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    table(&service, asked, &headers, Format::Geojson).await
}

async fn table(
    service: &Service,
    asked: std::result::Result<Asked<Query>, QueryRejection>,
    headers: &HeaderMap,
    format: Format,
) -> Response {
    let begun = async {
        let Asked(query) = asked.map_err(|error| refusal(Code::BadField, error.body_text()))?;
        let person = service.person(&token(headers)?).await?;
        let checked = query.clone();
        service.blocking(move |inner| inner.may_walk(&person, &checked)).await?;
        Ok::<_, ServiceError>((person, query, service.writing_room()?))
    };
    let (person, query, room) = match begun.await {
        Ok(begun) => begun,
        Err(error) => return respond(error),
    };
    let (kind, name) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "findings.csv"),
        Format::Xlsx => ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "findings.xlsx"),
        Format::Geojson => ("application/geo+json", "findings.geojson"),
    };
    let body = service.written(room, move |inner, out| inner.write_table(&person, &query, format, out));
    let disposition = format!("attachment; filename=\"{name}\"");
    let lines = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, disposition.as_str()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "private, no-store"),
    ];
    (lines, body).into_response()
}

impl Inner {
    fn write_table(
        &self,
        person: &Person,
        query: &Query,
        format: Format,
        out: &mut (dyn Write + Send),
    ) -> io::Result<()> {
        let now = self.host.clock.wall();
        let city = self.store.look(|snapshot| city_of(snapshot, now));
        let mut city = city.map_err(|error| io::Error::other(error.to_string()))?;
        let mut listing = listing(format, out)?;
        self.walk(person, query, cases_of, |findings, cases| {
            city.forget_cases();
            cases.notices.iter().for_each(|notice| city.add_notice(notice));
            cases.deductions.iter().for_each(|row| city.add_deduction(row));
            findings.iter().try_for_each(|finding| listing.add(finding, &city))?;
            Ok(Walk::On)
        })?;
        listing.end()
    }
}

/// The zone, and the names of units and items; who sees a finding may know these.
pub(super) fn city_of(snapshot: &dyn Snapshot, now: Time) -> Result<City> {
    let head = snapshot.head()?.ok_or_else(|| StoreError::Missing("this store".into()))?;
    let ledger = snapshot.entity(EntityId(head.ledger.0))?.map(|row| read(&row.row)).transpose()?;
    let mut city = City::new(ledger.as_ref().and_then(|ledger| ledger.text("zone")), now);
    each(snapshot, "unit", |unit| {
        city.add_unit(unit);
        Ok(())
    })?;
    let mut catalogues = Vec::new();
    each(snapshot, "catalogue", |catalogue| {
        catalogues.extend(file_of(catalogue).map(|file| (catalogue.id, file)));
        Ok(())
    })?;
    for (id, file) in catalogues {
        // One that is not here leaves its items without names.
        if let Some(catalogue) = snapshot.document(&file)?.and_then(|text| Catalogue::read(&text).ok()) {
            city.add_catalogue(id, &catalogue);
        }
    }
    Ok(city)
}

fn each(snapshot: &dyn Snapshot, kind: &str, mut look: impl FnMut(&Entity) -> Result<()>) -> Result<()> {
    let mut after = None;
    loop {
        let rows = snapshot.entities(kind, after, PAGE)?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = Some(last.id);
        rows.iter().try_for_each(|row| look(&read(&row.row)?))?;
    }
}

fn read(row: &str) -> Result<Entity> {
    serde_json::from_str(row).map_err(|error| StoreError::Damaged(error.to_string()))
}

/// What goes beside findings in a table.
#[derive(Default)]
struct Cases {
    notices: Vec<Entity>,
    deductions: Vec<Entity>,
}

/// The notices and the deductions of these findings, as far as `who` sees them.
fn cases_of(snapshot: &dyn Snapshot, who: &Onlooker, findings: &[Entity]) -> Result<Cases> {
    let mut cases = Cases::default();
    let notices: BTreeSet<EntityId> = findings.iter().filter_map(|finding| finding.reference("notice")).collect();
    let notices: Vec<EntityId> = notices.into_iter().collect();
    for row in snapshot.entities_of(&notices)? {
        cases.notices.extend(shown_to(&read(&row.row)?, &who.granted));
    }
    for findings in findings.chunks(TOGETHER) {
        let about: Vec<String> =
            findings.iter().filter_map(|finding| stands_for("finding", &finding.id.to_string())).collect();
        let mut order = Order::Newest { below: None };
        loop {
            let wanted = Wanted {
                kind: "deduction".into(),
                all: Vec::new(),
                begins: Vec::new(),
                any: vec![about.clone()],
                from: None,
                below: None,
                due_below: None,
                due_from: None,
                order,
                limit: PAGE,
            };
            let found = snapshot.list(&wanted)?;
            let ids: Vec<EntityId> = found.iter().map(|line| line.entity).collect();
            for row in snapshot.entities_of(&ids)? {
                cases.deductions.extend(shown_to(&read(&row.row)?, &who.granted));
            }
            match found.last().filter(|_| found.len() >= PAGE as usize) {
                Some(last) => order = Order::Newest { below: Some(last.number) },
                None => break,
            }
        }
    }
    Ok(cases)
}
