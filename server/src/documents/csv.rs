//! Findings as CSV (RFC 4180) that spreadsheets open as it is meant.

use std::borrow::Cow;
use std::io::{self, Write};

use ::csv::{Terminator, Writer, WriterBuilder};
use xuncha_core::model::Entity;

use super::{COLUMNS, Cell, City, Listing};

/// Says that what follows is UTF-8; without it a spreadsheet on Windows takes Chinese for something else.
const MARK: &[u8] = "\u{feff}".as_bytes();

pub(super) struct Csv<W: Write> {
    out: Writer<W>,
}

impl<W: Write> Csv<W> {
    pub(super) fn begin(mut out: W) -> io::Result<Csv<W>> {
        out.write_all(MARK)?;
        let mut out = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
        out.write_record(COLUMNS.iter().map(|column| column.title))?;
        Ok(Csv { out })
    }
}

impl<W: Write> Listing for Csv<W> {
    fn add(&mut self, finding: &Entity, city: &City) -> io::Result<()> {
        for column in COLUMNS {
            match (column.cell)(finding, city) {
                Cell::Empty => self.out.write_field(b"")?,
                Cell::Text(text) => self.out.write_field(&*harmless(text))?,
                Cell::Number(number) => self.out.write_field(number.to_string())?,
            }
        }
        self.out.write_record(None::<&[u8]>)?;
        Ok(())
    }

    fn end(mut self: Box<Self>) -> io::Result<()> {
        self.out.flush()
    }
}

/// Words that a spreadsheet would work out as a formula get a quote before them, and stay words.
pub(super) fn harmless(text: Cow<'_, str>) -> Cow<'_, str> {
    let works = |first: char| matches!(first, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    if text.starts_with(works) { format!("'{text}").into() } else { text }
}
