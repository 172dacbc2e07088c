//! Visits that come again.

use std::collections::BTreeSet;

use jiff::civil::date;

use super::*;
use crate::model::{Day, KnownPlace, Place, Recurs, Schedule};

fn schedule(every: Recurs) -> Schedule {
    Schedule {
        id: EntityId(Uuid::from_u128(7)),
        name: "路口秩序".into(),
        status: "active".into(),
        every: Some(every),
        from: "2026-01-01".into(),
        until: None,
        days: 0,
        to: Vec::new(),
        places: Vec::new(),
        place_type: Some("street".into()),
        area: None,
        draw: None,
        seed: None,
        unannounced: false,
    }
}

fn places(count: u128) -> Vec<KnownPlace> {
    let place = |n: u128| KnownPlace {
        id: EntityId(Uuid::from_u128(1_000 + n)),
        name: format!("路段 {n}"),
        code: None,
        place_type: if n % 10 == 9 { "river" } else { "street" }.into(),
        place: Some(Place::default()),
        length: None,
        unit: None,
        items: Vec::new(),
        areas: Vec::new(),
        status: "active".into(),
    };
    (0..count).map(place).collect()
}

#[test]
fn every_friday_and_the_fifteenth() {
    let friday = schedule(Recurs::Week(BTreeSet::from([Day::Fri])));
    assert!(falls_on(&friday, date(2026, 11, 27)) && !falls_on(&friday, date(2026, 11, 26)));
    let monthly = schedule(Recurs::Month(BTreeSet::from([15])));
    assert!(falls_on(&monthly, date(2026, 11, 15)) && !falls_on(&monthly, date(2026, 11, 30)));
    // A month that is shorter has it on its last day.
    let last = schedule(Recurs::Month(BTreeSet::from([31])));
    for (day, falls) in [
        (date(2026, 2, 28), true),
        (date(2028, 2, 28), false),
        (date(2028, 2, 29), true),
        (date(2026, 4, 30), true),
        (date(2026, 5, 30), false),
        (date(2026, 5, 31), true),
    ] {
        assert_eq!(falls_on(&last, day), falls, "{day}");
    }
    let bounded = Schedule { from: "2026-11-20".into(), until: Some("2026-11-27".into()), ..friday };
    let on: Vec<_> = (1..=30).filter(|day| falls_on(&bounded, date(2026, 11, *day))).collect();
    assert_eq!(on, [20, 27]);
    assert!(!falls_on(&Schedule { status: "retired".into(), ..bounded }, date(2026, 11, 20)));
}

#[test]
fn a_draw_follows_from_seed_and_day_and_is_another_each_day() {
    let known = places(200);
    let drawing =
        Schedule { draw: Some(5), seed: Some("s".into()), ..schedule(Recurs::Week(BTreeSet::from([Day::Fri]))) };
    let drawn = |schedule: &Schedule, day| -> Vec<EntityId> {
        places_on(schedule, day, &known).into_iter().map(|place| place.id).collect()
    };
    let first = drawn(&drawing, date(2026, 11, 20));
    assert_eq!((first.len(), &drawn(&drawing, date(2026, 11, 20))), (5, &first));
    assert_ne!(drawn(&drawing, date(2026, 11, 27)), first);
    assert_ne!(drawn(&Schedule { seed: Some("t".into()), ..drawing.clone() }, date(2026, 11, 20)), first);
    // Every place has its turn: over a year each is drawn about as often as any other.
    let mut times: BTreeMap<EntityId, u32> = BTreeMap::new();
    for week in 0..400 {
        let day = date(2026, 1, 2).checked_add(jiff::Span::new().weeks(week)).unwrap();
        drawn(&drawing, day).into_iter().for_each(|place| *times.entry(place).or_default() += 1);
    }
    assert_eq!(times.len(), 180, "all streets, and no river");
    assert!(times.values().all(|times| (1..=30).contains(times)), "{times:?}");
}

#[test]
fn the_same_day_makes_the_same_tasks() {
    let known = places(20);
    let all = schedule(Recurs::Month(BTreeSet::from([15])));
    let (opens, due) = (Time::from_millis(0), Time::from_millis(1));
    let tasks = tasks_on(&all, date(2026, 11, 15), &known, opens, due);
    assert_eq!((tasks.len(), &tasks_on(&all, date(2026, 11, 15), &known, opens, due)), (18, &tasks));
    let other = tasks_on(&all, date(2026, 12, 15), &known, opens, due);
    assert!(tasks.iter().all(|task| other.iter().all(|other| other.id != task.id)));
    assert_eq!(tasks[0].body["name"], "路口秩序 路段 0");
}

#[test]
fn a_task_of_two_long_names_is_a_task() {
    let mut schedule = schedule(Recurs::Month(BTreeSet::from([15])));
    let mut places = places(1);
    (schedule.name, places[0].name) = ("路".repeat(150), "段".repeat(150));
    let time = Time::from_millis(0);
    let tasks = tasks_on(&schedule, date(2026, 11, 15), &places, time, time);
    let name = tasks[0].body["name"].as_str().unwrap();
    assert_eq!((name.chars().count(), name.ends_with('段')), (200, true));
    // A space at the cut is no part of a name.
    schedule.name = "路".repeat(199);
    let tasks = tasks_on(&schedule, date(2026, 11, 15), &places, time, time);
    assert_eq!(tasks[0].body["name"], "路".repeat(199));
}

#[test]
fn a_schedule_that_could_never_send_anybody_is_a_slip() {
    let mut world = World::new();
    let body = |more: Value| {
        let mut body = json!({ "name": "查", "every": { "week": ["fri"] }, "from": "2026-12-01", "type": "street" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let refused = |world: &mut World, kind: &str, entity: Option<EntityId>, body: Value| {
        let id = world.id();
        let entity = entity.unwrap_or(EntityId::from(id));
        let op = Op::parse(&world.draft(id, kind, entity, body).to_text()).unwrap();
        match world.say(&op) {
            Judgement::Refuse { code: Code::BadField, detail } => detail,
            other => panic!("{other:?}"),
        }
    };
    let add = |world: &mut World, more| refused(world, "schedule.add", None, body(more));
    assert_eq!(add(&mut world, json!({ "until": "2026-11-01" })), "until: lies before from");
    assert_eq!(add(&mut world, json!({ "draw": 0 })), "draw: of nothing nothing comes, wanted 1 or more");
    let good = world.own("schedule.add", None, body(json!({ "until": "2026-12-01", "draw": 1 })));
    let moved = json!({ "from": "2026-12-02" });
    assert_eq!(refused(&mut world, "schedule.amend", Some(good), moved), "until: lies before from");
    world.own("schedule.amend", Some(good), json!({ "from": "2026-12-02", "until": null }));
}
