//! Reading from PostgreSQL.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use tokio_postgres::Row;
use uuid::Uuid;
use xuncha_core::model::{DeviceId, EntityId, Hash, LedgerId, OpId, Time};
use xuncha_core::plan::Scope;
use xuncha_core::protocol::RowPart;

use super::super::form::{after_bytes, after_hash, damaged, device_of, hash, hashes, places_of, signed, unsigned};
use super::super::{EntityRow, Entry, FeedRow, Head, HeldRow, PushRow, Result, Said, Snapshot, StoreError, TokenRow};
use super::line::Line;

/// One transaction: a moment of the store, and, where it holds the lock, a batch.
pub(super) struct Transaction {
    pub(super) line: Line,
    /// Numbers of scopes and speakers that this transaction has looked up or made.
    pub(super) scopes: RefCell<HashMap<Scope, i64>>,
    pub(super) speakers: RefCell<HashMap<DeviceId, i64>>,
    /// Whether any op is held; none before somebody asked.
    pub(super) any_held: Cell<Option<bool>>,
}

impl Transaction {
    pub(super) fn new(line: Line) -> Transaction {
        let (scopes, speakers, any_held) = Default::default();
        Transaction { line, scopes, speakers, any_held }
    }
}

pub(super) const ENTITY: &str = r#"SELECT id, kind, idx, "row", places FROM entity"#;

impl Snapshot for Transaction {
    fn head(&self) -> Result<Option<Head>> {
        self.line.one("SELECT ledger, epoch, size, peaks, checkpoint FROM head", &[], |row| {
            let epoch = u32::try_from(number(row, 1)?).map_err(|_| damaged("the epoch", &"of the head"))?;
            let peaks = hashes(row.try_get(3)?)?;
            Ok(Head {
                ledger: LedgerId(id(row, 0)?.0),
                epoch,
                size: number(row, 2)?,
                peaks,
                checkpoint: row.try_get(4)?,
            })
        })
    }

    fn entity(&self, id: EntityId) -> Result<Option<EntityRow>> {
        self.line.one(&format!("{ENTITY} WHERE id = $1"), &[&bytes(id)], entity)
    }

    fn entities_of(&self, ids: &[EntityId]) -> Result<Vec<EntityRow>> {
        let ids: Vec<Vec<u8>> = ids.iter().map(|id| bytes(*id)).collect();
        self.line.many(&format!("{ENTITY} WHERE id = ANY($1)"), &[&ids], entity)
    }

    fn entities(&self, kind: &str, after: Option<EntityId>, limit: u32) -> Result<Vec<EntityRow>> {
        let sql = format!("{ENTITY} WHERE kind = $1 AND kind <> 'finding' AND id > $2 ORDER BY id LIMIT $3");
        self.line.many(&sql, &[&kind, &after_bytes(after), &i64::from(limit)], entity)
    }

    fn all_entities(&self, after: Option<EntityId>, limit: u32) -> Result<Vec<EntityRow>> {
        let sql = format!("{ENTITY} WHERE id > $1 ORDER BY id LIMIT $2");
        self.line.many(&sql, &[&after_bytes(after), &i64::from(limit)], entity)
    }

    fn entries(&self, from: u64, limit: u32) -> Result<Vec<Entry>> {
        let sql = "SELECT idx, op, facts, leaf, push FROM ledger WHERE idx >= $1 ORDER BY idx LIMIT $2";
        self.line.many(sql, &[&signed(from), &i64::from(limit)], |row| {
            let push: Option<i64> = row.try_get(4)?;
            Ok(Entry {
                index: number(row, 0)?,
                op: row.try_get(1)?,
                facts: row.try_get(2)?,
                leaf: hash_at(row, 3)?,
                push: push.map(unsigned).transpose()?,
            })
        })
    }

    fn judged(&self, op: OpId) -> Result<Vec<(Hash, u64)>> {
        let read = |row: &Row| Ok((hash_at(row, 0)?, number(row, 1)?));
        self.line.many("SELECT same, idx FROM judged WHERE op = $1", &[&&op.0.as_bytes()[..]], read)
    }

    fn judged_of(&self, ops: &[OpId]) -> Result<HashMap<OpId, Vec<(Hash, u64)>>> {
        // Most pulls ask for none, and nobody waits for an answer to that.
        if ops.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<Vec<u8>> = ops.iter().map(|op| op.0.as_bytes().to_vec()).collect();
        let read = |row: &Row| Ok((OpId(id(row, 0)?.0), (hash_at(row, 1)?, number(row, 2)?)));
        let mut found: HashMap<OpId, Vec<(Hash, u64)>> = HashMap::new();
        for (op, judged) in self.line.many("SELECT op, same, idx FROM judged WHERE op = ANY($1)", &[&ids], read)? {
            found.entry(op).or_default().push(judged);
        }
        Ok(found)
    }

    fn node(&self, level: u8, position: u64) -> Result<Hash> {
        let at = signed(position);
        let read = |row: &Row| hash_at(row, 0);
        let found = match level {
            0 => self.line.one("SELECT leaf FROM ledger WHERE idx = $1", &[&at], read)?,
            _ => {
                let sql = "SELECT hash FROM node WHERE level = $1 AND position = $2";
                self.line.one(sql, &[&i64::from(level), &at], read)?
            }
        };
        found.ok_or_else(|| StoreError::Damaged(format!("tree node {level}/{position} is missing")))
    }

    fn feed(&self, scope: &Scope, from: u64, below: u64, limit: u32) -> Result<Vec<FeedRow>> {
        let sql = "SELECT idx, entity, gone FROM feed
                   WHERE scope = (SELECT id FROM scope WHERE name = $1) AND idx >= $2 AND idx < $3
                   ORDER BY idx, entity LIMIT $4";
        self.line.many(sql, &[&scope.as_str(), &signed(from), &signed(below), &i64::from(limit)], |row| {
            Ok(FeedRow { index: number(row, 0)?, entity: id(row, 1)?, gone: row.try_get(2)? })
        })
    }

    fn scopes(&self) -> Result<Vec<(Scope, RowPart)>> {
        let read = |row: &Row| Ok((Scope::from(row.try_get::<_, String>(0)?), sum_at(row, 1)?));
        self.line.many("SELECT name, sum FROM scope ORDER BY name", &[], read)
    }

    fn sum(&self, scope: &Scope) -> Result<RowPart> {
        let found = self.line.one("SELECT sum FROM scope WHERE name = $1", &[&scope.as_str()], |row| sum_at(row, 0))?;
        Ok(found.unwrap_or_default())
    }

    fn said_around(&self, device: &DeviceId, seq: u64) -> Result<Vec<Said>> {
        let sql = "SELECT seq, hash, prev FROM said
                   WHERE speaker = (SELECT id FROM speaker WHERE device = $1) AND seq BETWEEN $2::bigint - 1 AND $2::bigint + 1";
        self.line.many(sql, &[&device.to_string(), &signed(seq)], said)
    }

    fn said_last(&self, device: &DeviceId) -> Result<Option<Said>> {
        let sql = "SELECT seq, hash, prev FROM said
                   WHERE speaker = (SELECT id FROM speaker WHERE device = $1) ORDER BY seq DESC LIMIT 1";
        self.line.one(sql, &[&device.to_string()], said)
    }

    fn said_summary(&self, device: &DeviceId) -> Result<(u64, u64)> {
        let sql = "SELECT coalesce(max(seq), 0), coalesce(max(seq), 0) - count(*) FROM said
                   WHERE speaker = (SELECT id FROM speaker WHERE device = $1)";
        let read = |row: &Row| Ok((number(row, 0)?, number(row, 1)?));
        Ok(self.line.one(sql, &[&device.to_string()], read)?.unwrap_or_default())
    }

    fn pushes(&self, after: u64, limit: u32) -> Result<Vec<PushRow>> {
        let sql = "SELECT id, device, hashes, sig, received FROM push WHERE id > $1 ORDER BY id LIMIT $2";
        self.line.many(sql, &[&signed(after), &i64::from(limit)], |row| {
            let (id, sig): (u64, String) = (number(row, 0)?, row.try_get(3)?);
            Ok(PushRow {
                id,
                device: device_of(row.try_get(1)?)?,
                hashes: hashes(row.try_get(2)?)?,
                sig: sig.parse().map_err(|_| damaged("a signature of a push", &id))?,
                received: Time::from_millis(row.try_get(4)?),
            })
        })
    }

    fn waiting(&self, device: &DeviceId) -> Result<(u64, u64)> {
        let sql = "SELECT (SELECT count(*) FROM held WHERE device = $1), (SELECT count(*) FROM fork WHERE device = $1)";
        let read = |row: &Row| Ok((number(row, 0)?, number(row, 1)?));
        Ok(self.line.one(sql, &[&device.to_string()], read)?.unwrap_or_default())
    }

    fn outside(&self, after: Option<Hash>, limit: u32) -> Result<Vec<HeldRow>> {
        let sql = "SELECT hash, op, device, text, missing, received, push FROM held WHERE hash > $1
                   UNION ALL SELECT hash, op, device, text, '[]', received, push FROM fork WHERE hash > $1
                   ORDER BY 1 LIMIT $2";
        self.line.many(sql, &[&after_hash(after), &i64::from(limit)], |row| {
            let op = OpId(id(row, 1)?.0);
            let missing = serde_json::from_str(row.try_get(4)?).map_err(|_| damaged("what waits: op", &op))?;
            Ok(HeldRow {
                op,
                device: device_of(row.try_get(2)?)?,
                hash: hash_at(row, 0)?,
                text: row.try_get(3)?,
                missing,
                received: Time::from_millis(row.try_get(5)?),
                push: number(row, 6)?,
            })
        })
    }

    fn token(&self, token: &Hash) -> Result<Option<TokenRow>> {
        let sql = r#"SELECT device, "user", session FROM token WHERE token = $1"#;
        self.line.one(sql, &[&&token.0[..]], |row| {
            Ok(TokenRow { device: device_of(row.try_get(0)?)?, user: id(row, 1)?, session: id(row, 2)? })
        })
    }
}

pub(super) fn entity(row: &Row) -> Result<EntityRow> {
    let entity = id(row, 0)?;
    Ok(EntityRow {
        id: entity,
        kind: row.try_get(1)?,
        index: number(row, 2)?,
        row: row.try_get(3)?,
        places: places_of(row.try_get(4)?, entity)?,
    })
}

fn said(row: &Row) -> Result<Said> {
    let prev: Option<&[u8]> = row.try_get(2)?;
    Ok(Said { seq: number(row, 0)?, hash: hash_at(row, 1)?, prev: prev.map(hash).transpose()? })
}

/// The bytes of an id, as a parameter.
pub(super) fn bytes(id: EntityId) -> Vec<u8> {
    id.0.as_bytes().to_vec()
}

pub(super) fn id(row: &Row, at: usize) -> Result<EntityId> {
    let bytes: &[u8] = row.try_get(at)?;
    Uuid::from_slice(bytes).map(EntityId).map_err(|_| damaged("an id of length", &bytes.len()))
}

pub(super) fn number(row: &Row, at: usize) -> Result<u64> {
    unsigned(row.try_get(at)?)
}

pub(super) fn hash_at(row: &Row, at: usize) -> Result<Hash> {
    hash(row.try_get(at)?)
}

fn sum_at(row: &Row, at: usize) -> Result<RowPart> {
    let bytes: &[u8] = row.try_get(at)?;
    let sum = bytes.try_into().map_err(|_| damaged("a sum of length", &bytes.len()))?;
    Ok(RowPart(u128::from_be_bytes(sum)))
}
