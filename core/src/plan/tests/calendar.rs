//! Deadlines, worked out by hand.

use super::*;
use crate::model::catalogue::Clock::{self, CalendarDay, UrgentHour, WorkingDay, WorkingHour};
use crate::model::{TimeLimit, calendar_seeds};

/// A city in China with the office's calendar of 2024 to 2026: open 08:30 to 12:00 and 14:00 to 17:30.
pub(super) fn office() -> World {
    let mut world = World::new();
    let key = crate::op::DeviceKey::from_seed(&zeroize::Zeroizing::new([9; 32])).public();
    let city = json!({ "name": "示范市", "zone": "Asia/Shanghai", "key": key.to_string() });
    world.own("ledger.open", Some(EntityId(LEDGER.0)), city);
    for calendar in calendar_seeds() {
        let id = EntityId::of_calendar(LEDGER, calendar["year"].as_u64().unwrap());
        world.own("calendar.add", Some(id), calendar);
    }
    world
}

/// An instant, as the clocks of the city show it.
pub(super) fn at(local: &str) -> Time {
    let instant = jiff::fmt::temporal::DateTimeParser::new().parse_timestamp(format!("{local}:00+08:00")).unwrap();
    Time::from_millis(instant.as_millisecond())
}

fn until(world: &World, from: &str, amount: u32, clock: Clock, pauses: &[(&str, &str)]) -> Result<Time, NoCalendar> {
    let pauses: Vec<Span> = pauses.iter().map(|(begin, end)| (at(begin), at(end))).collect();
    Office::of(world, LEDGER).deadline(at(from), TimeLimit { amount, clock }, &pauses)
}

#[test]
fn deadlines_follow_the_four_clocks() {
    type Case = (&'static str, &'static str, u32, Clock, &'static [(&'static str, &'static str)], &'static str);
    let cases: &[Case] = &[
        ("urgent hours run through the night", "2026-11-26T16:00", 10, UrgentHour, &[], "2026-11-27T02:00"),
        ("and through weekends", "2026-11-27T23:00", 48, UrgentHour, &[], "2026-11-29T23:00"),
        ("working hours stop at noon", "2026-11-26T11:00", 2, WorkingHour, &[], "2026-11-26T15:00"),
        ("what ends with the office ends that day", "2026-11-26T14:00", 2, WorkingHour, &[], "2026-11-26T16:00"),
        ("exactly at closing time", "2026-11-26T15:30", 2, WorkingHour, &[], "2026-11-26T17:30"),
        ("over the night", "2026-11-26T17:00", 2, WorkingHour, &[], "2026-11-27T10:00"),
        ("over the weekend", "2026-11-27T17:00", 1, WorkingHour, &[], "2026-11-30T09:00"),
        ("begun before the office opens", "2026-11-26T06:00", 1, WorkingHour, &[], "2026-11-26T09:30"),
        ("a Saturday that is worked", "2026-10-09T17:00", 1, WorkingHour, &[], "2026-10-10T09:00"),
        ("the day it begins does not count", "2026-11-26T09:00", 1, WorkingDay, &[], "2026-11-27T17:30"),
        ("a weekend lies between", "2026-11-26T09:00", 2, WorkingDay, &[], "2026-11-30T17:30"),
        ("begun on a Saturday", "2026-11-28T09:00", 1, WorkingDay, &[], "2026-11-30T17:30"),
        ("the national holidays", "2026-09-30T10:00", 1, WorkingDay, &[], "2026-10-08T17:30"),
        ("and the Saturday made up for them", "2026-10-08T10:00", 2, WorkingDay, &[], "2026-10-10T17:30"),
        ("spring festival", "2026-02-13T10:00", 2, WorkingDay, &[], "2026-02-24T17:30"),
        ("no day is the same day", "2026-11-26T09:00", 0, WorkingDay, &[], "2026-11-26T17:30"),
        ("after closing time the next", "2026-11-27T18:00", 0, WorkingDay, &[], "2026-11-30T17:30"),
        ("two clock hours of a suspended urgent case", "2026-11-26T10:00", 5, UrgentHour, PAUSE, "2026-11-26T17:00"),
        ("suspended while the office was closed anyway", "2026-11-26T10:00", 3, WorkingHour, PAUSE, "2026-11-26T15:00"),
        ("a day that is touched does not count", "2026-11-25T10:00", 1, WorkingDay, PAUSE, "2026-11-27T17:30"),
        ("nor of calendar days", "2026-11-25T10:00", 1, CalendarDay, PAUSE, "2026-11-27T23:59"),
        ("calendar days know no weekend", "2026-11-27T10:00", 2, CalendarDay, &[], "2026-11-29T23:59"),
        ("the same calendar day", "2026-11-28T23:00", 0, CalendarDay, &[], "2026-11-28T23:59"),
        ("into a year that nobody needs a calendar for", "2026-12-30T10:00", 5, CalendarDay, &[], "2027-01-04T23:59"),
    ];
    const PAUSE: &[(&str, &str)] = &[("2026-11-26T12:00", "2026-11-26T14:00")];
    let world = office();
    for (why, from, amount, clock, pauses, expected) in cases {
        let found = until(&world, from, *amount, *clock, pauses).unwrap();
        // The last millisecond of a day is written as its last minute here.
        let found = if expected.ends_with(":59") { found.plus_millis(-59_999) } else { found };
        assert_eq!(found, at(expected), "{why}");
    }
}

#[test]
fn working_time_in_a_year_without_a_calendar_is_not_guessed() {
    let world = office();
    assert_eq!(until(&world, "2026-12-31T16:00", 8, WorkingHour, &[]), Err(NoCalendar(2027)));
    assert_eq!(until(&world, "2026-12-31T10:00", 1, WorkingDay, &[]), Err(NoCalendar(2027)));
    assert_eq!(until(&world, "2023-12-31T10:00", 1, WorkingDay, &[]), Err(NoCalendar(2023)));
    assert!(until(&world, "2026-12-31T10:00", 10, UrgentHour, &[]).is_ok());
}

#[test]
fn a_calendar_is_amended_day_by_day_and_its_days_are_of_its_year() {
    let mut world = office();
    let year = EntityId::of_calendar(LEDGER, 2026);
    world.own("calendar.amend", Some(year), json!({ "days": { "2026-11-27": "off" } }));
    assert_eq!(until(&world, "2026-11-26T09:00", 1, WorkingDay, &[]), Ok(at("2026-11-30T17:30")));
    world.own("calendar.amend", Some(year), json!({ "days": { "2026-11-27": null } }));
    assert_eq!(until(&world, "2026-11-26T09:00", 1, WorkingDay, &[]), Ok(at("2026-11-27T17:30")));
    for (body, field) in [
        (json!({ "days": { "2027-01-01": "off" } }), "days/2027-01-01"),
        (json!({ "days": { "2026-02-30": "off" } }), "days/2026-02-30"),
        (json!({ "days": { "2026-11-27": "maybe" } }), "days/2026-11-27"),
        (json!({ "year": 2027 }), "year"),
        (json!({ "hours": [["12:00", "08:30"]] }), "hours"),
        (json!({ "hours": [["08:30", "12:00"], ["11:00", "17:30"]] }), "hours"),
        (json!({ "hours": [] }), "hours"),
    ] {
        let id = world.id();
        let op = Op::parse(&world.draft(id, "calendar.amend", year, body.clone()).to_text()).unwrap();
        match world.say(&op) {
            Judgement::Refuse { code: Code::BadField, detail } => {
                assert!(detail.starts_with(&format!("{field}: ")), "{body}: {detail}");
            }
            other => panic!("{body}: {other:?}"),
        }
    }
}
