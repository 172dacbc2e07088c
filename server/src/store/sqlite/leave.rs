//! Leaving SQLite for another engine.

use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _};
use xuncha_core::model::Hash;

use super::super::form::{signed, unsigned};
use super::super::tables::{Form, Put, TABLES, Table, Value};
use super::super::{BlobRow, Files as _, Head, Result, Snapshot as _, StoreError};
use super::{FILE, connect, migrate, snapshot};

/// Name of the view that says where a ledger went.
const MOVED: &str = "moved";

/// A ledger that is about to leave its file: nobody else writes it as long as this is there.
pub(crate) struct Leaving {
    connection: Connection,
    moved: bool,
}

impl Leaving {
    /// Opens the file in `folder` and takes the lock that every batch takes. Also opens one that has
    /// been left before.
    ///
    /// # Errors
    /// As [`SqliteStore::open`](super::SqliteStore::open); [`StoreError::Busy`] when a server beside
    /// does not let go of it.
    pub(crate) fn begin(folder: &Path) -> Result<Leaving> {
        let file = folder.join(FILE);
        if !file.exists() {
            return Err(StoreError::Missing(folder.display().to_string()));
        }
        let mut connection = connect(&file, false)?;
        migrate(&mut connection)?;
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let moved = moved_to(&connection)?.is_some();
        Ok(Leaving { connection, moved })
    }

    /// True when it was left before: then nothing in it has changed since.
    pub(crate) fn is_moved(&self) -> bool {
        self.moved
    }

    /// Where the ledger stands.
    pub(crate) fn head(&self) -> Result<Option<Head>> {
        snapshot::SqliteSnapshot::new(&self.connection).head()
    }

    /// Files that are known, in the order of their hashes.
    pub(crate) fn blobs(&self, after: Option<Hash>, limit: u32) -> Result<Vec<BlobRow>> {
        snapshot::SqliteSnapshot::new(&self.connection).blobs(after, limit)
    }

    /// Number of rows of a table.
    pub(crate) fn count(&self, table: &Table) -> Result<u64> {
        let sql = format!("SELECT count(*) FROM \"{}\"", table.name);
        unsigned(self.connection.query_row(&sql, [], |row| row.get(0))?)
    }

    /// Gives the rows of a table in the order of its key, without the first `skip`.
    pub(crate) fn rows(&self, table: &Table, skip: u64, put: Put<'_>) -> Result<()> {
        let mut statement = self.connection.prepare(&format!("{} LIMIT -1 OFFSET ?1", table.select()))?;
        let mut rows = statement.query([signed(skip)])?;
        while let Some(row) = rows.next()? {
            let value = |(at, (_, form)): (usize, &(&str, Form))| Ok(read(*form, row.get_ref(at)?)?);
            put(table.columns.iter().enumerate().map(value).collect::<Result<_>>()?)?;
        }
        Ok(())
    }

    /// Ends it: from here on nothing is written here, whoever has the file open, and it opens no more.
    /// `to` says where the ledger goes on. Durable when this returns; a crash before leaves it as it was.
    pub(crate) fn end(self, to: &str) -> Result<()> {
        if self.moved {
            return Ok(());
        }
        let to = to.replace('\'', "''");
        self.connection.execute_batch(&format!("CREATE VIEW {MOVED} AS SELECT '{to}' AS place"))?;
        for Table { name, .. } in TABLES {
            for change in ["INSERT", "UPDATE", "DELETE"] {
                self.connection.execute_batch(&format!(
                    "CREATE TRIGGER {MOVED}_{name}_{change} BEFORE {change} ON \"{name}\" \
                     BEGIN SELECT RAISE(ABORT, '{to}'); END"
                ))?;
            }
        }
        self.connection.execute_batch("COMMIT")?;
        Ok(())
    }
}

/// Where the ledger in this file went, if it did.
pub(super) fn moved_to(connection: &Connection) -> Result<Option<String>> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'view' AND name = ?1";
    if connection.query_row(sql, [MOVED], |_| Ok(())).optional()?.is_none() {
        return Ok(None);
    }
    Ok(connection.query_row(&format!("SELECT place FROM {MOVED}"), [], |row| row.get(0)).optional()?)
}

fn read(form: Form, value: ValueRef<'_>) -> rusqlite::Result<Value> {
    Ok(match form {
        Form::Number => Value::Number(value.as_i64_or_null()?),
        Form::Text => Value::Text(value.as_str_or_null()?.map(str::to_owned)),
        Form::Bytes => Value::Bytes(value.as_bytes_or_null()?.map(<[u8]>::to_vec)),
        Form::Truth => Value::Truth(value.as_i64()? != 0),
    })
}
