//! Every route of the server, on one page; those for monitors are [`Operation`](crate::api::Operation)'s, and what is at no
//! address of the API may be the [console](crate::console)'s.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::StatusCode;
use axum::middleware::{from_fn, map_response};
use axum::response::Response;
use axum::routing::{MethodRouter, get, head, patch, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;
use xuncha_core::model::Code;
use xuncha_core::protocol::{MAX_BODY_BYTES, paths};

use crate::api::{self, Limits, Service};
use crate::console::Console;
use crate::problem::{refusal, respond};

/// The whole application.
pub fn app(service: Service, limits: &Limits) -> Router {
    let guard = from_fn(api::guard(limits));
    let phones = Router::new()
        .route(paths::LEDGER, get(api::info))
        .route(paths::ENROL, post(api::enrol))
        .route(paths::PUSH, post(api::push))
        .route(paths::PULL, post(api::pull))
        .layer(guard.clone());
    let desks = Router::new()
        .route("/v1/steps", post(api::step))
        .route("/v1/city", get(api::city))
        .route("/v1/register/{kind}", get(api::register_page))
        .route("/v1/invites", post(api::invite))
        .route("/v1/users/{id}/link", post(api::password_link))
        .route("/v1/ledger/health", get(api::ledger_health))
        .route("/v1/notices/{id}/page", get(api::notice_page))
        .route("/v1/notices/{id}/pdf", get(api::notice_pdf))
        .route("/v1/findings/{id}/alike", get(api::alike))
        .route("/v1/{kind}", get(api::list))
        .route("/v1/{kind}/{id}", get(api::case))
        .route("/v1/{kind}/{id}/history", get(api::history))
        .layer(guard.clone());
    let sessions = Router::new()
        .route("/v1/session", get(api::session).post(api::sign_in).delete(api::sign_out))
        .route("/v1/session/link", post(api::choose_password))
        .route("/v1/session/password", post(api::change_password))
        .layer(guard.clone());
    let everyone = Router::new()
        .route("/enrol", get(api::enrol_page))
        .route("/openapi.json", get(api::openapi))
        .route("/healthz", get(api::health))
        .route("/readyz", get(api::ready));
    let prompt = phones
        .merge(desks)
        .merge(sessions)
        .merge(everyone)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, limits.patience));
    // A photo on a slow network takes minutes, so these have patience of their own.
    let uploads = Router::new()
        .route(paths::UPLOADS, post(api::begin_upload).options(api::upload_abilities))
        .route(paths::UPLOAD, patch(api::continue_upload).merge(upload()))
        .layer(map_response(api::speaks_tus));
    let lasting = Router::new()
        .route(paths::BLOB, get(api::blob))
        .route("/v1/events", get(api::events))
        .route("/v1/points", get(api::points))
        .route("/v1/findings.csv", get(api::findings_csv))
        .route("/v1/findings.xlsx", get(api::findings_xlsx))
        .route("/v1/findings.geojson", get(api::findings_geojson));
    let files = uploads.merge(lasting).layer(guard);
    let console = Console::of(service.around());
    prompt
        .merge(files)
        .fallback(move |request: Request| async move { console.answer(&request).unwrap_or_else(api::unknown_address) })
        .method_not_allowed_fallback(api::unknown_method)
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| respond(refusal(Code::Internal, None))))
        .layer(from_fn(api::same_site))
        .layer(map_response(as_problem))
        .layer(from_fn(crate::listen::log(service.host().clone(), service.requests().clone())))
        .with_state(service)
}

/// What else can be done with one upload.
fn upload() -> MethodRouter<Service> {
    head(api::upload_progress).delete(api::cancel_upload).post(api::overridden_upload).options(api::upload_abilities)
}

/// What a layer turned away without a document gets one.
async fn as_problem(response: Response) -> Response {
    let bare = response
        .headers()
        .get(axum::http::header::CONTENT_TYPE)
        .is_none_or(|kind| kind.as_bytes().starts_with(b"text/"));
    match response.status() {
        StatusCode::PAYLOAD_TOO_LARGE if bare => respond(refusal(Code::TooLarge, None)),
        StatusCode::REQUEST_TIMEOUT if bare => respond(refusal(Code::Timeout, None)),
        status if status.is_client_error() && bare => respond(refusal(Code::Malformed, None)),
        _ => response,
    }
}
