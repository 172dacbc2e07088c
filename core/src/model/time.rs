//! Instants in milliseconds, written as RFC 3339 in UTC.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant: milliseconds since 1970-01-01T00:00:00Z. In text `2026-11-24T03:44:25.123Z`.
///
/// Holds the years that the text form can spell (0000 to 9999); a phone whose clock says
/// anything else cannot be spelled and is clamped, never refused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

/// Text that is not an RFC 3339 instant in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 instant in UTC")]
pub struct NotATime;

impl Time {
    /// The instant `millis` milliseconds after the epoch, clamped to the years 0000 to 9999.
    pub fn from_millis(millis: i64) -> Time {
        Time(millis.clamp(EARLIEST, LATEST))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// This instant moved by `millis`, clamped like [`Time::from_millis`].
    pub fn plus_millis(self, millis: i64) -> Time {
        Time::from_millis(self.0.saturating_add(millis))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = jiff::Timestamp::from_millisecond(self.0).map_err(|_| fmt::Error)?;
        write!(f, "{instant:.3}")
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Time {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Time, NotATime> {
        if !text.ends_with('Z') {
            return Err(NotATime);
        }
        let instant: jiff::Timestamp = text.parse().map_err(|_| NotATime)?;
        Ok(Time::from_millis(instant.as_millisecond()))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        super::parsed(deserializer)
    }
}

/// 0000-01-01T00:00:00Z.
const EARLIEST: i64 = -62_167_219_200_000;
/// 9999-12-30T00:00:00Z: a day before the end, so that any zone can still spell it.
const LATEST: i64 = 253_402_128_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_survive_the_text_form() {
        for millis in [0, 1, 999, 1_795_492_665_123, -1, EARLIEST, LATEST] {
            let time = Time::from_millis(millis);
            assert_eq!(time.to_string().parse(), Ok(time), "{time}");
        }
        assert_eq!(Time::from_millis(1_795_492_665_120).to_string(), "2026-11-24T03:57:45.120Z");
    }

    #[test]
    fn a_mad_clock_is_clamped_not_refused() {
        assert_eq!(Time::from_millis(i64::MAX).millis(), LATEST);
        assert_eq!(Time::from_millis(i64::MIN).millis(), EARLIEST);
    }

    #[test]
    fn offsets_and_nonsense_are_refused() {
        for text in ["", "2026-11-24", "2026-11-24T03:44:25+08:00", "yesterday"] {
            assert_eq!(text.parse::<Time>(), Err(NotATime), "{text}");
        }
    }
}
