//! Whether a page continues what this phone has seen; asked before anything of it is stored.

use crate::op::Seen;
use crate::proof::{Checkpoint, verify_consistency};
use crate::protocol::{PullReply, PullRequest};
use crate::store::Membership;
use crate::{Error, Result};

/// The checkpoint that the page proves, if it brings one.
///
/// # Errors
/// [`Error::Untrusted`] when the ledger shown does not continue the one seen, or the page claims
/// what its checkpoint does not cover.
pub(super) fn check_page(request: &PullRequest, reply: &PullReply, membership: &Membership) -> Result<Option<Seen>> {
    if reply.cursor.epoch != membership.epoch {
        return untrusted(format!("epoch {} follows epoch {}", reply.cursor.epoch, membership.epoch));
    }
    let from = request.cursor.map_or(0, |cursor| cursor.size);
    if reply.cursor.size < from {
        return untrusted(format!("the cursor goes back from {from} to {}", reply.cursor.size));
    }
    let seen = match &reply.checkpoint {
        Some(note) => Some(open(note, request.seen.as_ref(), &reply.consistency, membership)?),
        None => None,
    };
    let covered = seen.as_ref().or(request.seen.as_ref()).map_or(0, |seen| seen.size);
    if reply.cursor.size > covered {
        return untrusted(format!("the cursor {} lies beyond the checkpoint {covered}", reply.cursor.size));
    }
    if let Some(row) = reply.rows.iter().find(|row| row.index >= covered) {
        return untrusted(format!("entry {} lies beyond the checkpoint {covered}", row.index));
    }
    Ok(seen)
}

fn open(note: &str, old: Option<&Seen>, proof: &[crate::model::Hash], membership: &Membership) -> Result<Seen> {
    let new = Checkpoint::open(note, &membership.ledger_key.0, membership.ledger.0)
        .map_err(|error| Error::Untrusted { detail: error.to_string() })?;
    if new.origin.epoch != membership.epoch {
        return untrusted(format!("the checkpoint is of epoch {}", new.origin.epoch));
    }
    if let Some(old) = old {
        verify_consistency(old.size, &old.root, new.size, &new.root, proof)
            .map_err(|error| Error::Untrusted { detail: error.to_string() })?;
    }
    Ok(Seen { epoch: new.origin.epoch, size: new.size, root: new.root })
}

fn untrusted<T>(detail: String) -> Result<T> {
    Err(Error::Untrusted { detail })
}
