//! One page of the feed for one phone.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use xuncha_core::model::{Cursor, EntityId, Hash, Time};
use xuncha_core::op::Seen;
use xuncha_core::plan::{Scope, floors_of, project};
use xuncha_core::proof::{BuildError, Nodes, consistency_proof, root_at};
use xuncha_core::protocol::{MAX_PULL_ROWS, PullReply, PullRequest, Row};

use super::asker::{Asker, granted_together, missing, verdicts};
use super::cache::entity_of;
use crate::store::{FeedRow, Head, Result, Snapshot, StoreError};

/// Row text after which a page is cut, in bytes.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Why a pull cannot be answered.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// The phone has seen more, or something else, than this ledger holds.
    #[error("{0}")]
    RolledBack(String),
    /// The ledger goes on in a new epoch.
    #[error("{0}")]
    NewEpoch(String),
    /// Everybody who asks has left.
    #[error("the user has left")]
    Retired,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Answers `request` from one moment of the store.
///
/// # Errors
/// [`PullError`]; the phone keeps everything and asks again.
pub fn pull(
    snapshot: &dyn Snapshot,
    asker: &Asker<'_>,
    request: &PullRequest,
    now: Time,
) -> std::result::Result<PullReply, PullError> {
    let head = snapshot.head()?.ok_or_else(|| StoreError::Missing("this store".into()))?;
    let cursor = request.cursor.unwrap_or(Cursor { epoch: head.epoch, size: 0 });
    if cursor.epoch < head.epoch {
        return Err(PullError::NewEpoch(format!("epoch {} is over, this is epoch {}", cursor.epoch, head.epoch)));
    }
    if cursor.epoch != head.epoch || cursor.size > head.size {
        let detail = format!("cursor {}/{}, ledger {}/{}", cursor.epoch, cursor.size, head.epoch, head.size);
        return Err(PullError::RolledBack(detail));
    }
    let (granted, signed_out) = granted_together(snapshot, &head, asker)?;
    if granted.is_empty() {
        return Err(PullError::Retired);
    }
    let (checkpoint, consistency) = growth(snapshot, &head, request.seen.as_ref())?;
    let limit = request.limit.unwrap_or(MAX_PULL_ROWS).clamp(1, MAX_PULL_ROWS);
    let page = page(snapshot, &head, request, cursor, granted, limit)?;
    let at_head = !page.more && page.catching.is_empty();
    let mut sums = BTreeMap::new();
    if at_head {
        for scope in &page.joined {
            sums.insert(scope.clone(), snapshot.sum(scope)?.to_text());
        }
    }
    Ok(PullReply {
        scopes: page.scopes,
        rows: page.rows,
        cursor: page.cursor,
        more: !at_head,
        joined: page.joined,
        catching: page.catching,
        dropped: page.dropped,
        checkpoint,
        consistency,
        durable_size: snapshot.durable_size()?,
        verdicts: verdicts(snapshot, asker.line, &request.open)?,
        missing: if at_head { missing(snapshot, asker.users)? } else { Vec::new() },
        signed_out,
        sums,
        time: now,
    })
}

pub(super) struct SnapshotNodes<'a>(pub(super) &'a dyn Snapshot);

impl Nodes for SnapshotNodes<'_> {
    type Error = StoreError;

    fn node(&self, level: u8, position: u64) -> Result<Hash> {
        self.0.node(level, position)
    }
}

/// The checkpoint, and the proof that it continues what the phone has seen. A phone that has seen
/// what this ledger cannot prove is told so and given nothing.
fn growth(
    snapshot: &dyn Snapshot,
    head: &Head,
    seen: Option<&Seen>,
) -> std::result::Result<(Option<String>, Vec<Hash>), PullError> {
    let Some(seen) = seen else {
        return Ok((Some(head.checkpoint.clone()), Vec::new()));
    };
    let nodes = SnapshotNodes(snapshot);
    let rolled_back = |detail: String| Err(PullError::RolledBack(detail));
    // Of an epoch that is over only what lies below its last provable checkpoint can be proven. Who
    // has seen more is shown the new epoch all the same: its first entry says where the old one ended.
    if seen.epoch < head.epoch && seen.size > floor(snapshot, head, seen.epoch)? {
        return Ok((Some(head.checkpoint.clone()), Vec::new()));
    }
    if seen.epoch > head.epoch || seen.size > head.size {
        return rolled_back(format!("checkpoint {}/{} is not in this ledger", seen.epoch, seen.size));
    }
    if root_at(&nodes, seen.size)? != seen.root {
        return rolled_back(format!("checkpoint {} has another root here", seen.size));
    }
    if seen.size == head.size && seen.epoch == head.epoch {
        return Ok((None, Vec::new()));
    }
    match consistency_proof(&nodes, seen.size, head.size) {
        Ok(proof) => Ok((Some(head.checkpoint.clone()), proof)),
        Err(BuildError::Nodes(error)) => Err(error.into()),
        Err(BuildError::Impossible(error)) => rolled_back(error.to_string()),
    }
}

/// The size up to which this ledger still holds what a phone has seen in `epoch`.
fn floor(snapshot: &dyn Snapshot, head: &Head, epoch: u32) -> Result<u64> {
    let ledger = snapshot.entity(EntityId(head.ledger.0))?.as_ref().map(entity_of).transpose()?;
    let floors = ledger.as_ref().map(floors_of).unwrap_or_default();
    Ok(floors.range(epoch..).map(|(_, size)| *size).min().unwrap_or(0))
}

/// The rows of a page and where they leave the phone.
struct Page {
    scopes: Vec<Scope>,
    rows: Vec<Row>,
    cursor: Cursor,
    more: bool,
    joined: Vec<Scope>,
    catching: BTreeMap<Scope, u64>,
    dropped: Vec<Scope>,
}

fn page(
    snapshot: &dyn Snapshot,
    head: &Head,
    request: &PullRequest,
    cursor: Cursor,
    granted: Vec<Scope>,
    limit: u32,
) -> Result<Page> {
    let known = request.joined.iter().chain(request.catching.keys());
    let dropped = known.filter(|scope| !granted.contains(scope)).cloned().collect();
    let fresh = cursor.size == 0;
    let (joined, new): (Vec<_>, Vec<_>) =
        granted.into_iter().partition(|scope| fresh || request.joined.contains(scope));
    let catching = new.into_iter().map(|scope| (scope.clone(), *request.catching.get(&scope).unwrap_or(&0))).collect();
    let mut page = Page { scopes: Vec::new(), rows: Vec::new(), cursor, more: false, joined, catching, dropped };
    // A scope newly granted is brought up to the cursor before it joins the others behind it.
    match page.catching.first_key_value().map(|(scope, from)| (scope.clone(), *from)) {
        Some((scope, from)) => {
            let found = collect(snapshot, std::slice::from_ref(&scope), from, cursor.size, limit)?;
            match fill(snapshot, &mut page, std::slice::from_ref(&scope), &found)? {
                Some(end) => page.catching.insert(scope, end),
                None => {
                    page.joined.push(scope.clone());
                    page.catching.remove(&scope)
                }
            };
            page.more = true;
        }
        None => {
            let scopes = page.joined.clone();
            let found = collect(snapshot, &scopes, cursor.size, head.size, limit)?;
            let end = fill(snapshot, &mut page, &scopes, &found)?;
            page.cursor.size = end.unwrap_or(head.size);
            page.more = end.is_some();
        }
    }
    Ok(page)
}

/// Feed rows of several scopes with `from <= index < below`, in order. All rows of one index come
/// together, so that no user action is seen half.
pub(crate) struct Found {
    /// Each with the numbers of the scopes that show it.
    pub(crate) rows: Vec<(FeedRow, Vec<u16>)>,
    /// First index that is not in `rows`; none when nothing is left below the bound.
    pub(crate) end: Option<u64>,
}

/// About `limit` rows; more when one entry moved more, and fewer so that none is cut in two.
pub(crate) fn collect(snapshot: &dyn Snapshot, scopes: &[Scope], from: u64, below: u64, limit: u32) -> Result<Found> {
    let mut merged: BTreeMap<(u64, EntityId, bool), Vec<u16>> = BTreeMap::new();
    // Beyond the last row of a scope that gave a full page, rows of other scopes are not known to be next.
    let mut known_below = below;
    for (number, scope) in scopes.iter().enumerate() {
        let rows = snapshot.feed(scope, from, below, limit + 1)?;
        if rows.len() > limit as usize
            && let Some(last) = rows.last()
        {
            known_below = known_below.min(last.index);
        }
        for row in rows {
            let number = u16::try_from(number).map_err(|_| StoreError::Failed("too many scopes".into()))?;
            merged.entry((row.index, row.entity, row.gone)).or_default().push(number);
        }
    }
    let complete = merged.into_iter().filter(|((index, ..), _)| *index < known_below);
    let mut rows: Vec<_> =
        complete.map(|((index, entity, gone), scopes)| (FeedRow { index, entity, gone }, scopes)).collect();
    let mut end = (known_below < below).then_some(known_below);
    if rows.len() > limit as usize {
        let cut = rows[limit as usize].0.index;
        let first = rows[0].0.index;
        // One action larger than a page goes whole.
        let cut = if cut == first { cut + 1 } else { cut };
        rows.retain(|(row, _)| row.index < cut);
        end = Some(cut);
    }
    if rows.is_empty() && end.is_some() {
        // One action larger than a page goes whole, in whichever scopes it is seen.
        let next = known_below + 1;
        let whole = collect(snapshot, scopes, known_below, next, u32::MAX - 1)?;
        return Ok(Found { end: (next < below).then_some(next), ..whole });
    }
    Ok(Found { rows, end })
}

/// Puts the found rows into the page until it is full. Returns the first index left out.
fn fill(snapshot: &dyn Snapshot, page: &mut Page, scopes: &[Scope], found: &Found) -> Result<Option<u64>> {
    page.scopes = scopes.to_vec();
    let mut bytes = 0;
    for (row, seen_in) in &found.rows {
        if bytes > PAGE_BYTES && page.rows.last().is_some_and(|last| last.index != row.index) {
            return Ok(Some(row.index));
        }
        if row.gone {
            page.rows.push(Row { id: row.entity, index: row.index, scopes: seen_in.clone(), row: None });
            continue;
        }
        let stored = snapshot.entity(row.entity)?;
        let stored = stored.ok_or_else(|| StoreError::Damaged(format!("entity {} is missing", row.entity)))?;
        bytes += stored.row.len();
        let (whole, partly): (Vec<_>, Vec<_>) =
            seen_in.iter().copied().partition(|number| scopes[usize::from(*number)].shows_all());
        for number in partly {
            let shown = project(&entity_of(&stored)?, &scopes[usize::from(number)]).to_text();
            page.rows.push(Row { id: row.entity, index: row.index, scopes: vec![number], row: Some(raw(shown)?) });
        }
        if !whole.is_empty() {
            page.rows.push(Row { id: row.entity, index: row.index, scopes: whole, row: Some(raw(stored.row)?) });
        }
    }
    Ok(found.end)
}

fn raw(text: String) -> Result<Box<RawValue>> {
    RawValue::from_string(text).map_err(|error| StoreError::Damaged(error.to_string()))
}
