//! The line of a sheet that says which column is which, found by its words.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::grid::{Cell, Grid};
use super::limit::narrow;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Column {
    /// 大类代码.
    Class,
    /// 大类名称.
    ClassName,
    /// 小类代码.
    Kind,
    /// 小类名称.
    KindName,
    /// 处置单位: who rectifies.
    Unit,
    /// 主管部门: who is in charge.
    Authority,
    /// 立案条件.
    Filing,
    /// 结案条件.
    Closing,
    /// 处置时限.
    Limit,
}

impl Column {
    pub(super) const ALL: [Column; 9] = [
        Column::Class,
        Column::ClassName,
        Column::Kind,
        Column::KindName,
        Column::Unit,
        Column::Authority,
        Column::Filing,
        Column::Closing,
        Column::Limit,
    ];

    /// What stands at its head.
    pub(super) fn title(self) -> &'static str {
        match self {
            Column::Class => "大类代码",
            Column::ClassName => "大类名称",
            Column::Kind => "小类代码",
            Column::KindName => "小类名称",
            Column::Unit => "处置单位",
            Column::Authority => "主管部门",
            Column::Filing => "立案条件",
            Column::Closing => "结案条件",
            Column::Limit => "处置时限",
        }
    }
}

/// Where the columns are.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Its row, from 0; what is looked for begins below.
    pub(super) row: u32,
    /// The column of each, from 0.
    pub(super) columns: BTreeMap<Column, u32>,
    /// Those that two columns claim to be.
    pub(super) twice: Vec<Column>,
}

impl Header {
    /// The best of the first rows; nothing when none names a few of the columns.
    pub(super) fn find(grid: &Grid) -> Option<Header> {
        let rows = grid.rows.iter().take(DEEPEST).map(|(row, cells)| Header::of(*row, cells));
        let found = rows.filter(|header| header.columns.len() >= FEWEST);
        found.reduce(|best, next| if next.columns.len() > best.columns.len() { next } else { best })
    }

    /// Columns that it does not have.
    pub(super) fn missing(&self) -> Vec<&'static str> {
        let missing = Column::ALL.into_iter().filter(|column| !self.columns.contains_key(column));
        missing.map(Column::title).collect()
    }

    fn of(row: u32, cells: &BTreeMap<u32, Cell>) -> Header {
        let mut header = Header { row, columns: BTreeMap::new(), twice: Vec::new() };
        for (at, cell) in cells {
            let Cell::Text(text) = cell else { continue };
            let plain = plain(text);
            let Some(column) = Column::ALL.into_iter().find(|column| column.title() == plain) else { continue };
            match header.columns.entry(column) {
                Entry::Vacant(place) => drop(place.insert(*at)),
                Entry::Occupied(_) => header.twice.push(column),
            }
        }
        header
    }
}

/// A title without blanks, line ends, stars and what stands in brackets behind it.
fn plain(text: &str) -> String {
    let narrow = narrow(text);
    let before = narrow.split(['(', '[', '【']).next().unwrap_or_default();
    before.chars().filter(|c| !c.is_whitespace() && *c != '*').collect()
}

/// How many rows with something in them may stand above and with it.
const DEEPEST: usize = 50;
/// A row that names fewer columns is a title or a remark.
const FEWEST: usize = 3;
