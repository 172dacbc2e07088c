//! The office's calendar that a new ledger begins with.

use serde_json::Value;

/// The bodies of the `calendar.add` of the years 2024 to 2026. Days off and days worked on weekends are those that the State
/// Council announced for these years; the office's hours are our own, to be edited.
pub fn calendar_seeds() -> Vec<Value> {
    serde_json::from_str(include_str!("../../catalogue/calendar.json")).expect("the built-in calendar is JSON")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::civil::{Date, Weekday};

    use super::*;
    use crate::model::DayKind;

    #[test]
    fn only_days_that_are_not_what_their_weekday_says_are_listed() {
        let years = calendar_seeds();
        assert_eq!(
            years.iter().map(|year| year["year"].as_u64()).collect::<Vec<_>>(),
            [Some(2024), Some(2025), Some(2026)]
        );
        for year in years {
            let days: BTreeMap<String, DayKind> = serde_json::from_value(year["days"].clone()).expect("days");
            for (day, kind) in days {
                let day: Date = day.parse().expect("a day");
                let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
                assert_eq!(kind == DayKind::Work, weekend, "{day}");
                assert_eq!(u64::try_from(day.year()).ok(), year["year"].as_u64());
            }
        }
    }
}
