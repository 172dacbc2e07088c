//! The way out, in SQLite.

use rusqlite::{Row, params};
use xuncha_core::model::Time;

use super::super::form::{signed, unsigned};
use super::super::{DeadLetterRow, KeepWebhooks, Result, WebhookRow, Webhooks};
use super::batch::SqliteBatch;
use super::snapshot::SqliteSnapshot;

type Parts = (String, Vec<u8>, i64, Option<i64>, u32, i64, Option<String>, Option<String>, i64);

impl Webhooks for SqliteSnapshot<'_> {
    fn webhook(&self) -> Result<Option<WebhookRow>> {
        let sql = r#"SELECT url, secret, next, "end", attempts, again, fault, holder, held FROM webhook"#;
        self.one(sql, [], read)?.map(row_of).transpose()
    }

    fn dead_letters(&self, due: bool, limit: u32) -> Result<Vec<DeadLetterRow>> {
        let sql = r#"SELECT epoch, first, "end", attempts, fault, at, due FROM dead_letter WHERE due >= ?1
                     ORDER BY epoch, first LIMIT ?2"#;
        let read = |row: &Row<'_>| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?))
        };
        self.many(sql, params![due, limit], read)?.into_iter().map(letter_of).collect()
    }
}

/// A batch reads what it has written.
impl Webhooks for SqliteBatch<'_> {
    fn webhook(&self) -> Result<Option<WebhookRow>> {
        self.snapshot.webhook()
    }

    fn dead_letters(&self, due: bool, limit: u32) -> Result<Vec<DeadLetterRow>> {
        self.snapshot.dead_letters(due, limit)
    }
}

impl KeepWebhooks for SqliteBatch<'_> {
    fn put_webhook(&mut self, row: &WebhookRow) -> Result<()> {
        let sql = r#"INSERT OR REPLACE INTO webhook
                         (one, url, secret, next, "end", attempts, again, fault, holder, held)
                     VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"#;
        let (next, end) = (signed(row.next), row.end.map(signed));
        let (again, held) = (row.again.millis(), row.held.millis());
        self.run(sql, params![row.url, row.secret, next, end, row.attempts, again, row.fault, row.holder, held])
            .map(drop)
    }

    fn drop_webhook(&mut self) -> Result<()> {
        self.run("DELETE FROM dead_letter", [])?;
        self.run("DELETE FROM webhook", []).map(drop)
    }

    fn put_dead_letter(&mut self, row: &DeadLetterRow) -> Result<()> {
        let sql = r#"INSERT OR REPLACE INTO dead_letter (epoch, first, "end", attempts, fault, at, due)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"#;
        let (first, end, at) = (signed(row.first), signed(row.end), row.at.millis());
        self.run(sql, params![row.epoch, first, end, row.attempts, row.fault, at, row.due]).map(drop)
    }

    fn drop_dead_letter(&mut self, epoch: u32, first: u64) -> Result<()> {
        self.run("DELETE FROM dead_letter WHERE epoch = ?1 AND first = ?2", params![epoch, signed(first)]).map(drop)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Parts> {
    let (url, secret, next, end) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
    Ok((url, secret, next, end, row.get(4)?, row.get(5)?, row.get(6)?, row.get(7)?, row.get(8)?))
}

fn row_of((url, secret, next, end, attempts, again, fault, holder, held): Parts) -> Result<WebhookRow> {
    let (next, end) = (unsigned(next)?, end.map(unsigned).transpose()?);
    let (again, held) = (Time::from_millis(again), Time::from_millis(held));
    Ok(WebhookRow { url, secret, next, end, attempts, again, fault, holder, held })
}

type LetterParts = (u32, i64, i64, u32, String, i64, bool);

fn letter_of((epoch, first, end, attempts, fault, at, due): LetterParts) -> Result<DeadLetterRow> {
    let (first, end, at) = (unsigned(first)?, unsigned(end)?, Time::from_millis(at));
    Ok(DeadLetterRow { epoch, first, end, attempts, fault, at, due })
}
