//! The office's calendar and its four clocks, against a stranger's calendar and a script that counts in another way.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Stdio;
use std::sync::Arc;

use jiff::civil::Date;
use serde_json::{Value, json};
use xuncha_core::model::catalogue::{Catalogue, Clock};
use xuncha_core::model::{Entity, EntityId, Hash, Time, TimeLimit};
use xuncha_core::plan::{Office, Span, View};
use xuncha_tests::harness::{SeededRandom, TestServer, python};

const MINUTE: i64 = 60 * 1000;
const DAY: i64 = 24 * 60 * MINUTE;
const CASES: usize = 800;

/// What the law sees of the ledger: the city and the years that a new one begins with.
struct Years(BTreeMap<EntityId, Arc<Entity>>);

impl Years {
    fn of(server: &TestServer) -> Years {
        let known = ["ledger", "calendar"].into_iter().flat_map(|kind| server.office.all(kind));
        Years(known.map(|entity| (entity.id, Arc::new(entity))).collect())
    }
}

impl View for Years {
    fn entity(&self, id: EntityId) -> Option<Arc<Entity>> {
        self.0.get(&id).cloned()
    }

    fn areas_at(&self, _: f64, _: f64) -> Vec<EntityId> {
        Vec::new()
    }

    fn kept(&self, _: &Hash) -> Option<u64> {
        None
    }

    fn referring(&self, _: &Hash) -> Vec<EntityId> {
        Vec::new()
    }

    fn has_members(&self, _: EntityId) -> bool {
        false
    }

    fn catalogue(&self, _: &Hash) -> Option<Arc<Catalogue>> {
        None
    }
}

#[derive(Debug)]
struct Case {
    from: Time,
    limit: TimeLimit,
    pauses: Vec<Span>,
}

/// A case that begins at any minute of the three years, or at the very millisecond at which the office opens or closes.
fn case(random: &SeededRandom) -> Case {
    let first: Time = "2023-12-31T16:00:00Z".parse().unwrap();
    let number = |limit: usize| i64::try_from(random.below(limit)).unwrap();
    let day = first.plus_millis(number(1096) * DAY);
    let edges = [0, 510, 720, 840, 1050];
    let from = match random.once_in(5) {
        true => day.plus_millis(edges[random.below(edges.len())] * MINUTE + number(3) - 1).max(first),
        false => day.plus_millis(number(24 * 60) * MINUTE),
    };
    let clock = *random.pick(&[Clock::UrgentHour, Clock::WorkingHour, Clock::WorkingDay, Clock::CalendarDay]);
    let hours = matches!(clock, Clock::UrgentHour | Clock::WorkingHour);
    let amount = u32::try_from(if hours { 1 + random.below(120) } else { random.below(31) }).unwrap();
    let (mut pauses, mut at) = (Vec::new(), from);
    for _ in 0..random.below(3) {
        let stops = at.plus_millis(number(10 * 24 * 60) * MINUTE);
        at = stops.plus_millis((1 + number(6 * 24 * 60)) * MINUTE);
        pauses.push((stops, at));
    }
    Case { from, limit: TimeLimit { amount, clock }, pauses }
}

impl Case {
    fn told(&self) -> Value {
        let pauses: Vec<_> = self.pauses.iter().map(|(begin, end)| [begin.millis(), end.millis()]).collect();
        json!({ "from": self.from.millis(), "amount": self.limit.amount, "clock": self.limit.clock, "pauses": pauses })
    }
}

/// What the script finds; none when this machine has no Python with the calendar.
fn stranger(cases: &[Case]) -> Option<Value> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/recheck/office.py");
    let mut command = python("chinese_calendar")?;
    let mut child = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let cases: Vec<_> = cases.iter().map(Case::told).collect();
    let asked = json!({ "from": "2024-01-01", "to": "2026-12-31", "cases": cases });
    child.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[tokio::test]
async fn three_years_of_days_and_deadlines_are_those_of_a_strangers_calendar() {
    let server = TestServer::start().await;
    let (years, random) = (Years::of(&server), SeededRandom::new());
    let office = Office::of(&years, server.office.ledger);
    let cases: Vec<Case> = (0..CASES).map(|_| case(&random)).collect();
    let Some(found) = stranger(&cases) else { return };

    let days = found["days"].as_object().unwrap();
    assert_eq!(days.len(), 366 + 365 + 365);
    let differ: Vec<_> = days
        .iter()
        .filter(|(day, worked)| office.works_on(day.parse::<Date>().unwrap()).unwrap() != worked.as_bool().unwrap())
        .collect();
    assert!(differ.is_empty(), "{differ:?}");

    let mut beyond = 0;
    for (case, found) in cases.iter().zip(found["deadlines"].as_array().unwrap()) {
        let ours = office.deadline(case.from, case.limit, &case.pauses).ok().map(Time::millis);
        assert_eq!(ours, found.as_i64(), "seed {}: {case:?}", random.seed());
        beyond += usize::from(ours.is_none());
    }
    assert!(beyond < CASES / 10, "{beyond} ran past the last year; the others were compared");
}
