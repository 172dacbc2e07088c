//! What must hold, whatever went wrong. What people saw as saved and what the server signed is
//! remembered apart from both, and compared with what lies on their disks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use xuncha_core::model::{EntityId, Hash, OpId};
use xuncha_core::notebook::{ListPage, Notebook};
use xuncha_core::proof::{Frontier, leaf_hash};

use super::city::City;
use super::phone::Phone;

/// A finding that somebody saw as saved.
#[derive(Debug, Clone)]
struct Saved {
    phone: String,
    photos: Vec<Hash>,
}

/// A checkpoint that the server stood at.
#[derive(Debug, Clone, Copy)]
struct Noted {
    epoch: u32,
    size: u64,
    root: Hash,
}

/// What people saw, and what the server signed.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    findings: BTreeMap<EntityId, Saved>,
    ops: BTreeMap<OpId, String>,
    noted: Vec<Noted>,
}

/// One entry of the ledger, as far as the truth is concerned.
struct Entry {
    op: OpId,
    kind: String,
    entity: EntityId,
    counts: bool,
}

/// What a phone had seen as saved when it was copied.
#[derive(Debug, Clone, Default)]
pub(crate) struct SeenThen {
    findings: BTreeSet<EntityId>,
    ops: BTreeSet<OpId>,
}

impl Truth {
    /// A phone showed a finding as saved.
    pub(crate) fn saw_finding(&mut self, phone: &str, id: EntityId, photos: Vec<Hash>) {
        self.findings.insert(id, Saved { phone: phone.to_owned(), photos });
    }

    /// A phone showed another op as saved.
    pub(crate) fn saw_op(&mut self, phone: &str, id: OpId) {
        self.ops.insert(id, phone.to_owned());
    }

    /// What a phone has seen as saved by now.
    pub(crate) fn seen_by(&self, phone: &str) -> SeenThen {
        let findings = self.findings.iter().filter(|(_, saved)| saved.phone == phone).map(|(id, _)| *id).collect();
        let ops = self.ops.iter().filter(|(_, of)| *of == phone).map(|(id, _)| *id).collect();
        SeenThen { findings, ops }
    }

    /// A phone was put back to an older copy: what it had not yet delivered since may be gone with it.
    pub(crate) fn put_back(&mut self, phone: &str, then: &SeenThen) {
        self.findings.retain(|id, saved| saved.phone != phone || then.findings.contains(id));
        self.ops.retain(|id, of| of != phone || then.ops.contains(id));
    }

    /// Notes where the server stands. Sizes grow within an epoch.
    pub(crate) fn note(&mut self, city: &City) {
        let head = city.office().store.look(|snapshot| snapshot.head()).unwrap().unwrap();
        let root = Frontier::from_peaks(head.size, head.peaks).unwrap().root();
        let now = Noted { epoch: head.epoch, size: head.size, root };
        if let Some(last) = self.noted.last() {
            assert!((last.epoch, last.size) <= (now.epoch, now.size), "the log shrank from {last:?} to {now:?}");
            assert!(last.size != now.size || last.root == now.root, "the log changed at {last:?}: {now:?}");
        }
        self.noted.push(now);
    }

    /// How many checkpoints were noted.
    pub(crate) fn noted(&self) -> usize {
        self.noted.len()
    }

    /// The ledger was put back to where it stood when so many had been noted.
    pub(crate) fn forget_after(&mut self, noted: usize) {
        self.noted.truncate(noted);
    }

    /// After a crash: whatever this phone showed as saved is still in it, unless it was delivered.
    pub(crate) fn check_phone(&self, phone: &Phone) {
        let notebook = phone.notebook();
        let problems = notebook.check().unwrap();
        assert!(problems.is_empty(), "{}: {problems:#?}", phone.name);
        let said = phone.said();
        for (id, _) in self.ops.iter().filter(|(_, of)| **of == phone.name) {
            assert!(said.ops.contains(id), "{}: op {id} is gone from the phone", phone.name);
        }
        for (id, saved) in self.findings.iter().filter(|(_, saved)| saved.phone == phone.name) {
            assert!(said.entities.contains(id), "{}: finding {id} is gone from the phone", phone.name);
            for hash in &saved.photos {
                assert!(phone.keeps(&said, hash), "{}: photo {hash} of {id} is gone from the phone", phone.name);
            }
        }
    }

    /// The log holds every checkpoint that was noted, and hangs together.
    fn check_log(&self, city: &City) -> Vec<Entry> {
        let problems = city.problems();
        assert!(problems.is_empty(), "{problems:#?}");
        let (mut tree, mut roots, mut entries) = (Frontier::new(), BTreeMap::new(), Vec::new());
        let all = city.office().store.look(|snapshot| snapshot.entries(0, u32::MAX)).unwrap();
        for (index, entry) in (0..).zip(all) {
            assert_eq!(entry.index, index, "the log has a gap");
            tree.push(leaf_hash(&Hash::of(entry.op.as_bytes()), &Hash::of(entry.facts.as_bytes())), |_, _, _| {});
            roots.insert(index + 1, tree.root());
            let (op, facts): (Value, Value) =
                (serde_json::from_str(&entry.op).unwrap(), serde_json::from_str(&entry.facts).unwrap());
            let id = |name: &str| op[name].as_str().unwrap().parse().unwrap();
            entries.push(Entry {
                op: OpId(id("id")),
                kind: op["kind"].as_str().unwrap().to_owned(),
                entity: EntityId(id("entity")),
                counts: facts["verdict"] != "refused",
            });
        }
        for noted in &self.noted {
            assert_eq!(roots.get(&noted.size), Some(&noted.root), "{noted:?} is no longer part of the log");
        }
        entries
    }

    /// Nothing that anybody saw as saved is missing in the ledger, and nothing counts twice.
    pub(crate) fn check_city(&self, city: &City) {
        let entries = self.check_log(city);
        let mut counted = BTreeSet::new();
        for entry in entries.iter().filter(|entry| entry.counts) {
            assert!(counted.insert(entry.op), "op {} counts twice", entry.op);
        }
        let said: BTreeSet<OpId> = entries.iter().map(|entry| entry.op).collect();
        for (op, phone) in &self.ops {
            assert!(said.contains(op), "op {op} of {phone} is not in the ledger");
        }
        let records = |counts: bool| -> BTreeSet<EntityId> {
            let these = entries.iter().filter(|entry| entry.kind == "finding.record" && (entry.counts || !counts));
            these.map(|entry| entry.entity).collect()
        };
        let (recorded, judged) = (records(true), records(false));
        for (id, saved) in &self.findings {
            assert!(judged.contains(id), "finding {id} of {} is not in the ledger", saved.phone);
            if recorded.contains(id) {
                for hash in &saved.photos {
                    assert!(city.files().path(hash).exists(), "photo {hash} of {id} is not at the server");
                }
            }
        }
    }
}

/// Every finding that a notebook shows, as text.
pub(crate) fn shown(notebook: &Notebook) -> BTreeMap<EntityId, String> {
    let (mut all, mut page) = (BTreeMap::new(), ListPage { after: None, limit: 200 });
    loop {
        let listed = notebook.list(page).unwrap();
        let Some(last) = listed.last() else { return all };
        page.after = Some(last.key);
        for one in &listed {
            let entity = notebook.entity(one.finding.id).unwrap().unwrap();
            all.insert(one.finding.id, entity.to_text());
        }
    }
}
