//! The rows of a file, one after another: CSV, or a sheet of an XLSX workbook.

use std::path::Path;

use super::layout::Layout;
use super::map::Map;
use super::row::Row;
use super::{sheet, text};

/// A file that is not read any further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct TableError {
    /// `io`, `empty`, `unknown_column`, `ambiguous_column`, `bad_table`, `not_xlsx`, `too_large`, `unknown_sheet`.
    pub code: &'static str,
    /// What is wrong.
    pub detail: String,
}

impl TableError {
    pub(super) fn new(code: &'static str, detail: impl Into<String>) -> TableError {
        TableError { code, detail: detail.into() }
    }
}

impl From<std::io::Error> for TableError {
    fn from(error: std::io::Error) -> TableError {
        TableError::new("io", error.to_string())
    }
}

/// Calls `work` for every row of the file at `path` below its header that is not blank, in order.
///
/// # Errors
/// `work`'s, or the file's.
pub fn each_row<E: From<TableError>>(
    path: &Path,
    map: &Map,
    work: &mut dyn FnMut(&Layout, Row) -> Result<(), E>,
) -> Result<(), E> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let mut layout = None;
    let mut take = |row: Row| match &layout {
        _ if row.is_blank() => Ok(()),
        Some(layout) => work(layout, row),
        None => {
            layout = Some(Layout::of(&row, map)?);
            Ok(())
        }
    };
    match ending.as_deref() {
        Some("xlsx" | "xlsm") => sheet::each(path, map, &mut take)?,
        Some("xls") => return Err(TableError::new("not_xlsx", "is an old workbook; save it as .xlsx").into()),
        _ => text::each(path, map, &mut take)?,
    }
    match layout {
        Some(_) => Ok(()),
        None => Err(TableError::new("empty", "has no header").into()),
    }
}
