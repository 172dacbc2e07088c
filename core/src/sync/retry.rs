//! Asking again: only what may succeed without anyone doing anything, with full jitter.

use std::future::Future;
use std::time::Duration;

use super::{Conditions, FilePolicy, Progress, Step};
use crate::host::Host;
use crate::protocol::ServiceError;

/// How a sync behaves.
#[derive(Debug, Clone)]
pub struct SyncOptions {
    /// Attempts per request; 1 never asks again.
    pub attempts: u32,
    /// Longest wait before the second attempt; doubles with each.
    pub base: Duration,
    /// Longest wait at all. When the server asks for more, the sync ends and says so.
    pub cap: Duration,
    /// Most rows in a page; none leaves it to the server.
    pub page_rows: Option<u32>,
    /// How the phone is connected now.
    pub conditions: Conditions,
    /// Which files may be sent under which conditions.
    pub policy: FilePolicy,
    /// Most files on their way at the same time.
    pub in_flight: usize,
    /// The next file begins once all bytes of the one before are on their way, while the server still hashes
    /// and syncs it: for each of [`SyncOptions::in_flight`] one more request may wait for its reply. Only
    /// where the line is fast.
    pub ahead: bool,
}

impl Default for SyncOptions {
    fn default() -> SyncOptions {
        SyncOptions {
            attempts: 3,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            page_rows: None,
            conditions: Conditions::default(),
            policy: FilePolicy::default(),
            in_flight: 3,
            ahead: true,
        }
    }
}

/// Asks until there is a reply, a refusal that stays one, or no attempt left.
pub(crate) async fn ask<T, F: Future<Output = Result<T, ServiceError>>>(
    host: &Host,
    options: &SyncOptions,
    progress: &dyn Progress,
    requests: &mut u64,
    mut request: impl FnMut() -> F,
) -> Result<T, ServiceError> {
    let mut attempt = 1;
    loop {
        *requests += 1;
        let error = match request().await {
            Ok(reply) => return Ok(reply),
            Err(error) => error,
        };
        let wanted = match &error {
            ServiceError::Offline { retry_after, .. } => retry_after.unwrap_or_default(),
            ServiceError::Problem(problem) if problem.status >= 500 || problem.status == 429 => {
                Duration::from_secs(problem.retry_after.unwrap_or_default())
            }
            ServiceError::Problem(_) => return Err(error),
        };
        if attempt >= options.attempts || wanted > options.cap {
            return Err(error);
        }
        let wait = wanted.max(jitter(host, options, attempt));
        progress.step(Step::Waiting { millis: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX) });
        tokio::time::sleep(wait).await;
        attempt += 1;
    }
}

/// Anything from nothing to the full wait, so that a city's phones do not come back together.
fn jitter(host: &Host, options: &SyncOptions, attempt: u32) -> Duration {
    let most = options.base.saturating_mul(1 << (attempt - 1).min(16)).min(options.cap);
    most.mul_f64(f64::from(u32::from_be_bytes(host.bytes())) / f64::from(u32::MAX))
}
