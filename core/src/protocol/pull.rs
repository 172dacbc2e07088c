//! The pull: pages of changed rows over all of a phone's scopes, behind one cursor.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{OpVerdict, Token};
use crate::model::{Code, Cursor, EntityId, Hash, OpId, Time};
use crate::op::Seen;
use crate::plan::Scope;

/// Asks for what changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PullRequest {
    /// How far the phone has come in all scopes it has joined; none at the first pull.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<u64>>))]
    pub cursor: Option<Cursor>,
    /// Scopes that are complete up to the cursor.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub joined: Vec<Scope>,
    /// Scopes being caught up: the next ledger index wanted of each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, u64>))]
    pub catching: BTreeMap<Scope, u64>,
    /// Largest checkpoint that the phone has verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<serde_json::Value>>))]
    pub seen: Option<Seen>,
    /// Ops that were sent and whose verdicts are not known, because a reply was lost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub open: Vec<OpId>,
    /// Most rows wanted; at most [`MAX_PULL_ROWS`](super::MAX_PULL_ROWS) are given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Tokens of the others who are signed in on this device, by user: the page is for all of them
    /// together. At most [`MAX_PEOPLE`](super::MAX_PEOPLE). A server that does not know this gives the
    /// page of the token that the request came with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, String>))]
    pub also: BTreeMap<EntityId, Token>,
}

/// One page: rows, and a trailer that says where they leave the phone.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PullReply {
    /// Scopes that the rows of this page are seen in; rows name them by position.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub scopes: Vec<Scope>,
    /// Changed rows, in order of their ledger index.
    pub rows: Vec<Row>,
    /// How far this page brings the phone in the scopes it has joined.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<u64>))]
    pub cursor: Cursor,
    /// True when there is more behind this page.
    pub more: bool,
    /// Scopes that are complete up to the cursor after this page.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub joined: Vec<Scope>,
    /// Scopes still being caught up after this page.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, u64>))]
    pub catching: BTreeMap<Scope, u64>,
    /// Scopes that none of the page's users may follow any longer: the phone drops rows that no other scope shows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub dropped: Vec<Scope>,
    /// Signed checkpoint (C2SP note), when it is larger than the one the phone has seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
    /// Proof that the checkpoint continues the one the phone has seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub consistency: Vec<Hash>,
    /// Size of the ledger that a backup or replica really covers; phones free nothing above it.
    pub durable_size: u64,
    /// Verdicts of the ops that the phone asked about; an op not named is not known here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<OpVerdict>,
    /// Files that ops of the page's users promised and that are not here whole, at most
    /// [`MAX_MISSING`](super::MAX_MISSING): a phone that holds one and believes it sent sends it again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub missing: Vec<Hash>,
    /// Users that the request named and whose scopes are not in this page, and why: `bad_token`, or
    /// `user_retired` for those who have left.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, String>))]
    pub signed_out: BTreeMap<EntityId, Code>,
    /// At the head: checksum of each joined scope, see [`Row::sum`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, String>))]
    pub sums: BTreeMap<Scope, String>,
    /// The server's clock.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub time: Time,
}

/// One entity's newest state, as one or more scopes show it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Row {
    /// The entity.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Uuid))]
    pub id: EntityId,
    /// Ledger index of the op that last changed it, or took it out of the scope.
    pub index: u64,
    /// Scopes, by position in the page's list.
    #[serde(rename = "in")]
    pub scopes: Vec<u16>,
    /// What it is now; null when it has left these scopes.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub row: Option<Box<RawValue>>,
}

/// What one row adds to the checksum of a scope: 128 bits, added up modulo 2^128.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowPart(pub u128);

impl Row {
    /// Contribution of the entity `id`, shown as `row` at `index`, to the checksum of a scope: the
    /// first 16 bytes, big-endian, of SHA-256 over the id (16 bytes), the index (8 bytes,
    /// big-endian) and the row's text.
    pub fn sum(id: EntityId, index: u64, row: &str) -> RowPart {
        let digest = Hash::of_parts(&[id.0.as_bytes(), &index.to_be_bytes(), row.as_bytes()]);
        let mut first = [0; 16];
        first.copy_from_slice(&digest.0[..16]);
        RowPart(u128::from_be_bytes(first))
    }
}

impl RowPart {
    /// The sum with `part` added.
    #[must_use]
    pub fn plus(self, part: RowPart) -> RowPart {
        RowPart(self.0.wrapping_add(part.0))
    }

    /// The sum with `part` taken out.
    #[must_use]
    pub fn minus(self, part: RowPart) -> RowPart {
        RowPart(self.0.wrapping_sub(part.0))
    }

    /// The text form: 32 hexadecimal digits.
    pub fn to_text(self) -> String {
        format!("{:032x}", self.0)
    }
}
