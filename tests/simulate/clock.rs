//! One true time, and a clock for each machine that may show something else.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use xuncha_core::host::Clock;
use xuncha_core::model::Time;

/// 2026-11-24T03:44:25Z.
const START: i64 = 1_795_491_865_000;

/// The true time, in milliseconds since the world began.
#[derive(Debug, Default)]
pub(crate) struct TrueTime(AtomicI64);

impl TrueTime {
    /// Time goes on.
    pub(crate) fn pass(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    fn millis(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// What one machine's clock shows.
#[derive(Debug)]
pub(crate) struct MachineClock {
    truth: Arc<TrueTime>,
    wrong_by: AtomicI64,
    stopped: AtomicBool,
    stopped_at: AtomicI64,
    zone: Mutex<String>,
}

impl MachineClock {
    /// A clock that is right.
    pub(crate) fn new(truth: Arc<TrueTime>) -> MachineClock {
        MachineClock {
            truth,
            wrong_by: AtomicI64::new(0),
            stopped: AtomicBool::new(false),
            stopped_at: AtomicI64::new(0),
            zone: Mutex::new("Asia/Shanghai".into()),
        }
    }

    /// Sets it wrong by so many milliseconds.
    pub(crate) fn set_wrong_by(&self, millis: i64) {
        self.wrong_by.store(millis, Ordering::SeqCst);
    }

    /// It stands still, or goes on.
    pub(crate) fn set_stopped(&self, stopped: bool) {
        self.stopped_at.store(self.truth.millis(), Ordering::SeqCst);
        self.stopped.store(stopped, Ordering::SeqCst);
    }

    /// True when it stands still.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Puts it into a zone.
    pub(crate) fn set_zone(&self, zone: &str) {
        zone.clone_into(&mut self.zone.lock().unwrap());
    }

    fn elapsed(&self) -> i64 {
        if self.is_stopped() { self.stopped_at.load(Ordering::SeqCst) } else { self.truth.millis() }
    }
}

impl Clock for MachineClock {
    fn wall(&self) -> Time {
        Time::from_millis(START + self.elapsed() + self.wrong_by.load(Ordering::SeqCst))
    }

    fn mono(&self) -> i64 {
        self.elapsed()
    }

    fn zone(&self) -> String {
        self.zone.lock().unwrap().clone()
    }
}
