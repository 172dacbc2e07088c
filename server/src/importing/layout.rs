//! Where the columns that a map names are in one file.

use std::collections::BTreeMap;

use super::map::Map;
use super::row::{Cell, Row};
use super::table::TableError;

/// Where the columns that a map names are in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    titles: Vec<String>,
    at: BTreeMap<String, usize>,
}

impl Layout {
    /// Finds the columns by the titles in `header`.
    ///
    /// # Errors
    /// `unknown_column` when some are not there, `ambiguous_column` when some are there twice; names them all.
    pub(super) fn of(header: &Row, map: &Map) -> Result<Layout, TableError> {
        let title = |cell: &Cell| if let Cell::Text(text) = cell { text.clone() } else { String::new() };
        let titles: Vec<String> = header.cells.iter().map(title).collect();
        let (mut at, mut missing, mut twice) = (BTreeMap::new(), Vec::new(), Vec::new());
        for (name, wanted) in map.titles() {
            let found = titles.iter().enumerate().filter(|(_, title)| *title == wanted.trim());
            match found.map(|(at, _)| at).collect::<Vec<_>>()[..] {
                [only] => drop(at.insert(name, only)),
                [] => missing.push(wanted),
                _ => twice.push(wanted),
            }
        }
        match (missing.is_empty(), twice.is_empty()) {
            (false, _) => Err(TableError::new("unknown_column", format!("there is no column {}", missing.join(", ")))),
            (_, false) => Err(TableError::new("ambiguous_column", format!("several are called {}", twice.join(", ")))),
            _ => Ok(Layout { titles, at }),
        }
    }

    /// The cell of the column that the map calls `name`.
    pub(super) fn cell<'a>(&self, row: &'a Row, name: &str) -> Option<&'a Cell> {
        row.cells.get(*self.at.get(name)?)
    }

    /// The title of the column that the map calls `name`.
    pub(super) fn title(&self, name: &str) -> Option<&str> {
        self.at.get(name).map(|at| self.titles[*at].as_str())
    }

    /// How many cells a row has.
    pub(super) fn width(&self) -> usize {
        self.titles.len()
    }

    /// True when `row` has other cells than the header.
    pub(super) fn is_misfit(&self, row: &Row) -> bool {
        let more = row.cells.iter().skip(self.width()).any(|cell| *cell != Cell::Text(String::new()));
        row.cells.len() < self.width() || more
    }
}
