//! Whole tables put into SQLite.

use rusqlite::types::ToSqlOutput;
use rusqlite::{ToSql, TransactionBehavior, params_from_iter};

use super::super::Result;
use super::super::tables::{Put, Table, Value};
use super::{SqliteStore, lock};

impl SqliteStore {
    /// Fills an empty table with what `rows` gives, in one transaction.
    pub(in crate::store) fn fill(&self, table: &Table, rows: &mut dyn FnMut(Put<'_>) -> Result<()>) -> Result<()> {
        let mut writer = lock(&self.writer);
        let transaction = writer.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let marks = vec!["?"; table.columns.len()].join(", ");
        let sql = format!("INSERT INTO \"{}\" ({}) VALUES ({marks})", table.name, table.names());
        {
            let mut insert = transaction.prepare(&sql)?;
            rows(&mut |row| {
                insert.execute(params_from_iter(row))?;
                Ok(())
            })?;
        }
        transaction.commit()?;
        Ok(())
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Value::Number(number) => number.to_sql(),
            Value::Text(text) => text.to_sql(),
            Value::Bytes(bytes) => bytes.to_sql(),
            Value::Truth(truth) => truth.to_sql(),
        }
    }
}
