//! `xuncha export notice`: a notice that was issued, as a page.

use std::io::{self, Read as _};
use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clap::Args;
use serde_json::json;
use xuncha_core::model::{Entity, EntityId, Hash, Notice};

use super::super::Failure;
use super::super::folder::{Folder, Place};
use super::super::print::Printer;
use super::city::city_of;
use super::target::{Target, unwritten};
use crate::blobs::Depot;
use crate::documents::{Face, Paper, write_notice};

#[derive(Debug, Args)]
pub(super) struct NoticePage {
    #[command(flatten)]
    place: Place,
    /// Number of the notice, such as 督〔2026〕第0001号, or its id.
    notice: String,
    /// The page, which gets its name when all of it is written; `-` or none is standard output.
    file: Option<PathBuf>,
    /// Put the display copies of its photos into the page.
    #[arg(long)]
    photos: bool,
}

/// Display copies longer than this are not what a phone or the server makes, in bytes.
const LONGEST: u64 = 16 * 1024 * 1024;

impl NoticePage {
    pub(super) fn run(self, printer: &Printer) -> Result<(), Failure> {
        let folder = Folder::open(&self.place)?;
        let depot = self.photos.then(|| self.place.depot(&*folder.store)).transpose()?;
        let entity = find(&folder, &self.notice)?;
        let Some(face) = Face::of(&entity) else {
            return Err(Failure::new("bad_field", format!("notice: {} was never issued", self.notice)));
        };
        let notice = Notice::from_entity(&entity);
        let mut findings = Vec::new();
        for id in &notice.findings {
            findings.extend(folder.entity(*id)?);
        }
        let city = city_of(&folder)?;
        let paper = Paper { notice: &entity, face: &face, findings: &findings };
        let target = Target::new(self.file);
        target.write(|mut out| {
            let mut picture = |photo: &str| picture(depot.as_ref(), &findings, photo);
            write_notice(&mut out, paper, &city, &mut picture).map_err(unwritten)
        })?;
        if let Some(file) = target.file() {
            let number = notice.number.unwrap_or_default();
            let words = format!("{number} is in {}", file.display());
            printer.say(&json!({ "file": file, "id": notice.id, "number": number }), words);
        }
        Ok(())
    }
}

/// The notice with this number or id.
fn find(folder: &Folder, name: &str) -> Result<Entity, Failure> {
    let mut found = None;
    if let Ok(id) = name.parse::<EntityId>() {
        found = folder.entity(id)?.filter(|entity| entity.kind == "notice");
    } else {
        folder.each("notice", |notice| {
            if notice.text("number") == Some(name) {
                found = Some(notice.clone());
            }
        })?;
    }
    found.ok_or_else(|| Failure::new("not_found", format!("notice: there is no notice {name}")))
}

/// The display copy that was made from this original, as an address that holds it; none where there is none yet.
fn picture(depot: Option<&Depot>, findings: &[Entity], original: &str) -> io::Result<Option<String>> {
    let Some(depot) = depot else { return Ok(None) };
    let called = |finding: &Entity| {
        let photo = finding.members("photos").find(|(_, photo)| photo["original"] == original)?.0.to_owned();
        finding.preview(&photo)?.get("display")?.as_str()?.parse::<Hash>().ok()
    };
    let Some(display) = findings.iter().find_map(called) else { return Ok(None) };
    let mut bytes = Vec::new();
    match depot.open(&display).and_then(|file| file.take(LONGEST).read_to_end(&mut bytes)) {
        Ok(_) => Ok(Some(format!("data:image/jpeg;base64,{}", BASE64_STANDARD.encode(bytes)))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
