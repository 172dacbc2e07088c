//! Cases of another register on their way into the ledger: compared with what is there, and taken in.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;
use xuncha_core::host::Host;
use xuncha_core::model::{Entity, EntityId, LedgerId, OpId};
use xuncha_core::protocol::{Final, Verdict};

use super::case::ImportedCase;
use super::row::{Row, RowFault};
use crate::ledger::{BATCH_OPS, Foreseen, Item, OwnOp, Sequencer, foresee};
use crate::store::{Result, Store};

/// What of this city a map refers to.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Units by the register's names of departments.
    pub units: BTreeMap<String, EntityId>,
    /// The catalogue that the items are of.
    pub catalogue: Option<EntityId>,
}

/// What an import comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// Rows below the headers that are not blank.
    pub rows: u64,
    /// Cases taken over; in a dry run, that would be.
    pub new: u64,
    /// Rows whose cases were taken over before, saying the same.
    pub known: u64,
    /// Rows that were left out, because something is wrong with them.
    pub bad: u64,
    /// Of these, rows whose cases were taken over before, saying something else; nothing is rewritten.
    pub differs: u64,
    /// Of those new or known, cases said to be closed before they were opened.
    pub closed_before_opened: u64,
}

/// Takes in cases, or only says what would become of them.
pub struct Intake<'a> {
    store: &'a dyn Store,
    host: &'a Host,
    ledger: LedgerId,
    sequencer: Option<&'a Sequencer>,
    tell: &'a mut dyn FnMut(RowFault),
    waiting: Vec<Waiting>,
    /// Where each case was seen first: which file, which row.
    seen: HashMap<EntityId, (usize, u64)>,
    files: Vec<String>,
    taken: Taken,
}

/// A case that waits for its batch.
struct Waiting {
    case: ImportedCase,
    op: OpId,
    item: Item,
    file: String,
    row: u64,
    line: Option<u64>,
}

impl Waiting {
    fn fault(&self, code: &str, detail: impl Into<String>) -> RowFault {
        let (file, code, detail) = (self.file.clone(), code.to_owned(), detail.into());
        RowFault { file, row: self.row, line: self.line, column: None, code, detail }
    }
}

impl<'a> Intake<'a> {
    /// An intake into the ledger in `store`; without a sequencer nothing is taken. `tell` hears what is wrong with rows.
    pub fn new(
        store: &'a dyn Store,
        host: &'a Host,
        ledger: LedgerId,
        sequencer: Option<&'a Sequencer>,
        tell: &'a mut dyn FnMut(RowFault),
    ) -> Intake<'a> {
        let (waiting, seen, files, taken) = Default::default();
        Intake { store, host, ledger, sequencer, tell, waiting, seen, files, taken }
    }

    /// Takes what was read of a row of `file`. It is durable once [`Intake::finish`] returns, and part of it before; a crash
    /// between leaves whole cases, and doing it all again takes the rest.
    ///
    /// # Errors
    /// The store's.
    pub fn take(
        &mut self,
        file: &str,
        row: &Row,
        read: std::result::Result<ImportedCase, Vec<RowFault>>,
    ) -> Result<()> {
        self.taken.rows += 1;
        if self.files.last().is_none_or(|last| last != file) {
            self.files.push(file.to_owned());
        }
        let case = match read {
            Ok(case) => case,
            Err(faults) => {
                self.taken.bad += 1;
                faults.into_iter().for_each(&mut *self.tell);
                return Ok(());
            }
        };
        let waiting = self.written(file, row, case);
        let first = *self.seen.entry(waiting.case.entity).or_insert((self.files.len() - 1, row.number));
        if first != (self.files.len() - 1, row.number) {
            let (file, row) = (&self.files[first.0], first.1);
            self.reject(waiting.fault("twice", format!("the case stands in {file} row {row} already")));
            return Ok(());
        }
        self.waiting.push(waiting);
        if self.waiting.len() < BATCH_OPS { Ok(()) } else { self.flush() }
    }

    /// Takes what is left and says what it all came to.
    ///
    /// # Errors
    /// The store's.
    pub fn finish(mut self) -> Result<Taken> {
        self.flush()?;
        Ok(self.taken)
    }

    /// The op's id follows from what it says: the same row is the same op.
    fn written(&self, file: &str, row: &Row, case: ImportedCase) -> Waiting {
        let op = OpId(Uuid::new_v5(&case.entity.0, case.body.to_string().as_bytes()));
        let (kind, body) = ("finding.import", case.body.clone());
        let own = OwnOp { id: op, origin: "import", kind, entity: case.entity, body, base: None };
        let item = own.write(self.ledger, self.host);
        Waiting { op, item, file: file.to_owned(), row: row.number, line: row.line, case }
    }

    fn reject(&mut self, fault: RowFault) {
        self.taken.bad += 1;
        (self.tell)(fault);
    }

    fn flush(&mut self) -> Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        let ids: Vec<EntityId> = waiting.iter().map(|waiting| waiting.case.entity).collect();
        let there = self.store.look(|snapshot| snapshot.entities_of(&ids))?;
        let there: HashMap<EntityId, Entity> =
            there.iter().filter_map(|row| Some((row.id, serde_json::from_str(&row.row).ok()?))).collect();
        let mut new = Vec::new();
        for waiting in waiting {
            match there.get(&waiting.case.entity) {
                None => new.push(waiting),
                Some(entity) if entity.stamps.first.op == waiting.op => {
                    self.taken.known += 1;
                    self.taken.closed_before_opened += u64::from(waiting.case.early);
                }
                Some(entity) => {
                    let detail = self.difference(entity, &waiting.case.body)?;
                    self.taken.differs += 1;
                    self.reject(waiting.fault("differs", detail));
                }
            }
        }
        let good = self.foreseen(new)?;
        self.append(&good)
    }

    /// Those that the law would take as things stand.
    fn foreseen(&mut self, new: Vec<Waiting>) -> Result<Vec<Waiting>> {
        let items: Vec<Item> = new.iter().map(|waiting| waiting.item.clone()).collect();
        let mut bad: BTreeMap<usize, (String, String)> = BTreeMap::new();
        let mut from = 0;
        while from < items.len() {
            let found = self.store.look(|snapshot| foresee(snapshot, self.host, &items[from..]))?;
            let Some(Foreseen { at, code, detail }) = found else { break };
            bad.insert(from + at, (code.to_string(), detail));
            from += at + 1;
        }
        let mut good = Vec::new();
        for (at, waiting) in new.into_iter().enumerate() {
            match bad.remove(&at) {
                Some((code, detail)) => self.reject(waiting.fault(&code, detail)),
                None => good.push(waiting),
            }
        }
        Ok(good)
    }

    fn append(&mut self, good: &[Waiting]) -> Result<()> {
        let Some(sequencer) = self.sequencer else {
            good.iter().for_each(|waiting| self.count(waiting));
            return Ok(());
        };
        let items: Vec<Item> = good.iter().map(|waiting| waiting.item.clone()).collect();
        let verdicts = sequencer.append(self.store, &items)?;
        for (waiting, verdict) in good.iter().zip(verdicts) {
            match verdict {
                Verdict::Refused { code, detail, .. }
                | Verdict::Duplicate { original: Final::Refused { code, detail, .. } } => {
                    self.reject(waiting.fault(code.as_str(), detail));
                }
                Verdict::Held { missing } => self.reject(waiting.fault("held", missing.join(", "))),
                Verdict::Unreadable { code, detail } => self.reject(waiting.fault(&code, detail)),
                Verdict::Fork => self.reject(waiting.fault("fork", "the ledger itself cannot fork")),
                Verdict::Accepted { .. } | Verdict::Conflict { .. } | Verdict::Duplicate { .. } => self.count(waiting),
            }
        }
        Ok(())
    }

    fn count(&mut self, waiting: &Waiting) {
        self.taken.new += 1;
        self.taken.closed_before_opened += u64::from(waiting.case.early);
    }

    /// What a row says otherwise than when its case was taken over.
    fn difference(&self, entity: &Entity, body: &Value) -> Result<String> {
        let index = entity.stamps.first.index;
        let entry = self.store.look(|snapshot| snapshot.entries(index, 1))?.pop();
        let op = entry.and_then(|entry| serde_json::from_str::<Value>(&entry.op).ok()).unwrap_or_default();
        let names = differing(&op["body"], body).join(", ");
        Ok(format!("the ledger has it since entry {index}, where {names} said otherwise; nothing is rewritten"))
    }
}

/// Names of the members in which two bodies differ; those of `source` one by one.
fn differing(before: &Value, now: &Value) -> Vec<String> {
    let mut names = between(before, now, "");
    if let Some(at) = names.iter().position(|name| name == "source") {
        names.splice(at..=at, between(&before["source"], &now["source"], "source."));
    }
    names
}

fn between(before: &Value, now: &Value, prefix: &str) -> Vec<String> {
    let members = |of: &Value| of.as_object().cloned().unwrap_or_default();
    let (before, now) = (members(before), members(now));
    let mut names: Vec<&String> = before.keys().chain(now.keys()).collect();
    names.sort();
    names.dedup();
    names.retain(|name| before.get(*name) != now.get(*name));
    names.into_iter().map(|name| format!("{prefix}{name}")).collect()
}
