//! Arriving in PostgreSQL from another engine.

use std::pin::pin;

use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use xuncha_core::model::Hash;

use super::super::form::signed;
use super::super::tables::{Form, Put, TABLES, Table, Value};
use super::super::{Result, Snapshot, Store as _, StoreError};
use super::line::{Line, Sent};
use super::snapshot::number;
use super::{PLACE, PostgresStore, READ, is_there, tables};

/// The schema of a ledger that is not yet whole: nobody takes it for one.
const HALF: &str = "xuncha_arriving";

/// A ledger that is being put into a database, in a schema of its own until all of it is there. What
/// was put there stays after a crash, and is gone on with.
pub(crate) struct Arriving {
    store: PostgresStore,
}

impl Arriving {
    /// Opens the database at `url`, which must be without a ledger.
    ///
    /// # Errors
    /// As [`PostgresStore::open`]; [`StoreError::Exists`].
    pub(crate) fn begin(url: &str) -> Result<Arriving> {
        let store = PostgresStore::connect(url, HALF)?;
        let line = store.locked()?;
        let taken = is_there(&line, PLACE)?;
        line.give_up()?;
        if taken {
            return Err(StoreError::Exists);
        }
        Ok(Arriving { store })
    }

    /// How many rows of each table an earlier call has left, when they are of the same ledger as it is
    /// now: `of` is a digest of that. What is of another is thrown away.
    pub(crate) fn go_on(&self, of: &Hash) -> Result<Vec<u64>> {
        if let Some(rows) = self.begun(of)? {
            return Ok(rows);
        }
        self.throw_away()?;
        self.store.migrate(true)?;
        let line = self.store.locked()?;
        line.all("CREATE TABLE arriving (ledger bytea NOT NULL, name text PRIMARY KEY, rows bigint NOT NULL)")?;
        for table in TABLES {
            let params: Vec<Sent> = vec![Box::new(of.0.to_vec()), Box::new(table.name)];
            line.run("INSERT INTO arriving VALUES ($1, $2, 0)", params)?;
        }
        line.commit()?;
        Ok(vec![0; TABLES.len()])
    }

    /// Throws away what was put there.
    pub(crate) fn throw_away(&self) -> Result<()> {
        let line = self.store.locked()?;
        line.all(&format!("DROP SCHEMA IF EXISTS {HALF} CASCADE"))?;
        line.commit()
    }

    fn begun(&self, of: &Hash) -> Result<Option<Vec<u64>>> {
        let line = self.store.begin(READ)?;
        let there = line.one("SELECT to_regclass('arriving') IS NOT NULL", &[], |row| Ok(row.try_get(0)?))?;
        let mut rows = Vec::new();
        if there.unwrap_or(false) {
            let sql = "SELECT rows FROM arriving WHERE name = $1 AND ledger = $2";
            for table in TABLES {
                rows.extend(line.one(sql, &[&table.name, &&of.0[..]], |row| number(row, 0))?);
            }
        }
        line.give_up()?;
        Ok((rows.len() == TABLES.len()).then_some(rows))
    }

    /// Puts some more rows into a table; `total` is how many are there then. Durable when this returns;
    /// a crash leaves all of them or none.
    pub(crate) fn put(&self, table: &Table, rows: &[Vec<Value>], total: u64) -> Result<()> {
        let line = self.store.locked()?;
        line.copy_in(table, rows)?;
        let params: Vec<Sent> = vec![Box::new(table.name), Box::new(signed(total))];
        line.run("UPDATE arriving SET rows = $2 WHERE name = $1", params)?;
        line.commit()
    }

    /// Gives every row of a table, in the order of its key.
    pub(crate) fn rows(&self, table: &Table, put: Put<'_>) -> Result<()> {
        let line = self.store.begin(READ)?;
        tables::read(&line, table, put)?;
        line.give_up()
    }

    /// Looks at what is there as at a ledger.
    pub(crate) fn look(&self, work: &mut dyn FnMut(&dyn Snapshot) -> Result<()>) -> Result<()> {
        self.store.read(work)
    }

    /// All is there: from here on it is the ledger of this database. Durable when this returns; a crash
    /// leaves it arriving.
    pub(crate) fn end(self) -> Result<()> {
        let line = self.store.locked()?;
        for table in ["speaker", "push", "scope"] {
            line.all(&format!(
                "SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM {table}), false)"
            ))?;
        }
        line.all(&format!("DROP TABLE arriving; ALTER SCHEMA {HALF} RENAME TO {PLACE}"))?;
        line.commit()
    }
}

impl Line {
    /// Puts rows into a table by `COPY`.
    fn copy_in(&self, table: &Table, rows: &[Vec<Value>]) -> Result<()> {
        let types: Vec<Type> = table.columns.iter().map(|(_, form)| form.of_postgres()).collect();
        let client = self.client()?;
        let copied = self.wait(async {
            let sql = format!("COPY \"{}\" ({}) FROM STDIN BINARY", table.name, table.names());
            let mut writer = pin!(BinaryCopyInWriter::new(client.copy_in(&sql).await?, &types));
            for row in rows {
                let row: Vec<&(dyn ToSql + Sync)> = row.iter().map(Value::for_postgres).collect();
                writer.as_mut().write(&row).await?;
            }
            writer.finish().await
        });
        copied.map(drop).map_err(|error| self.cause(error.into()))
    }
}

impl Form {
    fn of_postgres(self) -> Type {
        match self {
            Form::Number => Type::INT8,
            Form::Text => Type::TEXT,
            Form::Bytes => Type::BYTEA,
            Form::Truth => Type::BOOL,
        }
    }
}

impl Value {
    fn for_postgres(&self) -> &(dyn ToSql + Sync) {
        match self {
            Value::Number(number) => number,
            Value::Text(text) => text,
            Value::Bytes(bytes) => bytes,
            Value::Truth(truth) => truth,
        }
    }
}
