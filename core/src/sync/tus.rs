//! Files over HTTP: uploads by tus 1.0, downloads by their hash.
//!
//! A reply counts only when it speaks tus as well: a network's login page that answers everything
//! with 200 does not.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::stream::{self, Stream};
use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::{Body, Method, RequestBuilder, Response, StatusCode};

use super::http::{HttpService, authorised, in_time, media_type, next_piece, offline, refusal};
use crate::model::{BlobRef, Hash};
use crate::protocol::{Content, ServiceError, TUS_VERSION, Token, Upload, UploadId, paths};

/// `POST /v1/uploads`, with the bytes or without.
pub(super) async fn begin(
    service: &HttpService,
    token: &Token,
    blob: &BlobRef,
    content: Option<Arc<dyn Content>>,
) -> Result<Upload, ServiceError> {
    let path = paths::UPLOADS;
    let (hash, media_type) = (STANDARD.encode(blob.hash.to_string()), STANDARD.encode(&blob.media_type));
    let request = authorised(path, service.request(Method::POST, path), token)?
        .header(TUS_RESUMABLE, TUS_VERSION)
        .header("upload-length", blob.len)
        .header("upload-metadata", format!("sha256 {hash},type {media_type}"));
    let response = match content {
        Some(content) => send_bytes(service, path, request.header(CONTENT_TYPE, BYTES), 0, content).await?,
        None => in_time(path, service.send(request.header(CONTENT_LENGTH, 0))).await?,
    };
    if !matches!(response.status(), StatusCode::OK | StatusCode::CREATED) || !speaks_tus(response.headers()) {
        return Err(refusal(path, response).await);
    }
    let id = upload_id(response.headers()).ok_or_else(|| offline(path, "an upload without an address"))?;
    Ok(Upload { id, offset: offset(path, response.headers(), blob.len)? })
}

/// `PATCH /v1/uploads/{id}`: the bytes from `from` on.
pub(super) async fn go_on(
    service: &HttpService,
    token: &Token,
    upload: &UploadId,
    from: u64,
    content: Arc<dyn Content>,
) -> Result<u64, ServiceError> {
    let path = format!("{}/{upload}", paths::UPLOADS);
    if !is_id(&upload.0) {
        return Err(offline(&path, "not the id of an upload"));
    }
    let len = content.len();
    let request = rest_of(authorised(&path, service.request(Method::PATCH, &path), token)?, from);
    let response = send_bytes(service, &path, request, from, content).await?;
    if response.status() != StatusCode::NO_CONTENT || !speaks_tus(response.headers()) {
        return Err(refusal(&path, response).await);
    }
    offset(&path, response.headers(), len)
}

/// A request that sends the bytes of an upload from `from` on.
pub(super) fn rest_of(request: RequestBuilder, from: u64) -> RequestBuilder {
    request.header(TUS_RESUMABLE, TUS_VERSION).header(UPLOAD_OFFSET, from).header(CONTENT_TYPE, BYTES)
}

/// `GET /v1/blobs/{hash}`: all of it, at most `most` bytes.
pub(super) async fn fetch(
    service: &HttpService,
    token: &Token,
    hash: &Hash,
    most: u64,
) -> Result<Vec<u8>, ServiceError> {
    let path = paths::BLOB.replace("{hash}", &hash.to_string());
    let request = authorised(&path, service.request(Method::GET, &path), token)?;
    let mut response = in_time(&path, service.send(request)).await?;
    let media_type = media_type(response.headers());
    // A document is JSON; what a captive portal says in JSON does not have its hash.
    let plain = matches!(media_type.as_str(), "application/octet-stream" | "application/json");
    let is_file = media_type.starts_with("image/") || plain;
    if response.status() != StatusCode::OK || !is_file || response.headers().contains_key(CONTENT_ENCODING) {
        return Err(refusal(&path, response).await);
    }
    let announced = response.content_length();
    if announced.is_some_and(|len| len > most) {
        return Err(offline(&path, "the file is larger than it may be"));
    }
    let mut bytes = Vec::new();
    while let Some(piece) = in_time(&path, next_piece(&mut response)).await? {
        let piece = piece.as_ref();
        if (bytes.len() + piece.len()) as u64 > most {
            return Err(offline(&path, "the file is larger than it may be"));
        }
        bytes.extend_from_slice(piece);
    }
    Ok(bytes)
}

/// Sends `content` from `from` on. Takes as long as it takes while bytes are leaving; only when
/// nothing moves for a while is there no network.
async fn send_bytes(
    service: &HttpService,
    path: &str,
    request: RequestBuilder,
    from: u64,
    content: Arc<dyn Content>,
) -> Result<Response, ServiceError> {
    let left = content.len().saturating_sub(from);
    let taken = Arc::new(AtomicU64::new(0));
    // With a length the request is not cut into chunks, which some proxies do not let pass.
    let request = request.header(CONTENT_LENGTH, left).body(Body::wrap_stream(pieces(content, from, taken.clone())));
    let sending = std::pin::pin!(service.send(request));
    while_moving(sending, &taken)
        .await
        .ok_or_else(|| offline(path, format!("nothing moved for {} seconds", STANDSTILL.as_secs())))?
        .map_err(|why| offline(path, why))
}

/// The outcome; none when no piece was taken for [`STANDSTILL`].
async fn while_moving<T>(mut sending: std::pin::Pin<&mut impl Future<Output = T>>, taken: &AtomicU64) -> Option<T> {
    loop {
        let before = taken.load(Ordering::Relaxed);
        match tokio::time::timeout(STANDSTILL, sending.as_mut()).await {
            Ok(outcome) => return Some(outcome),
            Err(_) if taken.load(Ordering::Relaxed) == before => return None,
            Err(_) => {}
        }
    }
}

/// The bytes, piece by piece, so that no photo is ever whole in memory.
fn pieces(
    content: Arc<dyn Content>,
    from: u64,
    taken: Arc<AtomicU64>,
) -> impl Stream<Item = std::io::Result<Vec<u8>>> + Send {
    stream::try_unfold(from, move |at| {
        let piece = piece_at(content.as_ref(), at);
        taken.fetch_add(1, Ordering::Relaxed);
        std::future::ready(piece.map(|piece| {
            let next = at + piece.len() as u64;
            (!piece.is_empty()).then_some((piece, next))
        }))
    })
}

fn piece_at(content: &dyn Content, at: u64) -> std::io::Result<Vec<u8>> {
    let left = usize::try_from(content.len().saturating_sub(at)).unwrap_or(PIECE);
    let mut piece = vec![0; left.min(PIECE)];
    let mut filled = 0;
    while filled < piece.len() {
        match content.read_at(at + filled as u64, &mut piece[filled..])? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            read => filled += read,
        }
    }
    Ok(piece)
}

fn speaks_tus(headers: &HeaderMap) -> bool {
    headers.get(TUS_RESUMABLE).is_some_and(|version| version == TUS_VERSION)
}

/// The last segment of where the upload lies.
fn upload_id(headers: &HeaderMap) -> Option<UploadId> {
    let location = headers.get(LOCATION)?.to_str().ok()?;
    let path = location.split(['?', '#']).next()?;
    let id = path.rsplit('/').next().filter(|id| is_id(id))?;
    Some(UploadId(id.to_owned()))
}

/// What may stand in an address without quoting.
fn is_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=128).contains(&text.len()) && text.bytes().all(plain)
}

fn offset(path: &str, headers: &HeaderMap, len: u64) -> Result<u64, ServiceError> {
    let offset = headers.get(UPLOAD_OFFSET).and_then(|value| value.to_str().ok()?.parse().ok());
    offset.filter(|offset| *offset <= len).ok_or_else(|| offline(path, "no offset within the file"))
}

const TUS_RESUMABLE: &str = "tus-resumable";
const UPLOAD_OFFSET: &str = "upload-offset";
/// Media type of a piece of a file.
const BYTES: &str = "application/offset+octet-stream";
/// Bytes read from the disk and handed to the network at a time.
const PIECE: usize = 256 * 1024;
/// How long an upload may stand still: a piece over the slowest network that is one, and a server
/// that hashes and syncs a large file at the end.
const STANDSTILL: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_slow_upload_may_take_minutes_and_one_that_stands_still_may_not() {
        let taken = AtomicU64::new(0);
        let slow = std::pin::pin!(async {
            for _ in 0..20 {
                tokio::time::sleep(STANDSTILL * 3 / 4).await;
                taken.fetch_add(1, Ordering::Relaxed);
            }
            "whole"
        });
        assert_eq!(while_moving(slow, &taken).await, Some("whole"));
        let still = std::pin::pin!(std::future::pending::<()>());
        assert_eq!(while_moving(still, &taken).await, None);
    }

    #[test]
    fn only_what_needs_no_quoting_is_the_id_of_an_upload() {
        assert!(is_id("aB-9_") && is_id(&"x".repeat(128)));
        for text in ["", "a/b", "..", "a%2fb", "a b", &"x".repeat(129)] {
            assert!(!is_id(text), "{text}");
        }
    }
}
