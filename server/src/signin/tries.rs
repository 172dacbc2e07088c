//! How often somebody may try a password.

use std::collections::HashSet;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter};
use xuncha_core::model::{Code, EntityId, Hash};
use xuncha_core::protocol::{Problem, ServiceError};

use crate::problem::problem;

/// Tries between two sweeps of those who have gone quiet.
const SWEEP: u32 = 1_000;

/// Wrong tries of one name from one address: five, then one in half a minute.
const OF_NAME_AT: (u32, u64) = (5, 30);
/// Tries of one name from anywhere, right or wrong: fifty, then one in ten seconds, so that nobody is locked out by a
/// stranger's five.
const OF_NAME: (u32, u64) = (50, 10);
/// Tries from one address, right or wrong: a hundred, then one a second; a bureau may sit behind one.
const AT: (u32, u64) = (100, 1);

/// Whoever tries too often is told when to come back. Each process of several counts for itself.
#[derive(Debug)]
pub struct Tries {
    of_name_at: DefaultKeyedRateLimiter<(Hash, Option<IpAddr>)>,
    of_name: DefaultKeyedRateLimiter<Hash>,
    at: DefaultKeyedRateLimiter<Option<IpAddr>>,
    tried: AtomicU32,
    /// Of whom the last try was no guess: the next is not counted among the wrong ones before it is known to be one.
    /// A limiter takes nothing back, so this is how such a try is given back.
    welcome: Mutex<HashSet<(Hash, Option<IpAddr>)>>,
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
            welcome: Mutex::default(),
        }
    }
}

impl Tries {
    /// Counts a try of `name` from `address`, also of a name that nobody has. It counts as wrong until
    /// [`Tries::give_back`] says otherwise, so that many at once are no more guesses than one after another.
    ///
    /// # Errors
    /// `too_many` with the seconds to wait.
    pub fn count(&self, name: &str, address: Option<IpAddr>) -> Result<(), ServiceError> {
        if self.tried.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.of_name_at.retain_recent();
            self.of_name.retain_recent();
            self.at.retain_recent();
            // Whoever is forgotten here is counted once too often.
            self.welcome().clear();
        }
        let key = key(name, address);
        self.at.check_key(&address).map_err(later)?;
        if !self.welcome().remove(&key) {
            self.of_name_at.check_key(&key).map_err(later)?;
        }
        // Last, so that whoever is told to wait takes nothing from those who try elsewhere.
        self.of_name.check_key(&key.0).map_err(later)
    }

    /// The last try of `name` from `address` was no wrong guess.
    pub fn give_back(&self, name: &str, address: Option<IpAddr>) {
        self.welcome().insert(key(name, address));
    }

    fn welcome(&self) -> MutexGuard<'_, HashSet<(Hash, Option<IpAddr>)>> {
        self.welcome.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An id can be written in many ways, and is one name however it is written.
fn key(name: &str, address: Option<IpAddr>) -> (Hash, Option<IpAddr>) {
    let name = name.trim();
    let hash = match name.parse::<EntityId>() {
        Ok(id) => Hash::of(id.to_string().as_bytes()),
        Err(_) => Hash::of(name.as_bytes()),
    };
    (hash, address)
}

fn later(early: NotUntil<<DefaultClock as governor::clock::Clock>::Instant>) -> ServiceError {
    let wait = early.wait_time_from(DefaultClock::default().now());
    ServiceError::Problem(Problem { retry_after: Some(wait.as_secs() + 1), ..problem(Code::TooMany, None) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(tries: &Tries, name: &str, address: Option<IpAddr>) -> Option<u64> {
        match tries.count(name, address) {
            Ok(()) => None,
            Err(ServiceError::Problem(problem)) => problem.retry_after,
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_was_no_guess_is_given_back_and_five_guesses_are_still_five() {
        let tries = Tries::default();
        let (here, there) = (Some(IpAddr::from([10, 0, 0, 1])), Some(IpAddr::from([10, 0, 0, 2])));
        for _ in 0..20 {
            assert_eq!(wait(&tries, "王敏", here), None);
            tries.give_back(" 王敏 ", here);
        }
        // Nobody else has anything of it.
        for name in ["王敏", "李强"] {
            let address = if name == "王敏" { there } else { here };
            assert!((0..5).all(|_| wait(&tries, name, address).is_none()));
            assert!(wait(&tries, name, address).is_some_and(|wait| (1..=31).contains(&wait)), "{name}");
        }
        assert!((0..5).all(|_| wait(&tries, "王敏", here).is_none()));
        assert!(wait(&tries, "王敏", here).is_some_and(|wait| (1..=31).contains(&wait)));
    }

    #[test]
    fn an_id_is_one_name_however_it_is_written() {
        let tries = Tries::default();
        let id = "019f2c4e-8a3b-7c1d-9e5f-0a1b2c3d4e5f";
        let (upper, plain) = (id.to_uppercase(), id.replace('-', ""));
        let ways = [id, &upper, &plain, &format!("{{{id}}}"), &format!("urn:uuid:{id}")];
        assert!(ways.iter().all(|way| wait(&tries, way, None).is_none()));
        assert!(ways.iter().all(|way| wait(&tries, way, None).is_some()));
    }

    #[test]
    fn of_one_name_and_from_one_address_right_tries_count_too_in_the_end() {
        let tries = Tries::default();
        let address = |number: u8| Some(IpAddr::from([10, 0, 0, number]));
        let right = |name: &str, address| {
            let wait = wait(&tries, name, address);
            tries.give_back(name, address);
            wait
        };
        assert!((0..50).all(|number| right("王敏", address(number)).is_none()));
        assert!(right("王敏", address(99)).is_some_and(|wait| (1..=11).contains(&wait)));
        // One more a second, however long this takes.
        let taken = (0..).take_while(|number: &u32| right(&number.to_string(), address(200)).is_none()).count();
        assert!((100..130).contains(&taken), "{taken}");
    }
}
