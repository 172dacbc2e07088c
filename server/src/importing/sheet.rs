//! Rows of a sheet of an XLSX workbook.

use std::fmt::Display;
use std::fs::File;
use std::io::BufReader;
use std::mem;
use std::path::Path;

use calamine::{DataRef, ExcelDateTime, Reader as _, Xlsx, XlsxError};
use jiff::civil::DateTime;
use zip::ZipArchive;

use super::map::Map;
use super::row::{Cell, Row};
use super::table::TableError;
use super::text;

/// Calls `take` for every row.
pub(super) fn each<E: From<TableError>>(
    path: &Path,
    map: &Map,
    take: &mut dyn FnMut(Row) -> Result<(), E>,
) -> Result<(), E> {
    let mut book = open(path)?;
    let names = book.sheet_names();
    let sheet = match &map.sheet {
        Some(wanted) => names.iter().find(|name| *name == wanted),
        None => names.first(),
    };
    let unknown =
        || TableError::new("unknown_sheet", format!("there is no such sheet; there are {}", names.join(", ")));
    let broken = |error: XlsxError| TableError::new("bad_table", error.to_string());
    let mut cells = book.worksheet_cells_reader(sheet.ok_or_else(unknown)?).map_err(broken)?;
    let mut row = Row { number: 0, line: None, cells: Vec::new() };
    // As wide as the header, for a workbook says nothing of blank cells at the end.
    let mut width = 0;
    while let Some(cell) = cells.next_cell().map_err(broken)? {
        let (at, column) = cell.get_position();
        let (number, column) = (u64::from(at) + 1, column as usize);
        if number != row.number {
            let whole = mem::replace(&mut row, Row { number, line: None, cells: Vec::new() });
            if width == 0 && !whole.is_blank() {
                width = whole.cells.len();
            }
            row.cells.resize(width, blank());
            take(whole)?;
        }
        let cell = cell_of(cell.get_value());
        if column < MOST_COLUMNS && cell != blank() {
            row.cells.resize(row.cells.len().max(column + 1), blank());
            row.cells[column] = cell;
        }
    }
    take(row)
}

fn open(path: &Path) -> Result<Xlsx<BufReader<File>>, TableError> {
    let not_xlsx = |error: &dyn Display| TableError::new("not_xlsx", format!("is no XLSX workbook ({error})"));
    let mut zip = ZipArchive::new(BufReader::new(File::open(path)?)).map_err(|error| not_xlsx(&error))?;
    let mut unpacked = 0_u64;
    for at in 0..zip.len() {
        unpacked = unpacked.saturating_add(zip.by_index_raw(at).map_err(|error| not_xlsx(&error))?.size());
    }
    if unpacked > MOST_UNPACKED {
        return Err(TableError::new("too_large", "is larger than 1 GB when unpacked; save it as CSV"));
    }
    Xlsx::new(BufReader::new(File::open(path)?)).map_err(|error| not_xlsx(&error))
}

fn cell_of(value: &DataRef<'_>) -> Cell {
    match value {
        DataRef::Empty => blank(),
        DataRef::String(said) | DataRef::DateTimeIso(said) => text::cell(said),
        DataRef::SharedString(said) => text::cell(said),
        DataRef::Int(number) => Cell::Text(number.to_string()),
        DataRef::Float(number) if number.abs() >= MOST_EXACT => {
            Cell::Wrong("bad_number", "was rounded by the spreadsheet; format the column as text".into())
        }
        DataRef::Float(number) => Cell::Text(number.to_string()),
        DataRef::Bool(said) => Cell::Text(said.to_string()),
        DataRef::DateTime(moment) if moment.is_datetime() => {
            moment_of(moment).map_or_else(|| Cell::Wrong("bad_time", "is no date".into()), Cell::Moment)
        }
        DataRef::DateTime(_) | DataRef::DurationIso(_) => Cell::Wrong("bad_time", "is a duration".into()),
        DataRef::Error(_) => Cell::Wrong("bad_formula", "is a formula that went wrong".into()),
    }
}

fn moment_of(moment: &ExcelDateTime) -> Option<DateTime> {
    let (year, month, day, hour, minute, second, milli) = moment.to_ymd_hms_milli();
    let part = |part: u8| i8::try_from(part).ok();
    let nanos = i32::from(milli) * 1_000_000;
    let year = i16::try_from(year).ok()?;
    DateTime::new(year, part(month)?, part(day)?, part(hour)?, part(minute)?, part(second)?, nanos).ok()
}

fn blank() -> Cell {
    Cell::Text(String::new())
}

const MOST_COLUMNS: usize = 1_000;
/// A spreadsheet keeps fifteen digits of a number.
const MOST_EXACT: f64 = 1e15;
const MOST_UNPACKED: u64 = 1 << 30;
