//! Checks a whole ledger again, trusting nothing that can be computed.
//!
//! From the texts: every leaf, the tree, the signed checkpoint, every device's signature and chain,
//! every checkpoint that a device had seen. From the facts: the newest state of every entity, the
//! feed and its checksums, and the lists, by [`changed`] alone. And for entries of the current law, the verdict
//! itself, by judging again.

mod derived;
mod listed;
mod said;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::Serialize;
use xuncha_core::model::catalogue::Catalogue;
use xuncha_core::model::{DeviceId, Entity, EntityId, Hash};
use xuncha_core::op::{Op, PublicKey, push_message};
use xuncha_core::plan::{
    Facts, Judged, Judgement, LAW, Moment, Scope, Shape, View, changed, contains, epochs_ended, file_of, files_kept,
    floors_of, member_of, plan, project, scopes_of,
};
use xuncha_core::proof::{Checkpoint, Frontier, leaf_hash, root_at};
use xuncha_core::protocol::{Row, RowPart};

use super::cache::entity_of;
use super::pull::{SnapshotNodes, collect};
use super::seen::Roots;
use crate::store::{Entry, Head, PushRow, Result, Said, Snapshot, StoreError};

/// What a check of the whole ledger found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// True when nothing is wrong.
    pub ok: bool,
    /// Number of entries.
    pub entries: u64,
    /// Number of entities.
    pub entities: u64,
    /// Whatever does not fit, at most 1,000 of it.
    pub problems: Vec<Problem>,
}

/// One thing that does not fit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Problem {
    /// Ledger index of the entry at fault, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// What does not fit.
    pub what: String,
}

/// Most problems that a report lists.
const MOST: usize = 1_000;

const PAGE: u32 = 1_000;

/// Checks everything in `snapshot`. `key` is the ledger's own, when it is known from outside; the
/// one that the first entry names is used otherwise. `progress` hears the number of entries done.
///
/// # Errors
/// When the store cannot be read at all; what can be read and does not fit is in the report.
pub fn verify(snapshot: &dyn Snapshot, key: Option<PublicKey>, progress: &mut dyn FnMut(u64)) -> Result<Report> {
    let head = snapshot.head()?.ok_or_else(|| StoreError::Missing("this store".into()))?;
    let mut check = Check::new(&head, key);
    check.documents(snapshot)?;
    let mut next = 0;
    loop {
        let page = snapshot.entries(next, PAGE)?;
        let Some(last) = page.last() else { break };
        next = last.index + 1;
        for entry in &page {
            check.entry(snapshot, entry)?;
        }
        progress(next);
    }
    check.pushes(snapshot)?;
    check.head(&head);
    check.entities(snapshot)?;
    check.lists(snapshot, &head)?;
    check.feeds(snapshot)?;
    check.outside(snapshot)?;
    check.catalogues(snapshot)?;
    check.files(snapshot)?;
    check.problems.truncate(MOST);
    Ok(Report {
        ok: check.problems.is_empty(),
        entries: check.frontier.size(),
        entities: check.state.entities.len() as u64,
        problems: check.problems,
    })
}

/// State as the entries so far have made it.
#[derive(Default)]
struct State {
    entities: HashMap<EntityId, Arc<Entity>>,
    areas: BTreeMap<EntityId, Shape>,
    /// Files that have arrived: by which entry, and how long they are.
    kept: BTreeMap<Hash, (u64, u64)>,
    referring: HashMap<Hash, BTreeSet<EntityId>>,
    documents: HashMap<Hash, Arc<Catalogue>>,
    /// Active users of each unit.
    members: HashMap<EntityId, BTreeSet<EntityId>>,
}

impl State {
    fn put(&mut self, entity: Entity) {
        if entity.kind == "area" {
            let shape = entity.field("shape").and_then(Shape::from_geojson);
            match shape.filter(|_| entity.text("status") == Some("active")) {
                Some(shape) => self.areas.insert(entity.id, shape),
                None => self.areas.remove(&entity.id),
            };
        }
        let before = self.entities.get(&entity.id).cloned();
        if let Some(unit) = before.as_deref().and_then(member_of) {
            self.members.entry(unit).or_default().remove(&entity.id);
        }
        if let Some(unit) = member_of(&entity) {
            self.members.entry(unit).or_default().insert(entity.id);
        }
        for file in before.iter().flat_map(|before| before.files()) {
            if let Some(referring) = self.referring.get_mut(&file.hash) {
                referring.remove(&entity.id);
            }
        }
        for file in entity.files() {
            self.referring.entry(file.hash).or_default().insert(entity.id);
        }
        self.entities.insert(entity.id, Arc::new(entity));
    }
}

impl View for State {
    fn entity(&self, id: EntityId) -> Option<Arc<Entity>> {
        self.entities.get(&id).cloned()
    }

    fn areas_at(&self, lat: f64, lon: f64) -> Vec<EntityId> {
        self.areas.iter().filter(|(_, shape)| contains(shape, lat, lon)).map(|(id, _)| *id).collect()
    }

    fn kept(&self, hash: &Hash) -> Option<u64> {
        self.kept.get(hash).map(|(index, _)| *index)
    }

    fn referring(&self, hash: &Hash) -> Vec<EntityId> {
        self.referring.get(hash).into_iter().flatten().copied().collect()
    }

    fn has_members(&self, unit: EntityId) -> bool {
        self.members.get(&unit).is_some_and(|members| !members.is_empty())
    }

    fn catalogue(&self, file: &Hash) -> Option<Arc<Catalogue>> {
        self.documents.get(file).cloned()
    }
}

/// One op in its device's chain: ledger index, hash, hash of the one before.
type Link = (u64, Hash, Option<Hash>);

struct Check {
    moment: Moment,
    key: Option<PublicKey>,
    state: State,
    frontier: Frontier,
    roots: Roots,
    /// For each push: the entries that came with it, by op hash.
    pushed: HashMap<u64, Vec<(u64, DeviceId, Hash)>>,
    chains: HashMap<DeviceId, BTreeMap<u64, Link>>,
    judged: HashMap<(uuid::Uuid, Hash), u64>,
    traces: HashMap<EntityId, listed::Trace>,
    problems: Vec<Problem>,
}

impl Check {
    fn new(head: &Head, key: Option<PublicKey>) -> Check {
        let moment =
            Moment { ledger: head.ledger, epoch: head.epoch, floors: BTreeMap::new(), size: None, received: None };
        Check {
            moment,
            key,
            state: State::default(),
            frontier: Frontier::new(),
            roots: Roots::default(),
            pushed: HashMap::new(),
            chains: HashMap::new(),
            judged: HashMap::new(),
            traces: HashMap::new(),
            problems: Vec::new(),
        }
    }

    fn problem(&mut self, index: Option<u64>, what: impl Into<String>) {
        if self.problems.len() < MOST {
            self.problems.push(Problem { index, what: what.into() });
        }
    }

    fn entry(&mut self, snapshot: &dyn Snapshot, entry: &Entry) -> Result<()> {
        let index = entry.index;
        if index != self.frontier.size() {
            self.problem(Some(self.frontier.size()), format!("the next entry is {index}: entries are missing"));
        }
        let op_hash = Hash::of(entry.op.as_bytes());
        let leaf = leaf_hash(&op_hash, &Hash::of(entry.facts.as_bytes()));
        if leaf != entry.leaf {
            self.problem(Some(index), "the texts do not give the leaf");
        }
        let mut nodes = Vec::new();
        // The stored leaf goes into the tree: a text that was changed is named by its own leaf, not
        // by every root after it.
        self.frontier.push(entry.leaf, |level, position, hash| nodes.push((level, position, hash)));
        for (level, position, hash) in nodes {
            match snapshot.node(level, position) {
                Ok(stored) if stored == hash => {}
                Ok(_) | Err(StoreError::Damaged(_)) => {
                    self.problem(Some(index), format!("tree node {level}/{position} does not follow from its leaves"));
                }
                Err(error) => return Err(error),
            }
        }
        let (Ok(op), Ok(facts)) = (Op::parse(&entry.op), serde_json::from_str::<Facts>(&entry.facts)) else {
            self.problem(Some(index), "the texts are not an op and its facts");
            return Ok(());
        };
        self.epoch(snapshot, index, &op, &facts)?;
        self.remember(snapshot, entry, &op, op_hash)?;
        self.seen(snapshot, index, &op, &facts)?;
        self.idempotency(snapshot, index, &op)?;
        self.judge_again(index, &op, &facts);
        if facts.counts() {
            self.carry_out(index, &op, &facts);
        }
        Ok(())
    }

    fn carry_out(&mut self, index: u64, op: &Op, facts: &Facts) {
        for (hash, (len, _)) in files_kept(op) {
            self.state.kept.entry(hash).or_insert((index, len));
        }
        match changed(&self.state, op, index, facts) {
            Some(after) => {
                for entity in after {
                    self.trace(&entity, index, facts.received);
                    self.state.put(entity);
                }
            }
            None => self.problem(Some(index), "an accepted op that cannot be applied"),
        }
    }

    /// Epochs follow one another, each begun by an entry that says so.
    fn epoch(&mut self, snapshot: &dyn Snapshot, index: u64, op: &Op, facts: &Facts) -> Result<()> {
        let ledger = self.state.entity(EntityId(self.moment.ledger.0));
        let over = ledger.as_ref().map(|ledger| floors_of(ledger)).unwrap_or_default();
        let begins = op.kind == "ledger.epoch" && facts.counts();
        let ended = if begins { epochs_ended(op) } else { BTreeMap::new() };
        let last = over.keys().chain(ended.keys()).max().copied().unwrap_or_default();
        if facts.epoch != last + 1 {
            self.problem(Some(index), format!("it claims epoch {}", facts.epoch));
        }
        for (epoch, size) in ended {
            let named = op.body.get("epochs").and_then(|epochs| epochs.get(epoch.to_string())?.get("root")?.as_str());
            let root = if size <= index { Some(root_at(&SnapshotNodes(snapshot), size)?.to_string()) } else { None };
            if root.as_deref() != named {
                self.problem(Some(index), format!("epoch {epoch} ends at another checkpoint than the ledger had"));
            }
        }
        self.moment.floors = over;
        Ok(())
    }

    fn remember(&mut self, snapshot: &dyn Snapshot, entry: &Entry, op: &Op, hash: Hash) -> Result<()> {
        let index = entry.index;
        match (&op.chain, entry.push) {
            (Some(chain), Some(push)) => {
                self.pushed.entry(push).or_default().push((index, chain.device, hash));
                self.chains.entry(chain.device).or_default().insert(chain.seq, (index, hash, chain.prev));
            }
            (None, None) => {}
            _ => self.problem(Some(index), "a device's op came in no push, or the ledger's own in one"),
        }
        if let Some(chain) = &op.chain {
            let said = Said { seq: chain.seq, hash, prev: chain.prev };
            if !snapshot.said_around(&chain.device, chain.seq)?.contains(&said) {
                self.problem(Some(index), "what its device said is recorded otherwise");
            }
        }
        Ok(())
    }

    /// The checkpoint that a device had verified must be one of this very tree, unless it was found
    /// otherwise when the op came, and recorded so.
    fn seen(&mut self, snapshot: &dyn Snapshot, index: u64, op: &Op, facts: &Facts) -> Result<()> {
        let Some(seen) = op.seen.as_ref().filter(|seen| seen.epoch == facts.epoch) else { return Ok(()) };
        let differs = self.roots.differs(snapshot, index, seen)?;
        if differs != facts.seen.is_some() {
            let detail = format!("what is recorded of the checkpoint {} that its device had seen is not so", seen.size);
            self.problem(Some(index), detail);
        }
        Ok(())
    }

    fn idempotency(&mut self, snapshot: &dyn Snapshot, index: u64, op: &Op) -> Result<()> {
        if let Some(first) = self.judged.insert((op.id.0, op.same), index) {
            self.problem(Some(index), format!("the same op stands at {first} already"));
        }
        if !snapshot.judged(op.id)?.contains(&(op.same, index)) {
            self.problem(Some(index), "the table of judged ops does not know it");
        }
        Ok(())
    }

    /// Judges again what the current law judged, with the recorded time of receipt.
    fn judge_again(&mut self, index: u64, op: &Op, facts: &Facts) {
        if facts.law != LAW {
            return;
        }
        self.moment.received = Some(facts.received);
        self.moment.size = Some(index);
        self.moment.epoch = facts.epoch;
        let agrees = match (plan(&self.state, &self.moment, op), &facts.judged) {
            (Judgement::Accept(accepted), Judged::Accepted | Judged::Conflict { .. }) => {
                let again = Facts::accepted(facts.epoch, accepted, facts.received, facts.salt);
                Facts { seen: facts.seen.clone(), ..again } == *facts
            }
            (Judgement::Refuse { code, detail }, Judged::Refused { code: was, detail: said }) => {
                code == *was && detail == *said
            }
            // Refused before the law was asked: the same id again, or the server's own failure.
            (_, Judged::Refused { code, .. }) => matches!(code.as_str(), "id_reused" | "internal"),
            _ => false,
        };
        if !agrees {
            self.problem(Some(index), "judging it again gives another verdict");
        }
    }

    fn head(&mut self, head: &Head) {
        let (size, root) = (self.frontier.size(), self.frontier.root());
        if head.size != size {
            self.problem(None, format!("the head says {} entries, there are {size}", head.size));
        }
        if head.peaks != self.frontier.peaks() {
            self.problem(None, "the head's peaks are not the tree's");
        }
        let ledger = self.state.entity(EntityId(self.moment.ledger.0));
        let named: Option<PublicKey> = ledger.as_ref().and_then(|ledger| ledger.text("key")?.parse().ok());
        let Some(key) = self.key.or(named) else {
            return self.problem(Some(0), "the first entry names no key");
        };
        if named != Some(key) {
            self.problem(Some(0), "the ledger is kept with another key than its first entry names");
        }
        match Checkpoint::open(&head.checkpoint, &key.0, self.moment.ledger.0) {
            Err(error) => self.problem(None, format!("the checkpoint: {error}")),
            Ok(checkpoint) if checkpoint.origin.epoch != head.epoch => {
                self.problem(None, format!("the checkpoint is of epoch {}", checkpoint.origin.epoch));
            }
            Ok(checkpoint) if checkpoint.size != size || checkpoint.root != root => {
                self.problem(None, format!("the checkpoint signs another ledger of size {}", checkpoint.size));
            }
            Ok(_) => {}
        }
    }
}
