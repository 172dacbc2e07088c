//! Ids, hashes and times as the other languages spell them: text, and their own type for an instant.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use xuncha_core::model::{Code, DeviceId, EntityId, Hash, LedgerId, LineId, OpId, Time};
use xuncha_core::notebook::DraftId;

use crate::FieldError;

uniffi::custom_type!(EntityId, String, {
    remote, lower: |id| id.to_string(), try_lift: |text| Ok(read("id", &text)?)
});
uniffi::custom_type!(OpId, String, {
    remote, lower: |id| id.to_string(), try_lift: |text| Ok(read("op", &text)?)
});
uniffi::custom_type!(DraftId, String, {
    remote, lower: |id| id.0.to_string(), try_lift: |text| Ok(DraftId(read("draft", &text)?))
});
uniffi::custom_type!(LedgerId, String, {
    remote, lower: |id| id.to_string(), try_lift: |text| Ok(read("ledger", &text)?)
});
uniffi::custom_type!(LineId, String, {
    remote, lower: |id| id.to_string(), try_lift: |text| Ok(read("line", &text)?)
});
uniffi::custom_type!(DeviceId, String, {
    remote, lower: |id| id.to_string(), try_lift: |text| Ok(read("device", &text)?)
});
uniffi::custom_type!(Hash, String, {
    remote, lower: |hash| hash.to_string(), try_lift: |text| Ok(read("hash", &text)?)
});
uniffi::custom_type!(Code, String, {
    remote, lower: |code| code.to_string(), try_lift: |text| Ok(Code::from(text))
});
uniffi::custom_type!(Time, SystemTime, {
    remote, lower: |time| instant(time), try_lift: |instant| Ok(time(instant))
});

/// Text from outside: a typed error when it is not what it is said to be.
fn read<T: std::str::FromStr>(field: &str, text: &str) -> Result<T, FieldError> {
    // Only the beginning: nobody reads an error of a hundred megabytes.
    let shown: String = text.chars().take(80).collect();
    text.parse().map_err(|_| FieldError::invalid(field, &format!("{shown:?} is no {field} of this notebook's form")))
}

fn instant(time: Time) -> SystemTime {
    let away = Duration::from_millis(time.millis().unsigned_abs());
    if time.millis() < 0 { UNIX_EPOCH - away } else { UNIX_EPOCH + away }
}

/// Clamped to what the ledger can spell, as [`Time::from_millis`] does.
fn time(instant: SystemTime) -> Time {
    let millis = |away: Duration| i64::try_from(away.as_millis()).unwrap_or(i64::MAX);
    match instant.duration_since(UNIX_EPOCH) {
        Ok(after) => Time::from_millis(millis(after)),
        Err(before) => Time::from_millis(-millis(before.duration())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_the_same_on_both_sides() {
        for millis in [0, 1, -1, 1_795_492_665_123, i64::MAX, i64::MIN] {
            let there = Time::from_millis(millis);
            assert_eq!(time(instant(there)), there);
        }
    }

    #[test]
    fn what_is_no_id_is_said_briefly() {
        let error = read::<EntityId>("id", &"长".repeat(1_000_000)).unwrap_err();
        assert!(matches!(&error, FieldError::Invalid { field, .. } if field == "id"), "{error}");
        assert!(error.to_string().len() < 1_000);
    }
}
