//! Every route of the server, on one page.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn, map_response};
use axum::response::Response;
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;
use xuncha_core::model::Code;
use xuncha_core::protocol::{MAX_BODY_BYTES, paths};

use crate::api::{self, Limits, Service};
use crate::problem::{refusal, respond};

/// The whole application.
pub fn app(service: Service, limits: &Limits) -> Router {
    let phones = Router::new()
        .route(paths::LEDGER, get(api::info))
        .route(paths::ENROL, post(api::enrol))
        .route(paths::PUSH, post(api::push))
        .route(paths::PULL, post(api::pull))
        .layer(from_fn(api::guard(limits)));
    let everyone = Router::new()
        .route("/enrol", get(api::enrol_page))
        .route("/openapi.json", get(api::openapi))
        .route("/healthz", get(api::health))
        .route("/readyz", get(api::ready));
    phones
        .merge(everyone)
        .fallback(api::unknown_address)
        .method_not_allowed_fallback(api::unknown_method)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, limits.patience))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| respond(refusal(Code::Internal, None))))
        .layer(map_response(as_problem))
        .layer(from_fn(crate::listen::log(service.host().clone())))
        .with_state(service)
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
