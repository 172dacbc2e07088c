//! Visits that come again: on which days, to which places, and which of them are drawn.
//!
//! Everything follows from the schedule and the day, so that two processes make the same tasks with
//! the same ids, and anybody who may read the schedule can draw again.

use jiff::civil::{Date, Weekday};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::table::TASK_NAME;
use super::{Ruling, refuse};
use crate::model::{Code, Day, Entity, EntityId, KnownPlace, OpId, Recurs, Schedule, Time};
use crate::op::Op;

/// A schedule that could never fall on a day, or would send nobody anywhere, is a slip.
pub(super) fn check(op: &Op, entity: Option<&Entity>) -> Ruling<()> {
    let before = |field: &str| entity.and_then(|entity| entity.field(field));
    let after = |field: &str| op.body.get(field).or_else(|| before(field));
    let day = |field: &str| after(field).and_then(Value::as_str);
    let bad = |what: &str| refuse(Code::BadField, what);
    // Days as they are written sort like the days.
    if day("from").zip(day("until")).is_some_and(|(from, until)| until < from) {
        return bad("until: lies before from");
    }
    if op.body.get("draw") == Some(&Value::from(0)) {
        return bad("draw: of nothing nothing comes, wanted 1 or more");
    }
    Ok(())
}

/// A task that a schedule asks for, before it is said.
#[derive(Debug, Clone, PartialEq)]
pub struct DueTask {
    /// Id of the op that makes it, and of the task: UUIDv5 of the schedule, the day and the place.
    pub id: OpId,
    /// Body of its `task.add`.
    pub body: Value,
}

/// True when `schedule` falls on `day`.
pub fn falls_on(schedule: &Schedule, day: Date) -> bool {
    let parsed = |text: &str| text.parse::<Date>().ok();
    let begun = parsed(&schedule.from).is_some_and(|from| from <= day);
    let over = schedule.until.as_deref().and_then(parsed).is_some_and(|until| until < day);
    let hits = match &schedule.every {
        Some(Recurs::Week(days)) => days.contains(&day_of(day.weekday())),
        Some(Recurs::Month(days)) => {
            let (today, last) = (day.day(), day.days_in_month());
            // The 31st of a month of 30 days is its 30th.
            let at_end = today == last && days.iter().any(|wanted| *wanted > last.unsigned_abs());
            at_end || days.contains(&today.unsigned_abs())
        }
        None => false,
    };
    schedule.status == "active" && begun && !over && hits
}

fn day_of(day: Weekday) -> Day {
    match day {
        Weekday::Monday => Day::Mon,
        Weekday::Tuesday => Day::Tue,
        Weekday::Wednesday => Day::Wed,
        Weekday::Thursday => Day::Thu,
        Weekday::Friday => Day::Fri,
        Weekday::Saturday => Day::Sat,
        Weekday::Sunday => Day::Sun,
    }
}

/// True when a schedule that names `places`, or all places of a kind, in one area where it says so, means `place`.
pub fn is_meant(place: &KnownPlace, places: &[EntityId], kind: Option<&str>, area: Option<EntityId>) -> bool {
    let of_kind = kind == Some(&place.place_type);
    let inside = area.is_none_or(|area| place.areas.contains(&area));
    place.status == "active" && (places.contains(&place.id) || (of_kind && inside))
}

/// The places that `schedule` sends people to on `day`, of `known`: those it names or those of its
/// kind and area, as many as it draws. Drawn in the order of SHA-256 over seed, day and place.
pub fn places_on<'a>(schedule: &Schedule, day: Date, known: &'a [KnownPlace]) -> Vec<&'a KnownPlace> {
    let (kind, area) = (schedule.place_type.as_deref(), schedule.area);
    let meant = |place: &&KnownPlace| is_meant(place, &schedule.places, kind, area);
    let mut places: Vec<_> = known.iter().filter(meant).collect();
    if let Some(draw) = schedule.draw {
        let seed = schedule.seed.as_deref().unwrap_or_default();
        places.sort_by_key(|place| (lot(seed, day, place.id), place.id));
        places.truncate(usize::try_from(draw).unwrap_or(usize::MAX));
    }
    places.sort_by_key(|place| place.id);
    places
}

fn lot(seed: &str, day: Date, place: EntityId) -> [u8; 32] {
    Sha256::digest(format!("xuncha-draw-1\n{seed}\n{day}\n{place}")).into()
}

/// What a task is called: after its schedule and its place. Both may be as long as the name of a task by themselves.
fn called(schedule: &str, place: &str) -> String {
    let whole = format!("{schedule} {place}");
    let cut = whole.char_indices().nth(TASK_NAME).map_or(whole.len(), |(at, _)| at);
    whole[..cut].trim_end().to_owned()
}

/// The tasks of `schedule` on `day`. `opens` and `due` are the bounds of the days given, in the
/// city's zone.
pub fn tasks_on(schedule: &Schedule, day: Date, known: &[KnownPlace], opens: Time, due: Time) -> Vec<DueTask> {
    let flags =
        |ids: &[EntityId]| -> Map<String, Value> { ids.iter().map(|id| (id.to_string(), Value::Bool(true))).collect() };
    let task = |place: &KnownPlace| {
        let mut body = json!({
            "name": called(&schedule.name, &place.name),
            "place": { "id": place.id },
            "type": place.place_type,
            "schedule": schedule.id,
            "on": day.to_string(),
            "opens": opens,
            "due": due,
        });
        if !schedule.to.is_empty() {
            body["to"] = flags(&schedule.to).into();
        }
        if schedule.unannounced {
            body["unannounced"] = Value::Bool(true);
        }
        let id = OpId(Uuid::new_v5(&schedule.id.0, format!("{day}:{}", place.id).as_bytes()));
        DueTask { id, body }
    };
    places_on(schedule, day, known).into_iter().map(task).collect()
}
