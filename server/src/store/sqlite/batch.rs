//! Writing to SQLite.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;
use xuncha_core::model::{DeviceId, EntityId, Hash, LedgerId, OpId, Time};
use xuncha_core::op::PublicKey;
use xuncha_core::plan::Scope;
use xuncha_core::protocol::RowPart;

use super::super::form::{hashes_bytes, places_text, signed};
use super::super::{
    Batch, EntityRow, Entry, FeedRow, Head, HeldRow, PushRow, Result, Said, Snapshot, StoreError, TokenRow,
};
use super::snapshot::SqliteSnapshot;

/// One write transaction.
pub(super) struct SqliteBatch<'a> {
    pub(super) snapshot: SqliteSnapshot<'a>,
    /// Numbers of scopes and speakers that this transaction has looked up or made.
    scopes: HashMap<Scope, i64>,
    speakers: HashMap<DeviceId, i64>,
    /// Whether any op is held; none before somebody asked.
    any_held: Option<bool>,
}

impl<'a> SqliteBatch<'a> {
    pub(super) fn new(connection: &'a Connection) -> SqliteBatch<'a> {
        let (scopes, speakers) = Default::default();
        SqliteBatch { snapshot: SqliteSnapshot::new(connection), scopes, speakers, any_held: None }
    }

    pub(super) fn run(&self, sql: &str, params: impl rusqlite::Params) -> Result<usize> {
        Ok(self.snapshot.connection.prepare_cached(sql)?.execute(params)?)
    }

    /// Id of the row that stands for `name`, made when it is not there.
    fn number(&self, find: &str, make: &str, name: &str) -> Result<i64> {
        let connection = self.snapshot.connection;
        let found = connection.prepare_cached(find)?.query_row([name], |row| row.get(0)).optional()?;
        match found {
            Some(id) => Ok(id),
            None => Ok(connection.prepare_cached(make)?.insert([name])?),
        }
    }

    fn scope(&mut self, scope: &Scope) -> Result<i64> {
        const MAKE: &str = "INSERT INTO scope (name, sum) VALUES (?1, zeroblob(16))";
        if let Some(id) = self.scopes.get(scope) {
            return Ok(*id);
        }
        let id = self.number("SELECT id FROM scope WHERE name = ?1", MAKE, scope.as_str())?;
        self.scopes.insert(scope.clone(), id);
        Ok(id)
    }

    fn speaker(&mut self, device: &DeviceId) -> Result<i64> {
        const MAKE: &str = "INSERT INTO speaker (device) VALUES (?1)";
        if let Some(id) = self.speakers.get(device) {
            return Ok(*id);
        }
        let id = self.number("SELECT id FROM speaker WHERE device = ?1", MAKE, &device.to_string())?;
        self.speakers.insert(*device, id);
        Ok(id)
    }

    fn any_held(&mut self) -> Result<bool> {
        if let Some(known) = self.any_held {
            return Ok(known);
        }
        let any = self.snapshot.one("SELECT EXISTS (SELECT 1 FROM held)", [], |row| row.get(0))?.unwrap_or(true);
        self.any_held = Some(any);
        Ok(any)
    }
}

impl Batch for SqliteBatch<'_> {
    fn open_ledger(&mut self, ledger: LedgerId) -> Result<()> {
        let sql = "INSERT INTO head (one, ledger, epoch, size, peaks, checkpoint) VALUES (1, ?1, 1, 0, x'', '')";
        self.run(sql, [ledger.0.as_bytes()]).map(drop)
    }

    fn append(&mut self, entry: &Entry, op: OpId, same: &Hash) -> Result<()> {
        let index = signed(entry.index);
        let sql = "INSERT INTO ledger (idx, op, facts, leaf, push) VALUES (?1, ?2, ?3, ?4, ?5)";
        self.run(sql, params![index, entry.op, entry.facts, entry.leaf.0, entry.push.map(signed)])?;
        self.run("INSERT INTO judged (op, same, idx) VALUES (?1, ?2, ?3)", params![op.0.as_bytes(), same.0, index])
            .map(drop)
    }

    fn keep_node(&mut self, level: u8, position: u64, hash: &Hash) -> Result<()> {
        let sql = "INSERT INTO node (level, position, hash) VALUES (?1, ?2, ?3)";
        self.run(sql, params![level, signed(position), hash.0]).map(drop)
    }

    fn move_head(&mut self, head: &Head) -> Result<()> {
        let peaks = hashes_bytes(&head.peaks);
        let sql = "UPDATE head SET epoch = ?1, size = ?2, peaks = ?3, checkpoint = ?4";
        match self.run(sql, params![head.epoch, signed(head.size), peaks, head.checkpoint])? {
            1 => Ok(()),
            _ => Err(StoreError::Damaged("the head is missing".into())),
        }
    }

    fn put_entity(&mut self, row: &EntityRow) -> Result<()> {
        let sql = "INSERT INTO entity (id, kind, idx, row, places) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (id) DO UPDATE SET idx = ?3, row = ?4, places = ?5";
        let places = places_text(&row.places);
        self.run(sql, params![row.id.0.as_bytes(), row.kind, signed(row.index), row.row, places]).map(drop)
    }

    fn move_feed(&mut self, scope: &Scope, entity: EntityId, old: Option<u64>, index: u64, gone: bool) -> Result<()> {
        let scope = self.scope(scope)?;
        if let Some(old) = old {
            let sql = "DELETE FROM feed WHERE scope = ?1 AND idx = ?2 AND entity = ?3";
            self.run(sql, params![scope, signed(old), entity.0.as_bytes()])?;
        }
        let sql = "INSERT INTO feed (scope, idx, entity, gone) VALUES (?1, ?2, ?3, ?4)";
        self.run(sql, params![scope, signed(index), entity.0.as_bytes(), gone]).map(drop)
    }

    fn put_sum(&mut self, scope: &Scope, sum: RowPart) -> Result<()> {
        let id = self.scope(scope)?;
        self.run("UPDATE scope SET sum = ?2 WHERE id = ?1", params![id, sum.0.to_be_bytes()]).map(drop)
    }

    fn add_push(&mut self, push: &PushRow) -> Result<u64> {
        let hashes = hashes_bytes(&push.hashes);
        let sql = "INSERT INTO push (device, hashes, sig, received) VALUES (?1, ?2, ?3, ?4)";
        let mut statement = self.snapshot.connection.prepare_cached(sql)?;
        let parts = params![push.device.to_string(), hashes, push.sig.to_string(), push.received.millis()];
        u64::try_from(statement.insert(parts)?).map_err(|_| StoreError::Damaged("a negative push id".into()))
    }

    fn add_said(&mut self, device: &DeviceId, said: &Said, push: u64) -> Result<()> {
        let speaker = self.speaker(device)?;
        let sql = "INSERT INTO said (speaker, seq, hash, prev, push) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT DO NOTHING";
        let prev = said.prev.map(|prev| prev.0);
        self.run(sql, params![speaker, signed(said.seq), said.hash.0, prev, signed(push)]).map(drop)
    }

    fn put_held(&mut self, held: &HeldRow, same: &Hash) -> Result<()> {
        self.any_held = Some(true);
        let sql = "INSERT OR REPLACE INTO held (op, device, hash, text, missing, received, push, same)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let missing = serde_json::to_string(&held.missing).map_err(|error| StoreError::Failed(error.to_string()))?;
        let (op, device, received) = (held.op.0.as_bytes(), held.device.to_string(), held.received.millis());
        self.run(sql, params![op, device, held.hash.0, held.text, missing, received, signed(held.push), same.0])
            .map(drop)
    }

    fn drop_held(&mut self, op: OpId, same: &Hash) -> Result<()> {
        if !self.any_held()? {
            return Ok(());
        }
        self.run("DELETE FROM held WHERE op = ?1 AND same = ?2", params![op.0.as_bytes(), same.0]).map(drop)
    }

    fn put_fork(&mut self, fork: &HeldRow) -> Result<()> {
        let sql = "INSERT INTO fork (hash, op, device, text, received, push) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                   ON CONFLICT DO NOTHING";
        let (op, device, received) = (fork.op.0.as_bytes(), fork.device.to_string(), fork.received.millis());
        self.run(sql, params![fork.hash.0, op, device, fork.text, received, signed(fork.push)]).map(drop)
    }

    fn add_invite(&mut self, code: &Hash, user: EntityId, expires: Time) -> Result<()> {
        let sql = "INSERT INTO invite (code, user, expires) VALUES (?1, ?2, ?3)";
        self.run(sql, params![code.0, user.0.as_bytes(), expires.millis()]).map(drop)
    }

    fn claim_invite(&mut self, code: &Hash, key: &PublicKey, now: Time) -> Result<Option<EntityId>> {
        let sql = "UPDATE invite SET key = ?2 WHERE code = ?1 AND (key = ?2 OR (key IS NULL AND expires > ?3))
                   RETURNING user";
        let mut statement = self.snapshot.connection.prepare_cached(sql)?;
        let user = statement.query_row(params![code.0, key.to_string(), now.millis()], |row| row.get(0)).optional()?;
        Ok(user.map(|bytes| EntityId(Uuid::from_bytes(bytes))))
    }

    fn add_token(&mut self, token: &Hash, row: &TokenRow) -> Result<()> {
        let sql = "INSERT INTO token (token, device, user, session) VALUES (?1, ?2, ?3, ?4)";
        let (user, session) = (row.user.0.as_bytes(), row.session.0.as_bytes());
        self.run(sql, params![token.0, row.device.to_string(), user, session]).map(drop)
    }
}

/// A batch reads what it has written.
impl Snapshot for SqliteBatch<'_> {
    fn head(&self) -> Result<Option<Head>> {
        self.snapshot.head()
    }

    fn entity(&self, id: EntityId) -> Result<Option<EntityRow>> {
        self.snapshot.entity(id)
    }

    fn entities(&self, kind: &str, after: Option<EntityId>, limit: u32) -> Result<Vec<EntityRow>> {
        self.snapshot.entities(kind, after, limit)
    }

    fn all_entities(&self, after: Option<EntityId>, limit: u32) -> Result<Vec<EntityRow>> {
        self.snapshot.all_entities(after, limit)
    }

    fn entries(&self, from: u64, limit: u32) -> Result<Vec<Entry>> {
        self.snapshot.entries(from, limit)
    }

    fn judged(&self, op: OpId) -> Result<Vec<(Hash, u64)>> {
        self.snapshot.judged(op)
    }

    fn node(&self, level: u8, position: u64) -> Result<Hash> {
        self.snapshot.node(level, position)
    }

    fn feed(&self, scope: &Scope, from: u64, below: u64, limit: u32) -> Result<Vec<FeedRow>> {
        self.snapshot.feed(scope, from, below, limit)
    }

    fn scopes(&self) -> Result<Vec<(Scope, RowPart)>> {
        self.snapshot.scopes()
    }

    fn sum(&self, scope: &Scope) -> Result<RowPart> {
        self.snapshot.sum(scope)
    }

    fn said_around(&self, device: &DeviceId, seq: u64) -> Result<Vec<Said>> {
        self.snapshot.said_around(device, seq)
    }

    fn said_last(&self, device: &DeviceId) -> Result<Option<Said>> {
        self.snapshot.said_last(device)
    }

    fn said_summary(&self, device: &DeviceId) -> Result<(u64, u64)> {
        self.snapshot.said_summary(device)
    }

    fn pushes(&self, after: u64, limit: u32) -> Result<Vec<PushRow>> {
        self.snapshot.pushes(after, limit)
    }

    fn waiting(&self, device: &DeviceId) -> Result<(u64, u64)> {
        self.snapshot.waiting(device)
    }

    fn outside(&self, after: Option<Hash>, limit: u32) -> Result<Vec<HeldRow>> {
        self.snapshot.outside(after, limit)
    }

    fn token(&self, token: &Hash) -> Result<Option<TokenRow>> {
        self.snapshot.token(token)
    }
}
