//! One line: a case as somebody sees it, what they may do about it, and what about it is disputed.

use serde::Serialize;
use serde_json::{Value, json};
use xuncha_core::model::{Deduction, DeviceId, Entity, EntityId, Finding, Notice, OpId, Stamp, Time};
use xuncha_core::op::Op;
use xuncha_core::plan::standing;

use crate::ledger::{Onlooker, shown_to};
use crate::store::{Result, Snapshot, StoreError};

/// One finding, notice or deduction, with the fields of its kind.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Line {
    /// `id`, `kind`, `index` (its version), and what the kind holds.
    #[schema(value_type = Object)]
    #[serde(flatten)]
    pub shown: Value,
    /// Steps about it that its state and the caller's rights allow, such as `finding.file`. The law may still refuse for
    /// what else must hold.
    #[schema(value_type = Vec<String>)]
    pub open: Vec<&'static str>,
    /// Fields that two people wrote without knowing of each other; each waits for somebody to decide.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disputes: Vec<Dispute>,
}

/// A field with more than one value.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Dispute {
    /// The field, such as `note` or `photos/<id>`.
    pub field: String,
    /// Its values; the first is the one that stands. Their ops are what a `finding.resolve` has `seen`.
    pub values: Vec<Claim>,
}

/// A value that somebody gave a field.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Claim {
    /// The value; null means "no value".
    #[schema(value_type = serde_json::Value)]
    pub value: Value,
    /// The op that said so.
    #[schema(value_type = String, format = Uuid)]
    pub op: OpId,
    /// Who said it, unless hidden.
    #[schema(value_type = Option<String>, format = Uuid)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<EntityId>,
    /// On which device, unless hidden or at a desk.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// When, as the author's clock claimed.
    #[schema(value_type = String, format = DateTime)]
    pub at: Time,
    /// Ledger index of the op.
    pub index: u64,
}

/// `entity` as `who` sees it at `now`; none when they do not.
pub(super) fn line_of(snapshot: &dyn Snapshot, who: &Onlooker, entity: &Entity, now: Time) -> Result<Option<Line>> {
    let Some(seen) = shown_to(entity, &who.granted) else { return Ok(None) };
    let (shown, open, disputes) = (shown(&seen, now), who.actor.open_in(entity), disputes(snapshot, &seen)?);
    Ok(Some(Line { shown, open, disputes }))
}

/// What is disputed of what is shown.
fn disputes(snapshot: &dyn Snapshot, seen: &Entity) -> Result<Vec<Dispute>> {
    let mut disputes = Vec::with_capacity(seen.rivals.len());
    for (field, rivals) in &seen.rivals {
        let stands = (seen.field(field).unwrap_or(&Value::Null), seen.stamps.of(field));
        let values = [stands].into_iter().chain(rivals.iter().map(|rival| (&rival.value, &rival.stamp)));
        let values = values.map(|(value, stamp)| claim(snapshot, value, stamp)).collect::<Result<_>>()?;
        disputes.push(Dispute { field: field.clone(), values });
    }
    Ok(disputes)
}

/// What a value's op tells besides. Whose author is hidden, that one's device is too.
fn claim(snapshot: &dyn Snapshot, value: &Value, stamp: &Stamp) -> Result<Claim> {
    let damaged = |detail: &str| StoreError::Damaged(format!("entry {}: {detail}", stamp.index));
    let entry = snapshot.entries(stamp.index, 1)?.pop().filter(|entry| entry.index == stamp.index);
    let entry = entry.ok_or_else(|| damaged("is missing"))?;
    let op = Op::parse(&entry.op).map_err(|error| damaged(&error.detail))?;
    let device = op.chain.as_ref().map(|chain| chain.device).filter(|_| stamp.by.is_some());
    Ok(Claim { value: value.clone(), op: stamp.op, by: stamp.by, device, at: op.at.wall, index: stamp.index })
}

/// Fields of a case that its reading as a finding leaves out.
const OF_A_CASE: &[&str] = &[
    "unit",
    "section",
    "person",
    "lead",
    "deadline",
    "limit",
    "demand",
    "notice",
    "reply",
    "replied",
    "claimed",
    "rework",
    "asked",
    "condition",
    "unseen",
    "wanted",
    "wanted_because",
    "refused_because",
    "refused_at",
    "suspended",
    "stopped",
    "exempt",
    "closed",
    "check",
    "of",
    "dispatched",
    "source",
];

/// What people read of `entity` at `now`, by its kind.
fn shown(entity: &Entity, now: Time) -> Value {
    let mut value = match entity.kind.as_str() {
        "notice" => {
            let mut value = json!(Notice::from_entity(entity));
            value["face"] = entity.field("face").cloned().unwrap_or_default();
            value
        }
        "deduction" => json!(Deduction::from_entity(entity)),
        _ => {
            let mut value = json!(Finding::from_entity(entity));
            for field in OF_A_CASE {
                if let Some(known) = entity.field(field) {
                    value[*field] = known.clone();
                }
            }
            value["notes"] = entity.members("notes").map(|(key, said)| json!({ "id": key, "text": said })).collect();
            value["standing"] = json!(standing(entity, now));
            value
        }
    };
    value["kind"] = json!(entity.kind);
    value["index"] = json!(entity.index);
    value
}
