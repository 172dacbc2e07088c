//! Writing to PostgreSQL. A transaction that writes holds the lock.

use tokio_postgres::types::ToSql;
use xuncha_core::model::{DeviceId, EntityId, Hash, LedgerId, OpId, Time};
use xuncha_core::op::PublicKey;
use xuncha_core::plan::Scope;
use xuncha_core::protocol::RowPart;

use super::super::form::{hashes_bytes, places_text, signed};
use super::super::{Batch, EntityRow, Entry, Head, HeldRow, PushRow, Result, Said, StoreError, TokenRow};
use super::line::{Cell, Sent};
use super::snapshot::{Transaction, bytes, id, number};

/// A parameter on its way.
pub(super) fn sent(value: impl ToSql + Sync + Send + 'static) -> Sent {
    Box::new(value)
}

impl Transaction {
    fn scope(&self, scope: &Scope) -> Result<i64> {
        if let Some(id) = self.scopes.borrow().get(scope) {
            return Ok(*id);
        }
        let find = "SELECT id FROM scope WHERE name = $1";
        let make = r"INSERT INTO scope (name, sum) VALUES ($1, '\x00000000000000000000000000000000') RETURNING id";
        let id = self.standing_for(scope.as_str(), find, make)?;
        self.scopes.borrow_mut().insert(scope.clone(), id);
        Ok(id)
    }

    fn speaker(&self, device: &DeviceId) -> Result<i64> {
        if let Some(id) = self.speakers.borrow().get(device) {
            return Ok(*id);
        }
        let find = "SELECT id FROM speaker WHERE device = $1";
        let id =
            self.standing_for(&device.to_string(), find, "INSERT INTO speaker (device) VALUES ($1) RETURNING id")?;
        self.speakers.borrow_mut().insert(*device, id);
        Ok(id)
    }

    /// Id of the row that stands for `name`, made when it is not there.
    fn standing_for(&self, name: &str, find: &str, make: &str) -> Result<i64> {
        if let Some(id) = self.line.one(find, &[&name], |row| Ok(row.try_get(0)?))? {
            return Ok(id);
        }
        let made = self.line.one(make, &[&name], |row| Ok(row.try_get(0)?))?;
        made.ok_or_else(|| StoreError::Failed("an insert gave no id".into()))
    }

    fn any_held(&self) -> Result<bool> {
        if let Some(known) = self.any_held.get() {
            return Ok(known);
        }
        let any = self.line.one("SELECT EXISTS (SELECT 1 FROM held)", &[], |row| Ok(row.try_get(0)?))?;
        self.any_held.set(any);
        Ok(any.unwrap_or(true))
    }
}

impl Batch for Transaction {
    fn open_ledger(&mut self, ledger: LedgerId) -> Result<()> {
        let sql = "INSERT INTO head (one, ledger, epoch, size, peaks, checkpoint) VALUES (1, $1, 1, 0, '', '')";
        self.line.run(sql, vec![sent(ledger.0.as_bytes().to_vec())])
    }

    fn append(&mut self, entry: &Entry, op: OpId, same: &Hash) -> Result<()> {
        let (text, facts) = (Cell::Text(entry.op.clone()), Cell::Text(entry.facts.clone()));
        let (leaf, push) = (entry.leaf.0.to_vec().into(), Cell::Number(entry.push.map(signed)));
        let sql = "INSERT INTO ledger (idx, op, facts, leaf, push)
                   SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[], $5::bigint[])";
        self.line.add(sql, vec![entry.index.into(), text, facts, leaf, push])?;
        let (op, same) = (op.0.as_bytes().to_vec().into(), same.0.to_vec().into());
        let sql = "INSERT INTO judged (op, same, idx) SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bigint[])";
        self.line.add(sql, vec![op, same, entry.index.into()])
    }

    fn keep_node(&mut self, level: u8, position: u64, hash: &Hash) -> Result<()> {
        let sql = "INSERT INTO node (level, position, hash)
                   SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[])";
        self.line.add(sql, vec![u64::from(level).into(), position.into(), hash.0.to_vec().into()])
    }

    fn move_head(&mut self, head: &Head) -> Result<()> {
        // Whether there is a head is asked for, so that what was sent ahead is known to be well, too.
        let sql = "UPDATE head SET epoch = $1, size = $2, peaks = $3, checkpoint = $4 RETURNING one";
        let (epoch, size, peaks) = (i64::from(head.epoch), signed(head.size), hashes_bytes(&head.peaks));
        let moved = self.line.one(sql, &[&epoch, &size, &peaks, &head.checkpoint], |_| Ok(()))?;
        moved.ok_or_else(|| StoreError::Damaged("the head is missing".into()))
    }

    fn put_entity(&mut self, row: &EntityRow) -> Result<()> {
        let sql = r#"INSERT INTO entity (id, kind, idx, "row", places) VALUES ($1, $2, $3, $4, $5)
                     ON CONFLICT (id) DO UPDATE SET idx = $3, "row" = $4, places = $5"#;
        let (kind, text, places) = (row.kind.clone(), row.row.clone(), places_text(&row.places));
        self.line.run(sql, vec![sent(bytes(row.id)), sent(kind), sent(signed(row.index)), sent(text), sent(places)])
    }

    fn move_feed(&mut self, scope: &Scope, entity: EntityId, old: Option<u64>, index: u64, gone: bool) -> Result<()> {
        let scope = self.scope(scope)?;
        if let Some(old) = old {
            let sql = "DELETE FROM feed WHERE scope = $1 AND idx = $2 AND entity = $3";
            self.line.run(sql, vec![sent(scope), sent(signed(old)), sent(bytes(entity))])?;
        }
        let sql = "INSERT INTO feed (scope, idx, entity, gone) VALUES ($1, $2, $3, $4)";
        self.line.run(sql, vec![sent(scope), sent(signed(index)), sent(bytes(entity)), sent(gone)])
    }

    fn put_sum(&mut self, scope: &Scope, sum: RowPart) -> Result<()> {
        let id = self.scope(scope)?;
        let sum = sum.0.to_be_bytes().to_vec();
        self.line.run("UPDATE scope SET sum = $2 WHERE id = $1", vec![sent(id), sent(sum)])
    }

    fn add_push(&mut self, push: &PushRow) -> Result<u64> {
        let sql = "INSERT INTO push (device, hashes, sig, received) VALUES ($1, $2, $3, $4) RETURNING id";
        let (device, hashes) = (push.device.to_string(), hashes_bytes(&push.hashes));
        let (sig, received) = (push.sig.to_string(), push.received.millis());
        let made = self.line.one(sql, &[&device, &hashes, &sig, &received], |row| number(row, 0))?;
        made.ok_or_else(|| StoreError::Failed("an insert gave no id".into()))
    }

    fn add_said(&mut self, device: &DeviceId, said: &Said, push: u64) -> Result<()> {
        let speaker = self.speaker(device)?;
        let sql = "INSERT INTO said (speaker, seq, hash, prev, push)
                   SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[], $5::bigint[])
                   ON CONFLICT DO NOTHING";
        let (hash, prev) = (said.hash.0.to_vec().into(), Cell::Bytes(said.prev.map(|prev| prev.0.to_vec())));
        self.line.add(sql, vec![Cell::Number(Some(speaker)), said.seq.into(), hash, prev, push.into()])
    }

    fn put_held(&mut self, held: &HeldRow, same: &Hash) -> Result<()> {
        self.any_held.set(Some(true));
        let sql = "INSERT INTO held (op, device, hash, text, missing, received, push, same)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                   ON CONFLICT (op, same) DO UPDATE
                   SET device = $2, hash = $3, text = $4, missing = $5, received = $6, push = $7";
        let missing = serde_json::to_string(&held.missing).map_err(|error| StoreError::Failed(error.to_string()))?;
        let parts = vec![
            sent(held.op.0.as_bytes().to_vec()),
            sent(held.device.to_string()),
            sent(held.hash.0.to_vec()),
            sent(held.text.clone()),
            sent(missing),
            sent(held.received.millis()),
            sent(signed(held.push)),
            sent(same.0.to_vec()),
        ];
        self.line.run(sql, parts)
    }

    fn drop_held(&mut self, op: OpId, same: &Hash) -> Result<()> {
        if !self.any_held()? {
            return Ok(());
        }
        let parts = vec![sent(op.0.as_bytes().to_vec()), sent(same.0.to_vec())];
        self.line.run("DELETE FROM held WHERE op = $1 AND same = $2", parts)
    }

    fn put_fork(&mut self, fork: &HeldRow) -> Result<()> {
        let sql = "INSERT INTO fork (hash, op, device, text, received, push) VALUES ($1, $2, $3, $4, $5, $6)
                   ON CONFLICT DO NOTHING";
        let (hash, op) = (fork.hash.0.to_vec(), fork.op.0.as_bytes().to_vec());
        let (device, text) = (fork.device.to_string(), fork.text.clone());
        let (received, push) = (fork.received.millis(), signed(fork.push));
        self.line.run(sql, vec![sent(hash), sent(op), sent(device), sent(text), sent(received), sent(push)])
    }

    fn add_invite(&mut self, code: &Hash, user: EntityId, expires: Time) -> Result<()> {
        let sql = r#"INSERT INTO invite (code, "user", expires) VALUES ($1, $2, $3)"#;
        self.line.run(sql, vec![sent(code.0.to_vec()), sent(bytes(user)), sent(expires.millis())])
    }

    fn claim_invite(&mut self, code: &Hash, key: &PublicKey, now: Time) -> Result<Option<EntityId>> {
        let sql = r#"UPDATE invite SET key = $2 WHERE code = $1 AND (key = $2 OR (key IS NULL AND expires > $3))
                     RETURNING "user""#;
        self.line.one(sql, &[&&code.0[..], &key.to_string(), &now.millis()], |row| id(row, 0))
    }

    fn add_token(&mut self, token: &Hash, row: &TokenRow) -> Result<()> {
        let sql = r#"INSERT INTO token (token, device, "user", session) VALUES ($1, $2, $3, $4)"#;
        let (token, device) = (token.0.to_vec(), row.device.to_string());
        self.line.run(sql, vec![sent(token), sent(device), sent(bytes(row.user)), sent(bytes(row.session))])
    }
}
