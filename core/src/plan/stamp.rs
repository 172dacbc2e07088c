//! What time an entry is stamped with: the server's, and not before the entry before it.
//!
//! Several server processes write one ledger, each by its own clock, and a clock may be set back. Small differences must
//! not make the log's times run backwards; a clock that was far ahead for a moment must not keep all later
//! entries in the future.

use crate::model::Time;

/// How far behind the last stamp a clock may be and is taken for slow, in milliseconds; further behind, the last
/// stamp is taken for wrong.
const SLOW: i64 = 5 * 60 * 1000;

/// The stamp of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// When the entry counts as received.
    pub time: Time,
    /// True when the stamp before is so much later that some clock must be wrong.
    pub doubt: bool,
}

/// The stamp of what follows an entry stamped `last`, by a clock that shows `now`.
pub fn stamp(last: Option<Time>, now: Time) -> Stamp {
    match last {
        Some(last) if last > now && last.millis() - now.millis() <= SLOW => Stamp { time: last, doubt: false },
        Some(last) => Stamp { time: now, doubt: last > now },
        None => Stamp { time: now, doubt: false },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_clock_waits_for_the_last_stamp_and_a_stamp_far_ahead_is_doubted() {
        let now = Time::from_millis(10 * SLOW);
        let after = |ahead: i64| stamp(Some(now.plus_millis(ahead)), now);
        assert_eq!(stamp(None, now), Stamp { time: now, doubt: false });
        assert_eq!(after(-1), Stamp { time: now, doubt: false });
        assert_eq!(after(0), Stamp { time: now, doubt: false });
        assert_eq!(after(1), Stamp { time: now.plus_millis(1), doubt: false });
        assert_eq!(after(SLOW), Stamp { time: now.plus_millis(SLOW), doubt: false });
        assert_eq!(after(SLOW + 1), Stamp { time: now, doubt: true });
    }
}
