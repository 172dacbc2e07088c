//! A whole table of SQLite, row by row.

use rusqlite::types::ToSqlOutput;
use rusqlite::{Row, ToSql, TransactionBehavior, params_from_iter};

use super::super::tables::{Form, Table, Value};
use super::super::{Result, StoreError};
use super::{SqliteStore, lock};

/// Takes one row after the other.
pub(in crate::store) type Put<'a> = &'a mut dyn FnMut(Vec<Value>) -> Result<()>;

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

    /// Gives every row of a table.
    pub(in crate::store) fn each(&self, table: &Table, put: Put<'_>) -> Result<()> {
        let reader = self.take_reader();
        let Some(connection) = reader.connection.as_ref() else {
            return Err(StoreError::Failed("no reader".into()));
        };
        let mut query = connection.prepare(&format!("SELECT {} FROM \"{}\"", table.names(), table.name))?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            put(values(table, row)?)?;
        }
        Ok(())
    }
}

fn values(table: &Table, row: &Row<'_>) -> Result<Vec<Value>> {
    let value = |(at, (_, form)): (usize, &(&str, Form))| {
        Ok(match form {
            Form::Number => Value::Number(row.get(at)?),
            Form::Text => Value::Text(row.get(at)?),
            Form::Bytes => Value::Bytes(row.get(at)?),
            Form::Truth => Value::Truth(row.get(at)?),
        })
    };
    table.columns.iter().enumerate().map(value).collect()
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
