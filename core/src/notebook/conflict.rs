//! Fields that two people wrote: what was said, and choosing.

use serde::Serialize;
use serde_json::Value;

use super::Notebook;
use super::record::raw;
use crate::model::{Entity, EntityId, OpId, Stamp};
use crate::plan::{Act, law_table};
use crate::store::Saying;
use crate::{Error, Result};

/// A field in conflict.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Conflict {
    /// What it is about.
    pub entity: EntityId,
    /// What that is: `finding` or `inspection`.
    pub kind: String,
    /// The field, such as `note`, `photos/<id>` or `answers/<item>`.
    pub field: String,
    /// What stands now.
    pub current: Claim,
    /// What else was said, in the order it arrived.
    pub rivals: Vec<Claim>,
}

/// What somebody said a field is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Claim {
    /// The value; null means "no value".
    pub value: Value,
    /// Who said it, unless hidden.
    pub by: Option<EntityId>,
    /// The op that said it; choose by this.
    pub op: OpId,
    /// Its ledger index; absent while it is not judged.
    pub index: Option<u64>,
}

impl Claim {
    fn new(stamp: &Stamp, value: &Value) -> Claim {
        let index = (stamp.index != crate::model::PENDING).then_some(stamp.index);
        Claim { value: value.clone(), by: stamp.by, op: stamp.op, index }
    }
}

impl Notebook {
    /// Every field in conflict, by finding or inspection.
    ///
    /// # Errors
    /// [`Error::Storage`] when they cannot be read.
    pub fn conflicts(&self) -> Result<Vec<Conflict>> {
        let disputed = self.read(|store| store.disputed())?;
        Ok(disputed.iter().flat_map(|entity| entity.rivals.keys().map(|field| conflict(entity, field))).collect())
    }

    /// Decides a conflict: the value that the op `choice` said stands from now on. Whoever decides
    /// must have the right to; the server judges that.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the finding or inspection is not here or `choice` said nothing about the field;
    /// [`Error::Refused`] with `no_conflict` when there is none.
    pub fn resolve(&self, entity: EntityId, field: &str, choice: OpId) -> Result<OpId> {
        self.resolve_seen(entity, field, choice, None)
    }

    /// [`Notebook::resolve`] by somebody who saw the claims that the ops `shown` made, and no others; none: all that are here now.
    /// What was not shown stays in dispute.
    ///
    /// # Errors
    /// As [`Notebook::resolve`].
    pub fn resolve_seen(&self, entity: EntityId, field: &str, choice: OpId, shown: Option<&[OpId]>) -> Result<OpId> {
        self.change(|store| {
            let found = store.entity(entity)?;
            let disputed = found.and_then(|found| Some((resolution(&found.kind)?, conflict(&found, field))));
            let (kind, conflict) = disputed.ok_or_else(|| Error::NotFound { what: entity.to_string() })?;
            let claims: Vec<&Claim> = std::iter::once(&conflict.current).chain(&conflict.rivals).collect();
            let chosen = claims.iter().find(|claim| claim.op == choice);
            let what = || Error::NotFound { what: format!("a value of {field} said by op {choice}") };
            let was_shown = |op: &OpId| *op == choice || shown.is_none_or(|shown| shown.contains(op));
            let seen: Vec<OpId> = claims.iter().map(|claim| claim.op).filter(was_shown).collect();
            let body = serde_json::json!({ "field": field, "seen": seen, "value": chosen.ok_or_else(what)?.value });
            let (id, body) = (OpId(self.host().uuid()), raw(&body)?);
            store.say(Saying { id, kind, entity, body, from: None, blobs: vec![], supersedes: None })
        })
    }
}

/// The kind of op that decides a conflict about an entity of this kind.
fn resolution(kind: &str) -> Option<&'static str> {
    law_table().iter().find(|law| law.of == kind && law.act == Act::Resolve).map(|law| law.kind)
}

fn conflict(entity: &Entity, field: &str) -> Conflict {
    let value = entity.field(field).unwrap_or(&Value::Null);
    let rivals = entity.rivals.get(field).into_iter().flatten();
    Conflict {
        entity: entity.id,
        kind: entity.kind.clone(),
        field: field.to_owned(),
        current: Claim::new(entity.stamps.of(field), value),
        rivals: rivals.map(|rival| Claim::new(&rival.stamp, &rival.value)).collect(),
    }
}
