//! What an op changes besides its root.
//!
//! One thing that a person does may touch several entities: issuing a notice moves every finding on it. What
//! becomes of the others is recorded among what the law adds, under `also/<entity>/<field>`; an entity that the op brings into
//! being has its kind under `also/<entity>`. So a rebuild repeats it without judging.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Accepted;
use super::apply::{stamp_of, write};
use super::merge::Outcome;
use crate::model::{Entity, EntityId, Stamps};
use crate::op::Op;

const ALSO: &str = "also/";

/// True for what the law adds to an entity other than the root.
pub(super) fn is_of_another(field: &str) -> bool {
    field.starts_with(ALSO)
}

impl Accepted {
    /// Writes `field` of another entity; null takes it away.
    pub(super) fn tell(&mut self, id: EntityId, field: &str, value: impl Into<Value>) {
        self.adds.insert(format!("{ALSO}{id}/{field}"), value.into());
        self.touch(id);
    }

    /// Brings another entity into being; its fields are told after that.
    pub(super) fn make(&mut self, id: EntityId, kind: &str) {
        self.adds.insert(format!("{ALSO}{id}"), Value::from(kind));
        self.touch(id);
    }

    /// Adds a field to the root; null takes it away.
    pub(super) fn add(&mut self, field: &str, value: impl Into<Value>) {
        self.adds.insert(field.to_owned(), value.into());
    }

    fn touch(&mut self, id: EntityId) {
        if let Err(at) = self.also.binary_search(&id) {
            self.also.insert(at, id);
        }
    }
}

/// The entity `id` after the op at `index`, which is not about it. None when it is not there and the op does not
/// make it.
pub(super) fn after(
    entity: Option<&Entity>,
    id: EntityId,
    op: &Op,
    index: u64,
    adds: &BTreeMap<String, Value>,
) -> Option<Entity> {
    let stamp = stamp_of(op, index);
    let made = || {
        let kind = adds.get(&format!("{ALSO}{id}"))?.as_str()?.to_owned();
        let (fields, rivals) = Default::default();
        let stamps = Stamps { first: stamp.clone(), later: BTreeMap::new() };
        Some(Entity { id, kind, index, by: op.user, at: op.at.wall, fields, stamps, rivals })
    };
    let mut next = entity.cloned().or_else(made)?;
    let prefix = format!("{ALSO}{id}/");
    for (name, value) in adds.range(prefix.clone()..).take_while(|(name, _)| name.starts_with(&prefix)) {
        write(&mut next, &name[prefix.len()..], value.clone(), &stamp, Outcome::Set);
    }
    next.index = index;
    Some(next)
}
