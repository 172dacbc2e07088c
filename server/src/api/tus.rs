//! The header lines of tus 1.0, read and written.

use axum::body::Body;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::fmt::rfc2822::DateTimePrinter;
use xuncha_core::model::{Code, Hash};
use xuncha_core::protocol::{MAX_BLOB_BYTES, ServiceError, TUS_VERSION};

use crate::blobs::{Announced, UPLOAD_LIFE};
use crate::problem::{refusal, respond};
use crate::store::UploadRow;

pub(super) const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
pub(super) const VERSION: HeaderName = HeaderName::from_static("tus-version");
pub(super) const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const METADATA: HeaderName = HeaderName::from_static("upload-metadata");

/// Media type of the bytes of an upload.
const BYTES: &str = "application/offset+octet-stream";

const EXTENSIONS: &str = "creation,creation-with-upload,checksum,expiration,termination";

/// What `OPTIONS` answers.
pub(super) fn abilities() -> Response {
    let most = MAX_BLOB_BYTES.to_string();
    let lines = [
        ("tus-version", TUS_VERSION),
        ("tus-extension", EXTENSIONS),
        ("tus-max-size", &most),
        ("tus-checksum-algorithm", "sha256"),
    ];
    (axum::http::StatusCode::NO_CONTENT, lines).into_response()
}

/// The problem as a response; says which version is spoken when that was the problem.
pub(super) fn turned_away(error: ServiceError) -> Response {
    let bad_version = matches!(&error, ServiceError::Problem(problem) if problem.code == Code::BadVersion);
    let mut response = respond(error);
    if bad_version {
        response.headers_mut().insert(VERSION, HeaderValue::from_static(TUS_VERSION));
    }
    response
}

/// Closes the connection behind the response: what is left of a body is not worth receiving.
pub(super) fn hang_up(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

pub(super) fn check_version(headers: &HeaderMap) -> Result<(), ServiceError> {
    match text(headers, "tus-resumable") {
        Some(TUS_VERSION) => Ok(()),
        _ => Err(refusal(Code::BadVersion, format!("Tus-Resumable: must be {TUS_VERSION}"))),
    }
}

/// True when a body of bytes comes along; nothing else may.
pub(super) fn brings_bytes(headers: &HeaderMap) -> Result<bool, ServiceError> {
    match text(headers, "content-type") {
        Some(BYTES) => Ok(true),
        None if !headers.contains_key(header::CONTENT_TYPE) => Ok(false),
        _ => Err(malformed("Content-Type", &format!("must be {BYTES}"))),
    }
}

/// The number in a header line.
pub(super) fn number(headers: &HeaderMap, name: &str) -> Result<Option<u64>, ServiceError> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let digits = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits.and_then(|text| text.parse().ok()).map(Some).ok_or_else(|| malformed(name, "must be a number"))
}

/// What `Upload-Length` and `Upload-Metadata` announce.
pub(super) fn announced(headers: &HeaderMap) -> Result<Announced, ServiceError> {
    if headers.contains_key("upload-defer-length") {
        return Err(malformed("Upload-Defer-Length", "the length must be known"));
    }
    let len = number(headers, "upload-length")?.ok_or_else(|| malformed("Upload-Length", "is missing"))?;
    let pairs = text(headers, "upload-metadata").unwrap_or_default().split(',');
    let value = pairs.filter_map(|pair| pair.trim().split_once(' ')).find(|(key, _)| *key == "sha256");
    let (_, value) = value.ok_or_else(|| malformed("Upload-Metadata", "sha256 is missing"))?;
    let plain = STANDARD.decode(value.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let hash = plain.and_then(|plain| plain.parse::<Hash>().ok());
    let wanted = "sha256 must be the base64 of a digest in the form sha256:…";
    Ok(Announced { hash: hash.ok_or_else(|| malformed("Upload-Metadata", wanted))?, len })
}

/// The digest that `Upload-Checksum` promises of this request's bytes.
pub(super) fn promised(headers: &HeaderMap) -> Result<Option<Hash>, ServiceError> {
    if !headers.contains_key("upload-checksum") {
        return Ok(None);
    }
    let digest = text(headers, "upload-checksum").and_then(|text| text.strip_prefix("sha256 "));
    let bytes = digest.and_then(|digest| STANDARD.decode(digest.trim()).ok());
    let hash = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()).map(Hash);
    hash.map(Some).ok_or_else(|| malformed("Upload-Checksum", "must be sha256 and a digest in base64"))
}

/// Says where the upload stands and until when it is kept.
pub(super) fn standing(mut response: Response, row: &UploadRow) -> Response {
    let headers = response.headers_mut();
    headers.insert(OFFSET, HeaderValue::from(row.offset));
    let expires = jiff::Timestamp::from_millisecond(row.touched.plus_millis(UPLOAD_LIFE).millis());
    let date = expires.ok().and_then(|time| DateTimePrinter::new().timestamp_to_rfc9110_string(&time).ok());
    if let Some(date) = date.and_then(|date| HeaderValue::try_from(date).ok()) {
        headers.insert(EXPIRES, date);
    }
    response
}

/// Says what was announced of the upload.
pub(super) fn described(response: Response, row: &UploadRow) -> Response {
    let mut response = standing(response, row);
    let headers = response.headers_mut();
    headers.insert(LENGTH, HeaderValue::from(row.len));
    let metadata = format!("sha256 {}", STANDARD.encode(row.hash.to_string()));
    if let Ok(metadata) = HeaderValue::try_from(metadata) {
        headers.insert(METADATA, metadata);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An empty response.
pub(super) fn empty(status: axum::http::StatusCode) -> Response {
    (status, Body::empty()).into_response()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn malformed(name: &str, what: &str) -> ServiceError {
    refusal(Code::Malformed, format!("{name}: {what}"))
}
