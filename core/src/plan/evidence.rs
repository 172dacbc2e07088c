//! Which of a finding's files have arrived: follows from `blobs.kept` entries and from nothing else.
//!
//! Kept as one field per photo, `evidence/<photo>`, an object from role to the ledger index of the
//! entry that kept the file. No person writes it and nothing merges into it, so it has no stamp.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::kind::{Act, KindLaw};
use super::{Accepted, Outcome, View, fields_of};
use crate::model::{Entity, EntityId, Hash};
use crate::op::Op;

pub(super) const EVIDENCE: &str = "evidence/";

/// The files that a `blobs.kept` names, with their lengths and media types; empty for any other op.
pub fn files_kept(op: &Op) -> BTreeMap<Hash, (u64, String)> {
    let named = op.body.get("blobs").filter(|_| op.kind == "blobs.kept").and_then(Value::as_object);
    let file = |(hash, file): (&String, &Value)| {
        Some((hash.parse().ok()?, (file.get("len")?.as_u64()?, file.get("type")?.as_str()?.to_owned())))
    };
    named.into_iter().flatten().filter_map(file).collect()
}

/// Entities that refer to a file which this op is the first to call kept.
pub(super) fn touched(view: &dyn View, op: &Op) -> Vec<EntityId> {
    let fresh = files_kept(op).into_keys().filter(|hash| view.kept(hash).is_none());
    let touched: BTreeSet<EntityId> = fresh.flat_map(|hash| view.referring(&hash)).collect();
    touched.into_iter().collect()
}

/// An entity named in the facts of the `blobs.kept` at `index`, after it: the files that it refers
/// to and that had not arrived before have arrived by this entry.
pub(super) fn keep(entity: &Entity, op: &Op, index: u64) -> Entity {
    let kept = files_kept(op);
    let mut next = entity.clone();
    for file in entity.files().iter().filter(|file| kept.contains_key(&file.hash)) {
        let field = format!("{EVIDENCE}{}", file.photo);
        let mut roles = next.field(&field).and_then(Value::as_object).cloned().unwrap_or_default();
        roles.entry(file.role).or_insert(Value::from(index));
        put(&mut next, &field, Value::Object(roles));
    }
    next.index = index;
    next
}

pub(super) fn put(entity: &mut Entity, field: &str, value: Value) {
    if value.is_null() {
        entity.fields.remove(field);
    } else {
        entity.fields.insert(field.to_owned(), value);
    }
}

/// Evidence that follows when an op names files some of which are here already, or names others
/// than before.
pub(super) fn derive(view: &dyn View, law: &KindLaw, op: &Op, entity: Option<&Entity>, accepted: &mut Accepted) {
    if !matches!(law.of, "finding" | "notice") {
        return;
    }
    let set = fields_set(law, op, &accepted.fields);
    let photo_of = |field: &String| {
        let name = field.strip_prefix("photos/").or_else(|| field.strip_prefix("previews/"));
        name.map(str::to_owned)
    };
    for photo in set.keys().filter_map(photo_of).collect::<BTreeSet<_>>() {
        let field = format!("{EVIDENCE}{photo}");
        let old = entity.and_then(|entity| entity.field(&field)).cloned().unwrap_or(Value::Null);
        let new = roles(view, &set, entity, &photo);
        let new = if new.is_empty() { Value::Null } else { Value::Object(new) };
        if new != old {
            accepted.adds.insert(field, new);
        }
    }
}

/// Fields that the op really sets, and their values.
fn fields_set(law: &KindLaw, op: &Op, outcomes: &BTreeMap<String, Outcome>) -> BTreeMap<String, Value> {
    let mut fields = match (law.act, op.body.get("field").and_then(Value::as_str)) {
        (Act::Resolve, Some(field)) => [(field.to_owned(), op.body.get("value").cloned().unwrap_or_default())].into(),
        _ => fields_of(law, op),
    };
    fields.retain(|field, _| outcomes.get(field).is_none_or(|outcome| *outcome == Outcome::Set));
    fields
}

/// Role by role, the entry by which the file of the photo was kept.
fn roles(view: &dyn View, set: &BTreeMap<String, Value>, entity: Option<&Entity>, photo: &str) -> Map<String, Value> {
    let (photo_field, preview_field) = (format!("photos/{photo}"), format!("previews/{photo}"));
    let before = |field: &str| entity.and_then(|entity| entity.field(field));
    let after = |field: &str| set.get(field).or_else(|| before(field));
    let original = after(&photo_field).and_then(|value| value.get("original"));
    let preview = after(&preview_field).filter(|value| original.is_some() && value.get("original") == original);
    let mut roles = Map::new();
    for (role, field, value) in [
        ("original", &photo_field, after(&photo_field)),
        ("display", &preview_field, preview),
        ("thumbnail", &preview_field, preview),
    ] {
        let Some(hash) = value.and_then(|value| value.get(role)) else { continue };
        // A phone knows only what the row says; it stays true for a file that is still the same.
        let same = before(field).and_then(|value| value.get(role)) == Some(hash);
        let known = || entity.filter(|_| same).and_then(|entity| entity.kept(photo, role));
        let kept = hash.as_str().and_then(|hash| hash.parse().ok()).and_then(|hash| view.kept(&hash)).or_else(known);
        if let Some(index) = kept {
            roles.insert(role.to_owned(), Value::from(index));
        }
    }
    roles
}
