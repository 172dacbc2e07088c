//! How often somebody may try a password.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter};
use xuncha_core::model::{Code, Hash};
use xuncha_core::protocol::{Problem, ServiceError};

use crate::problem::problem;

/// Tries between two sweeps of those who have gone quiet.
const SWEEP: u32 = 1_000;

/// Tries of one name from one address: five, then one in half a minute.
const OF_NAME_AT: (u32, u64) = (5, 30);
/// Tries of one name from anywhere: fifty, then one in ten seconds, so that nobody is locked out by a stranger's five.
const OF_NAME: (u32, u64) = (50, 10);
/// Tries from one address: a hundred, then one a second; a bureau may sit behind one.
const AT: (u32, u64) = (100, 1);

/// Whoever tries too often is told when to come back. Each process of several counts for itself.
#[derive(Debug)]
pub struct Tries {
    of_name_at: DefaultKeyedRateLimiter<(Hash, Option<IpAddr>)>,
    of_name: DefaultKeyedRateLimiter<Hash>,
    at: DefaultKeyedRateLimiter<Option<IpAddr>>,
    tried: AtomicU32,
}

fn quota((burst, seconds): (u32, u64)) -> Quota {
    let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
    let quota = Quota::with_period(Duration::from_secs(seconds));
    quota.unwrap_or_else(|| Quota::per_minute(NonZeroU32::MIN)).allow_burst(burst)
}

impl Default for Tries {
    fn default() -> Tries {
        Tries {
            of_name_at: RateLimiter::keyed(quota(OF_NAME_AT)),
            of_name: RateLimiter::keyed(quota(OF_NAME)),
            at: RateLimiter::keyed(quota(AT)),
            tried: AtomicU32::new(0),
        }
    }
}

impl Tries {
    /// Counts a try of `name` from `address`, also of a name that nobody has.
    ///
    /// # Errors
    /// `too_many` with the seconds to wait.
    pub fn count(&self, name: &str, address: Option<IpAddr>) -> Result<(), ServiceError> {
        if self.tried.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.of_name_at.retain_recent();
            self.of_name.retain_recent();
            self.at.retain_recent();
        }
        let name = Hash::of(name.trim().as_bytes());
        self.at.check_key(&address).map_err(later)?;
        self.of_name_at.check_key(&(name, address)).map_err(later)?;
        self.of_name.check_key(&name).map_err(later)
    }
}

fn later(early: NotUntil<<DefaultClock as governor::clock::Clock>::Instant>) -> ServiceError {
    let wait = early.wait_time_from(DefaultClock::default().now());
    ServiceError::Problem(Problem { retry_after: Some(wait.as_secs() + 1), ..problem(Code::TooMany, None) })
}
