//! The reply to a push: one verdict per op, in the order of the ops.

use serde::{Deserialize, Serialize};

use crate::model::{Code, EntityId, OpId, Time};
use crate::plan::Judged;

/// What became of one op.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// Final: it counts.
    Accepted {
        /// Ledger index.
        index: u64,
    },
    /// Final: it counts, and at least one field is in conflict.
    Conflict {
        /// Ledger index.
        index: u64,
        /// The task that asks a person to decide.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = Uuid))]
        task: EntityId,
    },
    /// Final: it was turned down, and recorded so.
    Refused {
        /// Ledger index.
        index: u64,
        /// The stable code.
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        code: Code,
        /// For people; names the field where there is one.
        detail: String,
    },
    /// It had been judged before.
    Duplicate {
        /// The verdict it got then.
        original: Final,
    },
    /// Not final: it cannot be judged until what is missing is here. Send it again later.
    Held {
        /// `entity:<id>`, `kind:<kind>/<v>` or `device:revoked`.
        missing: Vec<String>,
    },
    /// Not final: the device has said something else at this place of its chain. Both are kept;
    /// the device must enrol again.
    Fork,
    /// Not final: the text is not an op. Nothing of it is recorded.
    Unreadable {
        /// `too_large`, `too_deep`, `nul`, `surrogate`, `duplicate_key`, `not_json`, `bad_member`,
        /// `bad_chain` or `wrong_device`.
        code: String,
        /// For people.
        detail: String,
    },
}

/// A final verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Final {
    /// It counts.
    Accepted {
        /// Ledger index.
        index: u64,
    },
    /// It counts, and at least one field is in conflict.
    Conflict {
        /// Ledger index.
        index: u64,
        /// The task that asks a person to decide.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = Uuid))]
        task: EntityId,
    },
    /// It was turned down.
    Refused {
        /// Ledger index.
        index: u64,
        /// The stable code.
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        code: Code,
        /// For people.
        detail: String,
    },
}

/// A final verdict and the op it is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpVerdict {
    /// The op.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Uuid))]
    pub op: OpId,
    /// Its verdict.
    #[serde(flatten)]
    pub verdict: Final,
}

/// Reply to a push.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PushReply {
    /// One verdict per op, in the order of the ops.
    pub verdicts: Vec<Verdict>,
    /// The epoch that the indexes of the verdicts are of; absent in replies of older servers. A phone in
    /// another epoch takes nothing of them: it follows first, and asks again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u32>,
    /// The server's clock, by which the phone measures its own.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub time: Time,
}

impl Final {
    /// The verdict that the facts of the entry at `index` record.
    pub fn of(index: u64, judged: Judged) -> Final {
        match judged {
            Judged::Accepted => Final::Accepted { index },
            Judged::Conflict { task } => Final::Conflict { index, task },
            Judged::Refused { code, detail } => Final::Refused { index, code, detail },
        }
    }

    /// Ledger index at which it was judged.
    pub fn index(&self) -> u64 {
        match self {
            Final::Accepted { index } | Final::Conflict { index, .. } | Final::Refused { index, .. } => *index,
        }
    }
}

impl From<Final> for Verdict {
    fn from(verdict: Final) -> Verdict {
        match verdict {
            Final::Accepted { index } => Verdict::Accepted { index },
            Final::Conflict { index, task } => Verdict::Conflict { index, task },
            Final::Refused { index, code, detail } => Verdict::Refused { index, code, detail },
        }
    }
}

impl Verdict {
    /// The final verdict that this one is or carries; none when the op must come again.
    pub fn into_final(self) -> Option<Final> {
        match self {
            Verdict::Accepted { index } => Some(Final::Accepted { index }),
            Verdict::Conflict { index, task } => Some(Final::Conflict { index, task }),
            Verdict::Refused { index, code, detail } => Some(Final::Refused { index, code, detail }),
            Verdict::Duplicate { original } => Some(original),
            Verdict::Held { .. } | Verdict::Fork | Verdict::Unreadable { .. } => None,
        }
    }
}
