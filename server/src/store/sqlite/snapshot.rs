//! Reading from SQLite.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use uuid::Uuid;
use xuncha_core::model::{DeviceId, EntityId, Hash, LedgerId, OpId, Time};
use xuncha_core::plan::Scope;
use xuncha_core::protocol::RowPart;

use super::super::form::{after_bytes, after_hash, damaged, device_of, hash, hashes, places_of, signed, unsigned};
use super::super::{EntityRow, Entry, FeedRow, Head, HeldRow, PushRow, Result, Said, Snapshot, StoreError, TokenRow};

/// One moment of the store.
pub(super) struct SqliteSnapshot<'a> {
    pub(super) connection: &'a Connection,
}

impl<'a> SqliteSnapshot<'a> {
    pub(super) fn new(connection: &'a Connection) -> SqliteSnapshot<'a> {
        SqliteSnapshot { connection }
    }

    pub(super) fn one<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        Ok(self.connection.prepare_cached(sql)?.query_row(params, read).optional()?)
    }

    pub(super) fn many<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map(params, read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Snapshot for SqliteSnapshot<'_> {
    fn head(&self) -> Result<Option<Head>> {
        let sql = "SELECT ledger, epoch, size, peaks, checkpoint FROM head";
        let row = self.one(sql, [], |row| {
            let parts: (Uuid, u32, i64, Vec<u8>, String) =
                (uuid_at(row, 0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
            Ok(parts)
        })?;
        row.map(|(ledger, epoch, size, peaks, checkpoint)| {
            let (size, peaks) = (unsigned(size)?, hashes(&peaks)?);
            Ok(Head { ledger: LedgerId(ledger), epoch, size, peaks, checkpoint })
        })
        .transpose()
    }

    fn entity(&self, id: EntityId) -> Result<Option<EntityRow>> {
        let sql = "SELECT id, kind, idx, row, places FROM entity WHERE id = ?1";
        self.one(sql, [id.0.as_bytes()], read_entity)?.map(entity_row).transpose()
    }

    fn entities(&self, kind: &str, after: Option<EntityId>, limit: u32) -> Result<Vec<EntityRow>> {
        let sql = "SELECT id, kind, idx, row, places FROM entity
                   WHERE kind = ?1 AND kind <> 'finding' AND id > ?2 ORDER BY id LIMIT ?3";
        self.many(sql, params![kind, after_bytes(after), limit], read_entity)?.into_iter().map(entity_row).collect()
    }

    fn all_entities(&self, after: Option<EntityId>, limit: u32) -> Result<Vec<EntityRow>> {
        let sql = "SELECT id, kind, idx, row, places FROM entity WHERE id > ?1 ORDER BY id LIMIT ?2";
        self.many(sql, params![after_bytes(after), limit], read_entity)?.into_iter().map(entity_row).collect()
    }

    fn entries(&self, from: u64, limit: u32) -> Result<Vec<Entry>> {
        let sql = "SELECT idx, op, facts, leaf, push FROM ledger WHERE idx >= ?1 ORDER BY idx LIMIT ?2";
        let read = |row: &Row<'_>| {
            let parts: (i64, String, String, Vec<u8>, Option<i64>) =
                (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
            Ok(parts)
        };
        let rows = self.many(sql, params![signed(from), limit], read)?;
        rows.into_iter()
            .map(|(index, op, facts, leaf, push)| {
                let (index, leaf) = (unsigned(index)?, hash(&leaf)?);
                Ok(Entry { index, op, facts, leaf, push: push.map(unsigned).transpose()? })
            })
            .collect()
    }

    fn judged(&self, op: OpId) -> Result<Vec<(Hash, u64)>> {
        let sql = "SELECT same, idx FROM judged WHERE op = ?1";
        let read = |row: &Row<'_>| Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, i64>(1)?));
        let rows = self.many(sql, [op.0.as_bytes()], read)?;
        rows.into_iter().map(|(same, index)| Ok((Hash(same), unsigned(index)?))).collect()
    }

    fn node(&self, level: u8, position: u64) -> Result<Hash> {
        let sql = match level {
            0 => "SELECT leaf FROM ledger WHERE idx = ?2 AND ?1 = 0",
            _ => "SELECT hash FROM node WHERE level = ?1 AND position = ?2",
        };
        self.one(sql, params![level, signed(position)], |row| row.get::<_, [u8; 32]>(0))?
            .map(Hash)
            .ok_or_else(|| StoreError::Damaged(format!("tree node {level}/{position} is missing")))
    }

    fn feed(&self, scope: &Scope, from: u64, below: u64, limit: u32) -> Result<Vec<FeedRow>> {
        let sql = "SELECT idx, entity, gone FROM feed
                   WHERE scope = (SELECT id FROM scope WHERE name = ?1) AND idx >= ?2 AND idx < ?3
                   ORDER BY idx, entity LIMIT ?4";
        let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, uuid_at(row, 1)?, row.get(2)?));
        let rows = self.many(sql, params![scope.as_str(), signed(from), signed(below), limit], read)?;
        rows.into_iter()
            .map(|(index, entity, gone)| Ok(FeedRow { index: unsigned(index)?, entity: EntityId(entity), gone }))
            .collect()
    }

    fn scopes(&self) -> Result<Vec<(Scope, RowPart)>> {
        self.many("SELECT name, sum FROM scope ORDER BY name", [], |row| {
            Ok((Scope::from(row.get::<_, String>(0)?), RowPart(u128::from_be_bytes(row.get(1)?))))
        })
    }

    fn sum(&self, scope: &Scope) -> Result<RowPart> {
        let sum = self.one("SELECT sum FROM scope WHERE name = ?1", [scope.as_str()], |row| row.get(0))?;
        Ok(sum.map(|bytes| RowPart(u128::from_be_bytes(bytes))).unwrap_or_default())
    }

    fn said_around(&self, device: &DeviceId, seq: u64) -> Result<Vec<Said>> {
        let sql = "SELECT seq, hash, prev FROM said
                   WHERE speaker = (SELECT id FROM speaker WHERE device = ?1) AND seq BETWEEN ?2 - 1 AND ?2 + 1";
        let rows = self.many(sql, params![device.to_string(), signed(seq)], read_said)?;
        rows.into_iter().map(said).collect()
    }

    fn said_last(&self, device: &DeviceId) -> Result<Option<Said>> {
        let sql = "SELECT seq, hash, prev FROM said
                   WHERE speaker = (SELECT id FROM speaker WHERE device = ?1) ORDER BY seq DESC LIMIT 1";
        self.one(sql, [device.to_string()], read_said)?.map(said).transpose()
    }

    fn said_summary(&self, device: &DeviceId) -> Result<(u64, u64)> {
        let sql = "SELECT coalesce(max(seq), 0), coalesce(max(seq), 0) - count(*) FROM said
                   WHERE speaker = (SELECT id FROM speaker WHERE device = ?1)";
        let found = self.one(sql, [device.to_string()], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
        let (last, missing) = found.unwrap_or_default();
        Ok((unsigned(last)?, unsigned(missing)?))
    }

    fn pushes(&self, after: u64, limit: u32) -> Result<Vec<PushRow>> {
        let sql = "SELECT id, device, hashes, sig, received FROM push WHERE id > ?1 ORDER BY id LIMIT ?2";
        let read = |row: &Row<'_>| {
            let parts: (i64, String, Vec<u8>, String, i64) =
                (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
            Ok(parts)
        };
        let rows = self.many(sql, params![signed(after), limit], read)?;
        rows.into_iter()
            .map(|(id, device, blob, sig, received)| {
                let sig = sig.parse().map_err(|_| damaged("a signature of a push", &id))?;
                let received = Time::from_millis(received);
                let device = device_of(&device)?;
                Ok(PushRow { id: unsigned(id)?, device, hashes: hashes(&blob)?, sig, received })
            })
            .collect()
    }

    fn waiting(&self, device: &DeviceId) -> Result<(u64, u64)> {
        let sql = "SELECT (SELECT count(*) FROM held WHERE device = ?1), (SELECT count(*) FROM fork WHERE device = ?1)";
        let found = self.one(sql, [device.to_string()], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
        let (held, forked) = found.unwrap_or_default();
        Ok((unsigned(held)?, unsigned(forked)?))
    }

    fn outside(&self, after: Option<Hash>, limit: u32) -> Result<Vec<HeldRow>> {
        let sql = "SELECT hash, op, device, text, missing, received, push FROM held WHERE hash > ?1
                   UNION ALL SELECT hash, op, device, text, '[]', received, push FROM fork WHERE hash > ?1
                   ORDER BY 1 LIMIT ?2";
        let read = |row: &Row<'_>| {
            let parts: ([u8; 32], Uuid, String, String, String, i64, i64) =
                (row.get(0)?, uuid_at(row, 1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?);
            Ok(parts)
        };
        let rows = self.many(sql, params![after_hash(after), limit], read)?;
        rows.into_iter()
            .map(|(hash, op, device, text, missing, received, push)| {
                let missing = serde_json::from_str(&missing).map_err(|_| damaged("what waits: op", &op))?;
                let (op, device, hash) = (OpId(op), device_of(&device)?, Hash(hash));
                let (received, push) = (Time::from_millis(received), unsigned(push)?);
                Ok(HeldRow { op, device, hash, text, missing, received, push })
            })
            .collect()
    }

    fn token(&self, token: &Hash) -> Result<Option<TokenRow>> {
        let sql = "SELECT device, user, session FROM token WHERE token = ?1";
        let read = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, uuid_at(row, 1)?, uuid_at(row, 2)?));
        self.one(sql, [token.0], read)?
            .map(|(device, user, session)| {
                Ok(TokenRow { device: device_of(&device)?, user: EntityId(user), session: EntityId(session) })
            })
            .transpose()
    }
}

type SaidParts = (i64, [u8; 32], Option<[u8; 32]>);

fn read_said(row: &Row<'_>) -> rusqlite::Result<SaidParts> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

fn said((seq, hash, prev): SaidParts) -> Result<Said> {
    Ok(Said { seq: unsigned(seq)?, hash: Hash(hash), prev: prev.map(Hash) })
}

type EntityParts = (Uuid, String, i64, String, String);

pub(super) fn read_entity(row: &Row<'_>) -> rusqlite::Result<EntityParts> {
    Ok((uuid_at(row, 0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
}

pub(super) fn entity_row((id, kind, index, row, places): EntityParts) -> Result<EntityRow> {
    let places = places_of(&places, EntityId(id))?;
    Ok(EntityRow { id: EntityId(id), kind, index: unsigned(index)?, row, places })
}

pub(super) fn uuid_at(row: &Row<'_>, at: usize) -> rusqlite::Result<Uuid> {
    Ok(Uuid::from_bytes(row.get(at)?))
}
