//! What one address or one device may ask of the server in a while.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::extract::{ConnectInfo, Request};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use xuncha_core::model::{Code, Hash};
use xuncha_core::protocol::{Problem, ServiceError, paths};

use crate::blobs::Bounds;
use crate::problem::{problem, respond};

/// Limits of a server.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most connections at once; the next one waits to be accepted.
    pub connections: usize,
    /// Requests a second that one device (by its token) may make on average.
    pub requests: NonZeroU32,
    /// Requests that it may make at once after a quiet while.
    pub burst: NonZeroU32,
    /// Requests without a token a second from one address; enrolment codes cannot be guessed faster.
    pub strangers: NonZeroU32,
    /// How long a request may take; not one whose body is a file.
    pub patience: Duration,
    /// How files are received.
    pub files: Bounds,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: 2_000,
            requests: NonZeroU32::new(50).unwrap_or(NonZeroU32::MIN),
            burst: NonZeroU32::new(500).unwrap_or(NonZeroU32::MIN),
            strangers: NonZeroU32::new(50).unwrap_or(NonZeroU32::MIN),
            patience: Duration::from_secs(60),
            files: Bounds::default(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Asker {
    Token(Hash),
    Address(IpAddr),
}

struct Buckets {
    devices: DefaultKeyedRateLimiter<Asker>,
    strangers: DefaultKeyedRateLimiter<Asker>,
    asked: AtomicU32,
}

/// Requests between two sweeps of askers that have gone quiet.
const SWEEP: u32 = 10_000;

/// The middleware that turns away who asks too much, with `Retry-After`.
pub fn guard(
    limits: &Limits,
) -> impl Fn(Request, Next) -> std::pin::Pin<Box<dyn Future<Output = Response> + Send>> + Clone + Send + Sync + 'static
{
    let buckets = Arc::new(Buckets {
        devices: RateLimiter::keyed(Quota::per_second(limits.requests).allow_burst(limits.burst)),
        strangers: RateLimiter::keyed(Quota::per_second(limits.strangers).allow_burst(limits.burst)),
        asked: AtomicU32::new(0),
    });
    move |request, next| {
        let buckets = buckets.clone();
        Box::pin(async move {
            match admit(&buckets, &request) {
                Ok(()) => next.run(request).await,
                Err(problem) => respond(ServiceError::Problem(problem)),
            }
        })
    }
}

fn admit(buckets: &Buckets, request: &Request) -> Result<(), Problem> {
    if buckets.asked.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
        buckets.devices.retain_recent();
        buckets.strangers.retain_recent();
    }
    // Nobody has a token before enrolling or signing in: one made up there would only buy a fresh bucket for the
    // next guess.
    let path = request.uri().path();
    let shown = request.headers().get(header::AUTHORIZATION).or_else(|| request.headers().get(header::COOKIE));
    let token = shown.filter(|_| path != paths::ENROL && !path.starts_with("/v1/session"));
    let address = request.extensions().get::<ConnectInfo<IpAddr>>().map(|info| info.0);
    let checked = match (token, address) {
        (Some(token), _) => buckets.devices.check_key(&Asker::Token(Hash::of(token.as_bytes()))),
        (None, Some(address)) => buckets.strangers.check_key(&Asker::Address(address)),
        (None, None) => Ok(()),
    };
    checked.map_err(|early| {
        let wait = early.wait_time_from(DefaultClock::default().now());
        Problem { retry_after: Some(wait.as_secs() + 1), ..problem(Code::TooMany, None) }
    })
}
