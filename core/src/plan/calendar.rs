//! Deadlines: four clocks over the office's calendar, in the city's zone.
//!
//! - *Urgent hours* (紧急工作时) run day and night.
//! - *Working hours* (工作时) run while the office is open.
//! - *Working days* (工作日): the day it begins does not count; it ends when the office closes.
//! - *Calendar days* (自然日): the day it begins does not count; it ends with the day.
//!
//! No day at all means the end of the same day; of the next working day where the office has closed. While a
//! case is suspended the clock stands: hours are counted to the millisecond, and a day that is touched does
//! not count. Why so stands in [0031](crate::docs::decisions::d0031).

use std::collections::BTreeMap;

use jiff::civil::{Date, Time as Hour, Weekday};
use jiff::tz::TimeZone;

use super::View;
use crate::model::catalogue::Clock;
use crate::model::{DayKind, EntityId, LedgerId, Time, TimeLimit, YearCalendar};

/// A stretch of time, from the first instant up to and not including the second.
pub type Span = (Time, Time);

/// No calendar says which days of this year are worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoCalendar(pub i16);

/// What years of the office's calendar the law can see.
pub struct Office<'a> {
    view: &'a dyn View,
    ledger: LedgerId,
    zone: TimeZone,
}

struct Year {
    days: BTreeMap<Date, DayKind>,
    hours: Vec<(Hour, Hour)>,
}

/// A limit is never counted over more days than this: three years, most of them suspended.
const LONGEST: u32 = 1_100;

const HOUR: i64 = 60 * 60 * 1000;

impl<'a> Office<'a> {
    /// The office of `ledger`, in the zone that its city says it is in; UTC where that is unknown.
    pub fn of(view: &'a dyn View, ledger: LedgerId) -> Office<'a> {
        let city = view.entity(EntityId(ledger.0));
        let zone = city.as_ref().and_then(|city| TimeZone::get(city.text("zone")?).ok()).unwrap_or(TimeZone::UTC);
        Office { view, ledger, zone }
    }

    /// The day in the city at that instant.
    pub fn day_at(&self, time: Time) -> Date {
        jiff::Timestamp::from_millisecond(time.millis())
            .map(|instant| instant.to_zoned_datetime(self.zone.clone()).date())
            .unwrap_or(Date::MIN)
    }

    /// An instant as people in the city write it.
    pub(super) fn shown(&self, time: Time) -> String {
        let instant = jiff::Timestamp::from_millisecond(time.millis());
        let local =
            instant.map(|instant| instant.to_zoned_datetime(self.zone.clone()).strftime("%Y-%m-%d %H:%M").to_string());
        local.unwrap_or_default()
    }

    /// True when the office is open on `day`.
    ///
    /// # Errors
    /// When nobody has said which days of that year are worked.
    pub fn works_on(&self, day: Date) -> Result<bool, NoCalendar> {
        Ok(works(&self.year(day.year())?, day))
    }

    /// Until when something must be done that began at `from` and stood still in `pauses`, which are
    /// in order and do not overlap.
    ///
    /// # Errors
    /// When the limit counts working time in a year without a calendar.
    pub fn deadline(&self, from: Time, limit: TimeLimit, pauses: &[Span]) -> Result<Time, NoCalendar> {
        let hours = i64::from(limit.amount).saturating_mul(HOUR);
        match limit.clock {
            Clock::UrgentHour => Ok(run(std::iter::once((from, Time::from_millis(i64::MAX))), pauses, hours)),
            Clock::WorkingHour => self.working_hours(from, hours, pauses),
            Clock::WorkingDay => self.days(from, limit.amount, pauses, true),
            Clock::CalendarDay => self.days(from, limit.amount, pauses, false),
        }
    }

    fn working_hours(&self, from: Time, hours: i64, pauses: &[Span]) -> Result<Time, NoCalendar> {
        let (mut left, mut day) = (hours, self.day_at(from));
        for _ in 0..LONGEST {
            let year = self.year(day.year())?;
            for (opens, closes) in year.hours.iter().filter(|_| works(&year, day)) {
                let open = (self.instant(day, *opens).max(from), self.instant(day, *closes));
                for (begin, end) in without(open, pauses) {
                    let length = end.millis() - begin.millis();
                    if length >= left {
                        return Ok(begin.plus_millis(left));
                    }
                    left -= length;
                }
            }
            day = next(day);
        }
        Err(NoCalendar(day.year()))
    }

    fn days(&self, from: Time, amount: u32, pauses: &[Span], working: bool) -> Result<Time, NoCalendar> {
        let (mut left, first) = (amount, self.day_at(from));
        let mut day = first;
        for _ in 0..LONGEST {
            let end = if working { self.closing(day)? } else { Some(self.midnight(next(day)).plus_millis(-1)) };
            let whole = (self.midnight(day), self.midnight(next(day)));
            let stood = pauses.iter().any(|(begin, end)| *begin < whole.1 && whole.0 < *end);
            if let Some(end) = end.filter(|_| !stood) {
                match left {
                    0 if end >= from => return Ok(end),
                    0 => {}
                    _ if day == first => {}
                    1 => return Ok(end),
                    _ => left -= 1,
                }
            }
            day = next(day);
        }
        Err(NoCalendar(day.year()))
    }

    /// When the office closes on `day`; none where it is not open.
    fn closing(&self, day: Date) -> Result<Option<Time>, NoCalendar> {
        let year = self.year(day.year())?;
        let last = year.hours.last().filter(|_| works(&year, day));
        Ok(last.map(|(_, closes)| self.instant(day, *closes)))
    }

    fn midnight(&self, day: Date) -> Time {
        self.instant(day, Hour::midnight())
    }

    /// An hour that the clocks jump over is taken as jiff does: as the later one.
    fn instant(&self, day: Date, hour: Hour) -> Time {
        let zoned = day.to_datetime(hour).to_zoned_datetime(self.zone.clone());
        zoned.map_or(Time::from_millis(i64::MAX), |zoned| Time::from_millis(zoned.timestamp().as_millisecond()))
    }

    fn year(&self, year: i16) -> Result<Year, NoCalendar> {
        let missing = NoCalendar(year);
        let id = EntityId::of_calendar(self.ledger, u64::try_from(year).map_err(|_| missing)?);
        let entity = self.view.entity(id).filter(|entity| entity.text("status") == Some("active"));
        let calendar = YearCalendar::from_entity(&*entity.ok_or(missing)?);
        let days = calendar.days.iter().filter_map(|(day, kind)| Some((day.parse().ok()?, *kind)));
        let hours = hours_of(&calendar.hours).filter(|hours| !hours.is_empty()).ok_or(missing)?;
        Ok(Year { days: days.collect(), hours })
    }
}

/// Hours as pairs of times of day: in order, each ending after it begins; none when they are not.
pub(super) fn hours_of(pairs: &[(String, String)]) -> Option<Vec<(Hour, Hour)>> {
    let hour = |text: &str| Hour::strptime("%H:%M", text).ok();
    let hours = pairs.iter().map(|(opens, closes)| Some((hour(opens)?, hour(closes)?)));
    let hours = hours.collect::<Option<Vec<_>>>()?;
    let forward = hours.iter().all(|(opens, closes)| opens < closes);
    let apart = hours.windows(2).all(|pair| pair[0].1 <= pair[1].0);
    (forward && apart).then_some(hours)
}

fn works(year: &Year, day: Date) -> bool {
    match year.days.get(&day) {
        Some(kind) => *kind == DayKind::Work,
        None => !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday),
    }
}

fn next(day: Date) -> Date {
    day.tomorrow().unwrap_or(Date::MAX)
}

/// The instant at which `left` milliseconds of `open` have run, pauses left out.
fn run(open: impl Iterator<Item = Span>, pauses: &[Span], mut left: i64) -> Time {
    let mut last = Time::from_millis(i64::MAX);
    for (begin, end) in open.flat_map(|span| without(span, pauses)) {
        let length = end.millis().saturating_sub(begin.millis());
        if length >= left {
            return begin.plus_millis(left);
        }
        left -= length;
        last = end;
    }
    last
}

/// What is left of `span` outside `pauses`, in order.
fn without(span: Span, pauses: &[Span]) -> Vec<Span> {
    let (mut begin, end) = span;
    let mut left = Vec::new();
    for (stops, goes_on) in pauses {
        if *stops > begin && begin < end {
            left.push((begin, end.min(*stops)));
        }
        begin = begin.max(*goes_on);
    }
    left.push((begin, end));
    left.retain(|(begin, end)| begin < end);
    left
}
