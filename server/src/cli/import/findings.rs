//! `xuncha import findings`: takes over the cases of a register that was kept before.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use xuncha_core::model::EntityId;

use super::super::Failure;
use super::super::folder::{Folder, Place};
use super::super::print::Printer;
use super::super::standing;
use super::super::verify::progress;
use crate::casework::By;
use crate::importing::{Intake, Known, Map, MapError, RowFault, TableError, Taken, each_row, read_case};
use crate::ledger::Sequencer;
use crate::store::StoreError;

#[derive(Debug, Args)]
pub(super) struct Findings {
    /// Which column is what, as a TOML file.
    #[arg(long, value_name = "MAP.toml")]
    map: PathBuf,
    /// Only say what would be taken, and everything that is wrong.
    #[arg(long)]
    dry_run: bool,
    /// Leave out rows that are wrong; otherwise nothing is taken where one is.
    #[arg(long)]
    skip_bad: bool,
    /// The register: CSV or XLSX; several are one after another.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    place: Place,
}

impl Findings {
    pub(super) fn run(&self, printer: &Printer) -> Result<ExitCode, Failure> {
        let folder = Folder::open(&self.place)?;
        let text = fs::read_to_string(&self.map).map_err(|error| Failure::io(self.map.display(), &error))?;
        let map = Map::parse(&text)?;
        let known = known(&folder, &map)?;
        let mut tell = |fault: RowFault| printer.say(&json!(fault), &fault);
        if self.dry_run || !self.skip_bad {
            let found = self.walk(&folder, &map, &known, None, &mut tell)?;
            if self.dry_run {
                say(*printer, &found, true);
                return Ok(if found.bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE });
            }
            if found.bad > 0 {
                let (bad, rows) = (found.bad, found.rows);
                let detail = format!("{bad} of {rows} rows cannot be taken, and none was; --skip-bad takes the others");
                return Err(Failure::new("bad_rows", detail));
            }
        }
        let taken = self.walk(&folder, &map, &known, Some(folder.sequencer()), &mut tell)?;
        say(*printer, &taken, false);
        if let Some(as_of) = map.as_of()? {
            standing::print(&folder, printer, &[By::Department, By::Month], as_of, Some(&map.system))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Goes through all rows; without a sequencer nothing is taken.
    fn walk(
        &self,
        folder: &Folder,
        map: &Map,
        known: &Known,
        sequencer: Option<&Sequencer>,
        tell: &mut dyn FnMut(RowFault),
    ) -> Result<Taken, Failure> {
        let mut intake = Intake::new(&*folder.store, &folder.host, folder.ledger, sequencer, tell);
        let bar = progress(0);
        for path in &self.files {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            let read = each_row::<Stop>(path, map, &mut |layout, row| {
                bar.inc_length(1);
                bar.inc(1);
                let read = read_case(&row, layout, map, folder.ledger, known, &name);
                Ok(intake.take(&name, &row, read)?)
            });
            read.map_err(|stop| match stop {
                Stop::Store(error) => error.into(),
                Stop::Table(TableError { code, detail }) => Failure::new(code, format!("{}: {detail}", path.display())),
            })?;
        }
        let taken = intake.finish()?;
        bar.finish_and_clear();
        Ok(taken)
    }
}

/// What of this city the map refers to.
fn known(folder: &Folder, map: &Map) -> Result<Known, Failure> {
    let units = map.units.iter().map(|(department, unit)| {
        let unit = folder.find_named("unit", unit)?;
        Ok::<_, Failure>((department.clone(), unit.id))
    });
    let units = units.collect::<Result<_, _>>()?;
    let Some(version) = &map.catalogue else { return Ok(Known { units, catalogue: None }) };
    let mut catalogue: Option<EntityId> = None;
    folder.each("catalogue", |entity| {
        if entity.text("version") == Some(version) && entity.text("status") == Some("active") {
            catalogue = Some(entity.id);
        }
    })?;
    match catalogue {
        Some(_) => Ok(Known { units, catalogue }),
        None => Err(Failure::new("not_found", format!("catalogue: there is no active catalogue {version}"))),
    }
}

fn say(printer: Printer, taken: &Taken, dry_run: bool) {
    let mut value = json!(taken);
    value["dry_run"] = json!(dry_run);
    let done = if dry_run { "would take" } else { "took" };
    let early = match taken.closed_before_opened {
        0 => String::new(),
        many => format!("; {many} are said to be closed before they were opened, and were kept so"),
    };
    let Taken { rows, new, known, bad, differs, .. } = taken;
    let text = format!(
        "{done} {new} cases of {rows} rows ({known} known already, {bad} left out, {differs} of them differ){early}"
    );
    printer.say(&value, text);
}

enum Stop {
    Table(TableError),
    Store(StoreError),
}

impl From<TableError> for Stop {
    fn from(error: TableError) -> Stop {
        Stop::Table(error)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Stop {
        Stop::Store(error)
    }
}

impl From<MapError> for Failure {
    fn from(error: MapError) -> Failure {
        Failure::new("bad_map", error)
    }
}
