//! Makes the tasks that schedules ask for, day by day, in the city's zone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use xuncha_core::host::Host;
use xuncha_core::model::{Entity, EntityId, KnownPlace, Schedule, Task, Time};
use xuncha_core::plan::{DueTask, falls_on, tasks_on};
use xuncha_core::protocol::{Final, Verdict};

use crate::ledger::{BATCH_OPS, OwnOp, Sequencer};
use crate::store::{Result, Snapshot, Store, StoreError};

/// Remembers which days of which schedules are done, so that looking again costs little. Made anew
/// at each start: what was made before is found in the ledger.
#[derive(Debug, Default)]
pub struct Clerk {
    known: bool,
    done: BTreeSet<(EntityId, String)>,
}

impl Clerk {
    /// Makes every task that is due by now and was not made; gives how many. A day that passed while
    /// no server ran is caught up as long as there is time left to do it.
    ///
    /// # Errors
    /// The store's; what was made before it stands, and the next call goes on.
    pub fn make_due(&mut self, store: &dyn Store, sequencer: &Sequencer, host: &Host) -> Result<usize> {
        let now = host.clock.wall();
        let due = store.look(|snapshot| self.due(snapshot, now))?;
        let head = store.look(|snapshot| snapshot.head())?;
        let ledger = head.ok_or_else(|| StoreError::Missing("this store".into()))?.ledger;
        let mut made = 0;
        for (schedule, day, tasks) in due {
            let items: Vec<_> = tasks
                .into_iter()
                .map(|DueTask { id, body }| {
                    let (entity, kind) = (EntityId::from(id), "task.add");
                    OwnOp { id, origin: "schedule", kind, entity, body, base: None }.write(ledger, host)
                })
                .collect();
            for verdict in sequencer.append(store, &items)? {
                match verdict {
                    Verdict::Accepted { .. } => made += 1,
                    Verdict::Duplicate { original: Final::Accepted { .. } } => {}
                    other => tracing::error!(?other, %schedule, %day, "a task of a schedule was not taken"),
                }
            }
            self.done.insert((schedule, day.to_string()));
        }
        Ok(made)
    }

    /// Days that are due and not done, with their tasks.
    fn due(&mut self, snapshot: &dyn Snapshot, now: Time) -> Result<Vec<(EntityId, Date, Vec<DueTask>)>> {
        let zone = zone_of(snapshot)?;
        let today = day_in(&zone, now)?;
        let schedules: Vec<_> = all(snapshot, "schedule", Schedule::from_entity)?;
        let mut open = Vec::new();
        for schedule in schedules.into_iter().filter(|schedule| schedule.status == "active") {
            let back = i64::try_from(schedule.days).unwrap_or(365).min(365);
            for ago in (0..=back).rev() {
                let day = today.checked_sub(ago.days()).map_err(|error| StoreError::Failed(error.to_string()))?;
                if falls_on(&schedule, day) {
                    open.push((schedule.clone(), day));
                }
            }
        }
        if open.is_empty() {
            return Ok(Vec::new());
        }
        self.remember(snapshot)?;
        open.retain(|(schedule, day)| !self.done.contains(&(schedule.id, day.to_string())));
        if open.is_empty() {
            return Ok(Vec::new());
        }
        let places: Vec<KnownPlace> = all(snapshot, "place", KnownPlace::from_entity)?;
        let bounds = |schedule: &Schedule, day: Date| -> Result<(Time, Time)> {
            let last = day.checked_add(i64::try_from(schedule.days).unwrap_or(0).days());
            let last = last.map_err(|error| StoreError::Failed(error.to_string()))?;
            Ok((start_of(&zone, day)?, end_of(&zone, last)?))
        };
        let tasks = |(schedule, day): (Schedule, Date)| {
            let (opens, due) = bounds(&schedule, day)?;
            Ok((schedule.id, day, tasks_on(&schedule, day, &places, opens, due)))
        };
        open.into_iter().map(tasks).collect()
    }

    /// Finds what an earlier process made.
    fn remember(&mut self, snapshot: &dyn Snapshot) -> Result<()> {
        if self.known {
            return Ok(());
        }
        let made = all(snapshot, "task", |task| {
            let task = Task::from_entity(task);
            task.schedule.zip(task.on)
        })?;
        let mut counted: BTreeMap<(EntityId, String), usize> = BTreeMap::new();
        for day in made.into_iter().flatten() {
            *counted.entry(day).or_default() += 1;
        }
        // Whole batches and nothing after them may be a day that was cut short: asked for again, what
        // was made is made once.
        self.done.extend(counted.into_iter().filter(|(_, made)| made % BATCH_OPS != 0).map(|(day, _)| day));
        self.known = true;
        Ok(())
    }
}

/// The city's zone.
fn zone_of(snapshot: &dyn Snapshot) -> Result<TimeZone> {
    let head = snapshot.head()?.ok_or_else(|| StoreError::Missing("this store".into()))?;
    let row = snapshot.entity(EntityId(head.ledger.0))?;
    let ledger = row.map(|row| entity(&row.row)).transpose()?;
    let name = ledger.as_ref().and_then(|ledger| ledger.text("zone")).unwrap_or("UTC");
    TimeZone::get(name).map_err(|error| StoreError::Damaged(format!("the zone {name}: {error}")))
}

/// The day that it is in the city at `now`.
///
/// # Errors
/// The store's; [`StoreError::Damaged`] when the city's zone is not known.
pub fn day_in_city(snapshot: &dyn Snapshot, now: Time) -> Result<Date> {
    day_in(&zone_of(snapshot)?, now)
}

fn day_in(zone: &TimeZone, now: Time) -> Result<Date> {
    let instant = jiff::Timestamp::from_millisecond(now.millis());
    Ok(instant.map_err(|error| StoreError::Failed(error.to_string()))?.to_zoned_datetime(zone.clone()).date())
}

fn start_of(zone: &TimeZone, day: Date) -> Result<Time> {
    let start = day.to_zoned_datetime(zone.clone()).map_err(|error| StoreError::Failed(error.to_string()))?;
    Ok(Time::from_millis(start.timestamp().as_millisecond()))
}

/// The last millisecond of a day.
fn end_of(zone: &TimeZone, day: Date) -> Result<Time> {
    let next = day.tomorrow().map_err(|error| StoreError::Failed(error.to_string()))?;
    Ok(start_of(zone, next)?.plus_millis(-1))
}

fn entity(text: &str) -> Result<Entity> {
    serde_json::from_str(text).map_err(|error| StoreError::Damaged(error.to_string()))
}

/// Everything of a kind, read as what it is.
fn all<T>(snapshot: &dyn Snapshot, kind: &str, read: impl Fn(&Entity) -> T) -> Result<Vec<T>> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = snapshot.entities(kind, after, 1_000)?;
        let Some(last) = page.last() else { return Ok(found) };
        after = Some(last.id);
        for row in &page {
            found.push(read(&entity(&row.row)?));
        }
    }
}
