//! Rows of a text file with one separator (RFC 4180).

use std::fs::File;
use std::path::Path;

use super::encoding::{BROKEN, Decoded, encoding_of};
use super::map::Map;
use super::row::{Cell, Row};
use super::table::TableError;

/// Calls `take` for every row.
pub(super) fn each<E: From<TableError>>(
    path: &Path,
    map: &Map,
    take: &mut dyn FnMut(Row) -> Result<(), E>,
) -> Result<(), E> {
    let open = || File::open(path).map_err(TableError::from);
    let encoding = encoding_of(open()?, map.encoding).map_err(TableError::from)?;
    let mut reader = csv::ReaderBuilder::new();
    reader.has_headers(false).flexible(true).delimiter(u8::try_from(map.separator).unwrap_or(b','));
    let mut reader = reader.from_reader(Decoded::new(open()?, encoding));
    let (mut record, mut number) = (csv::StringRecord::new(), 0);
    while reader.read_record(&mut record).map_err(|error| TableError::new("bad_table", error.to_string()))? {
        number += 1;
        let line = record.position().map(csv::Position::line);
        take(Row { number, line, cells: record.iter().map(cell).collect() })?;
    }
    Ok(())
}

/// A cell of text.
pub(super) fn cell(said: &str) -> Cell {
    if said.contains(BROKEN) {
        return Cell::Wrong("bad_encoding", "has bytes that are no text in the file's encoding".into());
    }
    Cell::Text(said.trim().to_owned())
}
