//! The web console: an ordinary client of the API, carried within the server and given to browsers.
//!
//! Its policy lets a page load from this server alone, and from where the settings have the map from; nothing inline
//! runs.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::RustEmbed;

use crate::api::Around;

/// What the build made; embedded in every profile.
#[derive(RustEmbed)]
#[folder = "$OUT_DIR/console"]
struct Files;

const INDEX: &str = "index.html";

/// Addresses below which no page of the console is.
const NOT_OURS: &[&str] = &["/v1", "/enrol", "/openapi.json", "/healthz", "/readyz", "/metrics", "/assets"];

/// Files shorter than this are not worth compressing.
const COMPRESS_FROM: usize = 1024;

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// The console with the policy of its pages.
#[derive(Debug, Clone)]
pub struct Console {
    policy: Arc<str>,
}

impl Console {
    /// The console of a server.
    pub fn of(around: &Around) -> Console {
        let map: String = around.map.origins().iter().map(|origin| format!(" {origin}")).collect();
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:{map}; connect-src \
             'self'{map}; font-src 'self'; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action \
             'self'; frame-ancestors 'self'; frame-src 'self'"
        );
        Console { policy: policy.into() }
    }

    /// Answers a request that is at no address of the API: with a file, or with the page for whoever wants one; none
    /// where it is nothing of the console's.
    pub fn answer(&self, request: &Request) -> Option<Response> {
        let (method, headers, path) = (request.method(), request.headers(), request.uri().path());
        if !matches!(*method, Method::GET | Method::HEAD) {
            return None;
        }
        let name = path.trim_start_matches('/');
        let response = match Files::get(name).filter(|_| name != INDEX && !name.is_empty()) {
            Some(_) => give(name, method, headers)?,
            None if is_page(path, headers) => give(INDEX, method, headers)?,
            None => return None,
        };
        Some(self.guarded(response))
    }

    fn guarded(&self, mut response: Response) -> Response {
        let lines = response.headers_mut();
        lines.extend(HeaderValue::try_from(&*self.policy).map(|policy| (header::CONTENT_SECURITY_POLICY, policy)));
        for (name, value) in [
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            (PERMISSIONS_POLICY, "camera=(), microphone=(), payment=(), usb=(), geolocation=(self), fullscreen=(self)"),
        ] {
            lines.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// True when a browser asks for a page, and at no address that is somebody else's.
fn is_page(path: &str, headers: &HeaderMap) -> bool {
    let ours = NOT_OURS
        .iter()
        .all(|taken| path.strip_prefix(taken).is_none_or(|rest| !rest.is_empty() && !rest.starts_with('/')));
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    ours && accepts.split(',').any(|kind| kind.trim().starts_with("text/html"))
}

/// The file as it is wanted: nothing where it is known already, compressed where that is understood.
fn give(name: &str, method: &Method, headers: &HeaderMap) -> Option<Response> {
    let file = Files::get(name)?;
    let digest: String = file.metadata.sha256_hash()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    let line = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let accepts = line(header::ACCEPT_ENCODING);
    let gzip = accepts.split(',').any(|coding| coding.split(';').next().is_some_and(|coding| coding.trim() == "gzip"));
    let small = (gzip && file.data.len() >= COMPRESS_FROM && is_text(name)).then(|| compressed(name, &file.data));
    // What is sent in two forms has two tags.
    let tag = format!("\"{digest}{}\"", if small.is_some() { "-gz" } else { "" });
    let known = line(header::IF_NONE_MATCH);
    let known = known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag);
    let encoded = small.is_some();
    let bytes = small.unwrap_or(match file.data {
        Cow::Borrowed(embedded) => Bytes::from_static(embedded),
        Cow::Owned(read) => Bytes::from(read),
    });
    let (status, body) = match (known, method == Method::HEAD) {
        (true, _) => (StatusCode::NOT_MODIFIED, Body::empty()),
        (false, true) => (StatusCode::OK, Body::empty()),
        (false, false) => (StatusCode::OK, Body::from(bytes.clone())),
    };
    let mut response = (status, body).into_response();
    let lines = response.headers_mut();
    // Their names hold a hash of what is in them.
    let lasts = if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    lines.insert(header::CACHE_CONTROL, HeaderValue::from_static(lasts));
    lines.insert(header::VARY, HeaderValue::from_static("Accept-Encoding, Accept"));
    lines.extend(HeaderValue::try_from(tag).map(|tag| (header::ETAG, tag)));
    if !known {
        lines.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind_of(name)));
        lines.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
        if encoded {
            lines.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
    }
    Some(response)
}

/// The file in gzip; made once.
fn compressed(name: &str, bytes: &[u8]) -> Bytes {
    static MADE: OnceLock<Mutex<HashMap<String, Bytes>>> = OnceLock::new();
    let mut made = MADE.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    let small = made.entry(name.to_owned()).or_insert_with(|| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        // Writing to memory does not fail.
        let _ = encoder.write_all(bytes);
        Bytes::from(encoder.finish().unwrap_or_default())
    });
    small.clone()
}

fn is_text(name: &str) -> bool {
    !matches!(ending(name), "png" | "jpg" | "webp" | "woff2")
}

fn ending(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, ending)| ending)
}

fn kind_of(name: &str) -> &'static str {
    match ending(name) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
