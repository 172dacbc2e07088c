//! The whole ledger as JSON lines.

use std::io::{self, BufWriter, Write};

use serde_json::{Value, json};

use super::super::Failure;
use super::super::folder::Place;
use crate::store::{Snapshot, StoreError};

const PAGE: u32 = 1_000;

/// Writes the ledger to standard output.
pub(super) fn write(place: &Place) -> Result<(), Failure> {
    let store = place.store()?;
    let mut out = BufWriter::new(io::stdout().lock());
    // One snapshot: entries, pushes and checkpoint belong together even beside a running server.
    let written = store.look(|snapshot| Ok(ledger(snapshot, &mut out)))?;
    match written.and_then(|()| out.flush().map_err(Stop::Output)) {
        Ok(()) => Ok(()),
        Err(Stop::Store(error)) => Err(error.into()),
        Err(Stop::Output(error)) => Err(Failure::io("write the export", &error)),
    }
}

enum Stop {
    Store(StoreError),
    Output(io::Error),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Stop {
        Stop::Store(error)
    }
}

fn ledger(snapshot: &dyn Snapshot, out: &mut dyn Write) -> Result<(), Stop> {
    let head = snapshot.head()?.ok_or_else(|| StoreError::Missing("this store".into()))?;
    line(out, &json!({ "type": "ledger", "ledger": head.ledger, "epoch": head.epoch, "size": head.size }))?;
    let mut after = 0;
    loop {
        let page = snapshot.pushes(after, PAGE)?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for push in page {
            let (id, device, hashes, sig, received) = (push.id, push.device, push.hashes, push.sig, push.received);
            line(
                out,
                &json!({
                    "type": "push", "push": id, "device": device, "hashes": hashes, "sig": sig, "received": received,
                }),
            )?;
        }
    }
    let mut next = 0;
    loop {
        let page = snapshot.entries(next, PAGE)?;
        let Some(last) = page.last() else { break };
        next = last.index + 1;
        for entry in page {
            let (index, op, facts, leaf, push) = (entry.index, entry.op, entry.facts, entry.leaf, entry.push);
            line(
                out,
                &json!({
                    "type": "entry", "index": index, "op": op, "facts": facts, "leaf": leaf, "push": push,
                }),
            )?;
        }
    }
    line(out, &json!({ "type": "checkpoint", "note": head.checkpoint }))
}

fn line(out: &mut dyn Write, value: &Value) -> Result<(), Stop> {
    writeln!(out, "{value}").map_err(Stop::Output)
}
