//! What the server adds to an op when it takes it into the ledger; its text is half of the leaf.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Accepted, LAW, Outcome};
use crate::model::{Code, EntityId, Time};
use crate::op::Salt;

/// The facts of one ledger entry. Their exact text is kept and hashed, like an op's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Version of the law that judged.
    pub law: u32,
    /// Epoch in which it was judged.
    pub epoch: u32,
    /// What was judged.
    #[serde(flatten)]
    pub judged: Judged,
    /// When the server received the op.
    pub received: Time,
    /// Per field, every outcome other than "set".
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, Outcome>,
    /// Fields that the server added.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub adds: BTreeMap<String, Value>,
    /// Entities other than the root that the op changed, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<EntityId>,
    /// `ahead` or `behind` when the author's clock cannot be right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
    /// `differs` when this ledger never had the checkpoint that the device claims to have seen: a
    /// matter for people, since either the device errs or somebody showed it another ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
    /// Random, so that a hash reveals nothing once the text is erased.
    pub salt: Salt,
}

/// A final verdict, without its index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Judged {
    /// It counts.
    Accepted,
    /// It counts, and a person must decide about at least one field.
    Conflict {
        /// The task that asks.
        task: EntityId,
    },
    /// It was turned down.
    Refused {
        /// The stable code.
        code: Code,
        /// For people; names the field where there is one.
        detail: String,
    },
}

impl Facts {
    /// Facts of an op that counts.
    pub fn accepted(epoch: u32, accepted: Accepted, received: Time, salt: Salt) -> Facts {
        let judged = match accepted.task {
            Some(task) => Judged::Conflict { task },
            None => Judged::Accepted,
        };
        let Accepted { fields, adds, also, clock, .. } = accepted;
        Facts { law: LAW, epoch, judged, received, fields, adds, also, clock, seen: None, salt }
    }

    /// Facts of an op that was turned down.
    pub fn refused(epoch: u32, code: Code, detail: String, received: Time, salt: Salt) -> Facts {
        let (fields, adds, also) = Default::default();
        let judged = Judged::Refused { code, detail };
        Facts { law: LAW, epoch, judged, received, fields, adds, also, clock: None, seen: None, salt }
    }

    /// The text that is stored and hashed.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("facts have string keys and finite numbers only")
    }

    /// True when the op changed the state.
    pub fn counts(&self) -> bool {
        !matches!(self.judged, Judged::Refused { .. })
    }
}
