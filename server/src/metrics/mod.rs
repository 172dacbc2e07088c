//! What a monitor can learn of a server: counted by the parts that do the work, gathered here.
//!
//! Each part owns its own instruments, so that several servers in one process do not count into each
//! other; a [`Metrics`] belongs to one server. What is not counted but stands somewhere (the size of the
//! ledger, free bytes) is looked up when a monitor asks, and left out where it is not known. No label has
//! values that phones or people decide.

mod instruments;

pub use instruments::{Loads, Requests, Tally, Traffic};

use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};
use xuncha_core::model::Time;

use crate::readiness::Part;

/// The instruments of one server.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
}

/// What stood where when a monitor asked; none is not known, and left out.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// Which parts are ready.
    pub parts: Vec<(Part, bool)>,
    /// What the database says.
    pub ledger: Option<LedgerStanding>,
    /// Ops that wait to be written.
    pub queued: usize,
    /// Bytes that are free where files lie.
    pub free: Option<u64>,
    /// Bytes of them that no file may take.
    pub reserve: u64,
    /// Whether the guard can be written; none without a guard.
    pub guard_failing: Option<bool>,
    /// When a backup was last taken with this data folder.
    pub backed_up: Option<Time>,
}

/// What the database says of the ledger, of one moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct LedgerStanding {
    /// Number of entries.
    pub entries: u64,
    /// How many of them a backup covers with all their files.
    pub durable: u64,
    /// Epoch.
    pub epoch: u32,
    /// Devices that have seen what this ledger cannot prove.
    pub ahead: usize,
    /// Uploads that were begun and are not whole.
    pub uploads: u64,
}

impl Metrics {
    /// Over the instruments of a server's parts.
    pub fn new(requests: &Requests, tally: &Tally, traffic: &Traffic, loads: &Loads) -> Metrics {
        let mut registry = Registry::default();
        registry.register("xuncha_build", "The version that runs", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        requests.register(&mut registry);
        tally.register(&mut registry);
        traffic.register(&mut registry);
        loads.register(&mut registry);
        Metrics { registry }
    }

    /// Everything in Prometheus' text format, version 0.0.4.
    pub fn text(&self, standing: &Standing) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry).and_then(|()| encode(&mut text, &standing.registry()));
        text
    }
}

impl Standing {
    fn registry(&self) -> Registry {
        let mut registry = Registry::default();
        let parts: Family<[(&str, &str); 1], Gauge> = Family::default();
        for (part, is_ready) in &self.parts {
            parts.get_or_create(&[("part", part.as_str())]).set(i64::from(*is_ready));
        }
        registry.register("xuncha_ready", "1 where this part is ready to serve phones, else 0", parts);
        if let Some(ledger) = self.ledger {
            ledger.register(&mut registry);
        }
        gauge(&mut registry, "xuncha_queue_ops", "Ops that wait to be written", self.queued as u64);
        if let Some(free) = self.free {
            gauge(
                &mut registry,
                "xuncha_disk_free_bytes",
                "Bytes that are free on the disk of files, or of the data folder",
                free,
            );
        }
        gauge(&mut registry, "xuncha_disk_reserve_bytes", "Free bytes that no file may take", self.reserve);
        if let Some(failing) = self.guard_failing {
            gauge(&mut registry, "xuncha_guard_failing", "1 while the guard cannot be written", u64::from(failing));
        }
        if let Some(time) = self.backed_up {
            let (name, seconds) = ("xuncha_backup_last_timestamp_seconds", time.millis() / 1000);
            registry.register(name, "When a backup was last taken, in seconds since 1970", ConstGauge::new(seconds));
        }
        registry
    }
}

impl LedgerStanding {
    fn register(self, registry: &mut Registry) {
        gauge(registry, "xuncha_ledger_entries", "Entries of the ledger", self.entries);
        let durable = "Entries that a backup covers with all their files";
        gauge(registry, "xuncha_ledger_durable_entries", durable, self.durable);
        let lag = "Entries that no backup covers with all their files";
        gauge(registry, "xuncha_ledger_durable_lag_entries", lag, self.entries.saturating_sub(self.durable));
        gauge(registry, "xuncha_ledger_epoch", "Epoch of the ledger", u64::from(self.epoch));
        let ahead = "Devices that have seen what this ledger cannot prove";
        gauge(registry, "xuncha_devices_ahead", ahead, self.ahead as u64);
        gauge(registry, "xuncha_uploads_open", "Uploads that were begun and are not whole", self.uploads);
    }
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: u64) {
    registry.register(name, help, ConstGauge::new(value));
}

/// Registers a handle on an instrument.
fn shared(registry: &mut Registry, name: &str, help: &str, instrument: &(impl Metric + Clone)) {
    registry.register(name, help, instrument.clone());
}
