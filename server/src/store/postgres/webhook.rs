//! The way out, in PostgreSQL.

use tokio_postgres::Row;
use xuncha_core::model::Time;

use super::super::form::{damaged, signed, unsigned};
use super::super::{DeadLetterRow, KeepWebhooks, Result, WebhookRow, Webhooks};
use super::batch::sent;
use super::snapshot::{Transaction, number};

impl Webhooks for Transaction {
    fn webhook(&self) -> Result<Option<WebhookRow>> {
        let sql = r#"SELECT url, secret, next, "end", attempts, again, fault, holder, held FROM webhook"#;
        self.line.one(sql, &[], |row: &Row| {
            Ok(WebhookRow {
                url: row.try_get(0)?,
                secret: row.try_get(1)?,
                next: number(row, 2)?,
                end: row.try_get::<_, Option<i64>>(3)?.map(unsigned).transpose()?,
                attempts: small(row, 4)?,
                again: Time::from_millis(row.try_get(5)?),
                fault: row.try_get(6)?,
                holder: row.try_get(7)?,
                held: Time::from_millis(row.try_get(8)?),
            })
        })
    }

    fn dead_letters(&self, due: bool, limit: u32) -> Result<Vec<DeadLetterRow>> {
        let sql = r#"SELECT epoch, first, "end", attempts, fault, at, due FROM dead_letter WHERE due >= $1
                     ORDER BY epoch, first LIMIT $2"#;
        self.line.many(sql, &[&due, &i64::from(limit)], |row: &Row| {
            Ok(DeadLetterRow {
                epoch: small(row, 0)?,
                first: number(row, 1)?,
                end: number(row, 2)?,
                attempts: small(row, 3)?,
                fault: row.try_get(4)?,
                at: Time::from_millis(row.try_get(5)?),
                due: row.try_get(6)?,
            })
        })
    }
}

impl KeepWebhooks for Transaction {
    fn put_webhook(&mut self, row: &WebhookRow) -> Result<()> {
        self.line.run("DELETE FROM webhook", Vec::new())?;
        let sql = r#"INSERT INTO webhook (one, url, secret, next, "end", attempts, again, fault, holder, held)
                     VALUES (1, $1, $2, $3, $4, $5, $6, $7, $8, $9)"#;
        let parts = vec![
            sent(row.url.clone()),
            sent(row.secret.clone()),
            sent(signed(row.next)),
            sent(row.end.map(signed)),
            sent(i64::from(row.attempts)),
            sent(row.again.millis()),
            sent(row.fault.clone()),
            sent(row.holder.clone()),
            sent(row.held.millis()),
        ];
        self.line.run(sql, parts)
    }

    fn drop_webhook(&mut self) -> Result<()> {
        self.line.run("DELETE FROM dead_letter", Vec::new())?;
        self.line.run("DELETE FROM webhook", Vec::new())
    }

    fn put_dead_letter(&mut self, row: &DeadLetterRow) -> Result<()> {
        let sql = r#"INSERT INTO dead_letter (epoch, first, "end", attempts, fault, at, due)
                     VALUES ($1, $2, $3, $4, $5, $6, $7)
                     ON CONFLICT (epoch, first) DO UPDATE SET "end" = $3, attempts = $4, fault = $5, at = $6, due = $7"#;
        let (epoch, first, end) = (i64::from(row.epoch), signed(row.first), signed(row.end));
        let (attempts, fault, at) = (i64::from(row.attempts), row.fault.clone(), row.at.millis());
        let parts = vec![sent(epoch), sent(first), sent(end), sent(attempts), sent(fault), sent(at), sent(row.due)];
        self.line.run(sql, parts)
    }

    fn drop_dead_letter(&mut self, epoch: u32, first: u64) -> Result<()> {
        let parts = vec![sent(i64::from(epoch)), sent(signed(first))];
        self.line.run("DELETE FROM dead_letter WHERE epoch = $1 AND first = $2", parts)
    }
}

fn small(row: &Row, column: usize) -> Result<u32> {
    let value = number(row, column)?;
    u32::try_from(value).map_err(|_| damaged("a count", &value))
}
