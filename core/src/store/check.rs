//! Whether the notebook is true to itself; for tests and for support.

use std::collections::BTreeMap;

use super::put::Brief;
use super::view::read_entity;
use super::{Store, Tried, entity_id, uint};
use crate::Result;
use crate::model::{EntityId, Hash};
use crate::op::Op;
use crate::protocol::{Row, RowPart};

impl Store {
    /// What is wrong, a line each; empty when nothing is.
    pub(crate) fn check(&self) -> Result<Vec<String>> {
        let mut wrong = Vec::new();
        self.check_chain(&mut wrong)?;
        self.check_views(&mut wrong)?;
        self.check_sums(&mut wrong)?;
        self.check_files(&mut wrong)?;
        let found: String = self.db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).tried("check")?;
        if found != "ok" {
            wrong.push(format!("quick_check: {found}"));
        }
        Ok(wrong)
    }

    /// Counters are dense, hashes fit their texts, and the present key's chain is whole.
    fn check_chain(&self, wrong: &mut Vec<String>) -> Result<()> {
        let account = self.account()?;
        let lines_before = self.lines_before(i32::MAX as usize)?;
        let device = self.key.public().device();
        if account.key != self.key.public() {
            wrong.push("the notebook remembers another key than the one it uses".into());
        }
        let mut query = self.db.prepare("SELECT n, hash, text FROM op ORDER BY n")?;
        let mut rows = query.query([])?;
        let mut n = 0;
        let mut chain_of_key = BTreeMap::new();
        while let Some(row) = rows.next().tried("check")? {
            n += 1;
            let text: String = row.get("text")?;
            let op = match Op::parse(&text) {
                Ok(op) => op,
                Err(error) => {
                    wrong.push(format!("op {n}: {error}"));
                    continue;
                }
            };
            let Some(chain) = op.chain else { continue };
            if uint(row.get("n")?) != n || chain.n != n {
                wrong.push(format!("op {}: its counter is not {n}", op.id));
            }
            if chain.line != account.line && (chain.device == device || !lines_before.contains(&chain.line)) {
                wrong.push(format!("op {}: its line is not the notebook's", op.id));
            }
            if row.get::<_, String>("hash")? != op.hash.to_string() || Hash::of(text.as_bytes()) != op.hash {
                wrong.push(format!("op {}: its hash does not fit", op.id));
            }
            if chain.device == device && chain_of_key.insert(chain.seq, (op.hash, chain.prev)).is_some() {
                wrong.push(format!("op {}: seq {} is said twice", op.id, chain.seq));
            }
        }
        check_links(&chain_of_key, wrong);
        let newest = chain_of_key.last_key_value().map(|(seq, (hash, _))| (*seq, *hash));
        if account.user.is_some() && !self.logins()?.iter().any(|login| login.current) {
            wrong.push("who records is not signed in".into());
        }
        if account.n != n || account.prev.map(|prev| (account.seq, prev)) != newest {
            wrong.push("the notebook's counters are not those of its newest op".into());
        }
        Ok(())
    }

    /// What is shown equals row and replay, computed from scratch, and so do the columns.
    fn check_views(&self, wrong: &mut Vec<String>) -> Result<()> {
        let mut ids = self.db.prepare("SELECT id FROM entity UNION SELECT entity FROM op WHERE open = 1")?;
        let ids = ids.query_map([], |row| row.get(0).map(entity_id))?;
        for id in ids.collect::<rusqlite::Result<Vec<_>>>().tried("check")? {
            let row: Option<String> = self.one("SELECT row FROM entity WHERE id = ?", id)?.flatten();
            let row = row.as_deref().map(read_entity).transpose()?;
            let ops = self.open_ops(id)?;
            let expected = self.replayed(id, row, &ops)?;
            let shown = self.entity(id)?;
            if shown != expected {
                wrong.push(format!("entity {id}: what is shown is not row and replay"));
            }
            if shown.is_some_and(|entity| !ops.is_empty() && entity.id != id) {
                wrong.push(format!("entity {id}: is stored under another id"));
            }
            self.check_columns(id, wrong)?;
        }
        Ok(())
    }

    fn check_columns(&self, id: EntityId, wrong: &mut Vec<String>) -> Result<()> {
        let read =
            "SELECT json_array(kind, status, item, at, lat, lon, disputed, shown IS NULL) FROM entity WHERE id = ?";
        let columns: Option<String> = self.one(read, id)?;
        let Some(columns) = columns else { return Ok(()) };
        let text: Option<String> = self.one("SELECT coalesce(shown, row) FROM entity WHERE id = ?", id)?;
        let text = text.unwrap_or_default();
        let shown: Option<String> = self.one("SELECT shown FROM entity WHERE id = ?", id)?.flatten();
        self.whole(|store| store.put_shown(id, shown.as_deref(), &Brief::read(&text)?))?;
        if self.one(read, id)? != Some(columns) {
            wrong.push(format!("entity {id}: its columns are not what is shown"));
        }
        Ok(())
    }

    /// The sum of each scope is that of its parts, and parts are those of the rows.
    fn check_sums(&self, wrong: &mut Vec<String>) -> Result<()> {
        let mut sums: BTreeMap<i64, RowPart> = BTreeMap::new();
        let mut query = self.db.prepare(include_str!("parts.sql"))?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next().tried("check")? {
            let (id, scope): ([u8; 16], i64) = (row.get("entity")?, row.get("scope")?);
            let Some(part) = row.get::<_, Option<[u8; 16]>>("part")? else { continue };
            let part = RowPart(u128::from_be_bytes(part));
            let sum = sums.entry(scope).or_default();
            *sum = sum.plus(part);
            let (index, text): (Option<i64>, Option<String>) = (row.get("index")?, row.get("row")?);
            let name: String = row.get("name")?;
            let whole = !name.starts_with("unit:");
            let real = index.zip(text).map(|(index, text)| Row::sum(entity_id(id), uint(index), &text));
            if whole && row.get::<_, Option<i64>>("next")?.is_none() && real != Some(part) {
                wrong.push(format!("entity {}: its part of the sum of {name} is not that of its row", entity_id(id)));
            }
        }
        for (scope, followed) in self.scopes()?.iter() {
            if followed.sum != sums.get(&followed.n).copied().unwrap_or_default() {
                wrong.push(format!("scope {scope}: its sum is not that of its parts"));
            }
        }
        Ok(())
    }
}

/// Neighbours name each other. A place is empty where the op was said again further on.
fn check_links(chain: &BTreeMap<u64, (Hash, Option<Hash>)>, wrong: &mut Vec<String>) {
    for ((seq, (hash, _)), (next, (_, prev))) in chain.iter().zip(chain.iter().skip(1)) {
        if seq + 1 == *next && *prev != Some(*hash) {
            wrong.push(format!("seq {next} does not follow {seq}"));
        }
    }
}
