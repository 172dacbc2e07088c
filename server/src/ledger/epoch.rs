//! Beginning a new epoch: what is known of the old one, what will be, and doing it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use xuncha_core::host::Host;
use xuncha_core::model::{DeviceId, Entity, EntityId, Time};
use xuncha_core::op::Seen;
use xuncha_core::plan::{MAX_ENDED, floors_of};
use xuncha_core::proof::root_at;

use super::pull::SnapshotNodes;
use super::sequencer::{Sequencer, append_epoch};
use super::standing::{ahead, proves};
use crate::store::{Head, Result, Snapshot, Store, StoreError};

/// What an operator knows and wants.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Checkpoints that the ledger's key has signed, each with where it was found.
    pub signed: Vec<(String, Seen)>,
    /// Size up to which nobody has seen anything else, when the operator knows better.
    pub floor: Option<u64>,
    /// Begin although nobody is known to have seen more.
    pub anyway: bool,
}

/// A checkpoint that somebody has seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Known {
    /// `guard`, a file, or a device.
    pub from: String,
    /// Its epoch.
    pub epoch: u32,
    /// Its size.
    pub size: u64,
    /// True when the ledger's key has signed it: nobody can have made it up.
    pub signed: bool,
    /// True when this ledger continues it.
    pub here: bool,
    /// The user whose phone it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// When it was first heard of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
    /// True when it is left out of account: nobody signed an epoch that far ahead.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ignored: bool,
}

/// What beginning an epoch comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EpochPlan {
    /// The epoch that ends.
    pub epoch: u32,
    /// Entries in the ledger now.
    pub size: u64,
    /// The epoch that begins.
    pub next: u32,
    /// Size of the last provable checkpoint: phones say again what was judged from there on.
    pub floor: u64,
    /// Size at which a backup was put in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restored: Option<u64>,
    /// For each epoch that ends, the size below which its numbers from `floor` on are void.
    pub void: BTreeMap<u32, u64>,
    /// Who has seen what.
    pub known: Vec<Known>,
    /// Devices that may sync, refused or not.
    pub devices: u64,
}

/// Why no epoch can begin.
#[derive(Debug, thiserror::Error)]
pub enum EpochError {
    /// There is no reason to, or something must be known first.
    #[error("{detail}")]
    Unfit {
        /// Stable code: `not_needed`, `floor_unknown`, `bad_field`.
        code: &'static str,
        /// In plain words.
        detail: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

type Planned = std::result::Result<EpochPlan, EpochError>;

fn unfit(code: &'static str, detail: impl Into<String>) -> Planned {
    Err(EpochError::Unfit { code, detail: detail.into() })
}

/// What beginning an epoch would come to now.
///
/// # Errors
/// [`EpochError`].
pub fn plan_epoch(store: &dyn Store, wanted: &Wanted) -> Planned {
    store.look(|snapshot| Ok(planned(snapshot, wanted)))?
}

/// Begins the epoch behind all that are known, whole or not at all. Its first entry names the last
/// provable checkpoint of those that end; phones that have seen more take everything anew and say again
/// what is not here. A server may run meanwhile: the store has one writer at a time.
///
/// # Errors
/// [`EpochError`]; nothing has changed then.
pub fn begin_epoch(store: &dyn Store, sequencer: &Sequencer, host: &Host, wanted: &Wanted) -> Planned {
    store.change(|batch| {
        let plan = match planned(&*batch, wanted) {
            Ok(plan) => plan,
            Err(error) => return Ok(Err(error)),
        };
        let mut head = head_of(&*batch)?;
        let root = root_at(&SnapshotNodes(&*batch), plan.floor)?;
        let floor = |(epoch, void): (&u32, &u64)| {
            let mut named = json!({ "size": plan.floor, "root": root });
            if *void > plan.floor {
                named["void"] = json!(void);
            }
            (epoch.to_string(), named)
        };
        let epochs: Value = plan.void.iter().map(floor).collect::<serde_json::Map<_, _>>().into();
        head.epoch = plan.next;
        append_epoch(batch, sequencer, host, head, epochs)?;
        batch.put_restored(None)?;
        batch.clear_ahead()?;
        Ok(Ok(plan))
    })?
}

fn head_of(snapshot: &dyn Snapshot) -> Result<Head> {
    snapshot.head()?.ok_or_else(|| StoreError::Missing("this store".into()))
}

fn planned(snapshot: &dyn Snapshot, wanted: &Wanted) -> Planned {
    let head = head_of(snapshot)?;
    let known = known(snapshot, &head, wanted)?;
    let restored = snapshot.restored()?;
    let counted = || known.iter().filter(|known| !known.ignored);
    let ahead = counted().any(|known| !known.here);
    if !ahead && restored.is_none() && !wanted.anyway {
        return unfit(
            "not_needed",
            "nobody is known to have seen more than this ledger holds; --anyway begins all the same",
        );
    }
    let floor = match wanted.floor.or(restored) {
        Some(floor) if floor > head.size => {
            return unfit("bad_field", format!("floor: {floor} lies beyond the {} entries of the ledger", head.size));
        }
        Some(floor) => floor,
        None if !ahead => head.size,
        // Somebody knows another ledger, and nobody knows where the two part.
        None => {
            let detail = "it is not known where this ledger and the one that was seen part: `xuncha restore` did not \
                          make it. Say --floor SIZE with a size that both had for certain, such as that of an older \
                          backup; with 0 phones say everything again";
            return unfit("floor_unknown", detail);
        }
    };
    let next = counted().map(|known| known.epoch).fold(head.epoch, u32::max) + 1;
    let first = floors(snapshot, &head)?.keys().next_back().map_or(1, |last| last + 1);
    let void = |epoch: u32| {
        let seen = counted().filter(|known| known.epoch == epoch && !known.here).map(|known| known.size);
        seen.fold(if epoch == head.epoch { head.size } else { floor }, u64::max)
    };
    let void = (first..next).map(|epoch| (epoch, void(epoch))).collect();
    let devices = devices(snapshot)?;
    Ok(EpochPlan { epoch: head.epoch, size: head.size, next, floor, restored, void, known, devices })
}

fn known(snapshot: &dyn Snapshot, head: &Head, wanted: &Wanted) -> Result<Vec<Known>> {
    let mut known = Vec::new();
    for (from, seen) in &wanted.signed {
        known.push(Known { signed: true, ..of(snapshot, head, from.clone(), seen)? });
    }
    for row in ahead(snapshot, head)? {
        let from = row.device.map_or_else(|| "guard".to_owned(), |device| device.to_string());
        if known.iter().any(|known| known.from == from) {
            continue;
        }
        let (signed, user) = (row.device.is_none(), row.device.map(|device| user_of(snapshot, head, &device)));
        let user = user.transpose()?.flatten();
        known.push(Known { signed, user, since: Some(row.since), ..of(snapshot, head, from, &row.seen)? });
    }
    let most = head.epoch + MAX_ENDED as u32 - 1;
    known.iter_mut().for_each(|known| known.ignored = known.epoch > most);
    Ok(known)
}

fn of(snapshot: &dyn Snapshot, head: &Head, from: String, seen: &Seen) -> Result<Known> {
    let here = proves(snapshot, head, seen)?;
    let (epoch, size) = (seen.epoch, seen.size);
    Ok(Known { from, epoch, size, signed: false, here, user: None, since: None, ignored: false })
}

fn read(snapshot: &dyn Snapshot, id: EntityId) -> Result<Option<Entity>> {
    snapshot.entity(id)?.as_ref().map(super::cache::entity_of).transpose()
}

fn floors(snapshot: &dyn Snapshot, head: &Head) -> Result<BTreeMap<u32, u64>> {
    Ok(read(snapshot, EntityId(head.ledger.0))?.as_ref().map(floors_of).unwrap_or_default())
}

fn user_of(snapshot: &dyn Snapshot, head: &Head, device: &DeviceId) -> Result<Option<String>> {
    let device = read(snapshot, EntityId::of_device(head.ledger, device))?;
    let user = device.and_then(|device| device.reference("user")).map(|user| read(snapshot, user)).transpose()?;
    Ok(user.flatten().and_then(|user| user.text("name").map(str::to_owned)))
}

fn devices(snapshot: &dyn Snapshot) -> Result<u64> {
    let (mut count, mut after) = (0, None);
    loop {
        let page = snapshot.entities("device", after, 1_000)?;
        let Some(last) = page.last() else { return Ok(count) };
        after = Some(last.id);
        for row in &page {
            count += u64::from(super::cache::entity_of(row)?.text("status") == Some("active"));
        }
    }
}
