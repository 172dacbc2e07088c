//! One row of a register, and what is wrong with it.

use std::fmt;

use jiff::civil::DateTime;
use serde::Serialize;

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Text, without blanks around it; empty when nothing stands there.
    Text(String),
    /// A date and time that a spreadsheet keeps as such; midnight is a day without a time.
    Moment(DateTime),
    /// Something that cannot be what it was: code and words.
    Wrong(&'static str, String),
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its number as a spreadsheet shows it: the header is 1.
    pub number: u64,
    /// The line of the file on which it begins, from 1; none in a workbook.
    pub line: Option<u64>,
    /// Its cells.
    pub cells: Vec<Cell>,
}

impl Row {
    /// True when nothing stands in it.
    pub fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| *cell == Cell::Text(String::new()))
    }
}

/// Something that is wrong with a row; the row is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowFault {
    /// Name of the file.
    pub file: String,
    /// Number of the row, see [`Row::number`].
    pub row: u64,
    /// Line of the file on which it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Title of the column at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Stable snake_case code.
    pub code: String,
    /// What is wrong, for people.
    pub detail: String,
}

impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} row {}", self.file, self.row)?;
        self.column.iter().try_for_each(|column| write!(f, ", {column}"))?;
        write!(f, ": {} ({})", self.detail, self.code)
    }
}
