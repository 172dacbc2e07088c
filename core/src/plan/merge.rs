//! What becomes of each field when two people wrote it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::kind::{Act, KindLaw};
use super::{Accepted, Ruling, refuse};
use crate::model::{Code, Entity, OpId};
use crate::op::Op;

/// What became of one field of an accepted op. "Set" is not recorded: it is what happens otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The field now has this value.
    Set,
    /// It had this value already, or this very op had set it.
    Same,
    /// The same notebook has said something newer since; nothing happens.
    Overtaken,
    /// A hard conflict: the current value stays, this one is kept beside it.
    Rival,
}

/// Outcomes for an op that sets `fields` of an entity that exists.
///
/// Where others have decided on the strength of what it says, what is `settled`, nothing is overwritten: what else somebody says
/// waits beside it until it is decided which holds. What nobody had said is added.
pub(super) fn change(
    entity: &Entity,
    op: &Op,
    base: Option<u64>,
    fields: &BTreeMap<String, Value>,
    settled: bool,
) -> Accepted {
    let outcomes: BTreeMap<String, Outcome> = fields
        .iter()
        .map(|(name, value)| {
            let outcome = weigh(entity, op, base, name, value);
            let overwrites = settled && outcome == Outcome::Set;
            let outcome = match entity.field(name).filter(|_| overwrites) {
                Some(stands) if stands == value => Outcome::Same,
                Some(_) => Outcome::Rival,
                None => outcome,
            };
            (name.clone(), outcome)
        })
        .filter(|(_, outcome)| *outcome != Outcome::Set)
        .collect();
    let disputed = outcomes.values().any(|outcome| *outcome == Outcome::Rival);
    Accepted { task: disputed.then(|| entity.id.of_task(op.id)), fields: outcomes, ..Accepted::default() }
}

/// The merge rule, in the order of `merge-rules.md`.
fn weigh(entity: &Entity, op: &Op, base: Option<u64>, field: &str, value: &Value) -> Outcome {
    let stamp = entity.stamps.of(field);
    if stamp.op == op.id {
        return Outcome::Same;
    }
    let newer = newest_of_line(entity, op, field);
    if newer.is_some_and(|n| op.chain.as_ref().is_some_and(|chain| n >= chain.n)) {
        return Outcome::Overtaken;
    }
    let own = stamp.line.is_some() && stamp.line == op.chain.as_ref().map(|chain| chain.line);
    if own || base.is_some_and(|base| stamp.index <= base) {
        return Outcome::Set;
    }
    if entity.field(field).unwrap_or(&Value::Null) == value { Outcome::Same } else { Outcome::Rival }
}

/// The largest counter with which the op's own notebook has spoken about `field`, as its writer or
/// as a challenger.
fn newest_of_line(entity: &Entity, op: &Op, field: &str) -> Option<u64> {
    let line = op.chain.as_ref()?.line;
    let rivals = entity.rivals.get(field).into_iter().flatten().map(|rival| &rival.stamp);
    rivals.chain([entity.stamps.of(field)]).filter(|stamp| stamp.line == Some(line)).map(|stamp| stamp.n).max()
}

/// What was made from a photo is said once: the first word about an original stands, unless its own
/// notebook has a newer one. A preview of an original that the photo no longer has comes too late.
pub(super) fn announce(entity: &Entity, op: &Op, fields: &BTreeMap<String, Value>) -> Accepted {
    let weigh = |name: &str, value: &Value| {
        let stamp = entity.stamps.of(name);
        let photo = name.strip_prefix("previews/").unwrap_or_default();
        let original = entity.field(&format!("photos/{photo}")).and_then(|photo| photo.get("original"));
        let newer = |chain: &crate::op::Chain| stamp.line == Some(chain.line) && chain.n > stamp.n;
        if entity.field(name).is_some() && stamp.op == op.id {
            Outcome::Same
        } else if original.is_none() || value.get("original") != original {
            Outcome::Overtaken
        } else if entity.preview(photo).is_none() || op.chain.as_ref().is_some_and(newer) {
            Outcome::Set
        } else {
            Outcome::Overtaken
        }
    };
    let outcomes = fields.iter().map(|(name, value)| (name.clone(), weigh(name, value)));
    Accepted { fields: outcomes.filter(|(_, outcome)| *outcome != Outcome::Set).collect(), ..Accepted::default() }
}

/// True when somebody has decided about the finding, so that what it says is no longer its recorder's alone.
pub(super) fn is_decided(finding: &Entity) -> bool {
    !matches!(finding.text("status"), Some("reported" | "fixed_on_the_spot"))
}

/// A step counts only from the state its author saw; one that leaves a case where it is, only while nobody has written what it
/// writes since its author looked (`base`, where that is said).
pub(super) fn step(
    entity: &Entity,
    law: &KindLaw,
    op: &Op,
    base: Option<u64>,
    fields: &BTreeMap<String, Value>,
) -> Ruling<Accepted> {
    let state = entity.text("status").unwrap_or_default();
    if entity.stamps.of("status").op == op.id {
        return Ok(Accepted { fields: [("status".to_owned(), Outcome::Same)].into(), ..Accepted::default() });
    }
    // The operator and the clock look at the head while they speak and need not repeat it.
    let from = op.from.as_deref().or(op.chain.is_none().then_some(state));
    let Act::Step { to, from: allowed } = law.act else {
        return refuse(Code::Internal, "not a step");
    };
    if to.is_empty()
        && let Some(base) = base
        && let Some(field) =
            fields.keys().find(|field| entity.field(field).is_some() && entity.stamps.of(field).index > base)
    {
        return refuse(Code::StateChanged, format!("{field} was last written by op {}", entity.stamps.of(field).op));
    }
    // A decision that leaves a case where it is may follow another such decision.
    let leads = state != to && (allowed.is_empty() || allowed.contains(&state));
    match from {
        Some(from) if from == state && leads => Ok(Accepted::default()),
        Some(_) => refuse(Code::StateChanged, state),
        None => refuse(Code::BadField, "from: is missing"),
    }
}

/// A resolution counts when nobody has written the field since its author looked.
pub(super) fn resolve(entity: &Entity, op: &Op) -> Ruling<Accepted> {
    let field = op.body.get("field").and_then(Value::as_str).unwrap_or_default();
    let stamp = entity.stamps.of(field);
    if stamp.op == op.id {
        return Ok(Accepted { fields: [(field.to_owned(), Outcome::Same)].into(), ..Accepted::default() });
    }
    if !entity.rivals.contains_key(field) {
        return refuse(Code::NoConflict, field);
    }
    let seen = ops_seen(op);
    if !seen.contains(&stamp.op) {
        return refuse(Code::StateChanged, format!("{field} was last written by op {}", stamp.op));
    }
    Ok(Accepted::default())
}

/// Ops whose values the author of a resolution had before them.
pub(super) fn ops_seen(op: &Op) -> Vec<OpId> {
    op.body.get("seen").and_then(|seen| Vec::deserialize(seen).ok()).unwrap_or_default()
}
