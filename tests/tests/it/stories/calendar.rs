//! Visits that come again: on the right days, to the places drawn, told to those who go and nobody
//! else; made once, whoever makes them and however often.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Value, json};
use xuncha_core::model::{Entity, EntityId, KnownPlace, Schedule, Task, Time};
use xuncha_core::plan::{places_on, tasks_on};
use xuncha_server::casework::Clerk;
use xuncha_server::ledger::OwnOp;
use xuncha_tests::harness::{Office, Phone, TestServer, until};

/// A stopped server with this many streets, so that nobody but the test keeps the calendar. It is
/// Tuesday, 24 November 2026.
async fn city(streets: usize) -> TestServer {
    let mut server = TestServer::start().await;
    for number in 0..streets {
        server.office.place(&format!("第{number}街"), "street", (1.0, 1.0 + number as f64 / 1e3));
    }
    server.stop().await;
    server
}

fn schedule(office: &Office, every: &Value, more: &Value) -> EntityId {
    let mut body = json!({ "name": "例行检查", "every": every, "from": "2026-11-01", "type": "street" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    office.add("schedule.add", body)
}

fn tasks(office: &Office) -> Vec<Task> {
    office.all("task").iter().map(Task::from_entity).collect()
}

fn days(office: &Office) -> BTreeSet<String> {
    tasks(office).into_iter().filter_map(|task| task.on).collect()
}

fn read<T>(office: &Office, kind: &str, read: impl Fn(&Entity) -> T) -> Vec<T> {
    office.all(kind).iter().map(read).collect()
}

#[tokio::test]
async fn every_friday_and_the_fifteenth() {
    let server = city(2).await;
    schedule(&server.office, &json!({ "week": ["fri"] }), &json!({}));
    schedule(&server.office, &json!({ "month": [15, 31] }), &json!({ "until": "2027-03-01" }));
    let mut clerk = Clerk::default();
    for _ in 0..100 {
        server.office.make_due(&mut clerk);
        assert_eq!(server.office.make_due(&mut clerk), 0);
        server.clock.pass_days(1);
    }
    // Where a month has no 31st, its last day.
    let of_month = ["2026-11-30", "2026-12-15", "2026-12-31", "2027-01-15", "2027-01-31", "2027-02-15", "2027-02-28"];
    let friday: Date = "2026-11-27".parse().unwrap();
    let fridays = (0..14).map(|week| friday.checked_add(week.weeks()).unwrap().to_string());
    let wanted: BTreeSet<String> = of_month.map(str::to_owned).into_iter().chain(fridays).collect();
    assert_eq!(days(&server.office), wanted);
    assert_eq!(tasks(&server.office).len(), 2 * (14 + 7));
    let first = tasks(&server.office).into_iter().min_by_key(|task| task.due).unwrap();
    // A day begins and ends where the city is, not in Greenwich.
    assert_eq!(first.opens, Some("2026-11-26T16:00:00Z".parse::<Time>().unwrap()));
    assert_eq!(first.due, Some("2026-11-27T15:59:59.999Z".parse::<Time>().unwrap()));
    server.check_all();
}

#[tokio::test]
async fn an_unannounced_visit_of_drawn_places_is_on_the_phone_of_who_goes_and_on_no_other() {
    let mut server = city(5).await;
    server.resume().await;
    let (a, b) = (Phone::of(&server, "王敏", "inspector").await, Phone::of(&server, "李强", "inspector").await);
    server.stop().await;
    let to = json!({ a.user().to_string(): true });
    let quiet = json!({ "draw": 2, "seed": "杭州", "to": to, "unannounced": true });
    let quiet = schedule(&server.office, &json!({ "week": ["fri"] }), &quiet);
    server.clock.pass_days(3);
    assert_eq!(server.office.make_due(&mut Clerk::default()), 2);

    server.resume().await;
    let (mut a, mut b) = (a, b);
    for phone in [&mut a, &mut b] {
        phone.go_to(&server.url());
        phone.sync().await;
        assert!(phone.notebook.entity(quiet).unwrap().is_none(), "who reads the schedule knows the draw");
    }
    let told = a.notebook.tasks(true).unwrap();
    let visited: Vec<_> = told.iter().filter_map(|task| task.place.as_ref()?.id).collect();
    assert!(told.iter().all(|task| task.unannounced && task.schedule == Some(quiet)));
    assert!(b.notebook.tasks(false).unwrap().is_empty());
    // Whoever has the schedule can draw again.
    let known = read(&server.office, "place", KnownPlace::from_entity);
    let drawn = Schedule::from_entity(&server.office.entity(quiet));
    let drawn: BTreeSet<_> = places_on(&drawn, "2026-11-27".parse().unwrap(), &known).iter().map(|p| p.id).collect();
    assert_eq!(visited.into_iter().collect::<BTreeSet<_>>(), drawn);
    for phone in [&a, &b] {
        phone.check();
    }
    server.check_all();
}

#[tokio::test]
async fn a_server_that_slept_over_the_day_makes_up_for_it_while_there_is_time() {
    let mut server = city(3).await;
    schedule(&server.office, &json!({ "week": ["fri"] }), &json!({ "days": 2 }));
    schedule(&server.office, &json!({ "week": ["thu"] }), &json!({ "days": 1 }));
    server.clock.pass_days(5);
    server.resume().await;
    let office = &server.office;
    until(|| tasks(office).len() >= 3).await;
    assert_eq!(days(office), ["2026-11-27".to_owned()].into(), "for Thursday it is too late");
    server.stop().await;
    assert_eq!(server.office.make_due(&mut Clerk::default()), 0);
    server.check_all();
}

#[tokio::test]
async fn two_who_keep_the_calendar_at_once_make_each_task_once() {
    let server = city(40).await;
    schedule(&server.office, &json!({ "week": ["fri"] }), &json!({}));
    server.clock.pass_days(3);
    let made: usize = std::thread::scope(|scope| {
        let work = || Office::open(server.data(), server.host()).make_due(&mut Clerk::default());
        let hands = [scope.spawn(work), scope.spawn(work)];
        hands.into_iter().map(|hand| hand.join().unwrap()).sum()
    });
    assert_eq!((made, tasks(&server.office).len()), (40, 40));
    server.check_all();
}

#[tokio::test]
async fn a_day_that_was_cut_short_is_gone_on_with() {
    let server = city(0).await;
    let office = &server.office;
    let place =
        |number: usize| json!({ "name": format!("第{number}街"), "type": "street", "place": { "words": "城北" } });
    for number in 0..300 {
        office.add("place.add", place(number));
    }
    let id = schedule(office, &json!({ "week": ["fri"] }), &json!({}));
    server.clock.pass_days(3);
    // One batch was kept; then the power went.
    let (opens, due) = ("2026-11-26T16:00:00Z".parse().unwrap(), "2026-11-27T15:59:59.999Z".parse().unwrap());
    let known = read(office, "place", KnownPlace::from_entity);
    let asked = tasks_on(&Schedule::from_entity(&office.entity(id)), "2026-11-27".parse().unwrap(), &known, opens, due);
    for task in asked.into_iter().take(256) {
        let (entity, kind) = (EntityId::from(task.id), "task.add");
        office.say(&OwnOp { id: task.id, origin: "schedule", kind, entity, body: task.body, base: None });
    }
    assert_eq!(office.make_due(&mut Clerk::default()), 44);
    assert_eq!(office.make_due(&mut Clerk::default()), 0);
    server.check_all();
}

#[tokio::test]
async fn a_schedule_that_has_ended_sends_nobody_anywhere() {
    let server = city(2).await;
    let id = schedule(&server.office, &json!({ "week": ["fri"] }), &json!({ "days": 3 }));
    let mut clerk = Clerk::default();
    server.clock.pass_days(3);
    assert_eq!(server.office.make_due(&mut clerk), 2);
    server.office.change("schedule.retire", id, json!({}));
    server.clock.pass_days(7);
    assert_eq!(server.office.make_due(&mut clerk), 0);
    assert_eq!(server.office.make_due(&mut Clerk::default()), 0);
    assert!(tasks(&server.office).iter().all(|task| task.status == "open"), "what was made stays");
    server.check_all();
}
