//! What a notice on paper says besides the entities on it: who replied, signed and checked, when, and what went before.

use std::collections::BTreeSet;

use xuncha_core::model::{Entity, EntityId, Notice, PENDING};
use xuncha_core::plan::Facts;

use crate::documents::City;
use crate::store::{Result, Snapshot, StoreError};

/// Fields of a finding of which a paper says who wrote them and when.
const SAID: &[&str] = &["reply", "closed", "rework"];

/// Teaches `city` what the paper of `notice` and its findings needs. Names of people are those of the stamps: where they are
/// hidden, nothing is learnt.
///
/// # Errors
/// The store's.
pub(crate) fn learn_paper(
    snapshot: &dyn Snapshot,
    notice: &Entity,
    findings: &[Entity],
    city: &mut City,
) -> Result<()> {
    let (mut people, mut entries) = (BTreeSet::<EntityId>::new(), BTreeSet::new());
    for finding in findings {
        for stamp in SAID.iter().filter(|field| finding.field(field).is_some()).map(|field| finding.stamps.of(field)) {
            people.extend(stamp.by);
            entries.insert(stamp.index);
        }
    }
    let read = Notice::from_entity(notice);
    people.extend(read.votes.iter().filter_map(|vote| vote.by));
    for person in people {
        if let Some(user) = entity(snapshot, person)? {
            city.add_person(&user);
        }
    }
    for index in entries.into_iter().filter(|index| *index != PENDING) {
        let entry = snapshot.entries(index, 1)?.pop().filter(|entry| entry.index == index);
        let entry = entry.ok_or_else(|| StoreError::Damaged(format!("entry {index} is missing")))?;
        let facts: Facts = serde_json::from_str(&entry.facts)
            .map_err(|error| StoreError::Damaged(format!("the facts of entry {index}: {error}")))?;
        city.add_moment(index, facts.received);
    }
    for other in read.before.into_iter().chain(notice.reference("next")) {
        if let Some(other) = entity(snapshot, other)? {
            city.add_notice(&other);
        }
    }
    learn_signer(snapshot, notice, &read, city)
}

/// Who signed for the notice is one of the unit, whose own copy names them too; anybody else's name is the city's alone.
fn learn_signer(snapshot: &dyn Snapshot, notice: &Entity, read: &Notice, city: &mut City) -> Result<()> {
    let Some(whole) = entity(snapshot, notice.id)?.filter(|_| read.signed.is_some()) else { return Ok(()) };
    let by = whole.stamps.of("signed").by;
    if let Some(user) = by.map(|by| entity(snapshot, by)).transpose()?.flatten() {
        let of_unit = read.unit.is_some() && user.reference("unit") == read.unit;
        if of_unit || notice.stamps.of("signed").by == by {
            city.add_signer(notice.id, &user);
        }
    }
    Ok(())
}

fn entity(snapshot: &dyn Snapshot, id: EntityId) -> Result<Option<Entity>> {
    let row = snapshot.entity(id)?;
    let read = |error: serde_json::Error| StoreError::Damaged(format!("entity {id}: {error}"));
    row.map(|row| serde_json::from_str(&row.row).map_err(read)).transpose()
}
