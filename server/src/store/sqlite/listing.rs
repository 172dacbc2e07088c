//! Lists in SQLite: numbers and times in a table, words in an index of their own.

use rusqlite::types::Value;
use rusqlite::{OptionalExtension as _, Row, params, params_from_iter};
use uuid::Uuid;
use xuncha_core::model::{EntityId, Hash, Time};

use super::super::form::{signed, unsigned};
use super::super::{KeepListings, Listed, ListedRow, Listings, Order, Result, SeatRow, Wanted};
use super::batch::SqliteBatch;
use super::snapshot::{SqliteSnapshot, uuid_at};

type Parts = (i64, Uuid, Option<i64>);

impl Listings for SqliteSnapshot<'_> {
    fn listed(&self) -> Result<u64> {
        self.one("SELECT listed FROM head", [], |row| row.get(0))?.map_or(Ok(0), unsigned)
    }

    fn list(&self, wanted: &Wanted) -> Result<Vec<Listed>> {
        let (sql, params) = query(self, wanted)?;
        let rows = self.many(&sql, params_from_iter(params), read)?;
        rows.into_iter()
            .map(|(number, entity, due)| {
                let due = due.map(Time::from_millis);
                Ok(Listed { number: unsigned(number)?, entity: EntityId(entity), due })
            })
            .collect()
    }

    fn listings(&self, after: u64, limit: u32) -> Result<Vec<(u64, ListedRow)>> {
        let sql = "SELECT n, entity, kind, received, due FROM listing WHERE n > ?1 ORDER BY n LIMIT ?2";
        let rows = self.many(sql, params![signed(after), limit], |row| {
            let due = row.get::<_, Option<i64>>(4)?.map(Time::from_millis);
            let (entity, received) = (EntityId(uuid_at(row, 1)?), Time::from_millis(row.get(3)?));
            Ok((row.get(0)?, ListedRow { entity, kind: row.get(2)?, received, due, words: String::new() }))
        })?;
        rows.into_iter().map(|(number, row)| Ok((unsigned(number)?, row))).collect()
    }

    fn listed_words(&self, tell: &mut dyn FnMut(u64, &str)) -> Result<()> {
        // The index keeps no texts; what it holds is read from the index itself, through a table of this connection's own,
        // which a reader may not make.
        self.connection.pragma_update(None, "query_only", false)?;
        let made = self.connection.execute_batch(
            "CREATE VIRTUAL TABLE IF NOT EXISTS temp.listing_said USING fts5vocab('main', 'listing_words', 'instance')",
        );
        self.connection.pragma_update(None, "query_only", true)?;
        made?;
        let mut statement = self.connection.prepare("SELECT doc, term FROM temp.listing_said")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let word = row.get_ref(1)?.as_bytes().map_err(rusqlite::Error::from)?;
            tell(unsigned(row.get(0)?)?, &String::from_utf8_lossy(word));
        }
        Ok(())
    }

    fn trace(&self, entity: EntityId, from: u64, limit: u32) -> Result<Vec<u64>> {
        let sql = "SELECT idx FROM trace WHERE entity = ?1 AND idx >= ?2 ORDER BY idx LIMIT ?3";
        let rows = self.many(sql, params![entity.0.as_bytes(), signed(from), limit], |row| row.get::<_, i64>(0))?;
        rows.into_iter().map(unsigned).collect()
    }

    fn seat(&self, token: &Hash) -> Result<Option<SeatRow>> {
        self.one("SELECT user, expires FROM seat WHERE token = ?1", [token.0], |row| {
            Ok(SeatRow { user: EntityId(uuid_at(row, 0)?), expires: Time::from_millis(row.get(1)?) })
        })
    }
}

/// The statement for a page. Times of receipt only grow with the numbers, so that a span of time is a span of
/// numbers, which the index of words can be cut to.
fn query(snapshot: &SqliteSnapshot<'_>, wanted: &Wanted) -> Result<(String, Vec<Value>)> {
    let mut params = vec![Value::from(wanted.kind.clone())];
    let mut sql = String::from("SELECT listing.n, entity, due FROM listing");
    let mut when = vec!["kind = ?1".to_owned()];
    let mut mark = |value: Value| {
        params.push(value);
        format!("?{}", params.len())
    };
    let by_words = wanted.has_words() && matches!(wanted.order, Order::Newest { .. });
    let n = if by_words { "listing_words.rowid" } else { "listing.n" };
    if by_words {
        // The words come first, in the order of their numbers; each is then looked up.
        sql = "SELECT listing.n, entity, due FROM listing_words CROSS JOIN listing ON listing.n = listing_words.rowid"
            .into();
        when.push(format!("listing_words MATCH {}", mark(expression(wanted).into())));
    } else if wanted.has_words() {
        let words = mark(expression(wanted).into());
        when.push(format!("listing.n IN (SELECT rowid FROM listing_words WHERE listing_words MATCH {words})"));
    }
    for (time, sign) in [(wanted.from, ">="), (wanted.below, "<")] {
        if let Some(bound) = time.map(|time| number_at(snapshot, &wanted.kind, time)).transpose()? {
            when.push(format!("{n} {sign} {}", mark(bound.into())));
        }
    }
    for (time, sign) in [(wanted.due_from, ">="), (wanted.due_below, "<")] {
        if let Some(time) = time {
            when.push(format!("due {sign} {}", mark(time.millis().into())));
        }
    }
    let order = match wanted.order {
        Order::Newest { below } => {
            if let Some(below) = below {
                when.push(format!("{n} < {}", mark(signed(below).into())));
            }
            format!("{n} DESC")
        }
        Order::Due { after } => {
            when.push("due IS NOT NULL".into());
            if let Some((due, number)) = after {
                let (due, number) = (mark(due.millis().into()), mark(signed(number).into()));
                when.push(format!("(due, listing.n) > ({due}, {number})"));
            }
            "due, listing.n".into()
        }
    };
    let limit = mark(i64::from(wanted.limit).into());
    Ok((format!("{sql} WHERE {} ORDER BY {order} LIMIT {limit}", when.join(" AND ")), params))
}

/// The first number whose row came in at `time` or later; none such: past all of them.
fn number_at(snapshot: &SqliteSnapshot<'_>, kind: &str, time: Time) -> Result<i64> {
    let sql = "SELECT n FROM listing WHERE kind = ?1 AND received >= ?2 ORDER BY received, n LIMIT 1";
    let found = snapshot.one(sql, params![kind, time.millis()], |row| row.get::<_, i64>(0))?;
    Ok(found.unwrap_or(i64::MAX))
}

/// All of the words and beginnings, and of each group one. Words bear no quotes.
fn expression(wanted: &Wanted) -> String {
    let quoted = |word: &String| format!("\"{}\"", word.replace('"', ""));
    let all = wanted.all.iter().map(quoted);
    let any = wanted.any.iter().map(|group| format!("({})", group.iter().map(quoted).collect::<Vec<_>>().join(" OR ")));
    let begins = wanted.begins.iter().map(|begin| format!("{} *", quoted(begin)));
    all.chain(begins).chain(any).collect::<Vec<_>>().join(" AND ")
}

/// A batch reads what it has written.
impl Listings for SqliteBatch<'_> {
    fn listed(&self) -> Result<u64> {
        self.snapshot.listed()
    }

    fn list(&self, wanted: &Wanted) -> Result<Vec<Listed>> {
        self.snapshot.list(wanted)
    }

    fn listings(&self, after: u64, limit: u32) -> Result<Vec<(u64, ListedRow)>> {
        self.snapshot.listings(after, limit)
    }

    fn listed_words(&self, tell: &mut dyn FnMut(u64, &str)) -> Result<()> {
        self.snapshot.listed_words(tell)
    }

    fn trace(&self, entity: EntityId, from: u64, limit: u32) -> Result<Vec<u64>> {
        self.snapshot.trace(entity, from, limit)
    }

    fn seat(&self, token: &Hash) -> Result<Option<SeatRow>> {
        self.snapshot.seat(token)
    }
}

impl SqliteBatch<'_> {
    fn put_row(&mut self, row: &ListedRow) -> Result<()> {
        let connection = self.snapshot.connection;
        let find = "SELECT n FROM listing WHERE entity = ?1";
        let entity = row.entity.0.as_bytes();
        let known: Option<i64> = connection.prepare_cached(find)?.query_row([entity], |row| row.get(0)).optional()?;
        let due = row.due.map(Time::millis);
        let number = match known {
            Some(number) => {
                self.run("UPDATE listing SET due = ?2 WHERE n = ?1", params![number, due])?;
                number
            }
            None => {
                let sql = "INSERT INTO listing (entity, kind, received, due) VALUES (?1, ?2, ?3, ?4)";
                connection.prepare_cached(sql)?.insert(params![entity, row.kind, row.received.millis(), due])?
            }
        };
        let sql = "INSERT OR REPLACE INTO listing_words (rowid, words) VALUES (?1, ?2)";
        self.run(sql, params![number, row.words]).map(drop)
    }
}

impl KeepListings for SqliteBatch<'_> {
    fn move_listed(&mut self, size: u64) -> Result<()> {
        self.run("UPDATE head SET listed = ?1", [signed(size)]).map(drop)
    }

    fn put_listed(&mut self, rows: &[ListedRow]) -> Result<()> {
        rows.iter().try_for_each(|row| self.put_row(row))
    }

    fn add_traces(&mut self, traces: &[(EntityId, u64)]) -> Result<()> {
        let sql = "INSERT INTO trace (entity, idx) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        traces
            .iter()
            .try_for_each(|(entity, index)| self.run(sql, params![entity.0.as_bytes(), signed(*index)]).map(drop))
    }

    fn add_seat(&mut self, token: &Hash, row: &SeatRow) -> Result<()> {
        let sql = "INSERT INTO seat (token, user, expires) VALUES (?1, ?2, ?3)";
        self.run(sql, params![token.0, row.user.0.as_bytes(), row.expires.millis()]).map(drop)
    }

    fn drop_seats(&mut self, user: EntityId) -> Result<u64> {
        Ok(self.run("DELETE FROM seat WHERE user = ?1", [user.0.as_bytes()])? as u64)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Parts> {
    Ok((row.get(0)?, uuid_at(row, 1)?, row.get(2)?))
}
