//! The HTTP client: JSON over one kept-alive connection, zstd both ways, and a hard look at
//! everything that comes back.
//!
//! Only a reply in our own form is a reply. A redirect, a page of HTML, half a body or a body that
//! unpacks without end comes from something between us and the server, and counts as no network.

use std::fmt;
use std::future::Future;
use std::io::Read as _;
use std::pin::Pin;
use std::sync::{Arc, Once};
use std::time::Duration;

use reqwest::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER,
};
use reqwest::{Client, ClientBuilder, Method, Request, RequestBuilder, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::tus;
use crate::Error;
use crate::model::{BlobRef, Hash};
use crate::op::Push;
use crate::protocol::{
    Content, EnrolReply, EnrolRequest, LedgerInfo, MAX_REPLY_BYTES, Problem, PullReply, PullRequest, PushReply,
    ServiceError, SyncService, Token, Upload, UploadId, paths,
};

/// A request on its way: the reply, or why there is none.
pub type Carried<'a> = Pin<Box<dyn Future<Output = Result<Response, String>> + Send + 'a>>;

/// The way that requests take. The network is one; a simulation has its own.
pub trait Wire: fmt::Debug + Send + Sync {
    /// Carries `request` to the server and the head of its reply back.
    fn carry(&self, request: Request) -> Carried<'_>;
}

/// A server, reached over HTTP. Cheap to clone; clones share their connections.
#[derive(Debug, Clone)]
pub struct HttpService {
    client: Client,
    wire: Arc<dyn Wire>,
    base: String,
}

impl HttpService {
    /// The server at `base_url`, such as `https://xuncha.example.cn`. Connects to nothing yet.
    ///
    /// # Errors
    /// [`Error::Invalid`] when that is not an http or https address.
    pub fn new(base_url: &str) -> crate::Result<HttpService> {
        let client = network(Client::builder())?;
        HttpService::along(base_url, client.clone(), Arc::new(client))
    }

    /// The server at `base_url`, reached by `wire`.
    ///
    /// # Errors
    /// As [`HttpService::new`].
    pub fn over(base_url: &str, wire: Arc<dyn Wire>) -> crate::Result<HttpService> {
        // This client only writes requests down: it trusts nobody and looks for nobody to trust.
        let client = network(Client::builder().tls_certs_only([]).no_proxy())?;
        HttpService::along(base_url, client, wire)
    }

    fn along(base_url: &str, client: Client, wire: Arc<dyn Wire>) -> crate::Result<HttpService> {
        let invalid = |detail: String| Error::Invalid { field: "server".into(), detail };
        let url = url::Url::parse(base_url).map_err(|error| invalid(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("is not an http or https address".into()));
        }
        Ok(HttpService { client, wire, base: base_url.trim_end_matches('/').to_owned() })
    }

    /// Sends a request; the head of the reply, or why there is none.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Response, String> {
        let request = request.build().map_err(|error| root(&error))?;
        self.wire.carry(request).await
    }

    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    async fn post<B: Serialize, R: DeserializeOwned>(
        &self,
        path: &str,
        token: Option<&Token>,
        body: &B,
    ) -> Result<R, ServiceError> {
        let mut request = self.request(Method::POST, path);
        if let Some(token) = token {
            request = authorised(path, request, token)?;
        }
        let mut bytes = serde_json::to_vec(body).map_err(|error| offline(path, error))?;
        if bytes.len() > PLAIN {
            bytes = zstd::bulk::compress(&bytes, LEVEL).map_err(|error| offline(path, error))?;
            request = request.header(CONTENT_ENCODING, "zstd");
        }
        self.ask(path, request.header(CONTENT_TYPE, "application/json").body(bytes)).await
    }

    /// Sends a request whose reply is JSON.
    async fn ask<R: DeserializeOwned>(&self, path: &str, request: RequestBuilder) -> Result<R, ServiceError> {
        let response = in_time(path, self.send(request.header(ACCEPT_ENCODING, "zstd"))).await?;
        if response.status() == StatusCode::OK && media_type(response.headers()) == "application/json" {
            let body = body(path, response).await?;
            return serde_json::from_slice(&body).map_err(|error| offline(path, format!("not our JSON: {error}")));
        }
        Err(refusal(path, response).await)
    }
}

impl Wire for Client {
    fn carry(&self, request: Request) -> Carried<'_> {
        Box::pin(async move { self.execute(request).await.map_err(|error| root(&error)) })
    }
}

fn network(client: ClientBuilder) -> crate::Result<Client> {
    install_tls();
    #[cfg(target_os = "android")]
    let client = super::roots::trust_the_web(client);
    client
        .redirect(reqwest::redirect::Policy::none())
        // No read timeout: reqwest starts it with the request, and would cut a slow upload off.
        .connect_timeout(CONNECT)
        .tcp_nodelay(true)
        .build()
        .map_err(|error| Error::Storage { what: "set up the HTTP client".into(), source: Box::new(error) })
}

impl SyncService for HttpService {
    async fn ledger(&self) -> Result<LedgerInfo, ServiceError> {
        self.ask(paths::LEDGER, self.request(Method::GET, paths::LEDGER)).await
    }

    async fn enrol(&self, request: EnrolRequest) -> Result<EnrolReply, ServiceError> {
        self.post(paths::ENROL, None, &request).await
    }

    async fn push(&self, token: &Token, push: Push) -> Result<PushReply, ServiceError> {
        self.post(paths::PUSH, Some(token), &push).await
    }

    async fn pull(&self, token: &Token, request: PullRequest) -> Result<PullReply, ServiceError> {
        self.post(paths::PULL, Some(token), &request).await
    }

    async fn begin_upload(
        &self,
        token: &Token,
        blob: &BlobRef,
        content: Option<Arc<dyn Content>>,
    ) -> Result<Upload, ServiceError> {
        tus::begin(self, token, blob, content).await
    }

    async fn continue_upload(
        &self,
        token: &Token,
        upload: &UploadId,
        offset: u64,
        content: Arc<dyn Content>,
    ) -> Result<u64, ServiceError> {
        tus::go_on(self, token, upload, offset, content).await
    }

    async fn fetch_blob(&self, token: &Token, hash: &Hash, most: u64) -> Result<Vec<u8>, ServiceError> {
        tus::fetch(self, token, hash, most).await
    }
}

pub(super) fn authorised(path: &str, request: RequestBuilder, token: &Token) -> Result<RequestBuilder, ServiceError> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", token.secret()))
        .map_err(|_| offline(path, "the token cannot be sent"))?;
    value.set_sensitive(true);
    Ok(request.header(AUTHORIZATION, value))
}

/// TLS by ring for the whole process, once; whoever installed another provider first keeps it.
pub(super) fn install_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

/// Waits for the next word of a server that has been told everything, but not without end.
pub(super) async fn in_time<T>(path: &str, next: impl Future<Output = Result<T, String>>) -> Result<T, ServiceError> {
    match tokio::time::timeout(SILENCE, next).await {
        Ok(next) => next.map_err(|why| offline(path, why)),
        Err(_) => Err(offline(path, format!("silence for {} seconds", SILENCE.as_secs()))),
    }
}

/// What a response that is not the one asked for means: a problem of ours, or somebody in between.
pub(super) async fn refusal(path: &str, response: Response) -> ServiceError {
    let (status, headers) = (response.status(), response.headers().clone());
    let (retry_after, media_type) = (retry_after(&headers), media_type(&headers));
    let mut refused = ServiceError::Offline { what: format!("{path}: {}", unlike(status, &media_type)), retry_after };
    if (status.is_client_error() || status.is_server_error())
        && media_type == "application/problem+json"
        && let Ok(body) = body(path, response).await
        && let Ok(problem) = serde_json::from_slice::<Problem>(&body)
    {
        let wait = problem.retry_after.or(retry_after.map(|wait| wait.as_secs()));
        refused = ServiceError::Problem(Problem { status: status.as_u16(), retry_after: wait, ..problem });
    }
    refused
}

/// What came instead of a reply, for people.
fn unlike(status: StatusCode, media_type: &str) -> String {
    match status {
        StatusCode::OK => format!("{media_type} instead of what was asked for (a login page of the network?)"),
        status if status.is_redirection() => format!("sent elsewhere with {status} (a login page of the network?)"),
        status => format!("status {status}"),
    }
}

/// The whole body, unpacked, of at most [`MAX_REPLY_BYTES`].
async fn body(path: &str, mut response: Response) -> Result<Vec<u8>, ServiceError> {
    let packed = match response.headers().get(CONTENT_ENCODING).map(HeaderValue::as_bytes) {
        None | Some(b"identity") => false,
        Some(b"zstd") => true,
        Some(_) => return Err(offline(path, "an encoding that was not asked for")),
    };
    let mut bytes = Vec::new();
    while let Some(chunk) = in_time(path, next_piece(&mut response)).await? {
        let chunk = chunk.as_ref();
        if bytes.len() + chunk.len() > MAX_REPLY_BYTES {
            return Err(offline(path, "the reply is too large"));
        }
        bytes.extend_from_slice(chunk);
    }
    if packed { unpack(&bytes).map_err(|error| offline(path, error)) } else { Ok(bytes) }
}

/// The next piece of a body, as it comes.
pub(super) async fn next_piece(response: &mut Response) -> Result<Option<impl AsRef<[u8]> + use<>>, String> {
    response.chunk().await.map_err(|error| root(&error))
}

fn unpack(packed: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(packed)?;
    // A reply needs no larger window than itself; without this a few bytes could claim 128 MiB.
    decoder.window_log_max(WINDOW_LOG)?;
    let mut bytes = Vec::new();
    decoder.take(MAX_REPLY_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MAX_REPLY_BYTES {
        return Err(std::io::Error::other("the reply unpacks to too much"));
    }
    Ok(bytes)
}

pub(super) fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("no media type");
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

pub(super) fn offline(path: &str, what: impl std::fmt::Display) -> ServiceError {
    ServiceError::Offline { what: format!("{path}: {what}"), retry_after: None }
}

/// The innermost cause; the layers above it only repeat that something failed.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// Longest silence while a reply is awaited or read.
const SILENCE: Duration = Duration::from_secs(30);
/// Bodies up to this many bytes are not worth packing.
const PLAIN: usize = 512;
/// zstd level: past 3 the phone's time costs more than the bytes it saves.
const LEVEL: i32 = 3;
/// 16 MiB, as much as a reply may hold.
const WINDOW_LOG: u32 = 24;
