//! Times as registers write them: in the zone of the register unless they say another.

use jiff::civil::{DateTime, Time as Clock};
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::TimeZone;
use xuncha_core::model::Time;

/// Reads times.
#[derive(Debug, Clone)]
pub(super) struct Times {
    zone: TimeZone,
    formats: Vec<String>,
}

/// Which end of a day a day without a time stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    First,
    Last,
}

impl Times {
    /// Times of `zone` in these formats; none: those of ISO 8601 and of spreadsheets.
    ///
    /// # Errors
    /// Which member is wrong, and why.
    pub(super) fn new(zone: &str, formats: &[String]) -> Result<Times, (&'static str, String)> {
        let zone = TimeZone::get(zone).map_err(|error| ("zone", error.to_string()))?;
        for format in formats {
            check_format(format).map_err(|what| ("times", format!("{format}: {what}")))?;
        }
        let usual = || USUAL.iter().map(|format| (*format).to_owned()).collect();
        Ok(Times { zone, formats: if formats.is_empty() { usual() } else { formats.to_vec() } })
    }

    /// The instant that `text` names; a day alone is one of its ends.
    ///
    /// # Errors
    /// What was looked for.
    pub(super) fn read(&self, text: &str, end: End) -> Result<Time, String> {
        let found = self.formats.iter().find_map(|format| self.instant(&strtime::parse(format, text).ok()?, end));
        let shown = || self.formats.iter().map(String::as_str).take(3).collect::<Vec<_>>().join(" or ");
        found.ok_or_else(|| format!("{text:?} is no time in the form of {}", shown()))
    }

    /// The instant of what a spreadsheet keeps as a date and time.
    pub(super) fn moment(&self, moment: DateTime, end: End) -> Option<Time> {
        match moment.time() == Clock::midnight() {
            true => self.day(moment, end),
            false => self.local(moment),
        }
    }

    fn instant(&self, parts: &BrokenDownTime, end: End) -> Option<Time> {
        if parts.offset().is_some() {
            return Some(Time::from_millis(parts.to_timestamp().ok()?.as_millisecond()));
        }
        match parts.hour() {
            Some(_) => self.local(parts.to_datetime().ok()?),
            None => self.day(parts.to_date().ok()?.to_datetime(Clock::midnight()), end),
        }
    }

    fn day(&self, day: DateTime, end: End) -> Option<Time> {
        match end {
            End::First => self.local(day),
            End::Last => {
                let next = day.date().tomorrow().ok()?.to_datetime(Clock::midnight());
                self.local(next).map(|next| next.plus_millis(-1))
            }
        }
    }

    /// An hour that comes twice (summer time ends) is the first of the two; one that does not come is moved on by
    /// as much as the clocks were.
    fn local(&self, local: DateTime) -> Option<Time> {
        let zoned = local.to_zoned_datetime(self.zone.clone()).ok()?;
        Some(Time::from_millis(zoned.timestamp().as_millisecond()))
    }
}

/// A form of time must be one that gives back the day it was given.
fn check_format(format: &str) -> Result<(), String> {
    let sample = jiff::civil::date(2016, 11, 30).at(14, 25, 6, 0);
    let sample = sample.to_zoned_datetime(TimeZone::UTC).map_err(|error| error.to_string())?;
    let written = BrokenDownTime::from(&sample).to_string(format).map_err(|error| error.to_string())?;
    let read = strtime::parse(format, &written).map_err(|error| error.to_string())?;
    match read.to_date() {
        Ok(day) if day == sample.date() => Ok(()),
        _ => Err("does not say which day it is".into()),
    }
}

const USUAL: &[&str] = &[
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f%:z",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y年%m月%d日 %H:%M",
    "%Y年%m月%d日",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(zone: &str, formats: &[&str], text: &str, end: End) -> String {
        let formats: Vec<String> = formats.iter().map(|format| (*format).to_owned()).collect();
        match Times::new(zone, &formats).unwrap().read(text, end) {
            Ok(time) => time.to_string(),
            Err(what) => what,
        }
    }

    #[test]
    fn times_are_read_in_the_zone_of_the_register() {
        let boston = |text| read("America/New_York", &["%m/%d/%Y %I:%M:%S %p"], text, End::First);
        assert_eq!(boston("06/22/2015 11:45:08 PM"), "2015-06-23T03:45:08.000Z", "in summer");
        assert_eq!(boston("01/12/2016 11:23:25 AM"), "2016-01-12T16:23:25.000Z", "in winter");
        assert_eq!(boston("06/23/2015 12:00:24 AM"), "2015-06-23T04:00:24.000Z", "past midnight");
        assert_eq!(boston("11/01/2015 01:30:00 AM"), "2015-11-01T05:30:00.000Z", "the first of two");
        assert_eq!(boston("03/08/2015 02:30:00 AM"), "2015-03-08T07:30:00.000Z", "an hour that never came");
        assert_eq!(boston("2015-06-22 23:45"), "\"2015-06-22 23:45\" is no time in the form of %m/%d/%Y %I:%M:%S %p");
        let here = |text, end| read("Asia/Shanghai", &[], text, end);
        for text in ["2026-03-02 09:05", "2026/3/2 9:05", "2026年3月2日 9:05", "2026-03-02T01:05:00+00:00"] {
            assert_eq!(here(text, End::First), "2026-03-02T01:05:00.000Z", "{text}");
        }
        assert_eq!(here("2026-03-02", End::First), "2026-03-01T16:00:00.000Z");
        assert_eq!(here("2026-03-02", End::Last), "2026-03-02T15:59:59.999Z", "until the end of the day");
        assert!(here("2026-02-30", End::First).contains("no time"));
    }

    #[test]
    fn a_form_that_cannot_tell_a_day_is_found_before_any_row_is_read() {
        for format in ["%H:%M", "%m/%d", "%Q"] {
            assert_eq!(Times::new("UTC", &[format.to_owned()]).unwrap_err().0, "times", "{format}");
        }
        assert_eq!(Times::new("Europe/Nowhere", &[]).unwrap_err().0, "zone");
    }
}
