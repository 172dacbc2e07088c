//! A notice as a page to print, also before it is issued.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query as Asked, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use xuncha_core::model::{Code, Entity, EntityId, Hash, Notice};
use xuncha_core::plan::Scope;
use xuncha_core::protocol::{Problem, ServiceError};

use super::super::wire::token;
use super::super::{Inner, Service};
use super::detail::seen;
use super::tables::city_of;
use crate::auth::Person;
use crate::documents::{Face, Paper, notice_style, write_notice};
use crate::ledger::draft_paper;
use crate::problem::{refusal, respond};

/// How a page is wanted.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The language; notices are written in Chinese, `zh`.
    pub lang: Option<String>,
}

/// Gives a notice as a page that is made for A4. A draft is given as it would be issued now, and says that it is a draft.
#[utoipa::path(get, path = "/v1/notices/{id}/page", security(("token" = [])), params(("id" = String, Path), PageQuery),
    responses((status = 200, body = String, content_type = "text/html"),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn notice_page(
    State(service): State<Service>,
    Path(id): Path<String>,
    asked: std::result::Result<Asked<PageQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let page = async {
        let Asked(query) = asked.map_err(|error| refusal(Code::BadField, error.body_text()))?;
        if query.lang.as_deref().is_some_and(|lang| lang != "zh") {
            return Err(refusal(Code::BadField, "lang: must be zh".to_owned()));
        }
        let id: EntityId = id.parse().map_err(|_| refusal(Code::NotFound, None))?;
        let person = service.person(&token(&headers)?).await?;
        service.blocking(move |inner| inner.notice_page(&person, id)).await
    };
    match page.await {
        Ok(page) => {
            let style = STANDARD.encode(Sha256::digest(notice_style()));
            let policy = format!(
                "default-src 'none'; style-src 'sha256-{style}'; img-src 'self' data:; base-uri 'none'; form-action \
                 'none'; frame-ancestors 'self'"
            );
            let mut response = ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response();
            let lines = response.headers_mut();
            lines.extend(HeaderValue::try_from(policy).map(|policy| (header::CONTENT_SECURITY_POLICY, policy)));
            lines.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            lines.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
            response
        }
        Err(error) => respond(error),
    }
}

impl Inner {
    fn notice_page(&self, person: &Person, id: EntityId) -> std::result::Result<Vec<u8>, ServiceError> {
        self.look_for(person, |snapshot, who| {
            let Some(mut entity) = seen(snapshot, &who.granted, "notice", id)? else {
                return Ok(Err(refusal(Code::NotFound, None)));
            };
            let notice = Notice::from_entity(&entity);
            // Those outside never see a draft: what it would say is the staff's.
            if entity.field("face").is_none() && who.granted.contains(&Scope::staff()) {
                entity.fields.insert("face".into(), draft_paper(snapshot, &self.host, &notice)?);
            }
            let Some(face) = Face::of(&entity) else { return Ok(Err(refusal(Code::NotFound, None))) };
            let mut findings = Vec::new();
            for finding in &notice.findings {
                findings.extend(seen(snapshot, &who.granted, "finding", *finding)?);
            }
            let city = city_of(snapshot, self.host.clock.wall())?;
            let (paper, mut page) = (Paper { notice: &entity, face: &face, findings: &findings }, Vec::new());
            let mut picture = |original: &str| Ok(address_of(&notice, &findings, original));
            let written = write_notice(&mut page, paper, &city, &mut picture);
            Ok(written.map(|()| page).map_err(|_| refusal(Code::Internal, None)))
        })
    }
}

/// Where the picture of the photo with this original is found: its display copy, or a scan as it was handed in.
fn address_of(notice: &Notice, findings: &[Entity], original: &str) -> Option<String> {
    let called = |finding: &Entity| {
        let photo = finding.members("photos").find(|(_, photo)| photo["original"] == original)?.0.to_owned();
        finding.preview(&photo)?.get("display")?.as_str()?.parse::<Hash>().ok()
    };
    let attached = notice.photos.values().map(|photo| photo.original).find(|known| known.to_string() == original);
    findings.iter().find_map(called).or(attached).map(|hash| format!("/v1/blobs/{hash}"))
}
