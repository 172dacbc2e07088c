//! Files as HTTP: whole or a part, cached for ever because a name never means other bytes.

use std::io::{self, Read as _};
use std::ops::Range;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use http_body_util::channel::{Channel, Sender};
use xuncha_core::model::{Code, Hash};
use xuncha_core::protocol::{Problem, ServiceError};

use super::Service;
use super::wire::token;
use crate::blobs::{Opened, Reading};
use crate::metrics::Traffic;
use crate::problem::{refusal, respond};
use crate::store::BlobRow;

/// Bytes handed to a connection at once.
pub(super) const PIECE: usize = 64 * 1024;

/// How long a client may take nothing before it is as good as gone.
pub(super) const STALLED: Duration = Duration::from_secs(120);

/// Gives a file to whoever may see something that refers to it.
#[utoipa::path(get, path = "/v1/blobs/{hash}", security(("token" = [])),
    params(("hash" = String, Path, description = "`sha256:…`"), ("Range" = Option<String>, Header)),
    responses((status = 200, body = Vec<u8>, content_type = "image/jpeg"), (status = 206, body = Vec<u8>),
        (status = 304), (status = 416, body = Problem, content_type = "application/problem+json"),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn blob(
    State(service): State<Service>,
    method: Method,
    Path(hash): Path<String>,
    headers: HeaderMap,
) -> Response {
    given(&service, &method, &hash, &headers).await.unwrap_or_else(respond)
}

async fn given(service: &Service, method: &Method, hash: &str, headers: &HeaderMap) -> Result<Response, ServiceError> {
    let caller = service.person(&token(headers)?).await?;
    let hash: Hash = hash.parse().map_err(|_| refusal(Code::NotFound, None))?;
    let row = service.blobs().describe(caller, hash).await?;
    let tag = format!("\"{hash}\"");
    if line(headers, &header::IF_NONE_MATCH).is_some_and(|known| names(known, &tag)) {
        return Ok(described(StatusCode::NOT_MODIFIED, &row, Body::empty()));
    }
    let fresh = line(headers, &header::IF_RANGE).is_none_or(|known| known == tag);
    let range = line(headers, &header::RANGE).filter(|_| fresh).and_then(|range| part(range, row.len));
    let (status, range) = match range {
        None => (StatusCode::OK, 0..row.len),
        Some(Ok(range)) => (StatusCode::PARTIAL_CONTENT, range),
        Some(Err(())) => {
            let mut response = respond(refusal(Code::BadRange, format!("Range: the file has {} bytes", row.len)));
            set(&mut response, header::CONTENT_RANGE, format!("bytes */{}", row.len));
            return Ok(response);
        }
    };
    let body = match *method {
        Method::HEAD => Body::empty(),
        _ => deliver(service.blobs().open(row.clone()).await?, range.clone(), service.blobs().traffic().clone()),
    };
    let mut response = described(status, &row, body);
    set(&mut response, header::CONTENT_LENGTH, (range.end - range.start).to_string());
    if status == StatusCode::PARTIAL_CONTENT {
        set(&mut response, header::CONTENT_RANGE, format!("bytes {}-{}/{}", range.start, range.end - 1, row.len));
    }
    Ok(response)
}

/// Everything about the file but its length.
fn described(status: StatusCode, row: &BlobRow, body: Body) -> Response {
    let mut response = (status, body).into_response();
    let ending = match row.media_type.as_str() {
        "image/jpeg" => ".jpg",
        "image/png" => ".png",
        "image/heic" => ".heic",
        "application/json" => ".json",
        _ => "",
    };
    let name = &row.hash.to_hex()[..16];
    set(&mut response, header::CONTENT_TYPE, row.media_type.clone());
    set(&mut response, header::ETAG, format!("\"{}\"", row.hash));
    set(&mut response, header::CONTENT_DISPOSITION, format!("inline; filename=\"{name}{ending}\""));
    for (name, value) in [
        (header::CACHE_CONTROL, "private, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::ACCEPT_RANGES, "bytes"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn set(response: &mut Response, name: header::HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}

fn line<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// True when a list of entity tags names `tag`, weakly or not.
fn names(list: &str, tag: &str) -> bool {
    list.split(',').map(str::trim).any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// The one part that a `Range` line asks for: none when the line is to be ignored (several parts,
/// another unit, nonsense), an error when no byte of it exists.
fn part(line: &str, len: u64) -> Option<Result<Range<u64>, ()>> {
    let (from, to) = line.strip_prefix("bytes=")?.split_once('-')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(from) || !digits(to) || (from.is_empty() && to.is_empty()) {
        return None;
    }
    // More digits than a number has are beyond any file.
    let number = |text: &str| text.parse::<u64>().unwrap_or(u64::MAX);
    let range = match (from.is_empty(), to.is_empty()) {
        (true, _) => len.saturating_sub(number(to))..len,
        (false, true) => number(from)..len,
        (false, false) if number(to) < number(from) => return None,
        (false, false) => number(from)..number(to).saturating_add(1).min(len),
    };
    Some(if range.start < range.end { Ok(range) } else { Err(()) })
}

/// Sends the part piece by piece; a client that reads slowly holds one piece, or the room that the
/// bytes were given.
fn deliver(opened: Opened, range: Range<u64>, traffic: Traffic) -> Body {
    let (sender, body) = Channel::<Bytes, io::Error>::new(1);
    let way = Way { sender, traffic };
    tokio::spawn(async move {
        // Who reads no more has gone away.
        drop(match opened {
            Opened::Bytes(bytes, room) => {
                let sent = send_bytes(way, slice(&bytes, &range)).await;
                drop(room);
                sent
            }
            Opened::Long(file) => send_long(way, file, range).await,
        });
    });
    Body::new(body)
}

fn slice(bytes: &Bytes, range: &Range<u64>) -> Bytes {
    let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
    bytes.slice(at(range.start)..at(range.end))
}

/// Nobody takes these bytes any more; what is left of the body is cut off.
struct Gone;

type Sent = Result<(), Gone>;

/// To one connection.
struct Way {
    sender: Sender<Bytes, io::Error>,
    traffic: Traffic,
}

impl Way {
    /// Waits until the connection takes the piece, but not for ever.
    async fn give(&mut self, piece: Bytes) -> Sent {
        let count = piece.len() as u64;
        match tokio::time::timeout(STALLED, self.sender.send_data(piece)).await {
            Ok(Ok(())) => {
                self.traffic.sent.inc_by(count);
                Ok(())
            }
            _ => Err(Gone),
        }
    }
}

async fn send_bytes(mut way: Way, mut bytes: Bytes) -> Sent {
    while !bytes.is_empty() {
        let piece = bytes.split_to(bytes.len().min(PIECE));
        way.give(piece).await?;
    }
    Ok(())
}

async fn send_long(mut way: Way, mut file: Reading, range: Range<u64>) -> Sent {
    let (mut at, mut part) = (range.start, Some(range.clone()));
    while at < range.end {
        let most = usize::try_from(range.end - at).unwrap_or(PIECE).min(PIECE);
        let read = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; most];
            part.map_or(Ok(()), |part| file.go_to(part))?;
            file.read_exact(&mut piece)?;
            Ok((file, piece))
        });
        match read.await.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok((back, piece)) => {
                (file, part) = (back, None);
                at += piece.len() as u64;
                way.give(Bytes::from(piece)).await?;
            }
            Err(error) => {
                // The reader sees a body cut short, not a file.
                way.sender.abort(error);
                return Ok(());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_cut_to_the_file_and_nonsense_is_ignored() {
        assert_eq!(part("bytes=0-0", 10), Some(Ok(0..1)));
        assert_eq!(part("bytes=3-", 10), Some(Ok(3..10)));
        assert_eq!(part("bytes=3-99", 10), Some(Ok(3..10)));
        assert_eq!(part("bytes=-4", 10), Some(Ok(6..10)));
        assert_eq!(part("bytes=-99", 10), Some(Ok(0..10)));
        for beyond in ["bytes=10-", "bytes=99999999999999999999-", "bytes=-0"] {
            assert_eq!(part(beyond, 10), Some(Err(())), "{beyond}");
        }
        for nonsense in ["bytes=", "bytes=-", "bytes=5-3", "bytes=0-1,3-4", "lines=0-1", "bytes=a-b", "bytes=+1-2"] {
            assert_eq!(part(nonsense, 10), None, "{nonsense}");
        }
    }

    #[test]
    fn a_list_of_tags_names_one_weakly_or_not() {
        assert!(names("\"a\", W/\"b\"", "\"b\"") && names("*", "\"b\"") && !names("\"bb\"", "\"b\""));
    }
}
