//! `xuncha export findings`: a table or a map of findings.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use xuncha_core::model::Entity;

use super::super::Failure;
use super::super::folder::{Folder, Place};
use super::super::print::Printer;
use super::city::{city_of, unit_called};
use super::target::{Target, unwritten};
use crate::documents::{Format, listing, status_of, statuses};

#[derive(Debug, Args)]
pub(super) struct Findings {
    #[command(flatten)]
    place: Place,
    /// How it is written.
    #[arg(long, value_enum)]
    format: Format,
    /// Only those in this state, such as `dispatched`.
    #[arg(long)]
    status: Option<String>,
    /// Only those of the unit with this name or id.
    #[arg(long, value_name = "NAME")]
    unit: Option<String>,
    /// The file, which gets its name when all of it is written; `-` or none is standard output.
    file: Option<PathBuf>,
}

impl Findings {
    pub(super) fn run(self, printer: &Printer) -> Result<(), Failure> {
        if let Some(status) = self.status.as_deref().filter(|status| !statuses().any(|known| known == *status)) {
            let known: Vec<_> = statuses().collect();
            return Err(Failure::new("bad_field", format!("status: {status} is none of {}", known.join(", "))));
        }
        let folder = Folder::open(&self.place)?;
        let city = city_of(&folder)?;
        let unit = self.unit.as_deref().map(|name| unit_called(&city, name)).transpose()?;
        let wanted = |finding: &Entity| {
            let here = unit.is_none_or(|unit| finding.reference("unit") == Some(unit));
            here && self.status.as_deref().is_none_or(|status| status_of(finding) == status)
        };
        let target = Target::new(self.file);
        let written = target.write(|out: &mut (dyn Write + Send)| {
            let mut listing = listing(self.format, out).map_err(unwritten)?;
            let mut written: u64 = 0;
            folder.try_each("finding", |finding| {
                if wanted(finding) {
                    listing.add(finding, &city).map_err(unwritten)?;
                    written += 1;
                }
                Ok(())
            })?;
            listing.end().map_err(unwritten)?;
            Ok(written)
        })?;
        if let Some(file) = target.file() {
            let words = format!("{written} findings are in {}", file.display());
            printer.say(&json!({ "file": file, "findings": written }), words);
        }
        Ok(())
    }
}
