//! Requests and replies as HTTP: bodies in and out, nothing decided.

use std::borrow::Cow;
use std::io::Read as _;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Extensions, HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use xuncha_core::model::Code;
use xuncha_core::op::{Push, check_json};
use xuncha_core::protocol::{
    EnrolReply, EnrolRequest, LedgerInfo, MAX_BODY_BYTES, Problem, PullReply, PullRequest, PushReply, ServiceError,
    SyncService as _, Token,
};

use super::Service;
use super::session::is_encrypted;
use crate::problem::{problem, refusal, respond};
use crate::readiness::Part;

/// Replies shorter than this are not worth compressing.
const COMPRESS_FROM: usize = 512;

/// zstd level of replies: the fastest that still finds what repeats.
const LEVEL: i32 = 3;

/// Largest window of a request's body: 8 MiB, more than a body may hold.
const WINDOW_LOG: u32 = 23;

/// Says which ledger this is.
#[utoipa::path(get, path = "/v1/ledger", responses(
    (status = 200, body = LedgerInfo), (status = "default", body = Problem, content_type = "application/problem+json")
))]
pub async fn info(State(service): State<Service>, headers: HeaderMap) -> Response {
    reply(&headers, service.ledger().await)
}

/// Makes a phone known.
#[utoipa::path(post, path = "/v1/enrol", request_body = EnrolRequest, responses(
    (status = 200, body = EnrolReply), (status = "default", body = Problem, content_type = "application/problem+json")
))]
pub async fn enrol(State(service): State<Service>, headers: HeaderMap, body: Bytes) -> Response {
    match read::<EnrolRequest>(&headers, &body) {
        Ok(request) => reply(&headers, service.enrol(request).await),
        Err(error) => respond(error),
    }
}

/// Takes ops: one verdict each, in their order.
#[utoipa::path(post, path = "/v1/push", request_body = Push, security(("token" = [])), responses(
    (status = 200, body = PushReply), (status = "default", body = Problem, content_type = "application/problem+json")
))]
pub async fn push(State(service): State<Service>, headers: HeaderMap, body: Bytes) -> Response {
    match (token(&headers), read::<Push>(&headers, &body)) {
        (Ok(token), Ok(push)) => reply(&headers, service.push(&token, push).await),
        (Err(error), _) | (_, Err(error)) => respond(error),
    }
}

/// Gives one page of what changed.
#[utoipa::path(post, path = "/v1/pull", request_body = PullRequest, security(("token" = [])), responses(
    (status = 200, body = PullReply), (status = "default", body = Problem, content_type = "application/problem+json")
))]
pub async fn pull(State(service): State<Service>, headers: HeaderMap, body: Bytes) -> Response {
    match (token(&headers), read::<PullRequest>(&headers, &body)) {
        (Ok(token), Ok(request)) => reply(&headers, service.pull(&token, request).await),
        (Err(error), _) | (_, Err(error)) => respond(error),
    }
}

/// Tells a person who opened an invitation in a browser what to do with it.
#[utoipa::path(get, path = "/enrol", responses((status = 200, body = String, content_type = "text/plain")))]
pub async fn enrol_page() -> Response {
    "请用巡查手机端打开此邀请链接。\nOpen this invitation in the Xuncha app on your phone.\n".into_response()
}

/// The process is alive; what an operator should look at stands below, a line each.
#[utoipa::path(get, path = "/healthz", responses((status = 200, body = String, content_type = "text/plain")))]
pub async fn health(State(service): State<Service>) -> Response {
    lines("ok", &service.worries().await)
}

/// Phones are served: the store answers, files can be taken in, the server is not stopping, and its ledger is
/// not behind its guard. The code names the first of these that does not hold.
#[utoipa::path(get, path = "/readyz", responses(
    (status = 200, body = String, content_type = "text/plain"),
    (status = 503, body = Problem, content_type = "application/problem+json")
))]
pub async fn ready(State(service): State<Service>) -> Response {
    let Some(trouble) = service.readiness().await.not_ready.into_iter().next() else {
        return lines("ready", &service.worries().await);
    };
    // Anybody may ask here: what a database or a disk said of its failure is for the operators' listener.
    let detail = (trouble.part == Part::Ledger).then_some(trouble.detail);
    let code = Code::from(trouble.code.to_owned());
    let title = "the server cannot serve phones just now".to_owned();
    respond(ServiceError::Problem(Problem { code, title, detail, ..problem(Code::Unavailable, None) }))
}

fn lines(first: &str, worries: &[String]) -> Response {
    let mut text = format!("{first}\n");
    worries.iter().for_each(|worry| text.extend([worry, "\n"]));
    text.into_response()
}

/// Nothing is at this address.
pub fn unknown_address() -> Response {
    respond(refusal(Code::NotFound, None))
}

/// The address does not take this method.
pub async fn unknown_method() -> Response {
    respond(refusal(Code::BadMethod, None))
}

/// What the caller shows: a token, or the cookie of a session.
pub(super) fn token(headers: &HeaderMap) -> Result<Token, ServiceError> {
    let Some(text) = headers.get(header::AUTHORIZATION) else {
        return super::session::secret_of(headers).ok_or_else(|| refusal(Code::BadToken, None));
    };
    let secret = text.to_str().ok().and_then(|text| text.strip_prefix("Bearer "));
    secret.map(|secret| Token::new(secret.to_owned())).ok_or_else(|| refusal(Code::BadToken, None))
}

/// The address at which whoever asks has reached this server: others reach it there too.
pub(super) fn origin(extensions: &Extensions, headers: &HeaderMap) -> Result<String, ServiceError> {
    let scheme = if is_encrypted(extensions, headers) { "https" } else { "http" };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let address = reqwest::Url::parse(&format!("{scheme}://{host}/")).ok();
    let bare = |address: &reqwest::Url| address.path() == "/" && address.username().is_empty() && !host.is_empty();
    let address = address.filter(bare).ok_or_else(|| refusal(Code::BadField, "Host: is no address".to_owned()))?;
    Ok(address.origin().ascii_serialization())
}

/// Reads a body: JSON in UTF-8, plain or compressed with zstd, never larger than the limit.
pub(super) fn read<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, ServiceError> {
    parsed(&text_of(headers, body)?)
}

/// As [`read`], where what is read becomes part of an op: what no op may hold is refused, and of two members with one name
/// neither is dropped in silence.
pub(super) fn read_strictly<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, ServiceError> {
    let text = text_of(headers, body)?;
    let read = parsed(&text)?;
    check_json(&text).map_err(|error| refusal(Code::from(error.code.to_owned()), error.detail))?;
    Ok(read)
}

fn parsed<T: DeserializeOwned>(text: &str) -> Result<T, ServiceError> {
    serde_json::from_str(text).map_err(|error| refusal(Code::Malformed, error.to_string()))
}

fn text_of<'a>(headers: &HeaderMap, body: &'a [u8]) -> Result<Cow<'a, str>, ServiceError> {
    let malformed = |detail: String| refusal(Code::Malformed, detail);
    match headers.get(header::CONTENT_ENCODING).map(|value| value.as_bytes()) {
        None | Some(b"identity") => {
            std::str::from_utf8(body).map(Cow::Borrowed).map_err(|error| malformed(error.to_string()))
        }
        Some(b"zstd") => {
            String::from_utf8(inflate(body)?).map(Cow::Owned).map_err(|error| malformed(error.to_string()))
        }
        Some(_) => Err(malformed("Content-Encoding: only zstd is understood".into())),
    }
}

fn inflate(body: &[u8]) -> Result<Vec<u8>, ServiceError> {
    let malformed = |error: std::io::Error| refusal(Code::Malformed, format!("zstd: {error}"));
    let mut plain = Vec::new();
    let mut decoder = zstd::Decoder::new(body).map_err(malformed)?;
    // Without this a few bytes could claim a window of 128 MiB.
    decoder.window_log_max(WINDOW_LOG).map_err(malformed)?;
    decoder.take(MAX_BODY_BYTES as u64 + 1).read_to_end(&mut plain).map_err(malformed)?;
    if plain.len() > MAX_BODY_BYTES {
        return Err(refusal(Code::TooLarge, format!("at most {MAX_BODY_BYTES} bytes fit")));
    }
    Ok(plain)
}

pub(super) fn reply<T: Serialize>(headers: &HeaderMap, outcome: Result<T, ServiceError>) -> Response {
    let body = match outcome.map(|value| serde_json::to_vec(&value)) {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return respond(refusal(Code::Internal, None)),
        Err(error) => return respond(error),
    };
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let json = (header::CONTENT_TYPE, "application/json");
    if body.len() >= COMPRESS_FROM
        && accepts.split(',').any(|coding| coding.trim() == "zstd")
        && let Ok(small) = zstd::bulk::compress(&body, LEVEL)
    {
        return (StatusCode::OK, [json, (header::CONTENT_ENCODING, "zstd")], small).into_response();
    }
    (StatusCode::OK, [json], body).into_response()
}
