//! The clock and the random source, as traits: the only way in for time and chance.
//!
//! Phone and server take a [`Host`]; a test or a simulation hands in its own and decides.

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use crate::model::Time;
use crate::op::Salt;

/// Tells the time. Nothing trusts it for order.
pub trait Clock: Send + Sync {
    /// The wall clock.
    fn wall(&self) -> Time;
    /// Milliseconds that only ever grow while the machine runs.
    fn mono(&self) -> i64;
    /// IANA name of the zone the machine is set to, such as `Asia/Shanghai`.
    fn zone(&self) -> String;
}

/// Makes random bytes.
pub trait Random: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// The machine that a notebook or a ledger runs on.
#[derive(Clone)]
pub struct Host {
    /// Its clock.
    pub clock: Arc<dyn Clock>,
    /// Its random source.
    pub random: Arc<dyn Random>,
}

impl Host {
    /// The real machine.
    pub fn system() -> Host {
        Host { clock: Arc::new(SystemClock::new()), random: Arc::new(SystemRandom) }
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes);
        bytes
    }

    /// A new UUIDv7.
    pub fn uuid(&self) -> Uuid {
        let millis = u64::try_from(self.clock.wall().millis()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }

    /// A new salt.
    pub fn salt(&self) -> Salt {
        Salt(self.bytes())
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Host")
    }
}

struct SystemClock {
    started: std::time::Instant,
    zone: String,
}

impl SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the monotonic clock")]
    fn new() -> SystemClock {
        let zone = jiff::tz::TimeZone::system().iana_name().unwrap_or("UTC").to_owned();
        SystemClock { started: std::time::Instant::now(), zone }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn wall(&self) -> Time {
        Time::from_millis(jiff::Timestamp::now().as_millisecond())
    }

    fn mono(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    fn zone(&self) -> String {
        self.zone.clone()
    }
}

struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("a machine without randomness cannot make keys, and must not pretend to");
    }
}
