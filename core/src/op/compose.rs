//! Writing an op: the one place where an op text is made.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{At, Chain, Members, Op, Salt, Seen, Unreadable};
use crate::model::{BlobRef, EntityId, LedgerId, OpId, Version};

/// An op before it has a text. Absent members are not written.
#[derive(Debug, Clone)]
pub struct OpDraft {
    /// Idempotency key.
    pub id: OpId,
    /// Which ledger it is meant for.
    pub ledger: LedgerId,
    /// Device and notebook; none when the ledger itself is the author.
    pub chain: Option<Chain>,
    /// The user who acted.
    pub user: Option<EntityId>,
    /// The login under which the user acted.
    pub session: Option<EntityId>,
    /// For an op of the ledger itself: where it came from.
    pub origin: Option<String>,
    /// What happened.
    pub kind: String,
    /// Version of the body's form.
    pub v: u32,
    /// The root entity.
    pub entity: EntityId,
    /// What is said, as its exact text.
    pub body: Box<RawValue>,
    /// The version of the entity that its author saw.
    pub base: Option<Version>,
    /// The state that its author saw.
    pub from: Option<String>,
    /// Claimed time.
    pub at: At,
    /// Largest checkpoint verified.
    pub seen: Option<Seen>,
    /// Sealed originals it refers to.
    pub blobs: Vec<BlobRef>,
    /// Random.
    pub salt: Salt,
    /// The refused op that this one corrects.
    pub supersedes: Option<OpId>,
}

/// Order of the members in the text. Readers must not rely on it.
#[derive(Serialize)]
struct Written<'a> {
    id: OpId,
    ledger: LedgerId,
    #[serde(flatten)]
    chain: Option<WrittenChain>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<EntityId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<EntityId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'a str>,
    kind: &'a str,
    v: u32,
    entity: EntityId,
    body: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<Version>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    at: &'a At,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<&'a Seen>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    blobs: &'a [BlobRef],
    salt: Salt,
    #[serde(skip_serializing_if = "Option::is_none")]
    supersedes: Option<OpId>,
}

#[derive(Serialize)]
struct WrittenChain {
    device: crate::model::DeviceId,
    seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    prev: Option<crate::model::Hash>,
    line: crate::model::LineId,
    n: u64,
}

impl OpDraft {
    /// The op `text` again, as a notebook with a new device key says it: same id, body, times and
    /// notebook counter, another place in another device's chain.
    ///
    /// # Errors
    /// [`Unreadable`] when `text` is not an op.
    pub fn resay(text: &str, chain: Chain, seen: Option<Seen>) -> Result<OpDraft, Unreadable> {
        let op = Op::parse(text)?;
        let members: Members<'_> = serde_json::from_str(text).map_err(Unreadable::member)?;
        Ok(OpDraft {
            id: op.id,
            ledger: op.ledger,
            chain: Some(chain),
            user: op.user,
            session: op.session,
            origin: op.origin,
            kind: op.kind,
            v: op.v,
            entity: op.entity,
            body: members.body.to_owned(),
            base: op.base,
            from: op.from,
            at: op.at,
            seen,
            blobs: op.blobs,
            salt: op.salt,
            supersedes: op.supersedes,
        })
    }

    /// The op's text. Whoever calls this keeps the text: it is what is hashed, signed and sent.
    pub fn to_text(&self) -> String {
        let chain = self.chain.as_ref().map(|chain| WrittenChain {
            device: chain.device,
            seq: chain.seq,
            prev: chain.prev,
            line: chain.line,
            n: chain.n,
        });
        let written = Written {
            id: self.id,
            ledger: self.ledger,
            chain,
            user: self.user,
            session: self.session,
            origin: self.origin.as_deref(),
            kind: &self.kind,
            v: self.v,
            entity: self.entity,
            body: &self.body,
            base: self.base,
            from: self.from.as_deref(),
            at: &self.at,
            seen: self.seen.as_ref(),
            blobs: &self.blobs,
            salt: self.salt,
            supersedes: self.supersedes,
        };
        serde_json::to_string(&written).expect("an op has string keys and finite numbers only")
    }
}
