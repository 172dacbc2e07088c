//! 即查即改: what is put right in the visit in which it was found.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Ruling, refuse};
use crate::model::{Code, Entity};
use crate::op::Op;

/// How long after a finding was recorded it may still be fixed on the spot, in hours: a visit is of one day. What is
/// put right later is checked by somebody else.
pub const SPOT_HOURS: i64 = 24;

const HOUR: i64 = 60 * 60 * 1000;

/// Judges a `finding.fix`: it is one's own finding, recorded at most [`SPOT_HOURS`] ago, with a photo of how it was
/// and another one of how it is. The photos of the op itself count with those that are there already.
pub(super) fn check(finding: &Entity, op: &Op) -> Ruling<()> {
    // The phone knows this as well as the server, and says so before anything is written down.
    if op.user.is_some() && finding.by != op.user {
        return refuse(Code::NotAllowed, "the finding is another user's");
    }
    let photos = photos_with(finding, op)?;
    let (after, before): (Vec<_>, Vec<_>) = photos.into_iter().partition(|(_, photo)| shows_after(photo));
    if before.is_empty() {
        return bad("photos", "none shows how it was before");
    }
    if after.is_empty() {
        return bad("photos", "none shows how it is after");
    }
    let originals: BTreeSet<&str> = before.iter().filter_map(|(_, photo)| original(photo)).collect();
    let same = after.iter().find(|(_, photo)| original(photo).is_some_and(|original| originals.contains(original)));
    if let Some((id, _)) = same {
        return bad(&format!("photos/{id}"), "is the same picture as one from before");
    }
    in_time(finding, op)
}

/// By the author's own clock. What a finding keeps of its moment is what that clock showed, so it is held against
/// what the same clock shows now; a correction known for one of the two alone would make the comparison worse.
fn in_time(finding: &Entity, op: &Op) -> Ruling<()> {
    let apart = (op.at.wall.millis() - finding.at.millis()).abs();
    if apart <= SPOT_HOURS * HOUR {
        return Ok(());
    }
    bad("at", &format!("lies {} hours from the record, and on the spot is within {SPOT_HOURS}", apart / HOUR))
}

/// The finding's photos with those that the op adds. It replaces and takes away none: a step merges nothing, and
/// another's photo would vanish without a word.
pub(super) fn photos_with<'a>(finding: &'a Entity, op: &'a Op) -> Ruling<BTreeMap<&'a str, &'a Value>> {
    let mut photos: BTreeMap<&str, &Value> = finding.members("photos").collect();
    for (id, photo) in op.body.get("photos").and_then(Value::as_object).into_iter().flatten() {
        if photo.is_null() || photos.insert(id, photo).is_some() {
            return bad(&format!("photos/{id}"), "can only be added here");
        }
    }
    Ok(photos)
}

pub(super) fn shows_after(photo: &Value) -> bool {
    photo.get("shows").and_then(Value::as_str) == Some("after")
}

fn original(photo: &Value) -> Option<&str> {
    photo.get("original").and_then(Value::as_str)
}

fn bad<T>(field: &str, what: &str) -> Ruling<T> {
    refuse(Code::BadField, format!("{field}: {what}"))
}
