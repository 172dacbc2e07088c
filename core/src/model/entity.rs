//! The state of anything the ledger knows: fields, who wrote each last, and values in conflict.
//!
//! One shape serves findings, users, units, areas, roles, devices and sessions, so that one law
//! merges them and a field that an older app has never heard of passes through it unharmed. A set
//! is kept as one field per member (`photos/<id>`, `tags/<tag>`): members never conflict.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{EntityId, LineId, OpId, Time};

/// State of one entity, as the ledger's ops have made it.
///
/// Its JSON is what the feed carries and what both stores keep; keys are sorted, so equal states
/// have equal texts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entity {
    /// Id; for a finding the id of the op that recorded it.
    pub id: EntityId,
    /// What it is: `finding`, `user`, `unit`, `area`, `role`, `device`, `session`, `ledger`.
    pub kind: String,
    /// Ledger index of the last op that changed it ([`PENDING`] while that op has not been judged).
    pub index: u64,
    /// User who brought it into being; none when the ledger itself did, or when hidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<EntityId>,
    /// When it was brought into being, as its author's clock claimed.
    pub at: Time,
    /// Current value of each field; a field set to nothing is absent.
    pub fields: BTreeMap<String, Value>,
    /// Last writer of each field.
    pub stamps: Stamps,
    /// Challengers that lost no argument yet: kept beside the current value until a person decides.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rivals: BTreeMap<String, Vec<Rival>>,
}

/// Last writer of each field: one for all fields, and those that differ from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stamps {
    /// The op that brought the entity into being, which wrote every field not listed.
    #[serde(rename = "*")]
    pub first: Stamp,
    /// Fields written since.
    #[serde(flatten)]
    pub later: BTreeMap<String, Stamp>,
}

impl Stamps {
    /// Last writer of `field`.
    pub fn of(&self, field: &str) -> &Stamp {
        self.later.get(field).unwrap_or(&self.first)
    }
}

/// Who wrote a field last. JSON: `[op, index, line, n, by]`, with null for what is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StampParts", into = "StampParts")]
pub struct Stamp {
    /// The op.
    pub op: OpId,
    /// Its ledger index; [`PENDING`] while it has not been judged.
    pub index: u64,
    /// The notebook that said it; none for an op of the ledger itself, or when hidden.
    pub line: Option<LineId>,
    /// That notebook's counter.
    pub n: u64,
    /// The user; none for the ledger itself, or when hidden.
    pub by: Option<EntityId>,
}

type StampParts = (OpId, Option<u64>, Option<LineId>, u64, Option<EntityId>);

impl From<StampParts> for Stamp {
    fn from((op, index, line, n, by): StampParts) -> Stamp {
        Stamp { op, index: index.unwrap_or(PENDING), line, n, by }
    }
}

impl From<Stamp> for StampParts {
    fn from(stamp: Stamp) -> StampParts {
        (stamp.op, (stamp.index != PENDING).then_some(stamp.index), stamp.line, stamp.n, stamp.by)
    }
}

/// A value that came too late to be set and too different to be dropped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rival {
    /// Who said it.
    pub stamp: Stamp,
    /// What was said; null means "no value".
    pub value: Value,
}

impl Entity {
    /// Current value of `field`, if it has one.
    pub fn field(&self, field: &str) -> Option<&Value> {
        self.fields.get(field)
    }

    /// Current value of `field` as text, if it has one and it is text.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.field(field).and_then(Value::as_str)
    }

    /// Current value of `field` as an entity's id, if it is one.
    pub fn reference(&self, field: &str) -> Option<EntityId> {
        self.text(field).and_then(|text| text.parse().ok())
    }

    /// Members of the set `set` and their values, in order of their names.
    pub fn members<'a>(&'a self, set: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.fields.iter().filter_map(move |(name, value)| Some((name.strip_prefix(set)?.strip_prefix('/')?, value)))
    }

    /// The text form that stores keep and checksums cover.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("an entity has string keys and finite numbers only")
    }
}

/// Index of an op that has not been judged yet; later than every real index.
pub const PENDING: u64 = u64::MAX;
