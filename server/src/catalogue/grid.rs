//! The cells of a workbook, without what it knows about colours and fonts.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use calamine::{DataRef, Reader, Xlsx};
use zip::ZipArchive;

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Text(String),
    /// As it is written without needless zeros.
    Number(String),
    /// Neither: a date, or a formula that went wrong.
    Other(&'static str),
}

/// The cells of one sheet that are not blank: row, then column, both from 0.
#[derive(Debug, Default)]
pub(super) struct Grid {
    pub(super) rows: BTreeMap<u32, BTreeMap<u32, Cell>>,
}

/// A workbook whose sheets can be read one after another.
pub(super) struct Workbook(Xlsx<BufReader<File>>);

impl Workbook {
    /// Opens an XLSX file.
    ///
    /// # Errors
    /// When it cannot be read, is something else or is far larger than any such sheet; in words.
    pub(super) fn open(path: &Path) -> Result<Workbook, String> {
        let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
        let file = File::open(path).map_err(unreadable)?;
        if file.metadata().map_err(unreadable)?.len() > MOST_BYTES {
            return Err(format!("is larger than {} MB", MOST_BYTES >> 20));
        }
        let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|_| NOT_XLSX.to_owned())?;
        let mut unpacked = 0_u64;
        for at in 0..zip.len() {
            let part = zip.by_index_raw(at).map_err(|_| NOT_XLSX.to_owned())?;
            unpacked = unpacked.saturating_add(part.size());
        }
        if unpacked > MOST_UNPACKED {
            return Err(format!("is larger than {} MB when unpacked", MOST_UNPACKED >> 20));
        }
        let file = File::open(path).map_err(unreadable)?;
        let book = Xlsx::new(BufReader::new(file)).map_err(|error| format!("{NOT_XLSX} ({error})"))?;
        Ok(Workbook(book))
    }

    /// The names of its sheets, in order.
    pub(super) fn sheets(&self) -> Vec<String> {
        self.0.sheet_names()
    }

    /// The cells of a sheet.
    ///
    /// # Errors
    /// When it is damaged or has more rows than any such sheet; in words.
    pub(super) fn grid(&mut self, sheet: &str) -> Result<Grid, String> {
        let broken = |error| format!("the sheet {sheet} cannot be read: {error}");
        let mut cells = self.0.worksheet_cells_reader(sheet).map_err(broken)?;
        let mut grid = Grid::default();
        while let Some(cell) = cells.next_cell().map_err(broken)? {
            let (row, column) = cell.get_position();
            let Some(cell) = cell_of(cell.get_value()).filter(|_| column < MOST_COLUMNS) else { continue };
            if row >= MOST_ROWS {
                return Err(format!("the sheet {sheet} has more than {MOST_ROWS} rows"));
            }
            grid.rows.entry(row).or_default().insert(column, cell);
        }
        Ok(grid)
    }
}

impl Grid {
    /// Whether nothing stands in it.
    pub(super) fn is_blank(&self) -> bool {
        self.rows.is_empty()
    }
}

/// Nothing for a blank cell.
fn cell_of(value: &DataRef<'_>) -> Option<Cell> {
    let text = |text: &str| (!text.trim().is_empty()).then(|| Cell::Text(text.trim().to_owned()));
    match value {
        DataRef::Empty => None,
        DataRef::String(said) => text(said),
        DataRef::SharedString(said) => text(said),
        DataRef::Int(number) => Some(Cell::Number(number.to_string())),
        DataRef::Float(number) => Some(Cell::Number(number.to_string())),
        DataRef::Bool(_) => Some(Cell::Other("is true or false")),
        DataRef::DateTime(_) | DataRef::DateTimeIso(_) | DataRef::DurationIso(_) => {
            Some(Cell::Other("was made a date or time by the spreadsheet; format the column as text"))
        }
        DataRef::Error(_) => Some(Cell::Other("is a formula that went wrong")),
    }
}

/// The letters of a column, counted from 0.
pub(super) fn letters(column: u32) -> String {
    let letter = char::from(b'A' + u8::try_from(column % 26).unwrap_or(0));
    match column / 26 {
        0 => letter.to_string(),
        more => letters(more - 1) + &letter.to_string(),
    }
}

const MOST_ROWS: u32 = 10_000;
const MOST_COLUMNS: u32 = 256;
const MOST_BYTES: u64 = 20 << 20;
const MOST_UNPACKED: u64 = 200 << 20;
const NOT_XLSX: &str = "is not an XLSX workbook; save it as .xlsx and try again";
