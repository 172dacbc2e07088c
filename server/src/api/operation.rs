//! What a monitor asks, on a listener of its own.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use prometheus_client::encoding::prometheus_text::CONTENT_TYPE;
use serde_json::json;
use tokio::time::timeout;

use super::Service;
use super::readiness::PATIENCE;
use super::wire::{unknown_address, unknown_method};
use crate::backup::last_taken;
use crate::metrics::{Metrics, Standing};

/// A server as its monitor sees it.
#[derive(Clone)]
pub struct Operation {
    service: Service,
    metrics: Arc<Metrics>,
    data: PathBuf,
}

impl Operation {
    /// Of `service`, whose ledger lies in `data`.
    pub fn new(service: Service, metrics: Metrics, data: PathBuf) -> Operation {
        Operation { service, metrics: Arc::new(metrics), data }
    }

    /// What is served to monitors.
    pub fn routes(self) -> Router {
        Router::new()
            .route("/metrics", get(metrics))
            .route("/live", get(live))
            .route("/ready", get(ready))
            .fallback(async || unknown_address())
            .method_not_allowed_fallback(unknown_method)
            .with_state(self)
    }

    async fn standing(&self) -> Standing {
        let (readiness, ledger) = tokio::join!(self.service.readiness(), self.service.ledger_standing());
        let (inner, data) = (self.service.inner.clone(), self.data.clone());
        // A disk that hangs has been noticed by the look at it: it is not asked again.
        let files_answer = readiness.not_ready.iter().all(|trouble| trouble.code != "files_silent");
        let (free, backed_up) = if files_answer {
            let work = move || (inner.blobs.free(&data).ok(), last_taken(&data));
            let found = timeout(PATIENCE, tokio::task::spawn_blocking(work)).await;
            found.ok().and_then(Result::ok).unwrap_or_default()
        } else {
            (None, None)
        };
        let inner = &self.service.inner;
        Standing {
            parts: readiness.parts(),
            ledger,
            queued: inner.queue.waiting(),
            free,
            reserve: inner.blobs.reserve(),
            guard_failing: inner.guard.as_ref().map(|guard| guard.is_failing()),
            backed_up,
        }
    }
}

/// Everything that is counted, in Prometheus' text format. Takes a few seconds at most; what is not known
/// just now is left out.
async fn metrics(State(operation): State<Operation>) -> Response {
    let text = operation.metrics.text(&operation.standing().await);
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response()
}

/// The process lives.
async fn live() -> Response {
    axum::Json(json!({ "live": true })).into_response()
}

/// 200 when phones are served, else 503; either way what was found, as [`Readiness`](crate::readiness::Readiness)
/// in JSON. Takes a few seconds at most.
async fn ready(State(operation): State<Operation>) -> Response {
    let found = operation.service.readiness().await;
    let status = if found.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, axum::Json(found)).into_response()
}
