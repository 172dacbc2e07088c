//! Time limits as people write them: 2紧急工作时, 4小时, 三个工作日内, 半天.
//!
//! Bare hours and days are those in which the office is open, as such sheets mean them. Weeks and
//! months are not read: nobody agrees how many working days they have.

use xuncha_core::model::catalogue::Clock;

/// Reads a time limit as an amount of a clock; 0 calendar days is the end of the same day.
///
/// # Errors
/// What is wrong with it, as the end of a sentence that began with the text itself.
pub(super) fn read(text: &str) -> Result<(u32, Clock), &'static str> {
    let text: String = narrow(text).chars().filter(|c| !c.is_whitespace()).collect();
    let text = ["之内", "以内", "内"].iter().find_map(|end| text.strip_suffix(end)).unwrap_or(&text);
    if ["当日", "当天", "即日"].contains(&text) {
        return Ok((0, Clock::CalendarDay));
    }
    let (number, unit) = text.split_at(text.find(|c| !is_numeral(c)).unwrap_or(text.len()));
    let unit = unit.strip_prefix('个').unwrap_or(unit);
    let (unit, and_half) = match unit.strip_suffix('半') {
        Some(unit) => (unit.strip_suffix('个').unwrap_or(unit), 1),
        None => (unit, 0),
    };
    let clock = UNITS.iter().find(|(names, _)| names.contains(&unit)).map(|(_, clock)| *clock);
    match (halves(number), clock) {
        (None, Some(_)) => Err("has no number that can be read"),
        (Some(_), None) if unit.is_empty() => Err("does not say hours or days"),
        (Some(halves), Some(clock)) => whole(halves.saturating_add(and_half), clock),
        (_, None) => Err(EXPECTED),
    }
}

/// Full-width letters, digits and marks as the usual ones.
pub(super) fn narrow(text: &str) -> String {
    let one = |c: char| match c {
        '\u{3000}' => ' ',
        '！'..='～' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        other => other,
    };
    text.chars().map(one).collect()
}

fn is_numeral(c: char) -> bool {
    c.is_ascii_digit() || c == '.' || c == '半' || TENS.contains(c) || digit(c).is_some()
}

/// An amount in halves of its unit.
fn halves(number: &str) -> Option<u32> {
    let (number, half) = match number.strip_suffix(".5").or_else(|| number.strip_suffix('半')) {
        Some("") => return Some(1),
        Some(number) => (number, 1),
        None => (number.strip_suffix(".0").unwrap_or(number), 0),
    };
    let whole = if number.bytes().all(|byte| byte.is_ascii_digit()) { number.parse().ok() } else { chinese(number) };
    whole?.checked_mul(2)?.checked_add(half)
}

/// A Chinese numeral below 1000, such as 三, 十五, 两, 一百二十.
fn chinese(number: &str) -> Option<u32> {
    let (mut sum, mut open) = (0, None);
    for c in number.chars() {
        match (c, digit(c)) {
            (_, Some(0)) if open.is_none() => {}
            (_, Some(value)) if open.is_none() => open = Some(value),
            ('十', None) if sum % 100 == 0 => sum += open.take().unwrap_or(1) * 10,
            ('百', None) if sum == 0 => sum += open.take()? * 100,
            _ => return None,
        }
    }
    (!number.is_empty()).then(|| sum + open.unwrap_or(0))
}

fn digit(c: char) -> Option<u32> {
    let found = "零一二三四五六七八九".chars().position(|one| one == c);
    found.and_then(|at| u32::try_from(at).ok()).or(match c {
        '〇' => Some(0),
        '两' => Some(2),
        _ => None,
    })
}

/// Half a working day is four hours of the office, half a calendar day twelve of the clock.
fn whole(halves: u32, clock: Clock) -> Result<(u32, Clock), &'static str> {
    let hours = matches!(clock, Clock::UrgentHour | Clock::WorkingHour);
    let (amount, clock) = match (halves % 2, clock) {
        (0, clock) => (halves / 2, clock),
        (_, Clock::WorkingDay) => (halves.saturating_mul(4), Clock::WorkingHour),
        (_, Clock::CalendarDay) => (halves.saturating_mul(12), Clock::UrgentHour),
        _ => return Err("is not in whole hours"),
    };
    match amount {
        0 if hours => Err("is no time at all"),
        0..=1_000 => Ok((amount, clock)),
        _ => Err("is more than 1000"),
    }
}

const TENS: &str = "十百";

const UNITS: &[(&[&str], Clock)] = &[
    (&["紧急工作时", "紧急工作小时", "紧急小时", "紧急时", "急时", "自然时", "自然小时"], Clock::UrgentHour),
    (&["工作时", "工作小时", "小时", "时"], Clock::WorkingHour),
    (&["工作日", "工作天", "日", "天"], Clock::WorkingDay),
    (&["自然日", "自然天", "日历日", "日历天", "紧急工作日", "紧急日", "急日"], Clock::CalendarDay),
];

const EXPECTED: &str = "is no time limit: write it like 2紧急工作时, 4工作时, 5工作日, 2紧急工作日 or 1自然日";

#[cfg(test)]
mod tests {
    use Clock::{CalendarDay, UrgentHour, WorkingDay, WorkingHour};

    use super::*;

    #[test]
    fn time_words_are_read() {
        let rows = [
            ("2紧急工作时", 2, UrgentHour),
            ("4小时", 4, WorkingHour),
            ("4工作时", 4, WorkingHour),
            ("1天", 1, WorkingDay),
            ("5工作日", 5, WorkingDay),
            ("2紧急工作日", 2, CalendarDay),
            ("1自然日", 1, CalendarDay),
            ("3个工作日", 3, WorkingDay),
            ("半天", 4, WorkingHour),
            ("半个工作日", 4, WorkingHour),
            ("半个自然日", 12, UrgentHour),
            ("1.5天", 12, WorkingHour),
            ("一天半", 12, WorkingHour),
            ("两天半", 20, WorkingHour),
            ("2.0工作日", 2, WorkingDay),
            ("４ 工作\n时", 4, WorkingHour),
            ("１５工作日", 15, WorkingDay),
            ("三个工作日内", 3, WorkingDay),
            ("7日以内", 7, WorkingDay),
            ("十天", 10, WorkingDay),
            ("十五工作日", 15, WorkingDay),
            ("二十日", 20, WorkingDay),
            ("两个紧急工作时", 2, UrgentHour),
            ("一百二十日", 120, WorkingDay),
            ("一百零五天", 105, WorkingDay),
            ("二十四小时", 24, WorkingHour),
            ("当日", 0, CalendarDay),
            ("0天", 0, WorkingDay),
        ];
        for (text, amount, clock) in rows {
            assert_eq!(read(text), Ok((amount, clock)), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_limit_is_told_why() {
        let rows = [
            ("5", "does not say hours or days"),
            ("工作日", "has no number that can be read"),
            ("几天", EXPECTED),
            ("3周", EXPECTED),
            ("一个月", EXPECTED),
            ("", EXPECTED),
            ("尽快", EXPECTED),
            ("3-5天", EXPECTED),
            ("三五天", "has no number that can be read"),
            ("十十天", "has no number that can be read"),
            ("1.25天", "has no number that can be read"),
            ("半小时", "is not in whole hours"),
            ("0小时", "is no time at all"),
            ("1001天", "is more than 1000"),
            ("99999999999天", "has no number that can be read"),
        ];
        for (text, why) in rows {
            assert_eq!(read(text), Err(why), "{text}");
        }
    }
}
