//! What a person says at a desk: an op of the ledger's own that names who said it.
//!
//! No device signs it; the checkpoint does, and the rights are the person's at its index. It proves order, not authorship.

use serde_json::Value;
use serde_json::value::RawValue;
use xuncha_core::host::Host;
use xuncha_core::model::{Entity, EntityId, LedgerId, OpId, Version};
use xuncha_core::op::{At, OpDraft};
use xuncha_core::plan::{Act, KindLaw, deduction_id, law_of};

use crate::ledger::Item;

/// Something that somebody says about a case, or enters in a register.
#[derive(Debug, Clone)]
pub struct DeskOp {
    /// Its id; said again under the same id, it is the same op.
    pub id: OpId,
    /// Who says it.
    pub user: EntityId,
    /// What happens, such as `finding.file`.
    pub kind: String,
    /// The root entity.
    pub entity: EntityId,
    /// What is said; must be an object.
    pub body: Value,
    /// The state that they saw; none: whatever it is.
    pub from: Option<String>,
    /// The version that they saw; none: the newest.
    pub base: Option<Version>,
}

impl DeskOp {
    /// Something about `entity`, looking at its newest state.
    pub fn about(host: &Host, user: EntityId, kind: &str, entity: EntityId, body: Value) -> DeskOp {
        let (id, kind) = (OpId(host.uuid()), kind.to_owned());
        DeskOp { id, user, kind, entity, body, from: None, base: None }
    }

    /// Something that makes an entity, which bears the op's own id.
    pub fn making(host: &Host, user: EntityId, kind: &str, body: Value) -> DeskOp {
        let (id, kind) = (OpId(host.uuid()), kind.to_owned());
        DeskOp { id, user, kind, entity: EntityId::from(id), body, from: None, base: None }
    }

    /// Something about `entity`, or something that makes one where `kind` does so and none is given. `returns` says for
    /// which return of the finding that `counts_returns` names.
    ///
    /// # Errors
    /// The field at fault, and what is wrong with it.
    pub fn saying(
        host: &Host,
        ledger: LedgerId,
        user: EntityId,
        kind: &str,
        entity: Option<EntityId>,
        body: Value,
        returns: u64,
    ) -> Result<DeskOp, (&'static str, String)> {
        let Some(law) = law_of(kind).filter(|law| is_said_at_desks(law)) else {
            return Err(("kind", format!("{kind} is nothing that is said at a desk")));
        };
        match (law.act, entity) {
            (Act::Make, Some(_)) => Err(("entity", format!("{kind} makes what it is about"))),
            (Act::Make, None) => Ok(match following(ledger, kind, &body, returns) {
                Some(entity) => DeskOp::about(host, user, kind, entity, body),
                None => DeskOp::making(host, user, kind, body),
            }),
            (_, None) => Err(("entity", "is missing".into())),
            (_, Some(entity)) => Ok(DeskOp::about(host, user, kind, entity, body)),
        }
    }

    /// The same under another id, which an entity that it makes then bears.
    pub fn under(self, id: OpId) -> DeskOp {
        let entity = if self.entity == EntityId::from(self.id) { EntityId::from(id) } else { self.entity };
        DeskOp { id, entity, ..self }
    }

    /// Writes the op.
    ///
    /// # Panics
    /// Never: a `Value` is always JSON.
    pub fn write(&self, ledger: LedgerId, host: &Host) -> Item {
        let draft = OpDraft {
            id: self.id,
            ledger,
            chain: None,
            user: Some(self.user),
            session: None,
            origin: Some("desk".to_owned()),
            kind: self.kind.clone(),
            v: 1,
            entity: self.entity,
            body: RawValue::from_string(self.body.to_string()).expect("a value's text is JSON"),
            base: self.base,
            from: self.from.clone(),
            at: At { wall: host.clock.wall(), zone: host.clock.zone(), mono: None, offset: None },
            seen: None,
            blobs: Vec::new(),
            salt: host.salt(),
            supersedes: None,
        };
        Item::new(draft.to_text(), None)
    }
}

/// Whether people at desks say such a thing: what they decide about cases, and what is entered in registers. What is
/// seen on the spot is said where it was seen; a catalogue and a device come in by ways of their own.
fn is_said_at_desks(law: &KindLaw) -> bool {
    match law.of {
        "finding" => !matches!(law.kind, "finding.record" | "photo.preview"),
        "notice" | "deduction" | "user" | "unit" | "area" | "role" | "place" | "calendar" | "task" | "schedule" => true,
        _ => matches!(law.kind, "device.revoke" | "catalogue.retire"),
    }
}

/// The finding whose returns count in the id of what is made: each time that it came back costs points once.
pub(crate) fn counts_returns(kind: &str, body: &Value) -> Option<EntityId> {
    let is_rework = kind == "deduction.add" && body.get("rule").and_then(Value::as_str) == Some("rework");
    if is_rework { id_in(body, "finding") } else { None }
}

/// Which return of `finding` a row is made for: the first for which there is none, otherwise the last. `row` gives what there
/// is under an id; one that was made at one of the indexes `said_at` is what is being said.
pub(crate) fn return_to_charge<E>(
    finding: &Entity,
    said_at: &[u64],
    mut row: impl FnMut(EntityId) -> Result<Option<Entity>, E>,
) -> Result<u64, E> {
    let last = finding.field("rework").and_then(Value::as_u64).unwrap_or(0);
    for time in 1..last {
        let made = row(deduction_id(finding.id, "rework", time))?;
        if made.is_none_or(|made| said_at.contains(&made.stamps.first.index)) {
            return Ok(time);
        }
    }
    Ok(last)
}

/// The id of something that follows from what it is: a row of the deduction ledger, a role, the calendar of a year.
fn following(ledger: LedgerId, kind: &str, body: &Value, returns: u64) -> Option<EntityId> {
    match (kind, body.get("rule").and_then(Value::as_str)) {
        ("role.add", _) => Some(EntityId::of_role(ledger, body.get("name")?.as_str()?)),
        ("calendar.add", _) => Some(EntityId::of_calendar(ledger, body.get("year")?.as_u64()?)),
        ("deduction.return", _) => Some(id_in(body, "of")?.following("return")),
        ("deduction.add", Some(rule)) if rule != "special" => {
            Some(deduction_id(id_in(body, "finding")?, rule, returns))
        }
        _ => None,
    }
}

fn id_in(body: &Value, member: &str) -> Option<EntityId> {
    body.get(member)?.as_str()?.parse().ok()
}
