//! `xuncha admin catalogue`: which checklists are in force.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;
use xuncha_core::model::catalogue::{Catalogue, CatalogueFault, load};
use xuncha_core::model::{Entity, EntityId, Hash};
use xuncha_core::plan::{file_of, in_force};

use super::super::Failure;
use super::super::folder::Folder;
use super::super::print::Printer;
use super::list;
use crate::catalogue::read_sheet;
use crate::ledger::{OwnOp, catalogue_body};

#[derive(Debug, Subcommand)]
pub(super) enum Catalogues {
    /// Put another catalogue in force: a JSON file, or a 立结案标准 sheet in XLSX. Inspections under
    /// way keep the one they were started with.
    Load {
        /// The file.
        file: PathBuf,
        /// Only say what is wrong with it.
        #[arg(long)]
        check: bool,
    },
    /// List the versions; the one in force is marked.
    List,
    /// Write a version as JSON to standard output.
    Export {
        /// Its id [default: the one in force].
        id: Option<EntityId>,
    },
}

impl Catalogues {
    pub(super) fn run(self, folder: &Folder, printer: &Printer) -> Result<(), Failure> {
        match self {
            Catalogues::Load { file, check } => put_in_force(folder, printer, &file, check),
            Catalogues::List => {
                let current = current(folder)?.map(|entity| entity.id);
                list(folder, printer, "catalogue", |entity| {
                    let (version, status) = (entity.text("version").unwrap_or_default(), entity.text("status"));
                    let in_force = current == Some(entity.id);
                    let value = json!({ "id": entity.id, "version": version, "status": status, "in_force": in_force });
                    (value, format!("{} {}  {version}", if in_force { "*" } else { " " }, entity.id))
                })
            }
            Catalogues::Export { id } => export(folder, printer, id),
        }
    }
}

fn put_in_force(folder: &Folder, printer: &Printer, file: &Path, check: bool) -> Result<(), Failure> {
    let (catalogue, dropped) = match is_sheet(file) {
        true => with_place_types(read(file)?, current_document(folder)?),
        false => (read(file)?, Vec::new()),
    };
    let (items, version) = (catalogue.items().count(), catalogue.version.clone());
    if find(folder, |entity| entity.text("version") == Some(&version) && entity.text("status") == Some("active"))?
        .is_some()
    {
        return Err(Failure::new("exists", format!("version: {version} is here already; give it another name")));
    }
    let text = catalogue.to_text();
    let hash = Hash::of(text.as_bytes());
    let entity = EntityId::of_catalogue(folder.ledger, &hash);
    // The same text is the same catalogue: loaded again, it would be neither new nor in force.
    if find(folder, |known| known.id == entity)?.is_some() {
        return Err(Failure::new("exists", format!("version: {version} was retired; give it another name")));
    }
    if check {
        printer.say(
            &json!({ "version": version, "items": items, "dropped": dropped }),
            format!("catalogue {version} with {items} items is sound"),
        );
        warn_dropped(printer, &dropped);
        return Ok(());
    }
    // The text is here before the op that names it; without the op it is in force nowhere.
    folder.store.change(|batch| batch.put_document(&hash, &text))?;
    let op = OwnOp::making_once("admin", "catalogue.load", entity, catalogue_body(&catalogue));
    folder.append(std::slice::from_ref(&op))?;
    printer.say(
        &json!({ "id": op.entity, "version": version, "items": items, "dropped": dropped }),
        format!("{}  catalogue {version} with {items} items is in force", op.entity),
    );
    warn_dropped(printer, &dropped);
    Ok(())
}

/// A sheet says nothing of kinds of places: those of the catalogue in force stay beside `all`, as far as their items are
/// in the sheet. With them the kinds that have no checklist any more.
fn with_place_types(mut catalogue: Catalogue, before: Option<Catalogue>) -> (Catalogue, Vec<String>) {
    let mut dropped = Vec::new();
    for mut kind in before.into_iter().flat_map(|before| before.place_types) {
        kind.items.retain(|item| catalogue.item(item).is_some());
        match kind.items.is_empty() {
            true => dropped.push(kind.id),
            false if catalogue.place_type(&kind.id).is_none() => catalogue.place_types.push(kind),
            false => {}
        }
    }
    (catalogue, dropped)
}

fn warn_dropped(printer: &Printer, dropped: &[String]) {
    if !dropped.is_empty() {
        printer.hint(format!(
            "No checklist any more, for none of their items is in the sheet: {}. Places of these types cannot be visited.",
            dropped.join(", ")
        ));
    }
}

fn is_sheet(file: &Path) -> bool {
    file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("xlsx"))
}

fn read(file: &Path) -> Result<Catalogue, Failure> {
    let read = if is_sheet(file) {
        read_sheet(file)
    } else {
        let text =
            fs::read_to_string(file).map_err(|error| Failure::io(format!("file: {}", file.display()), &error))?;
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        load(&[(&name, &text)])
    };
    read.map_err(|faults| bad(&faults))
}

/// All that is wrong, a line each.
fn bad(faults: &[CatalogueFault]) -> Failure {
    let lines: Vec<String> = faults.iter().map(CatalogueFault::to_string).collect();
    Failure::new("bad_field", lines.join("\n"))
}

fn export(folder: &Folder, printer: &Printer, id: Option<EntityId>) -> Result<(), Failure> {
    let entity = match id {
        Some(id) => find(folder, |entity| entity.id == id)?,
        None => current(folder)?,
    };
    let entity = entity.ok_or_else(|| Failure::new("not_found", "id: there is no such catalogue"))?;
    let file = file_of(&entity).ok_or_else(|| Failure::new("damaged", "the catalogue names no document"))?;
    let text = folder.store.look(|snapshot| snapshot.document(&file))?;
    let text = text.ok_or_else(|| Failure::new("damaged", format!("document {file} is missing")))?;
    let value: serde_json::Value = serde_json::from_str(&text)?;
    let pretty = serde_json::to_string_pretty(&value)?;
    printer.say(&value, pretty);
    Ok(())
}

/// What stands for the catalogue in force.
pub(super) fn current(folder: &Folder) -> Result<Option<Entity>, Failure> {
    let mut all = Vec::new();
    folder.each("catalogue", |entity| all.push(entity.clone()))?;
    Ok(in_force(all.iter()).cloned())
}

/// The catalogue in force.
pub(super) fn current_document(folder: &Folder) -> Result<Option<Catalogue>, Failure> {
    let Some(file) = current(folder)?.as_ref().and_then(file_of) else { return Ok(None) };
    let text = folder.store.look(|snapshot| snapshot.document(&file))?;
    Ok(text.and_then(|text| Catalogue::read(&text).ok()))
}

fn find(folder: &Folder, wanted: impl Fn(&Entity) -> bool) -> Result<Option<Entity>, Failure> {
    let mut found = None;
    folder.each("catalogue", |entity| {
        if wanted(entity) {
            found = Some(entity.clone());
        }
    })?;
    Ok(found)
}
