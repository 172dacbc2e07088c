//! Papers and tables that leave the ledger: findings as CSV, XLSX and GeoJSON, a notice as a page for A4 and, with the
//! feature `pdf`, as PDF.
//!
//! Writers alone: each takes entities one by one and writes on at once, so that memory stays flat however many there
//! are. What is not on an entity (names, the zone, what time it is) is in [`City`]. Absent: stores, files, choices of
//! what is written.

mod city;
mod code;
mod columns;
mod course;
mod csv;
mod geojson;
mod notice;
#[cfg(feature = "pdf")]
mod pdf;
mod sheet;
#[cfg(test)]
mod tests;
mod words;
mod xlsx;

pub use city::City;
pub use columns::{COLUMNS, Cell, Column, status_of};
pub use notice::{Face, Paper, Picture, notice_style, write_notice};
#[cfg(feature = "pdf")]
pub use pdf::{PdfError, Print, notice_pdf};
pub use words::{status, statuses};

use std::io::{self, Write};

use xuncha_core::model::Entity;

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Text with commas, for spreadsheets: UTF-8 with a byte order mark, nothing that a spreadsheet would work out.
    Csv,
    /// A workbook.
    Xlsx,
    /// A collection of points in WGS-84, for maps.
    Geojson,
}

/// Findings being written, one after another.
pub trait Listing {
    /// Writes one more.
    ///
    /// # Errors
    /// The output's.
    fn add(&mut self, finding: &Entity, city: &City) -> io::Result<()>;

    /// Writes what comes after the last.
    ///
    /// # Errors
    /// The output's.
    fn end(self: Box<Self>) -> io::Result<()>;
}

/// Begins to write findings to `out`.
///
/// # Errors
/// The output's.
pub fn listing<'a>(format: Format, out: impl Write + Send + 'a) -> io::Result<Box<dyn Listing + 'a>> {
    Ok(match format {
        Format::Csv => Box::new(csv::Csv::begin(out)?),
        Format::Xlsx => Box::new(xlsx::Xlsx::begin(out)?),
        Format::Geojson => Box::new(geojson::GeoJson::begin(out)?),
    })
}
