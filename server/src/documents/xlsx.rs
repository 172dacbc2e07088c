//! Findings as a workbook. Rows go to a temporary file as they come, so that memory stays flat.

use std::io::{self, Write};

use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};
use xuncha_core::model::Entity;

use super::{COLUMNS, Cell, City, Listing};

/// Rows that a sheet can have.
const ROWS: u32 = 1_048_576;

pub(super) struct Xlsx<W> {
    out: W,
    book: Workbook,
    full: Vec<Worksheet>,
    sheet: Worksheet,
    row: u32,
    rows: u32,
}

impl<W: Write + Send> Xlsx<W> {
    pub(super) fn begin(out: W) -> io::Result<Xlsx<W>> {
        Xlsx::with_rows(out, ROWS)
    }

    /// As [`Xlsx::begin`], with a new sheet after this many rows.
    pub(super) fn with_rows(out: W, rows: u32) -> io::Result<Xlsx<W>> {
        let mut book = Workbook::new();
        let sheet = sheet(&mut book, 1).map_err(failed)?;
        Ok(Xlsx { out, book, full: Vec::new(), sheet, row: 1, rows })
    }

    fn write(&mut self, finding: &Entity, city: &City) -> Result<(), XlsxError> {
        if self.row == self.rows {
            let next = sheet(&mut self.book, self.full.len() + 2)?;
            self.full.push(std::mem::replace(&mut self.sheet, next));
            self.row = 1;
        }
        for (column, at) in COLUMNS.iter().zip(0..) {
            match (column.cell)(finding, city) {
                Cell::Empty => {}
                // Written as words, whatever they begin with: nothing here is a formula.
                Cell::Text(text) => {
                    self.sheet.write_string(self.row, at, text.as_ref())?;
                }
                Cell::Number(number) => {
                    self.sheet.write_number(self.row, at, number)?;
                }
            }
        }
        self.row += 1;
        Ok(())
    }
}

impl<W: Write + Send> Listing for Xlsx<W> {
    fn add(&mut self, finding: &Entity, city: &City) -> io::Result<()> {
        self.write(finding, city).map_err(failed)
    }

    fn end(self: Box<Self>) -> io::Result<()> {
        let Xlsx { mut out, mut book, full, sheet, .. } = *self;
        for sheet in full.into_iter().chain([sheet]) {
            book.push_worksheet(sheet);
        }
        book.save_to_writer(&mut out).map_err(failed)?;
        out.flush()
    }
}

/// A sheet with its header, which stays in sight.
fn sheet(book: &mut Workbook, number: usize) -> Result<Worksheet, XlsxError> {
    let mut sheet = book.new_worksheet_with_constant_memory()?;
    sheet.set_name(if number == 1 { "问题".to_owned() } else { format!("问题{number}") })?;
    sheet.set_freeze_panes(1, 0)?;
    let bold = Format::new().set_bold();
    for (column, at) in COLUMNS.iter().zip(0..) {
        sheet.set_column_width(at, column.width)?;
        sheet.write_string_with_format(0, at, column.title, &bold)?;
    }
    Ok(sheet)
}

fn failed(error: XlsxError) -> io::Error {
    match error {
        XlsxError::IoError(error) => error,
        other => io::Error::other(other),
    }
}
