//! The verb: one recorded change. Its text, its hash, the device's chain, the signed push.
//!
//! An op is recorded once and never edited. What is hashed is the exact text that was written,
//! so nothing here needs canonical JSON; whoever keeps an op keeps its text.

mod compose;
mod key;
mod push;
mod text;

pub use compose::OpDraft;
pub use key::{DeviceKey, NotAKey, PublicKey, Signature};
pub use push::{Push, bundle_message, enrol_message, push_message};
pub use text::{Unreadable, check as check_text, check_json};

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::model::{BlobRef, DeviceId, EntityId, Hash, LedgerId, LineId, OpId, Time, Version};

/// Longest op text in bytes.
pub const MAX_OP_BYTES: usize = 48 * 1024;

/// Deepest nesting of arrays and objects in an op text.
pub const MAX_DEPTH: usize = 32;

/// Largest `seq` and `n`: 2^53, which every JSON reader holds exactly.
pub const MAX_COUNT: u64 = 1 << 53;

/// One recorded change, read from its text. The field list of the design's section 3.
#[derive(Debug, Clone)]
pub struct Op {
    /// Idempotency key.
    pub id: OpId,
    /// Which city's ledger it is meant for.
    pub ledger: LedgerId,
    /// Who said it; none for an op that the ledger itself authors.
    pub chain: Option<Chain>,
    /// The user who acted; none for the operator at the command line.
    pub user: Option<EntityId>,
    /// The login under which the user acted.
    pub session: Option<EntityId>,
    /// For an op of the ledger itself: `admin`, `enrolment`, `console`, `clock`, `import`.
    pub origin: Option<String>,
    /// What happened, such as `finding.record`.
    pub kind: String,
    /// Version of the body's form.
    pub v: u32,
    /// The root entity.
    pub entity: EntityId,
    /// What is said; unknown members are kept.
    pub body: BTreeMap<String, Value>,
    /// The version of the entity that its author saw.
    pub base: Option<Version>,
    /// For workflow steps: the state that its author saw.
    pub from: Option<String>,
    /// Claimed time.
    pub at: At,
    /// Largest checkpoint that the device had verified.
    pub seen: Option<Seen>,
    /// Sealed originals it refers to.
    pub blobs: Vec<BlobRef>,
    /// Keeps the hash from revealing an erased text.
    pub salt: Salt,
    /// The refused op that this one corrects.
    pub supersedes: Option<OpId>,
    /// SHA-256 of the text.
    pub hash: Hash,
    /// Digest of what makes two ops "the same op again": user, kind, v, entity, body, base, from, blobs.
    pub same: Hash,
}

/// Where an op stands in what its device and its notebook said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// The device.
    pub device: DeviceId,
    /// Dense per device, from 1.
    pub seq: u64,
    /// Hash of the device's previous op; none exactly when `seq` is 1.
    pub prev: Option<Hash>,
    /// The notebook; survives a new device key.
    pub line: LineId,
    /// The notebook's own counter.
    pub n: u64,
}

/// A claimed time, never trusted for order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct At {
    /// The wall clock, UTC.
    pub wall: Time,
    /// IANA zone of the phone, such as `Asia/Shanghai`.
    pub zone: String,
    /// Monotonic reading in milliseconds; comparable only within one run of the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mono: Option<i64>,
    /// Server time minus wall clock in milliseconds, when last measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<i64>,
}

/// A checkpoint, by its three numbers. JSON: `[epoch, size, root]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u32, u64, Hash)", into = "(u32, u64, Hash)")]
pub struct Seen {
    /// Epoch.
    pub epoch: u32,
    /// Entries covered.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Hash,
}

impl From<(u32, u64, Hash)> for Seen {
    fn from((epoch, size, root): (u32, u64, Hash)) -> Seen {
        Seen { epoch, size, root }
    }
}

impl From<Seen> for (u32, u64, Hash) {
    fn from(seen: Seen) -> (u32, u64, Hash) {
        (seen.epoch, seen.size, seen.root)
    }
}

/// 128 random bits; in text 22 characters of unpadded base64url.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 16]);

impl fmt::Display for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Salt {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Salt, &'static str> {
        let mut bytes = [0; 16];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(16) if text.len() == 22 => Ok(Salt(bytes)),
            _ => Err("not a salt of 22 base64url characters"),
        }
    }
}

impl Serialize for Salt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Salt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Salt, D::Error> {
        crate::model::parsed(deserializer)
    }
}

/// The members of an op text. `body`, `base`, `from` and `blobs` stay text for [`same_digest`].
#[derive(Deserialize)]
struct Members<'a> {
    id: OpId,
    ledger: LedgerId,
    device: Option<DeviceId>,
    seq: Option<u64>,
    prev: Option<Hash>,
    line: Option<LineId>,
    n: Option<u64>,
    user: Option<EntityId>,
    session: Option<EntityId>,
    origin: Option<String>,
    kind: String,
    v: u32,
    entity: EntityId,
    #[serde(borrow)]
    body: &'a RawValue,
    #[serde(borrow)]
    base: Option<&'a RawValue>,
    #[serde(borrow)]
    from: Option<&'a RawValue>,
    at: At,
    seen: Option<Seen>,
    #[serde(borrow)]
    blobs: Option<&'a RawValue>,
    salt: Salt,
    supersedes: Option<OpId>,
}

impl Op {
    /// Reads an op from its exact text.
    ///
    /// # Errors
    /// [`Unreadable`] when the text is not JSON as this ledger takes it, or a member is missing or
    /// of the wrong type. Unknown members and unknown kinds are fine.
    pub fn parse(text: &str) -> Result<Op, Unreadable> {
        text::check(text)?;
        let members: Members<'_> = serde_json::from_str(text).map_err(Unreadable::member)?;
        let chain = chain_of(&members)?;
        let part = |raw: Option<&RawValue>| raw.map(|raw| raw.get().to_owned());
        let same = same_digest(
            members.user,
            &members.kind,
            members.v,
            members.entity,
            members.body.get(),
            [part(members.base), part(members.from), part(members.blobs)],
        );
        let read = |error| Unreadable::member(error);
        Ok(Op {
            id: members.id,
            ledger: members.ledger,
            chain,
            user: members.user,
            session: members.session,
            origin: members.origin,
            kind: members.kind,
            v: members.v,
            entity: members.entity,
            body: serde_json::from_str(members.body.get()).map_err(read)?,
            base: members.base.map(|raw| serde_json::from_str(raw.get())).transpose().map_err(read)?,
            from: members.from.map(|raw| serde_json::from_str(raw.get())).transpose().map_err(read)?,
            at: members.at,
            seen: members.seen,
            blobs: match members.blobs {
                Some(raw) => serde_json::from_str(raw.get()).map_err(read)?,
                None => Vec::new(),
            },
            salt: members.salt,
            supersedes: members.supersedes,
            hash: Hash::of(text.as_bytes()),
            same,
        })
    }
}

/// All five members of a chain are there, or none is; `prev` is missing exactly at the start.
fn chain_of(members: &Members<'_>) -> Result<Option<Chain>, Unreadable> {
    match (members.device, members.seq, members.line, members.n) {
        (None, None, None, None) if members.prev.is_none() => Ok(None),
        (Some(device), Some(seq), Some(line), Some(n))
            if (1..=MAX_COUNT).contains(&seq) && n <= MAX_COUNT && members.prev.is_none() == (seq == 1) =>
        {
            Ok(Some(Chain { device, seq, prev: members.prev, line, n }))
        }
        _ => Err(Unreadable::new("bad_chain", "device, seq, prev, line and n do not fit together")),
    }
}

/// Digest of (user, kind, v, entity, body, base, from, blobs), each as its text with its length
/// before it: two ops with one id and equal digests are the same op said again, even when a new
/// device key signs it.
fn same_digest(
    user: Option<EntityId>,
    kind: &str,
    v: u32,
    entity: EntityId,
    body: &str,
    rest: [Option<String>; 3],
) -> Hash {
    let user = user.map(|id| id.to_string());
    let [base, from, blobs] = rest;
    let parts = [user, Some(kind.to_owned()), Some(v.to_string()), Some(entity.to_string()), Some(body.to_owned())];
    let mut joined = String::with_capacity(body.len() + 256);
    for part in parts.into_iter().chain([base, from, blobs]) {
        match part {
            Some(text) => {
                joined.push_str(&text.len().to_string());
                joined.push(':');
                joined.push_str(&text);
            }
            None => joined.push('-'),
        }
    }
    Hash::of(joined.as_bytes())
}
