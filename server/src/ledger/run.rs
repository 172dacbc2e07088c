//! One batch while it is being judged: what it reads, and everything that each entry writes.

use std::collections::HashMap;
use std::sync::Arc;

use xuncha_core::host::Host;
use xuncha_core::model::{Code, DeviceId, Entity, EntityId, Hash, Time};
use xuncha_core::op::Op;
use xuncha_core::plan::{Facts, Judgement, Moment, changed, files_kept, plan};
use xuncha_core::proof::{Checkpoint, Frontier, Origin, leaf_hash};
use xuncha_core::protocol::{Final, Verdict};

use super::cache::{Cache, Lens};
use super::feed::{Sums, place};
use super::item::{Item, PushRecord};
use super::judged::Judged;
use super::listing::Changed;
use super::open::LedgerKey;
use super::seen::Roots;
use super::stamp::stamp;
use crate::store::{Batch, EntityRow, Entry, Head, HeldRow, Result, Said, StoreError};

/// One batch while it is being judged.
pub(super) struct Run<'a> {
    host: &'a Host,
    key: &'a LedgerKey,
    batch: &'a mut dyn Batch,
    head: Head,
    moment: Moment,
    frontier: Frontier,
    cache: Cache,
    judged: Judged,
    sums: Sums,
    roots: Roots,
    /// What is to be listed; none where the lists are behind, and caught up with elsewhere.
    changed: Option<Changed>,
    /// What each device said last, none for nothing; only of those for whom this batch has asked.
    tips: HashMap<DeviceId, Option<(u64, Hash)>>,
    pushes: HashMap<*const PushRecord, (Arc<PushRecord>, u64)>,
}

/// What a batch leaves when it is done.
pub(super) struct Done {
    pub(super) head: (u32, u64),
    pub(super) cache: Cache,
    pub(super) pushes: Vec<(Arc<PushRecord>, u64)>,
}

impl<'a> Run<'a> {
    /// What `ahead` will ask for is read at one go.
    pub(super) fn new(
        host: &'a Host,
        key: &'a LedgerKey,
        batch: &'a mut dyn Batch,
        head: Head,
        mut cache: Cache,
        ahead: &[Item],
    ) -> Result<Run<'a>> {
        let frontier = Frontier::from_peaks(head.size, head.peaks.clone())
            .map_err(|error| StoreError::Damaged(format!("the head's peaks: {error}")))?;
        let judged = Judged::of(ahead, &*batch)?;
        let about = |op: &Op| {
            let device = op.chain.as_ref().map(|chain| EntityId::of_device(op.ledger, &chain.device));
            [Some(op.entity), op.user, op.session, device].into_iter().flatten()
        };
        let about = ahead.iter().filter_map(Item::op).flat_map(about);
        cache.read_ahead(&*batch, about.chain([EntityId(head.ledger.0)]))?;
        let received = stamp(&*batch, &head, &mut cache, host.clock.wall())?;
        let moment = Lens::new(&*batch, &mut cache).moment(&head, received)?;
        let changed = (batch.listed()? == head.size).then(Changed::default);
        let (sums, roots, tips, pushes) = Default::default();
        Ok(Run { host, key, batch, head, moment, frontier, cache, judged, sums, roots, changed, tips, pushes })
    }

    /// Judges one item. `distrust` refuses it unseen, because judging it failed before.
    pub(super) fn take(&mut self, item: &Item, distrust: bool) -> Result<Verdict> {
        let op = match &item.op {
            Ok(op) => op,
            Err(unreadable) => {
                let (code, detail) = (unreadable.code.to_owned(), unreadable.detail.clone());
                return Ok(Verdict::Unreadable { code, detail });
            }
        };
        let before = self.judged.before(op.id, &*self.batch)?;
        let (known, said) = (!before.is_empty(), before.iter().find(|(same, _)| *same == op.same).map(|said| said.1));
        if let Some(index) = said {
            self.hear(item, op)?;
            return Ok(Verdict::Duplicate { original: self.verdict_at(index)? });
        }
        if self.forks(op)? {
            let fork = self.held_row(item, op, Vec::new())?;
            fork.map_or(Ok(()), |fork| self.batch.put_fork(&fork))?;
            return Ok(Verdict::Fork);
        }
        if distrust {
            return self.refuse(item, op, Code::Internal, "the server failed over this op");
        }
        if known {
            return self.refuse(item, op, Code::IdReused, "the same id was used for something else");
        }
        self.moment.size = Some(self.frontier.size());
        let judgement = {
            let lens = Lens::new(&*self.batch, &mut self.cache);
            let judgement = plan(&lens, &self.moment, op);
            lens.failure()?;
            judgement
        };
        match judgement {
            Judgement::Hold(missing) => {
                self.hear(item, op)?;
                let held = self.held_row(item, op, missing.clone())?;
                held.map_or(Ok(()), |held| self.batch.put_held(&held, &op.same))?;
                Ok(Verdict::Held { missing })
            }
            Judgement::Refuse { code, detail } => self.refuse(item, op, code, &detail),
            Judgement::Accept(accepted) => {
                let (received, salt) = (self.received(), self.host.salt());
                let seen = self.seen(op)?;
                let facts = Facts { seen, ..Facts::accepted(self.head.epoch, accepted, received, salt) };
                let index = self.log(item, op, &facts)?;
                self.carry_out(op, index, &facts)?;
                Ok(Final::of(index, facts.judged).into())
            }
        }
    }

    /// `differs` when the checkpoint that the device claims to have seen was never this ledger's. The
    /// op counts all the same; what to make of it is for people.
    fn seen(&mut self, op: &Op) -> Result<Option<String>> {
        let Some(seen) = op.seen.as_ref().filter(|seen| seen.epoch == self.head.epoch) else { return Ok(None) };
        let differs = self.roots.differs(&*self.batch, self.frontier.size(), seen)?;
        if differs {
            tracing::warn!(op = %op.id, size = seen.size, "a device has seen another ledger");
        }
        Ok(differs.then(|| "differs".to_owned()))
    }

    fn received(&self) -> Time {
        self.moment.received.unwrap_or(Time::from_millis(0))
    }

    fn refuse(&mut self, item: &Item, op: &Op, code: Code, detail: &str) -> Result<Verdict> {
        let (received, salt) = (self.received(), self.host.salt());
        let seen = self.seen(op)?;
        let facts = Facts { seen, ..Facts::refused(self.head.epoch, code, detail.to_owned(), received, salt) };
        let index = self.log(item, op, &facts)?;
        Ok(Final::of(index, facts.judged).into())
    }

    /// True when the device has said something else at this place of its chain.
    fn forks(&mut self, op: &Op) -> Result<bool> {
        let Some(chain) = &op.chain else { return Ok(false) };
        let tip = match self.tips.get(&chain.device) {
            Some(tip) => *tip,
            None => {
                let last = self.batch.said_last(&chain.device)?.map(|said| (said.seq, said.hash));
                self.tips.insert(chain.device, last);
                last
            }
        };
        match tip {
            None => return Ok(false),
            // Nearly always it goes on where it was, and nothing is said behind that.
            Some((seq, hash)) if seq + 1 == chain.seq => return Ok(chain.prev != Some(hash)),
            Some(_) => {}
        }
        let around = self.batch.said_around(&chain.device, chain.seq)?;
        Ok(around.iter().any(|said| {
            (said.seq == chain.seq && said.hash != op.hash)
                || (said.seq + 1 == chain.seq && Some(said.hash) != chain.prev)
                || (said.seq == chain.seq + 1 && said.prev != Some(op.hash))
        }))
    }

    /// Records that the device said this, whatever becomes of it.
    fn hear(&mut self, item: &Item, op: &Op) -> Result<()> {
        let Some(chain) = &op.chain else { return Ok(()) };
        let push = self.push_id(item)?;
        let said = Said { seq: chain.seq, hash: op.hash, prev: chain.prev };
        self.batch.add_said(&chain.device, &said, push)?;
        // Who was not asked for yet stays so: what was heard just now need not be the last it said.
        if let Some(tip) = self.tips.get_mut(&chain.device)
            && tip.is_none_or(|(seq, _)| seq < chain.seq)
        {
            *tip = Some((chain.seq, op.hash));
        }
        Ok(())
    }

    /// Id of the item's push, which is kept when the first of its ops is; 0 for the ledger's own.
    fn push_id(&mut self, item: &Item) -> Result<u64> {
        let Some(push) = &item.push else { return Ok(0) };
        if let Some(id) = *push.kept() {
            return Ok(id);
        }
        if let Some((_, id)) = self.pushes.get(&Arc::as_ptr(push)) {
            return Ok(*id);
        }
        let id = self.batch.add_push(&push.row)?;
        self.pushes.insert(Arc::as_ptr(push), (push.clone(), id));
        Ok(id)
    }

    /// How an op is kept outside the ledger; the ledger's own ops are not, their caller has them.
    fn held_row(&mut self, item: &Item, op: &Op, missing: Vec<String>) -> Result<Option<HeldRow>> {
        let Some(chain) = &op.chain else { return Ok(None) };
        let (push, received) = (self.push_id(item)?, self.received());
        let (text, device) = (item.text.clone(), chain.device);
        Ok(Some(HeldRow { op: op.id, device, hash: op.hash, text, missing, received, push }))
    }

    fn verdict_at(&self, index: u64) -> Result<Final> {
        let entry = self.batch.entries(index, 1)?.pop().filter(|entry| entry.index == index);
        let facts = entry.and_then(|entry| serde_json::from_str::<Facts>(&entry.facts).ok());
        let facts = facts.ok_or_else(|| StoreError::Damaged(format!("entry {index}")))?;
        Ok(Final::of(index, facts.judged))
    }

    /// Appends the entry: leaf, tree, idempotency, what was said.
    fn log(&mut self, item: &Item, op: &Op, facts: &Facts) -> Result<u64> {
        self.hear(item, op)?;
        let push = Some(self.push_id(item)?).filter(|id| *id > 0);
        let (index, facts) = (self.frontier.size(), facts.to_text());
        let leaf = leaf_hash(&op.hash, &Hash::of(facts.as_bytes()));
        let entry = Entry { index, op: item.text.clone(), facts, leaf, push };
        self.batch.append(&entry, op.id, &op.same)?;
        self.judged.add(op.id, op.same, index);
        let mut nodes = Vec::new();
        self.frontier.push(leaf, |level, position, hash| nodes.push((level, position, hash)));
        nodes.iter().try_for_each(|(level, position, hash)| self.batch.keep_node(*level, *position, hash))?;
        if op.chain.is_some() {
            self.batch.drop_held(op.id, &op.same)?;
        }
        Ok(index)
    }

    /// Carries the op out: newest state, feed, checksums.
    fn carry_out(&mut self, op: &Op, index: u64, facts: &Facts) -> Result<()> {
        for (hash, (len, media_type)) in files_kept(op) {
            self.batch.put_kept(&hash, len, &media_type, index)?;
        }
        let after = {
            let lens = Lens::new(&*self.batch, &mut self.cache);
            let after = changed(&lens, op, index, facts);
            lens.failure()?;
            after.ok_or_else(|| StoreError::Rejected(format!("op {} cannot be applied", op.id)))?
        };
        after.into_iter().try_for_each(|entity| self.put(entity))
    }

    /// Keeps an entity's new state, moves it in the feed, and notes which files it refers to.
    fn put(&mut self, entity: Entity) -> Result<()> {
        let old = Lens::new(&*self.batch, &mut self.cache).row(entity.id)?;
        let old = old.as_ref().map(|kept| (&*kept.entity, &kept.places[..]));
        let files = |entity: &Entity| entity.files().iter().map(|file| (file.hash, file.by)).collect::<Vec<_>>();
        let named = files(&entity);
        let before = old.map(|(old, _)| files(old)).unwrap_or_default();
        if named != before {
            self.batch.put_refs(entity.id, &named, !before.is_empty())?;
        }
        let row = entity.to_text();
        let places = place(self.batch, &mut self.sums, old, &entity, &row)?;
        let (id, kind, index) = (entity.id, entity.kind.clone(), entity.index);
        self.batch.put_entity(&EntityRow { id, kind, index, row, places: places.clone() })?;
        if let Some(changed) = &mut self.changed {
            let received = self.moment.received.unwrap_or(Time::from_millis(0));
            changed.note(&entity, index, received);
        }
        self.cache.put(Arc::new(entity), places);
        Ok(())
    }

    /// Writes checksums and the head with its signed checkpoint.
    pub(super) fn finish(mut self) -> Result<Done> {
        self.sums.write(self.batch)?;
        let size = self.frontier.size();
        if size != self.head.size {
            let origin = Origin { ledger: self.head.ledger.0, epoch: self.head.epoch };
            let checkpoint = Checkpoint { origin, size, root: self.frontier.root() };
            self.head.size = size;
            self.head.peaks = self.frontier.peaks().to_vec();
            self.head.checkpoint = checkpoint.sign(self.key.signing_key());
            self.batch.move_head(&self.head)?;
            if let Some(changed) = self.changed.take() {
                changed.write(self.batch)?;
                self.batch.move_listed(size)?;
            }
            self.cache.stamp = self.moment.received;
        }
        self.cache.trim();
        let pushes = self.pushes.into_values().collect();
        Ok(Done { head: (self.head.epoch, size), cache: self.cache, pushes })
    }
}
