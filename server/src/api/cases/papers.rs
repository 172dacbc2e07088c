//! A notice on paper, as a page to print and as PDF, also before it is issued.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query as Asked, State};
use axum::http::{Extensions, HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use xuncha_core::model::{Code, Entity, EntityId, Hash, Notice};
use xuncha_core::plan::{Scope, project};
use xuncha_core::protocol::{Problem, ServiceError};

use super::super::wire::{origin, token};
use super::super::{Inner, Service};
use super::detail::seen;
use super::tables::city_of;
use crate::auth::Person;
use crate::casework::learn_paper;
use crate::documents::{City, Face, Paper, notice_style, write_notice};
use crate::ledger::draft_paper;
use crate::problem::{refusal, respond};

/// How a paper is wanted.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The language; notices are written in Chinese, `zh`.
    pub lang: Option<String>,
    /// `unit`: the copy that is handed to the unit, which names nobody of the city's people but who issued it.
    pub copy: Option<String>,
}

impl PageQuery {
    /// True when the copy for the unit is wanted.
    fn of_unit(&self) -> std::result::Result<bool, ServiceError> {
        let bad = |what: &str| refusal(Code::BadField, what.to_owned());
        match (self.lang.as_deref(), self.copy.as_deref()) {
            (Some(lang), _) if lang != "zh" => Err(bad("lang: must be zh")),
            (_, Some("unit")) => Ok(true),
            (_, Some(_)) => Err(bad("copy: must be unit")),
            (_, None) => Ok(false),
        }
    }
}

/// Gives a notice as a page that is made for A4. A draft is given as it would be issued now, and says that it is a draft.
#[utoipa::path(get, path = "/v1/notices/{id}/page", security(("token" = [])), params(("id" = String, Path), PageQuery),
    responses((status = 200, body = String, content_type = "text/html"),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn notice_page(
    State(service): State<Service>,
    Path(id): Path<String>,
    asked: std::result::Result<Asked<PageQuery>, QueryRejection>,
    extensions: Extensions,
    headers: HeaderMap,
) -> Response {
    let page = async {
        let ask = wanted(&service, &id, asked, (&extensions, &headers)).await?;
        service.blocking(move |inner| inner.papers(ask)?.page()).await
    };
    match page.await {
        Ok(page) => {
            let style = STANDARD.encode(Sha256::digest(notice_style()));
            let policy = format!(
                "default-src 'none'; style-src 'sha256-{style}'; img-src 'self' data:; base-uri 'none'; form-action \
                 'none'; frame-ancestors 'self'"
            );
            let mut response = sent("text/html; charset=utf-8", page);
            let lines = response.headers_mut();
            lines.extend(HeaderValue::try_from(policy).map(|policy| (header::CONTENT_SECURITY_POLICY, policy)));
            response
        }
        Err(error) => respond(error),
    }
}

/// Gives a notice as PDF, with what the page says and the display copies of its photos. A server that was built without it
/// says `not_built`, one without a font `no_font`.
#[utoipa::path(get, path = "/v1/notices/{id}/pdf", security(("token" = [])), params(("id" = String, Path), PageQuery),
    responses((status = 200, body = Vec<u8>, content_type = "application/pdf"),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn notice_pdf(
    State(service): State<Service>,
    Path(id): Path<String>,
    asked: std::result::Result<Asked<PageQuery>, QueryRejection>,
    extensions: Extensions,
    headers: HeaderMap,
) -> Response {
    let pdf = async {
        let ask = wanted(&service, &id, asked, (&extensions, &headers)).await?;
        // It is in memory with its pictures while it is made, also when nobody waits for it any more.
        let room = service.writing_room()?;
        let made = move |inner: &Inner| {
            let made = inner.papers(ask)?.pdf(inner);
            drop(room);
            made
        };
        service.blocking(made).await
    };
    match pdf.await {
        Ok(pdf) => {
            let mut response = sent("application/pdf", pdf);
            let name = HeaderValue::from_static("inline; filename=\"notice.pdf\"");
            response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
            response
        }
        Err(error) => respond(error),
    }
}

/// Which paper is asked for.
struct Ask {
    notice: EntityId,
    person: Person,
    /// The unit's copy.
    of_unit: bool,
    server: Option<String>,
}

async fn wanted(
    service: &Service,
    id: &str,
    asked: std::result::Result<Asked<PageQuery>, QueryRejection>,
    (extensions, headers): (&Extensions, &HeaderMap),
) -> std::result::Result<Ask, ServiceError> {
    let Asked(query) = asked.map_err(|error| refusal(Code::BadField, error.body_text()))?;
    let of_unit = query.of_unit()?;
    let notice = id.parse().map_err(|_| refusal(Code::NotFound, None))?;
    let person = service.person(&token(headers)?).await?;
    Ok(Ask { notice, person, of_unit, server: origin(extensions, headers).ok() })
}

/// A paper, for whoever asked and for nobody who keeps things.
fn sent(kind: &'static str, bytes: Vec<u8>) -> Response {
    let lines = [
        (header::CONTENT_TYPE, kind),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "private, no-store"),
    ];
    (lines, bytes).into_response()
}

/// All that goes on the paper of a notice.
struct Papers {
    notice: Entity,
    findings: Vec<Entity>,
    city: City,
    /// Where the server was reached: the unit reaches it there too.
    server: Option<String>,
}

impl Inner {
    /// What the person may see of a notice, as of one moment.
    fn papers(&self, ask: Ask) -> std::result::Result<Papers, ServiceError> {
        let Ask { notice, person, of_unit, server } = ask;
        self.look_for(&person, |snapshot, who| {
            let Some(mut notice) = seen(snapshot, &who.granted, "notice", notice)? else {
                return Ok(Err(refusal(Code::NotFound, None)));
            };
            let read = Notice::from_entity(&notice);
            // Those outside never see a draft: what it would say is the staff's.
            if notice.field("face").is_none() && who.granted.contains(&Scope::staff()) {
                notice.fields.insert("face".into(), draft_paper(snapshot, &self.host, &read)?);
            }
            let mut findings = Vec::new();
            for finding in &read.findings {
                findings.extend(seen(snapshot, &who.granted, "finding", *finding)?);
            }
            if let Some(unit) = read.unit.filter(|_| of_unit).map(Scope::unit) {
                notice = project(&notice, &unit);
                findings.iter_mut().for_each(|finding| *finding = project(finding, &unit));
            }
            let mut city = city_of(snapshot, self.host.clock.wall())?;
            learn_paper(snapshot, &notice, &findings, &mut city)?;
            Ok(Ok(Papers { notice, findings, city, server: server.clone() }))
        })
    }
}

impl Papers {
    fn face(&self) -> std::result::Result<Face<'_>, ServiceError> {
        Face::of(&self.notice).ok_or_else(|| refusal(Code::NotFound, None))
    }

    fn page(&self) -> std::result::Result<Vec<u8>, ServiceError> {
        let (face, read) = (self.face()?, Notice::from_entity(&self.notice));
        let (paper, mut page) = (
            Paper { notice: &self.notice, face: &face, findings: &self.findings, server: self.server.as_deref() },
            Vec::new(),
        );
        let address = |hash: Hash| format!("/v1/blobs/{hash}");
        let mut picture = |original: &str| {
            let attached = read.photos.values().map(|photo| photo.original).find(|known| known.to_string() == original);
            Ok(display_of(&self.findings, original).or(attached).map(address))
        };
        write_notice(&mut page, paper, &self.city, &mut picture).map_err(|_| refusal(Code::Internal, None))?;
        Ok(page)
    }

    #[cfg(feature = "pdf")]
    fn pdf(&self, inner: &Inner) -> std::result::Result<Vec<u8>, ServiceError> {
        use crate::documents::PdfError;
        let face = self.face()?;
        let no_font = |what: String| refusal(Code::NoFont, format!("font: {what}"));
        let path = inner.around.font.as_ref().ok_or_else(|| no_font("the settings name none".into()))?;
        let font = xuncha_core::photo::FontFile::load(path, None).map_err(|error| no_font(error.to_string()))?;
        let paper =
            Paper { notice: &self.notice, face: &face, findings: &self.findings, server: self.server.as_deref() };
        let mut print = |original: &str| match display_of(&self.findings, original) {
            Some(display) => inner.blobs.whole(&display),
            None => Ok(None),
        };
        crate::documents::notice_pdf(&paper, &self.city, &font, &mut print).map_err(|error| match error {
            PdfError::Font(what) => no_font(what),
            PdfError::Io(error) => crate::blobs::disk_failure(&error),
        })
    }

    #[cfg(not(feature = "pdf"))]
    fn pdf(&self, _: &Inner) -> std::result::Result<Vec<u8>, ServiceError> {
        Err(refusal(Code::NotBuilt, "pdf".to_owned()))
    }
}

/// The display copy of the photo with this original.
fn display_of(findings: &[Entity], original: &str) -> Option<Hash> {
    let called = |finding: &Entity| {
        let photo = finding.members("photos").find(|(_, photo)| photo["original"] == original)?.0.to_owned();
        finding.preview(&photo)?.get("display")?.as_str()?.parse::<Hash>().ok()
    };
    findings.iter().find_map(called)
}
