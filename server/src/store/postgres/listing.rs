//! Lists in PostgreSQL: one table, with an index of its words.

use std::collections::BTreeSet;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use xuncha_core::model::{EntityId, Hash, Time};

use super::super::form::{signed, unsigned};
use super::super::{KeepListings, Listed, ListedRow, Listings, Order, Result, SeatRow, Wanted};
use super::batch::sent;
use super::snapshot::{Transaction, bytes, id, number};

impl Listings for Transaction {
    fn listed(&self) -> Result<u64> {
        Ok(self.line.one("SELECT listed FROM head", &[], |row| number(row, 0))?.unwrap_or(0))
    }

    fn list(&self, wanted: &Wanted) -> Result<Vec<Listed>> {
        if !wanted.has_words() {
            return self.page(wanted, Way::Order);
        }
        // The engine cannot know how many rows have a word, and guesses: going through all of a million in vain takes
        // seconds, and so does sorting half of them. What many rows have is found among the first few thousand; what is
        // not there is had by few, and the index of words tells which.
        let near = self.page(wanted, Way::Near)?;
        if near.len() >= wanted.limit as usize { Ok(near) } else { self.page(wanted, Way::Words) }
    }

    fn listings(&self, after: u64, limit: u32) -> Result<Vec<(u64, ListedRow)>> {
        let sql = "SELECT n, entity, kind, received, due FROM listing WHERE n > $1 ORDER BY n LIMIT $2";
        self.line.many(sql, &[&signed(after), &i64::from(limit)], |row| {
            let due = row.try_get::<_, Option<i64>>(4)?.map(Time::from_millis);
            let (entity, received) = (id(row, 1)?, Time::from_millis(row.try_get(3)?));
            Ok((number(row, 0)?, ListedRow { entity, kind: row.try_get(2)?, received, due, words: String::new() }))
        })
    }

    fn listed_words(&self, tell: &mut dyn FnMut(u64, &str)) -> Result<()> {
        let mut after = 0;
        loop {
            let sql = "SELECT n, tsvector_to_array(words) FROM listing WHERE n > $1 ORDER BY n LIMIT $2";
            let page = self.line.many(sql, &[&signed(after), &i64::from(PAGE)], |row| {
                Ok((number(row, 0)?, row.try_get::<_, Vec<String>>(1)?))
            })?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = *last;
            for (number, words) in page {
                let words: BTreeSet<String> = words.into_iter().map(|word| word.to_ascii_lowercase()).collect();
                words.iter().for_each(|word| tell(number, word));
            }
        }
    }

    fn trace(&self, entity: EntityId, from: u64, limit: u32) -> Result<Vec<u64>> {
        let sql = "SELECT idx FROM trace WHERE entity = $1 AND idx >= $2 ORDER BY idx LIMIT $3";
        self.line.many(sql, &[&bytes(entity), &signed(from), &i64::from(limit)], |row| number(row, 0))
    }

    fn seat(&self, token: &Hash) -> Result<Option<SeatRow>> {
        self.line.one(r#"SELECT "user", expires FROM seat WHERE token = $1"#, &[&&token.0[..]], |row: &Row| {
            Ok(SeatRow { user: id(row, 0)?, expires: Time::from_millis(row.try_get(1)?) })
        })
    }
}

/// Rows whose words are read at a time.
const PAGE: u32 = 1_000;

type Param = Box<dyn ToSql + Sync>;

/// How a page is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// In its order, until it is full.
    Order,
    /// In its order, through [`NEAR`] rows at most.
    Near,
    /// By its words, all of them; then sorted.
    Words,
}

/// Rows that are gone through before the index of words is asked; tens of milliseconds.
const NEAR: u32 = 4_000;

impl Transaction {
    fn page(&self, wanted: &Wanted, way: Way) -> Result<Vec<Listed>> {
        let (sql, params) = self.query(wanted, way)?;
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| &**param as &(dyn ToSql + Sync)).collect();
        self.line.many(&sql, &params, |row| {
            let due: Option<i64> = row.try_get(2)?;
            Ok(Listed { number: number(row, 0)?, entity: id(row, 1)?, due: due.map(Time::from_millis) })
        })
    }

    /// The statement for a page; see the other engine's.
    fn query(&self, wanted: &Wanted, way: Way) -> Result<(String, Vec<Param>)> {
        let mut params: Vec<Param> = vec![Box::new(wanted.kind.clone())];
        let (mut when, mut words) = (vec!["kind = $1".to_owned()], Vec::new());
        let mut mark = |value: Param| {
            params.push(value);
            format!("${}", params.len())
        };
        if wanted.has_words() {
            words.push(format!("words @@ {}::text::tsquery", mark(Box::new(expression(wanted)))));
        }
        for (time, sign) in [(wanted.from, ">="), (wanted.below, "<")] {
            if let Some(bound) = time.map(|time| self.number_at(&wanted.kind, time)).transpose()? {
                when.push(format!("n {sign} {}", mark(Box::new(bound))));
            }
        }
        for (time, sign) in [(wanted.due_from, ">="), (wanted.due_below, "<")] {
            if let Some(time) = time {
                when.push(format!("due {sign} {}", mark(Box::new(time.millis()))));
            }
        }
        let order = match wanted.order {
            Order::Newest { below } => {
                if let Some(below) = below {
                    when.push(format!("n < {}", mark(Box::new(signed(below)))));
                }
                "n DESC"
            }
            Order::Due { after } => {
                when.push("due IS NOT NULL".into());
                if let Some((due, number)) = after {
                    let (due, number) = (mark(Box::new(due.millis())), mark(Box::new(signed(number))));
                    when.push(format!("(due, n) > ({due}, {number})"));
                }
                "due, n"
            }
        };
        let limit = mark(Box::new(i64::from(wanted.limit)));
        let (when, words) = (when.join(" AND "), words.join(" AND "));
        let sql = match way {
            Way::Order => format!("SELECT n, entity, due FROM listing WHERE {when} ORDER BY {order} LIMIT {limit}"),
            Way::Near => format!(
                "SELECT n, entity, due FROM
                     (SELECT n, entity, due, words FROM listing WHERE {when} ORDER BY {order} LIMIT {NEAR}) AS near
                 WHERE {words} ORDER BY {order} LIMIT {limit}"
            ),
            Way::Words => format!(
                "WITH found AS MATERIALIZED (SELECT n, entity, due FROM listing WHERE {words} AND {when})
                 SELECT n, entity, due FROM found ORDER BY {order} LIMIT {limit}"
            ),
        };
        Ok((sql, params))
    }

    /// The first number whose row came in at `time` or later; none such: past all of them.
    fn number_at(&self, kind: &str, time: Time) -> Result<i64> {
        let sql = "SELECT n FROM listing WHERE kind = $1 AND received >= $2 ORDER BY received, n LIMIT 1";
        let found = self.line.one(sql, &[&kind, &time.millis()], |row| Ok(row.try_get(0)?))?;
        Ok(found.unwrap_or(i64::MAX))
    }
}

/// All of the words and beginnings, and of each group one.
fn expression(wanted: &Wanted) -> String {
    let quoted = |word: &String| format!("'{}'", word.replace('\\', r"\\").replace('\'', "''"));
    let all = wanted.all.iter().map(quoted);
    let begins = wanted.begins.iter().map(|begin| format!("{}:*", quoted(begin)));
    let any = wanted.any.iter().map(|group| format!("({})", group.iter().map(quoted).collect::<Vec<_>>().join(" | ")));
    all.chain(begins).chain(any).collect::<Vec<_>>().join(" & ")
}

impl KeepListings for Transaction {
    fn move_listed(&mut self, size: u64) -> Result<()> {
        self.line.run("UPDATE head SET listed = $1", vec![sent(signed(size))])
    }

    fn put_listed(&mut self, rows: &[ListedRow]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let sql = "INSERT INTO listing (entity, kind, received, due, words)
                   SELECT entity, kind, received, due, array_to_tsvector(string_to_array(words, ' '))
                   FROM unnest($1::bytea[], $2::text[], $3::bigint[], $4::bigint[], $5::text[])
                        WITH ORDINALITY AS put (entity, kind, received, due, words, place) ORDER BY place
                   ON CONFLICT (entity) DO UPDATE SET due = excluded.due, words = excluded.words";
        let entities: Vec<_> = rows.iter().map(|row| bytes(row.entity)).collect();
        let kinds: Vec<_> = rows.iter().map(|row| row.kind.clone()).collect();
        let received: Vec<_> = rows.iter().map(|row| row.received.millis()).collect();
        let due: Vec<_> = rows.iter().map(|row| row.due.map(Time::millis)).collect();
        let words: Vec<_> = rows.iter().map(|row| row.words.clone()).collect();
        self.line.run(sql, vec![sent(entities), sent(kinds), sent(received), sent(due), sent(words)])
    }

    fn add_traces(&mut self, traces: &[(EntityId, u64)]) -> Result<()> {
        if traces.is_empty() {
            return Ok(());
        }
        let sql = "INSERT INTO trace (entity, idx) SELECT * FROM unnest($1::bytea[], $2::bigint[])
                   ON CONFLICT DO NOTHING";
        let (entities, indexes): (Vec<_>, Vec<_>) =
            traces.iter().map(|(id, index)| (bytes(*id), signed(*index))).unzip();
        self.line.run(sql, vec![sent(entities), sent(indexes)])
    }

    fn add_seat(&mut self, token: &Hash, row: &SeatRow) -> Result<()> {
        let sql = r#"INSERT INTO seat (token, "user", expires) VALUES ($1, $2, $3)"#;
        self.line.run(sql, vec![sent(token.0.to_vec()), sent(bytes(row.user)), sent(row.expires.millis())])
    }

    fn drop_seats(&mut self, user: EntityId) -> Result<u64> {
        let sql = r#"DELETE FROM seat WHERE "user" = $1 RETURNING 1"#;
        let gone = self.line.many(sql, &[&bytes(user)], |_| Ok(()))?.len();
        unsigned(i64::try_from(gone).unwrap_or(i64::MAX))
    }
}
