//! Who has seen more than this ledger holds, in SQLite.

use rusqlite::{Row, params};
use xuncha_core::model::{DeviceId, Time};
use xuncha_core::op::Seen;

use super::super::form::{hash, signed, unsigned};
use super::super::{Ahead, AheadRow, KeepAhead, Result, StoreError};
use super::batch::SqliteBatch;
use super::snapshot::SqliteSnapshot;

const GUARD: &str = "guard";
const AHEAD: &str = "SELECT who, epoch, size, root, since FROM ahead";

type Parts = (String, u32, i64, Vec<u8>, i64);

impl Ahead for SqliteSnapshot<'_> {
    fn restored(&self) -> Result<Option<u64>> {
        let size: Option<Option<i64>> = self.one("SELECT restored FROM head", [], |row| row.get(0))?;
        size.flatten().map(unsigned).transpose()
    }

    fn ahead(&self) -> Result<Vec<AheadRow>> {
        let sql = format!("{AHEAD} ORDER BY who <> '{GUARD}', who");
        self.many(&sql, [], read)?.into_iter().map(row_of).collect()
    }

    fn ahead_of(&self, device: Option<&DeviceId>) -> Result<Option<AheadRow>> {
        self.one(&format!("{AHEAD} WHERE who = ?1"), [who(device)], read)?.map(row_of).transpose()
    }

    fn heard(&self, device: &DeviceId) -> Result<Option<Time>> {
        let sql = "SELECT received FROM said JOIN push ON push.id = said.push
                   WHERE speaker = (SELECT id FROM speaker WHERE device = ?1) ORDER BY seq DESC LIMIT 1";
        let received = self.one(sql, [device.to_string()], |row| row.get::<_, i64>(0))?;
        Ok(received.map(Time::from_millis))
    }

    fn waiting_in_all(&self) -> Result<(u64, u64)> {
        let sql = "SELECT (SELECT count(*) FROM held), (SELECT count(*) FROM fork)";
        let found = self.one(sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
        let (held, forked) = found.unwrap_or_default();
        Ok((unsigned(held)?, unsigned(forked)?))
    }
}

/// A batch reads what it has written.
impl Ahead for SqliteBatch<'_> {
    fn restored(&self) -> Result<Option<u64>> {
        self.snapshot.restored()
    }

    fn ahead(&self) -> Result<Vec<AheadRow>> {
        self.snapshot.ahead()
    }

    fn ahead_of(&self, device: Option<&DeviceId>) -> Result<Option<AheadRow>> {
        self.snapshot.ahead_of(device)
    }

    fn heard(&self, device: &DeviceId) -> Result<Option<Time>> {
        self.snapshot.heard(device)
    }

    fn waiting_in_all(&self) -> Result<(u64, u64)> {
        self.snapshot.waiting_in_all()
    }
}

impl KeepAhead for SqliteBatch<'_> {
    fn put_restored(&mut self, size: Option<u64>) -> Result<()> {
        self.run("UPDATE head SET restored = ?1", [size.map(signed)]).map(drop)
    }

    fn put_ahead(&mut self, row: &AheadRow) -> Result<()> {
        let sql = "INSERT INTO ahead (who, epoch, size, root, since) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (who) DO UPDATE SET epoch = ?2, size = ?3, root = ?4";
        let Seen { epoch, size, root } = &row.seen;
        self.run(sql, params![who(row.device.as_ref()), epoch, signed(*size), root.0, row.since.millis()]).map(drop)
    }

    fn drop_ahead(&mut self, device: Option<&DeviceId>) -> Result<()> {
        self.run("DELETE FROM ahead WHERE who = ?1", [who(device)]).map(drop)
    }

    fn clear_ahead(&mut self) -> Result<()> {
        self.run("DELETE FROM ahead", []).map(drop)
    }
}

fn who(device: Option<&DeviceId>) -> String {
    device.map_or_else(|| GUARD.to_owned(), DeviceId::to_string)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Parts> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
}

fn row_of((who, epoch, size, root, since): Parts) -> Result<AheadRow> {
    let device = match &*who {
        GUARD => None,
        id => Some(id.parse().map_err(|_| StoreError::Damaged(format!("the device {id}")))?),
    };
    let seen = Seen { epoch, size: unsigned(size)?, root: hash(&root)? };
    Ok(AheadRow { device, seen, since: Time::from_millis(since) })
}
