//! A whole table of PostgreSQL, row by row.

use tokio_postgres::Row;

use super::super::Result;
use super::super::tables::{Form, Put, Table, Value};
use super::line::Line;

/// Rows that are fetched at a time.
const PAGE: i64 = 2_000;

/// Gives every row of a table, in the order of its key.
pub(super) fn read(line: &Line, table: &Table, put: Put<'_>) -> Result<()> {
    line.all(&format!("DECLARE row CURSOR FOR {}", table.select()))?;
    let fetch = format!("FETCH {PAGE} FROM row");
    loop {
        // Not kept as a prepared statement: the cursor behind it is another for each table.
        let rows = line.fresh(&fetch)?;
        if rows.is_empty() {
            break;
        }
        rows.iter().try_for_each(|row| put(values(table, row)?))?;
    }
    line.all("CLOSE row")
}

fn values(table: &Table, row: &Row) -> Result<Vec<Value>> {
    let value = |(at, (_, form)): (usize, &(&str, Form))| {
        Ok(match form {
            Form::Number => Value::Number(row.try_get(at)?),
            Form::Text => Value::Text(row.try_get(at)?),
            Form::Bytes => Value::Bytes(row.try_get(at)?),
            Form::Truth => Value::Truth(row.try_get(at)?),
        })
    };
    table.columns.iter().enumerate().map(value).collect()
}
