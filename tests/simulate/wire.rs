//! The network: carries the client's own bytes to the server's own routes, and what happens on the way.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use futures_util::stream;
use http_body_util::BodyExt as _;
use serde_json::json;
use tower::ServiceExt as _;
use xuncha_core::sync::{Carried, Wire};
use xuncha_server::queue::Queue;
use xuncha_tests::harness::SeededRandom;

use super::clock::TrueTime;
use super::disk::Disk;
use super::fault::{Fault, Faults, OF_NETWORK};

/// How long a phone waits for a reply, in milliseconds: as the client does.
const PATIENCE: i64 = 30_000;

/// One server as the network sees it.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) router: Router,
    pub(crate) queue: Queue,
}

/// A request as it was sent.
#[derive(Debug, Clone)]
struct Sent {
    parts: http::request::Parts,
    body: Vec<u8>,
}

/// What there is between phones and servers.
pub(crate) struct Network {
    pub(crate) faults: Arc<Faults>,
    random: SeededRandom,
    truth: Arc<TrueTime>,
    disk: Disk,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    doors: Vec<Door>,
    /// Of a thousand requests, so many meet a fault.
    badness: usize,
    late: VecDeque<Sent>,
    /// What happened, for the trace.
    told: Vec<String>,
}

impl Network {
    pub(crate) fn new(seed: u64, faults: Arc<Faults>, truth: Arc<TrueTime>, disk: Disk) -> Network {
        let random = SeededRandom::from_seed(seed ^ 0x6E65_7477_6F72_6B00);
        Network { faults, random, truth, disk, state: Mutex::default() }
    }

    /// These servers can be reached from now on.
    pub(crate) fn lead_to(&self, doors: Vec<Door>) {
        self.state.lock().unwrap().doors = doors;
    }

    /// Of a thousand requests, so many meet a fault.
    pub(crate) fn be_bad(&self, badness: usize) {
        self.state.lock().unwrap().badness = badness;
    }

    /// What happened since the last call.
    pub(crate) fn told(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().told)
    }

    fn fault(&self) -> Option<Fault> {
        let badness = self.state.lock().unwrap().badness;
        if self.random.below(1_000) >= badness {
            return None;
        }
        Some(*self.random.pick(&OF_NETWORK)).filter(|fault| self.faults.has(*fault))
    }

    fn tell(&self, what: impl Into<String>) {
        self.state.lock().unwrap().told.push(what.into());
    }

    /// Requests that were held up reach the server now.
    pub(crate) async fn deliver_late(&self) {
        loop {
            let Some(sent) = self.state.lock().unwrap().late.pop_front() else { return };
            self.tell(format!("late {}", sent.parts.uri.path()));
            drop(self.deliver(&sent, None).await);
        }
    }

    /// Lets a server answer; none when there is none, or it died over it.
    async fn deliver(&self, sent: &Sent, cut: Option<usize>) -> Option<http::Response<Vec<u8>>> {
        let door = {
            let state = self.state.lock().unwrap();
            if state.doors.is_empty() {
                return None;
            }
            let which = self.random.below(state.doors.len());
            state.doors[which].clone()
        };
        let body = match cut {
            None => Body::from(sent.body.clone()),
            Some(at) => {
                let end = Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
                Body::from_stream(stream::iter([Ok(sent.body[..at].to_vec()), end]))
            }
        };
        let mut request = http::Request::from_parts(sent.parts.clone(), body);
        request.extensions_mut().insert(ConnectInfo(IpAddr::from([127, 0, 0, 1])));
        let response = door.router.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.map(|whole| whole.to_bytes().to_vec());
        // What the request set going behind its reply ends before anything else begins.
        drop(door.queue.append(Vec::new()).await);
        if self.disk.is_dead("city") {
            return None;
        }
        bytes.ok().map(|bytes| http::Response::from_parts(parts, bytes))
    }

    async fn carried(&self, request: reqwest::Request) -> Result<reqwest::Response, String> {
        let request = http::Request::<reqwest::Body>::try_from(request).map_err(|error| error.to_string())?;
        let (mut parts, body) = request.into_parts();
        parts.uri = parts.uri.path_and_query().unwrap().as_str().parse().unwrap();
        let old_app = parts.headers.remove(OLD_APP).is_some();
        let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes().to_vec();
        let sent = Sent { parts, body };
        let fault = self.fault();
        let path = sent.parts.uri.path().to_owned();
        let reply = self.meet(fault, &sent).await;
        if let Some(fault) = fault {
            self.faults.met(fault);
        }
        let told = reply.as_ref().map_or_else(Clone::clone, |reply| reply.status().as_u16().to_string());
        self.tell(format!("{} {path} {} -> {told}", sent.parts.method, fault.map_or_else(String::new, Fault::name)));
        let reply = reply?;
        let reply = if old_app { self.as_later_versions_say(reply) } else { reply };
        if fault == Some(Fault::CutReply) {
            let (parts, bytes) = reply.into_parts();
            let at = self.random.below(bytes.len().max(1));
            let end = Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
            let body = reqwest::Body::wrap_stream(stream::iter([Ok(bytes[..at].to_vec()), end]));
            return Ok(http::Response::from_parts(parts, body).into());
        }
        Ok(reply.into())
    }

    async fn meet(&self, fault: Option<Fault>, sent: &Sent) -> Result<http::Response<Vec<u8>>, String> {
        let gone = || "the connection broke".to_owned();
        match fault {
            None | Some(Fault::CutReply) => self.deliver(sent, None).await.ok_or_else(gone),
            Some(Fault::Drop) => Err(gone()),
            Some(Fault::Duplicate) => {
                let first = self.deliver(sent, None).await;
                let second = self.deliver(sent, None).await;
                if self.random.once_in(2) { first } else { second }.ok_or_else(gone)
            }
            Some(Fault::Reorder) => {
                self.state.lock().unwrap().late.push_back(sent.clone());
                Err(gone())
            }
            Some(Fault::Delay | Fault::HalfOpen) => {
                self.truth.pass(PATIENCE);
                if fault == Some(Fault::Delay) {
                    drop(self.deliver(sent, None).await);
                }
                Err("silence".into())
            }
            Some(Fault::CutRequest) => {
                let at = self.random.below(sent.body.len().max(1));
                drop(self.deliver(sent, Some(at.min(sent.body.len()))).await);
                Err(gone())
            }
            Some(Fault::SlowDisk) => {
                let before = self.disk.changes("city");
                let reply = self.deliver(sent, None).await;
                let slow = i64::try_from(self.disk.changes("city") - before).unwrap() * 2_000;
                self.truth.pass(slow.min(PATIENCE));
                if slow >= PATIENCE { Err("silence".into()) } else { reply.ok_or_else(gone) }
            }
            Some(Fault::ServerError) => {
                let status = *self.random.pick(&[500, 502, 503, 504]);
                Ok(canned(status, "text/html", "<h1>Bad Gateway</h1>"))
            }
            Some(Fault::TooMany) => {
                let body = json!({ "status": 429, "code": "too_many", "title": "-", "retry_after": 1 });
                Ok(canned(429, "application/problem+json", &body.to_string()))
            }
            Some(Fault::CaptivePortal) => Ok(canned(200, "text/html", "<html>请先登录</html>")),
            Some(_) => {
                drop(self.deliver(sent, None).await);
                Err(gone())
            }
        }
    }

    /// What a later version of the server would answer: members that this app has never heard of.
    fn as_later_versions_say(&self, reply: http::Response<Vec<u8>>) -> http::Response<Vec<u8>> {
        let (mut parts, bytes) = reply.into_parts();
        let plain = !parts.headers.contains_key(http::header::CONTENT_ENCODING);
        // Put in as text: rows are hashed as they were written.
        let Some(rest) = bytes.strip_prefix(b"{").filter(|rest| plain && rest.len() > 1) else {
            return http::Response::from_parts(parts, bytes);
        };
        let later = [br#"{"since_2031":{"weather":["sun",31.5],"seen":null},"#.as_slice(), rest].concat();
        parts.headers.remove(http::header::CONTENT_LENGTH);
        self.faults.met(Fault::OldApp);
        http::Response::from_parts(parts, later)
    }
}

/// Tells the network, and nobody else, that an app is older than the server.
const OLD_APP: &str = "x-simulated-old-app";

fn canned(status: u16, kind: &str, body: &str) -> http::Response<Vec<u8>> {
    let response = http::Response::builder().status(status).header("content-type", kind).header("retry-after", "1");
    response.body(body.as_bytes().to_vec()).unwrap()
}

/// One phone's way into the network.
pub(crate) struct Line {
    pub(crate) network: Arc<Network>,
    pub(crate) old_app: bool,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Line")
    }
}

impl Wire for Line {
    fn carry(&self, mut request: reqwest::Request) -> Carried<'_> {
        if self.old_app {
            request.headers_mut().insert(OLD_APP, http::HeaderValue::from_static("1"));
            // A reply that is packed is not looked into.
            request.headers_mut().remove(http::header::ACCEPT_ENCODING);
        }
        Box::pin(self.network.carried(request))
    }
}
