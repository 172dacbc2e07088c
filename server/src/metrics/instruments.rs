//! Counters and histograms. Handles are cheap to clone and count into the same place.

use axum::http::StatusCode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use xuncha_core::protocol::{Verdict, paths};

use super::shared;

/// Seconds; what falls between is told apart. Clocks here have milliseconds.
const SECONDS: [f64; 13] = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Ops of one batch.
const OPS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

type Label = [(&'static str, &'static str); 1];
type Histograms = Family<Label, Histogram, fn() -> Histogram>;

const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// How a request ended, for its duration.
const OUTCOMES: [&str; 3] = ["done", "refused", "failed"];

const VERDICTS: [&str; 7] = ["accepted", "refused", "conflict", "duplicate", "held", "fork", "unreadable"];

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

fn observed(millis: i64) -> f64 {
    // Durations that fit an f64 exactly, and none below zero.
    f64::from(i32::try_from(millis.max(0)).unwrap_or(i32::MAX)) / 1000.0
}

/// Requests of phones and browsers.
#[derive(Debug, Clone)]
pub struct Requests {
    answered: Family<Label, Counter>,
    pushes: Histograms,
    pulls: Histograms,
}

impl Default for Requests {
    fn default() -> Requests {
        let answered = Family::default();
        let histograms = || Histograms::new_with_constructor(seconds);
        let (pushes, pulls) = (histograms(), histograms());
        // Series that are there from the start: a rate over one that appears with its first event misses it.
        for class in CLASSES {
            drop(answered.get_or_create(&[("status", class)]));
        }
        for outcome in OUTCOMES {
            drop(pushes.get_or_create(&[("outcome", outcome)]));
            drop(pulls.get_or_create(&[("outcome", outcome)]));
        }
        Requests { answered, pushes, pulls }
    }
}

impl Requests {
    /// A request to `route` was answered after `millis`, from the end of its head to the head of the reply.
    pub fn answered(&self, route: &str, status: StatusCode, millis: i64) {
        let class = usize::from(status.as_u16() / 100).clamp(1, CLASSES.len());
        self.answered.get_or_create(&[("status", CLASSES[class - 1])]).inc();
        let outcome = match status {
            status if status.is_server_error() => OUTCOMES[2],
            status if status.is_client_error() => OUTCOMES[1],
            _ => OUTCOMES[0],
        };
        let durations = match route {
            paths::PUSH => &self.pushes,
            paths::PULL => &self.pulls,
            _ => return,
        };
        durations.get_or_create(&[("outcome", outcome)]).observe(observed(millis));
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        shared(registry, "xuncha_requests", "Requests answered, by the class of their status", &self.answered);
        shared(registry, "xuncha_push_duration_seconds", "Duration of pushes, by how they ended", &self.pushes);
        shared(registry, "xuncha_pull_duration_seconds", "Duration of pulls, by how they ended", &self.pulls);
    }
}

/// What the sequencer does.
#[derive(Debug, Clone)]
pub struct Tally {
    batches: Histogram,
    durations: Histogram,
    verdicts: Family<Label, Counter>,
}

impl Default for Tally {
    fn default() -> Tally {
        let verdicts = Family::default();
        for verdict in VERDICTS {
            drop(verdicts.get_or_create(&[("verdict", verdict)]));
        }
        Tally { batches: Histogram::new(OPS), durations: seconds(), verdicts }
    }
}

impl Tally {
    /// A batch was judged and is durable, `millis` after it was begun.
    pub fn judged(&self, verdicts: &[Verdict], millis: i64) {
        self.batches.observe(f64::from(u32::try_from(verdicts.len()).unwrap_or(u32::MAX)));
        self.durations.observe(observed(millis));
        for verdict in verdicts {
            self.verdicts.get_or_create(&[("verdict", name(verdict))]).inc();
        }
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        shared(registry, "xuncha_batch_ops", "Ops of one batch", &self.batches);
        shared(registry, "xuncha_batch_duration_seconds", "Time to judge a batch and make it durable", &self.durations);
        shared(registry, "xuncha_ops_judged", "Ops judged, by verdict", &self.verdicts);
    }
}

fn name(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted { .. } => VERDICTS[0],
        Verdict::Refused { .. } => VERDICTS[1],
        Verdict::Conflict { .. } => VERDICTS[2],
        Verdict::Duplicate { .. } => VERDICTS[3],
        Verdict::Held { .. } => VERDICTS[4],
        Verdict::Fork => VERDICTS[5],
        Verdict::Unreadable { .. } => VERDICTS[6],
    }
}

/// Bytes of files.
#[derive(Debug, Clone, Default)]
pub struct Traffic {
    /// Written to the disk.
    pub received: Counter,
    /// Handed to connections.
    pub sent: Counter,
}

impl Traffic {
    pub(super) fn register(&self, registry: &mut Registry) {
        shared(registry, "xuncha_blob_received_bytes", "Bytes of files that were received", &self.received);
        shared(registry, "xuncha_blob_sent_bytes", "Bytes of files that were given out", &self.sent);
    }
}

/// Times that the certificate was read.
#[derive(Debug, Clone)]
pub struct Loads {
    loads: Family<Label, Counter>,
}

impl Default for Loads {
    fn default() -> Loads {
        let loads = Family::default();
        for outcome in ["done", "failed"] {
            drop(loads.get_or_create(&[("outcome", outcome)]));
        }
        Loads { loads }
    }
}

impl Loads {
    /// A certificate was taken into use, or was no good.
    pub fn counted(&self, done: bool) {
        self.loads.get_or_create(&[("outcome", if done { "done" } else { "failed" })]).inc();
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        shared(registry, "xuncha_tls_loads", "Certificates taken into use, and ones that were no good", &self.loads);
    }
}
