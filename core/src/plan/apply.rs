//! Carries out what was judged. Judges nothing itself, so that a rebuild repeats history exactly.

use std::collections::BTreeMap;

use serde_json::Value;

use super::also;
use super::evidence::{self, EVIDENCE};
use super::kind::{Act, KindLaw, law_of};
use super::merge::{Outcome, ops_seen};
use super::{Facts, View};
use crate::model::{Entity, Rival, Stamp, Stamps};
use crate::op::Op;

/// Every entity that `op`, accepted at `index` with these facts, changes: as each is after it, in
/// an order in which they may be kept.
///
/// None when the kind is unknown to this version or an entity that it changes is not there: a
/// ledger cannot hold such an entry, and `verify` reports it when a forged one does.
pub fn changed(view: &dyn View, op: &Op, index: u64, facts: &Facts) -> Option<Vec<Entity>> {
    let act = law_of(&op.kind)?.act;
    let also = facts.also.iter().map(|id| match act {
        Act::Keep => Some(evidence::keep(&*view.entity(*id)?, op, index)),
        _ => also::after(view.entity(*id).as_deref(), *id, op, index, &facts.adds),
    });
    let mut after = also.collect::<Option<Vec<_>>>()?;
    if act != Act::Keep {
        let before = view.entity(op.entity);
        after.push(apply(before.as_deref(), op, index, &facts.fields, &facts.adds)?);
    }
    Some(after)
}

/// The entity after `op`, which was accepted at `index` with these outcomes and additions.
///
/// None when the op has no root (see [`changed`]), when the kind is unknown to this version, or
/// when the entity that it changes is not there.
pub fn apply(
    entity: Option<&Entity>,
    op: &Op,
    index: u64,
    outcomes: &BTreeMap<String, Outcome>,
    adds: &BTreeMap<String, Value>,
) -> Option<Entity> {
    let law = law_of(&op.kind)?;
    let stamp = stamp_of(op, index);
    let outcome = |field: &str| outcomes.get(field).copied().unwrap_or(Outcome::Set);
    let mut next = match (entity, law.act) {
        (None, Act::Make) => born(law, op, &stamp),
        (Some(entity), _) => entity.clone(),
        (None, _) => return None,
    };
    match law.act {
        Act::Make if entity.is_none() => {}
        Act::Make | Act::Change | Act::Announce => {
            for (field, value) in fields_of(law, op) {
                write(&mut next, &field, value, &stamp, outcome(&field));
            }
        }
        Act::Step { to, .. } => {
            let status = outcome("status");
            let state = if to.is_empty() { next.text("status").unwrap_or_default().to_owned() } else { to.to_owned() };
            write(&mut next, "status", Value::from(state), &stamp, status);
            for (field, value) in fields_of(law, op) {
                write(&mut next, &field, value, &stamp, status);
            }
        }
        Act::Resolve => settle(&mut next, op, &stamp, &outcome),
        Act::Keep => return None,
    }
    for (field, value) in adds.iter().filter(|(field, _)| !also::is_of_another(field)) {
        if field.starts_with(EVIDENCE) {
            evidence::put(&mut next, field, value.clone());
        } else {
            write(&mut next, field, value.clone(), &stamp, Outcome::Set);
        }
    }
    next.index = index;
    Some(next)
}

/// What fields that `op` writes at `index` are stamped with.
pub(super) fn stamp_of(op: &Op, index: u64) -> Stamp {
    let (line, n) = op.chain.as_ref().map_or((None, 0), |chain| (Some(chain.line), chain.n));
    Stamp { op: op.id, index, line, n, by: op.user }
}

fn born(law: &KindLaw, op: &Op, stamp: &Stamp) -> Entity {
    let mut fields = fields_of(law, op);
    fields.retain(|_, value| !value.is_null());
    fields.insert("status".into(), Value::from(law.first_status()));
    Entity {
        id: op.entity,
        kind: law.of.to_owned(),
        index: stamp.index,
        by: op.user,
        at: op.at.wall,
        fields,
        stamps: Stamps { first: stamp.clone(), later: BTreeMap::new() },
        rivals: BTreeMap::new(),
    }
}

pub(super) fn write(entity: &mut Entity, field: &str, value: Value, stamp: &Stamp, outcome: Outcome) {
    match outcome {
        Outcome::Set => {
            withdraw(entity, field, stamp);
            if value.is_null() {
                entity.fields.remove(field);
            } else {
                entity.fields.insert(field.to_owned(), value);
            }
            if entity.stamps.first == *stamp {
                entity.stamps.later.remove(field);
            } else {
                entity.stamps.later.insert(field.to_owned(), stamp.clone());
            }
        }
        Outcome::Rival => {
            let rivals = entity.rivals.entry(field.to_owned()).or_default();
            rivals.retain(|rival| rival.stamp.line != stamp.line || stamp.line.is_none());
            rivals.push(Rival { stamp: stamp.clone(), value });
        }
        Outcome::Same | Outcome::Overtaken => {}
    }
}

/// What a notebook says now takes the place of what it said before, also where that was disputed.
fn withdraw(entity: &mut Entity, field: &str, stamp: &Stamp) {
    let Some(rivals) = entity.rivals.get_mut(field) else { return };
    rivals.retain(|rival| rival.stamp.line != stamp.line || stamp.line.is_none());
    if rivals.is_empty() {
        entity.rivals.remove(field);
    }
}

/// Writes the chosen value and drops the challengers that its author had before them.
fn settle(entity: &mut Entity, op: &Op, stamp: &Stamp, outcome: &dyn Fn(&str) -> Outcome) {
    let Some(field) = op.body.get("field").and_then(Value::as_str) else { return };
    let value = op.body.get("value").cloned().unwrap_or(Value::Null);
    write(entity, field, value, stamp, outcome(field));
    let seen = ops_seen(op);
    if let Some(rivals) = entity.rivals.get_mut(field) {
        rivals.retain(|rival| !seen.contains(&rival.stamp.op));
        if rivals.is_empty() {
            entity.rivals.remove(field);
        }
    }
}

/// The op's body as fields: each set as one field per member, null where a value is taken away.
pub fn fields_of(law: &KindLaw, op: &Op) -> BTreeMap<String, Value> {
    let mut fields = BTreeMap::new();
    if law.act == Act::Resolve {
        return fields;
    }
    // A step moves a state; what it does not know stays in its text and is written nowhere.
    let step = matches!(law.act, Act::Step { .. });
    let kept = |name: &String| law.field(name).map_or(!step, |field| field.kept);
    for (name, value) in op.body.iter().filter(|(name, _)| kept(name)) {
        match value {
            Value::Object(members) if law.field(name).is_some_and(|field| field.is_set()) => {
                fields.extend(members.iter().map(|(member, value)| (format!("{name}/{member}"), value.clone())));
            }
            _ => {
                fields.insert(name.clone(), value.clone());
            }
        }
    }
    fields
}
