//! PINs: what may be one, how one is kept, and how long to wait after wrong ones.
//!
//! A PIN keeps one colleague from recording in another's name by a slip. It does not keep anything
//! from somebody who holds the notebook's file: four digits are guessed in minutes there, and what
//! is in the file is not encrypted by it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error as HashError, PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::host::Host;
use crate::model::{EntityId, Time};
use crate::store::{Lock, unreadable};
use crate::{Error, Result};

/// Fewest and most digits.
const DIGITS: std::ops::RangeInclusive<usize> = 4..=12;

/// Wrong tries in a row after which there is a wait.
const FREE_TRIES: u32 = 5;

/// Wrong tries in a row after which no PIN opens the login any more.
pub(super) const MOST_TRIES: u32 = 10;

/// The first wait, in milliseconds; it doubles with each wrong try after it.
const FIRST_WAIT: i64 = 60_000;

/// The longest wait: a day.
const LONGEST_WAIT: i64 = 24 * 60 * 60 * 1_000;

/// Memory in KiB and passes of argon2id: 28 ms as measured on a core of a small server, so 50 to 100 ms
/// on a phone of half to a quarter of its speed. A PIN remembers its own, so these may be raised later.
const COST: (u32, u32) = (19 * 1024, 2);

/// Refuses what is no PIN, or one that everybody tries first.
///
/// # Errors
/// [`Error::Invalid`] naming `pin`.
pub(super) fn check(pin: &str) -> Result<()> {
    let invalid = |detail: &str| Err(Error::Invalid { field: "pin".into(), detail: detail.into() });
    if !DIGITS.contains(&pin.len()) || !pin.bytes().all(|byte| byte.is_ascii_digit()) {
        return invalid("wanted 4 to 12 digits");
    }
    let digits: Vec<u8> = pin.bytes().map(|byte| byte - b'0').collect();
    let step = |pair: &[u8]| (pair[1] + 10 - pair[0]) % 10;
    // 0000, 1234, 4321, 2468, 7890: the same step everywhere.
    let even = digits.windows(2).all(|pair| step(pair) == step(&digits[..2]));
    // 1212, 123123: the first half again.
    let half = digits.len() / 2;
    let twice = digits.len().is_multiple_of(2) && digits[..half] == digits[half..];
    // 1122, 0011: two digits, each in one run.
    let pairs = digits.len() == 4 && digits[0] == digits[1] && digits[2] == digits[3];
    if even || twice || pairs { invalid("is too easy to guess") } else { Ok(()) }
}

/// The PIN as it is kept: argon2id with a salt of its own, in PHC form.
pub(super) fn hash(host: &Host, pin: &str) -> Result<String> {
    let (memory, passes) = COST;
    let params = Params::new(memory, passes, 1, None).map_err(|error| unreadable("PIN", error))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let salt: [u8; 16] = host.bytes();
    let hash: PasswordHash =
        argon2.hash_password_with_salt(pin.as_bytes(), &salt).map_err(|error| unreadable("PIN", error))?;
    Ok(hash.to_string())
}

/// True when `pin` is the one that was kept.
pub(super) fn fits(pin: &str, kept: &str) -> Result<bool> {
    let kept = PasswordHash::new(kept).map_err(|error| unreadable("PIN", error))?;
    match Argon2::default().verify_password(pin.as_bytes(), &kept) {
        Ok(()) => Ok(true),
        Err(HashError::PasswordInvalid) => Ok(false),
        Err(error) => Err(unreadable("PIN", error)),
    }
}

/// The wait that begins with the `wrong`th wrong try in a row.
pub(super) fn wait_after(wrong: u32, now: Time) -> Option<Lock> {
    let doublings = wrong.checked_sub(FREE_TRIES)?.min(20);
    Some(Lock { at: now, millis: (FIRST_WAIT << doublings).min(LONGEST_WAIT) })
}

/// What this process knows of waits beside the database: where its monotonic clock stood when each
/// began. A wall clock set forward while the app runs shortens no wait. An app that was started or
/// resumed since has only the wall clock to go by.
#[derive(Debug, Default)]
pub(super) struct Waits(Mutex<BTreeMap<EntityId, (Lock, i64)>>);

impl Waits {
    /// Remembers that a wait of `user` begins now.
    pub(super) fn begin(&self, user: EntityId, lock: Lock, mono: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(user, (lock, mono));
    }

    /// From now on only the wall clock counts.
    pub(super) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Milliseconds of the wait that are left. Time counts only as far as both clocks agree on it, so
    /// neither one set back nor one set forward makes the wait shorter.
    pub(super) fn left(&self, user: EntityId, lock: Lock, host: &Host) -> Option<i64> {
        let begun = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&user).copied();
        let by_mono = begun.filter(|(known, _)| *known == lock).map(|(_, began)| host.clock.mono() - began);
        let by_wall = host.clock.wall().millis() - lock.at.millis();
        let passed = by_mono.map_or(by_wall, |by_mono| by_mono.min(by_wall)).max(0);
        Some(lock.millis - passed).filter(|left| *left > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_tries_first_is_no_pin() {
        for easy in ["0000", "1234", "4321", "2468", "7890", "0987", "987654321098", "1212", "123123", "1122"] {
            assert!(matches!(check(easy), Err(Error::Invalid { detail, .. }) if detail.contains("easy")), "{easy}");
        }
        for none in ["", "123", "1234567890123", "12a4", "1２34", " 8351", "-835"] {
            assert!(matches!(check(none), Err(Error::Invalid { detail, .. }) if detail.contains("digits")), "{none}");
        }
        for good in ["8351", "1235", "2580", "000001", "314159265358"] {
            check(good).unwrap();
        }
    }

    #[test]
    fn a_pin_is_kept_as_argon2id_with_a_salt_of_its_own() {
        let (one, other) = (hash(&Host::system(), "8351").unwrap(), hash(&Host::system(), "8351").unwrap());
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, other);
        assert!(fits("8351", &one).unwrap() && fits("8351", &other).unwrap() && !fits("8352", &one).unwrap());
        let weaker = "$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$5hPVaVbj3pdvCQNVThn9bZrj0K8mG3C3RuHlXm5pKJo";
        assert!(!fits("8351", weaker).unwrap(), "kept with other costs, it is still read");
        assert!(fits("8351", "nonsense").is_err());
    }

    #[test]
    fn waits_double_up_to_a_day() {
        let minutes = |wrong| wait_after(wrong, Time::from_millis(0)).map(|lock| lock.millis / 60_000);
        assert_eq!([4, 5, 6, 7, 9].map(minutes), [None, Some(1), Some(2), Some(4), Some(16)]);
        assert_eq!(minutes(u32::MAX), Some(24 * 60));
    }
}
