//! `xuncha admin epoch`: how a ledger goes on after an old backup was put in its place.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use xuncha_core::op::{PublicKey, Seen};
use xuncha_core::proof::Checkpoint;

use super::super::Failure;
use super::super::folder::Folder;
use super::super::print::Printer;
use crate::ledger::{EpochError, EpochPlan, Guard, Known, LedgerKey, Wanted, begin_epoch, plan_epoch};
use crate::store::{Head, StoreError};

#[derive(Debug, Args)]
pub(super) struct Epoch {
    /// Only say what would happen; nothing changes.
    #[arg(long)]
    dry_run: bool,
    /// The server's guard; it is read, and moved into the new epoch.
    #[arg(long, value_name = "FILE", env = "XUNCHA_GUARD")]
    guard: Option<PathBuf>,
    /// A signed checkpoint of this ledger that was kept elsewhere; may be given more than once.
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// Number of entries that this ledger and the lost one have in common for certain [default: what
    /// was restored]. Too small costs time, too large loses words; 0 is always right.
    #[arg(long, value_name = "SIZE")]
    floor: Option<u64>,
    /// Begin although nobody is known to have seen more than this ledger holds.
    #[arg(long)]
    anyway: bool,
}

impl Epoch {
    pub(super) fn run(self, folder: &Folder, printer: &Printer) -> Result<(), Failure> {
        let store = &*folder.store;
        let key = LedgerKey::load(&folder.path).map_err(|error| Failure::io("read the ledger's key", &error))?.public();
        let head = store.look(|snapshot| snapshot.head())?.ok_or_else(|| StoreError::Missing("this store".into()))?;
        let guard = self.guard.as_ref().map(|path| Guard::new(path, key));
        let mut signed = Vec::new();
        if let Some(seen) = guard.as_ref().map(|guard| guard.read(&head)).transpose()?.flatten() {
            signed.push(("guard".to_owned(), seen));
        }
        for file in &self.checkpoint {
            signed.push((file.display().to_string(), read(file, &key, &head)?));
        }
        let wanted = Wanted { signed, floor: self.floor, anyway: self.anyway };
        if self.dry_run {
            let plan = plan_epoch(store, &wanted)?;
            say(printer, &plan, false);
            return Ok(());
        }
        let plan = begin_epoch(store, folder.sequencer(), &folder.host, &wanted)?;
        if let Some(guard) = guard {
            guard.follow(store)?;
        }
        say(printer, &plan, true);
        Ok(())
    }
}

fn read(file: &PathBuf, key: &PublicKey, head: &Head) -> Result<Seen, Failure> {
    let note = fs::read_to_string(file).map_err(|error| Failure::io(file.display(), &error))?;
    let found = Checkpoint::open(&note, &key.0, head.ledger.0)
        .map_err(|error| Failure::new("bad_field", format!("checkpoint: {}: {error}", file.display())))?;
    Ok(Seen { epoch: found.origin.epoch, size: found.size, root: found.root })
}

fn say(printer: &Printer, plan: &EpochPlan, begun: bool) {
    let mut value = serde_json::to_value(plan).unwrap_or_default();
    value["begun"] = json!(begun);
    printer.say(&value, sentences(plan, begun).join("\n"));
}

/// The plan in words.
fn sentences(plan: &EpochPlan, begun: bool) -> Vec<String> {
    let EpochPlan { epoch, size, next, floor, devices, .. } = plan;
    let mut lines = vec![format!("The ledger is in epoch {epoch} and has {size} entries.")];
    if let Some(restored) = plan.restored {
        lines.push(format!("A backup of {restored} entries was put in its place."));
    }
    lines.extend(plan.known.iter().map(known));
    let refused = plan.known.iter().filter(|known| !known.signed && !known.here).count();
    lines.push(format!(
        "{refused} of {devices} phones were refused so far; others may have seen more and not come yet."
    ));
    lines.push(match begun {
        true => format!("Epoch {next} has begun. The last provable checkpoint of what was before is {floor}."),
        false => format!("Epoch {next} would begin. The last provable checkpoint of what was before is {floor}."),
    });
    for (epoch, void) in plan.void.iter().filter(|(_, void)| *void > floor) {
        let skipped = void - floor;
        lines.push(format!("Numbers {floor} to {} of epoch {epoch} are void: {skipped} are skipped.", void - 1));
    }
    lines.push(format!(
        "At its next sync each phone fetches everything anew, keeps what it has not sent, says again what was judged \
         from {floor} on, and sends again the photos that are not here."
    ));
    lines.push(
        "Phones and people that signed in after the backup need a new invitation. What administrators did after it \
         (people, places, tasks, revoked phones) must be done again."
            .to_owned(),
    );
    if !begun {
        lines.push("Nothing has changed. Without --dry-run it begins.".to_owned());
    }
    lines
}

fn known(known: &Known) -> String {
    let Known { from, epoch, size, .. } = known;
    let who = known.user.as_ref().map_or_else(|| from.clone(), |user| format!("{from} ({user})"));
    let signed = if known.signed { "signed" } else { "as it claims" };
    let here = if known.here { "it is in this ledger" } else { "it is not in this ledger" };
    let ignored = if known.ignored { ", and is left out of account: no epoch is that far ahead" } else { "" };
    format!("  {who} has seen checkpoint {epoch}/{size}, {signed}: {here}{ignored}.")
}

impl From<EpochError> for Failure {
    fn from(error: EpochError) -> Failure {
        match error {
            EpochError::Unfit { code, detail } => Failure::new(code, detail),
            EpochError::Store(error) => error.into(),
        }
    }
}
