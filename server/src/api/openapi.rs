//! The OpenAPI document, made from the types that are really read and written.

use axum::Json;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::cases::{detail, events, list, papers, points, steps, tables};
use super::{blobs, city, health, invites, register, session, uploads, wire};

#[derive(OpenApi)]
#[openapi(
    info(title = "Xuncha", description = "Offline-first city inspection: the ledger's API.", license(name = "MIT OR Apache-2.0")),
    paths(
        wire::info, wire::enrol, wire::push, wire::pull, wire::enrol_page, wire::health, wire::ready, openapi,
        uploads::upload_abilities, uploads::begin_upload, uploads::upload_progress, uploads::continue_upload,
        uploads::cancel_upload, blobs::blob,
        city::city, points::points, tables::findings_csv, tables::findings_xlsx, tables::findings_geojson,
        papers::notice_page, papers::notice_pdf, register::register_page, invites::invite, invites::password_link, health::ledger_health,
        list::list, detail::case, detail::history, detail::alike, steps::step, events::events,
        session::session, session::sign_in, session::sign_out, session::choose_password, session::change_password
    ),
    modifiers(&Token)
)]
struct Document;

struct Token;

impl Modify for Token {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("token", scheme);
        let cookie = ApiKey::Cookie(ApiKeyValue::new(session::PLAIN));
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    }
}

/// The document itself.
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// Describes this API.
#[utoipa::path(get, path = "/openapi.json", responses((status = 200, body = Object)))]
pub(crate) async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(document())
}
