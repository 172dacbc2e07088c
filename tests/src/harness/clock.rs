//! A clock that stands still until a test moves it.

use std::sync::atomic::{AtomicI64, Ordering};

use xuncha_core::model::Time;

/// A clock that stands still until a test moves it. All hands move together.
#[derive(Debug)]
pub struct Clock {
    millis: AtomicI64,
}

/// 2026-11-24T03:44:25Z, a Tuesday.
const START: i64 = 1_795_491_865_000;

impl Clock {
    /// A clock that shows a working morning.
    pub fn new() -> Clock {
        Clock { millis: AtomicI64::new(START) }
    }

    /// Sets it.
    pub fn set(&self, time: Time) {
        self.millis.store(time.millis(), Ordering::SeqCst);
    }

    /// Moves it by `millis`, which may be negative.
    pub fn pass(&self, millis: i64) {
        self.millis.fetch_add(millis, Ordering::SeqCst);
    }

    /// Moves it by whole days.
    pub fn pass_days(&self, days: i64) {
        self.pass(days * 24 * 60 * 60 * 1000);
    }

    /// What it shows.
    pub fn now(&self) -> Time {
        Time::from_millis(self.millis.load(Ordering::SeqCst))
    }
}

impl Default for Clock {
    fn default() -> Clock {
        Clock::new()
    }
}

impl xuncha_core::host::Clock for Clock {
    fn wall(&self) -> Time {
        self.now()
    }

    fn mono(&self) -> i64 {
        self.now().millis() - START
    }

    fn zone(&self) -> String {
        "Asia/Shanghai".into()
    }
}
