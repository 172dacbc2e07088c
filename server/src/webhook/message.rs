//! What is told: a page of the ledger, thinned out to what happened to whom.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use sha2::Sha256;
use xuncha_core::model::{EntityId, OpId, Time};
use xuncha_core::op::Op;
use xuncha_core::plan::Facts;

use crate::store::{Entry, Head, Result, Snapshot, StoreError};

/// Most entries that one message covers.
const PAGE: u32 = 200;

/// Kinds of things that somebody outside is told of.
const TOLD: &[&str] = &["finding", "notice", "deduction"];

/// Something that happened to a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Ledger index.
    pub index: u64,
    /// Epoch in which it was judged.
    pub epoch: u32,
    /// The op.
    pub op: OpId,
    /// What happened, such as `finding.file`.
    pub kind: String,
    /// What it happened to.
    pub entity: EntityId,
    /// What else it changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<EntityId>,
    /// Who said so; none where it was the ledger, or hidden.
    pub by: Option<EntityId>,
    /// When the server received it.
    pub received: Time,
}

/// A message on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    /// `ledger/epoch/first-end`: the same however often it is sent.
    pub id: String,
    /// First entry that it covers.
    pub first: u64,
    /// The entry behind the last.
    pub end: u64,
    /// JSON; none where nothing in it is anybody's business.
    pub body: Option<String>,
}

impl Message {
    /// What happened from `first` on, up to `end` where that is known already; none at the end of the ledger.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn of(
        snapshot: &dyn Snapshot,
        head: &Head,
        epoch: u32,
        first: u64,
        end: Option<u64>,
    ) -> Result<Option<Message>> {
        let limit = end.map_or(PAGE, |end| u32::try_from(end.saturating_sub(first)).unwrap_or(PAGE));
        let entries = snapshot.entries(first, limit)?;
        let Some(last) = entries.last() else { return Ok(None) };
        let end = last.index + 1;
        let mut events = Vec::new();
        for entry in &entries {
            events.extend(event(entry)?);
        }
        let id = format!("{}/{epoch}/{first}-{end}", head.ledger);
        let body = events.last().map(|newest| {
            let data = serde_json::json!({ "ledger": head.ledger, "epoch": epoch, "first": first, "end": end, "events": events });
            serde_json::json!({ "type": "changes", "timestamp": newest.received, "data": data }).to_string()
        });
        Ok(Some(Message { id, first, end, body }))
    }
}

fn event(entry: &Entry) -> Result<Option<Event>> {
    let damaged = |what: String| StoreError::Damaged(format!("entry {}: {what}", entry.index));
    let facts: Facts = serde_json::from_str(&entry.facts).map_err(|error| damaged(error.to_string()))?;
    let op = Op::parse(&entry.op).map_err(|error| damaged(error.detail))?;
    let about = op.kind.split('.').next().unwrap_or_default();
    if !facts.counts() || !TOLD.contains(&about) {
        return Ok(None);
    }
    let (index, epoch, received, also) = (entry.index, facts.epoch, facts.received, facts.also);
    Ok(Some(Event { index, epoch, op: op.id, kind: op.kind, entity: op.entity, also, by: op.user, received }))
}

/// What stands in `webhook-signature`, as the convention Standard Webhooks has it: `v1,` and the base64 of
/// HMAC-SHA256 over `id.seconds.body`.
pub fn signature(secret: &[u8], id: &str, seconds: i64, body: &str) -> String {
    // A key of any length will do.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return String::new() };
    mac.update(format!("{id}.{seconds}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}
