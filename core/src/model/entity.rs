//! The state of anything the ledger knows: fields, who wrote each last, and values in conflict.
//!
//! One shape serves findings, users, units, areas, roles, devices and sessions, so that one law
//! merges them and a field that an older app has never heard of passes through it unharmed. A set
//! is kept as one field per member (`photos/<id>`, `tags/<tag>`): members never conflict.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{EntityId, Hash, LineId, OpId, Time};

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

    /// Ledger index of the entry by which the file in the role `role` (`original`, `display`,
    /// `thumbnail`) of the photo called `photo` was kept; none while it has not arrived.
    pub fn kept(&self, photo: &str, role: &str) -> Option<u64> {
        self.field(&format!("evidence/{photo}"))?.get(role)?.as_u64()
    }

    /// The preview announced for the photo called `photo`, if it was made from the original that
    /// the photo has now.
    pub fn preview(&self, photo: &str) -> Option<&Value> {
        let original = self.field(&format!("photos/{photo}"))?.get("original")?;
        self.field(&format!("previews/{photo}")).filter(|preview| preview.get("original") == Some(original))
    }

    /// The files that this entity refers to.
    pub fn files(&self) -> Vec<FileOf<'_>> {
        let mut files = Vec::new();
        for (photo, value) in self.members("photos") {
            let of = |set: &str, value: &Value, role: &'static str| {
                let hash = value.get(role)?.as_str()?.parse().ok()?;
                Some(FileOf { photo, role, hash, by: self.stamps.of(&format!("{set}/{photo}")).by })
            };
            files.extend(of("photos", value, "original"));
            if let Some(preview) = self.preview(photo) {
                files.extend(["display", "thumbnail"].into_iter().filter_map(|role| of("previews", preview, role)));
            }
        }
        files
    }

    /// The text form that stores keep and checksums cover.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("an entity has string keys and finite numbers only")
    }
}

/// One file that an entity refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileOf<'a> {
    /// Name of the photo.
    pub photo: &'a str,
    /// `original`, `display` or `thumbnail`.
    pub role: &'static str,
    /// SHA-256 of its bytes.
    pub hash: Hash,
    /// Who named it; none when that is hidden or the ledger itself did.
    pub by: Option<EntityId>,
}

/// Index of an op that has not been judged yet; later than every real index.
pub const PENDING: u64 = u64::MAX;
