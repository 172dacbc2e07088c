//! Who has seen more than this ledger holds, in PostgreSQL.

use tokio_postgres::Row;
use xuncha_core::model::{DeviceId, Time};
use xuncha_core::op::Seen;

use super::super::form::{damaged, device_of, signed, unsigned};
use super::super::{Ahead, AheadRow, KeepAhead, Result};
use super::batch::sent;
use super::snapshot::{Transaction, hash_at, number};

const GUARD: &str = "guard";
const AHEAD: &str = "SELECT who, epoch, size, root, since FROM ahead";

impl Ahead for Transaction {
    fn restored(&self) -> Result<Option<u64>> {
        let size = self.line.one("SELECT restored FROM head", &[], |row| Ok(row.try_get::<_, Option<i64>>(0)?))?;
        size.flatten().map(unsigned).transpose()
    }

    fn ahead(&self) -> Result<Vec<AheadRow>> {
        self.line.many(&format!("{AHEAD} ORDER BY who <> '{GUARD}', who"), &[], read)
    }

    fn ahead_of(&self, device: Option<&DeviceId>) -> Result<Option<AheadRow>> {
        self.line.one(&format!("{AHEAD} WHERE who = $1"), &[&who(device)], read)
    }

    fn heard(&self, device: &DeviceId) -> Result<Option<Time>> {
        let sql = "SELECT received FROM said JOIN push ON push.id = said.push
                   WHERE speaker = (SELECT id FROM speaker WHERE device = $1) ORDER BY seq DESC LIMIT 1";
        self.line.one(sql, &[&device.to_string()], |row| Ok(Time::from_millis(row.try_get(0)?)))
    }

    fn waiting_in_all(&self) -> Result<(u64, u64)> {
        let sql = "SELECT (SELECT count(*) FROM held), (SELECT count(*) FROM fork)";
        let found = self.line.one(sql, &[], |row| Ok((number(row, 0)?, number(row, 1)?)))?;
        Ok(found.unwrap_or_default())
    }
}

impl KeepAhead for Transaction {
    fn put_restored(&mut self, size: Option<u64>) -> Result<()> {
        self.line.run("UPDATE head SET restored = $1", vec![sent(size.map(signed))])
    }

    fn put_ahead(&mut self, row: &AheadRow) -> Result<()> {
        let sql = "INSERT INTO ahead (who, epoch, size, root, since) VALUES ($1, $2, $3, $4, $5)
                   ON CONFLICT (who) DO UPDATE SET epoch = $2, size = $3, root = $4";
        let Seen { epoch, size, root } = &row.seen;
        let (epoch, size, root) = (i64::from(*epoch), signed(*size), root.0.to_vec());
        let (who, since) = (who(row.device.as_ref()), row.since.millis());
        self.line.run(sql, vec![sent(who), sent(epoch), sent(size), sent(root), sent(since)])
    }

    fn drop_ahead(&mut self, device: Option<&DeviceId>) -> Result<()> {
        self.line.run("DELETE FROM ahead WHERE who = $1", vec![sent(who(device))])
    }

    fn clear_ahead(&mut self) -> Result<()> {
        self.line.run("DELETE FROM ahead", Vec::new())
    }
}

fn who(device: Option<&DeviceId>) -> String {
    device.map_or_else(|| GUARD.to_owned(), DeviceId::to_string)
}

fn read(row: &Row) -> Result<AheadRow> {
    let who: &str = row.try_get(0)?;
    let device = (who != GUARD).then(|| device_of(who)).transpose()?;
    let epoch = u32::try_from(number(row, 1)?).map_err(|_| damaged("the epoch seen by", &who))?;
    let seen = Seen { epoch, size: number(row, 2)?, root: hash_at(row, 3)? };
    Ok(AheadRow { device, seen, since: Time::from_millis(row.try_get(4)?) })
}
