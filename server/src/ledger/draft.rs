//! Ops that the ledger itself authors: from the command line, at enrolment, at the beginning.

use serde_json::Value;
use serde_json::value::RawValue;
use xuncha_core::host::Host;
use xuncha_core::model::{EntityId, LedgerId, OpId, Version};
use xuncha_core::op::{At, OpDraft};

use super::item::Item;

/// An op of the ledger itself, before it has a text. No device signs it; the checkpoint does.
#[derive(Debug, Clone)]
pub struct OwnOp {
    /// Its id; a fixed one makes the op happen once.
    pub id: OpId,
    /// `genesis`, `admin`, `enrolment`.
    pub origin: &'static str,
    /// What happens.
    pub kind: &'static str,
    /// The root entity.
    pub entity: EntityId,
    /// What is said; must be an object.
    pub body: Value,
    /// The version that its author saw; none looks at the head.
    pub base: Option<Version>,
}

impl OwnOp {
    /// An op with a new id; it makes an entity of that id.
    pub fn making(host: &Host, origin: &'static str, kind: &'static str, body: Value) -> OwnOp {
        let id = OpId(host.uuid());
        OwnOp { id, origin, kind, entity: EntityId::from(id), body, base: None }
    }

    /// An op that makes `entity`, whose id follows from what it is: said again, it is the same op.
    pub fn making_once(origin: &'static str, kind: &'static str, entity: EntityId, body: Value) -> OwnOp {
        OwnOp { id: OpId(entity.0), origin, kind, entity, body, base: None }
    }

    /// An op with a new id about the entity `entity`.
    pub fn about(host: &Host, origin: &'static str, kind: &'static str, entity: EntityId, body: Value) -> OwnOp {
        OwnOp { id: OpId(host.uuid()), origin, kind, entity, body, base: None }
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
            user: None,
            session: None,
            origin: Some(self.origin.to_owned()),
            kind: self.kind.to_owned(),
            v: 1,
            entity: self.entity,
            body: RawValue::from_string(self.body.to_string()).expect("a value's text is JSON"),
            base: self.base,
            from: None,
            at: At { wall: host.clock.wall(), zone: host.clock.zone(), mono: None, offset: None },
            seen: None,
            blobs: Vec::new(),
            salt: host.salt(),
            supersedes: None,
        };
        Item::new(draft.to_text(), None)
    }
}
