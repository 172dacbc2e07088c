//! What a person says at a desk: an op of the ledger's own that names who said it.
//!
//! No device signs it; the checkpoint does, and the rights are the person's at its index. It proves order, not authorship.

use serde_json::Value;
use serde_json::value::RawValue;
use xuncha_core::host::Host;
use xuncha_core::model::{EntityId, LedgerId, OpId, Version};
use xuncha_core::op::{At, OpDraft};

use crate::ledger::Item;

/// Something that somebody says about a case.
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
