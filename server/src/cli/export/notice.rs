//! `xuncha export notice`: a notice that was issued, as a page or as PDF.

use std::io;
use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clap::Args;
use serde_json::json;
use xuncha_core::model::{Entity, EntityId, Hash, Notice};
use xuncha_core::plan::{Scope, project};

use super::super::Failure;
use super::super::folder::{Folder, Place};
use super::super::print::Printer;
use super::city::city_of;
use super::target::{Target, unwritten};
use crate::blobs::Depot;
use crate::casework::learn_paper;
use crate::documents::{City, Face, Paper, write_notice};

#[derive(Debug, Args)]
pub(super) struct NoticePage {
    #[command(flatten)]
    place: Place,
    /// Number of the notice, such as 督〔2026〕第0001号, or its id.
    notice: String,
    /// The file, which gets its name when all of it is written; `-` or none is standard output.
    file: Option<PathBuf>,
    /// Put the display copies of its photos in.
    #[arg(long)]
    photos: bool,
    /// The copy that is handed to the unit: it names nobody of the city's people but who issued it.
    #[arg(long)]
    unit_copy: bool,
    /// The address at which units reach the server, such as https://xuncha.example.cn: the paper then bears a code to scan.
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// As what it is written; `pdf` takes a build with that feature.
    #[arg(long, value_enum, default_value_t = Form::Html)]
    format: Form,
    /// The font of the PDF, with Chinese in it [default: what xuncha.toml in the folder says].
    #[arg(long, value_name = "FILE")]
    font: Option<PathBuf>,
}

/// As what a notice is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// A page that is made for A4.
    Html,
    /// The same as PDF.
    Pdf,
}

impl NoticePage {
    pub(super) fn run(self, printer: &Printer) -> Result<(), Failure> {
        let folder = Folder::open(&self.place)?;
        let depot = self.photos.then(|| self.place.depot(&*folder.store)).transpose()?;
        let mut entity = find(&folder, &self.notice)?;
        let notice = Notice::from_entity(&entity);
        let mut findings = Vec::new();
        for id in &notice.findings {
            findings.extend(folder.entity(*id)?);
        }
        if let Some(unit) = notice.unit.filter(|_| self.unit_copy).map(Scope::unit) {
            entity = project(&entity, &unit);
            findings.iter_mut().for_each(|finding| *finding = project(finding, &unit));
        }
        let Some(face) = Face::of(&entity) else {
            return Err(Failure::new("bad_field", format!("notice: {} was never issued", self.notice)));
        };
        let mut city = city_of(&folder)?;
        folder.store.look(|snapshot| learn_paper(snapshot, &entity, &findings, &mut city))?;
        let paper = Paper { notice: &entity, face: &face, findings: &findings, server: self.server.as_deref() };
        let mut picture = |photo: &str| picture(depot.as_ref(), &findings, photo);
        let target = Target::new(self.file.clone());
        match self.format {
            Form::Html => target.write(|mut out| {
                let mut picture = |photo: &str| {
                    let address =
                        |bytes| format!("data:image/jpeg;base64,{}", BASE64_STANDARD.encode::<Vec<u8>>(bytes));
                    Ok(picture(photo)?.map(address))
                };
                write_notice(&mut out, paper, &city, &mut picture).map_err(unwritten)
            })?,
            Form::Pdf => {
                let pdf = self.pdf(&paper, &city, &mut picture)?;
                target.write(|out| out.write_all(&pdf).map_err(unwritten))?;
            }
        }
        if let Some(file) = target.file() {
            let number = notice.number.unwrap_or_default();
            let words = format!("{number} is in {}", file.display());
            printer.say(&json!({ "file": file, "id": notice.id, "number": number }), words);
        }
        Ok(())
    }

    #[cfg(feature = "pdf")]
    fn pdf(&self, paper: &Paper<'_>, city: &City, picture: &mut Bytes<'_>) -> Result<Vec<u8>, Failure> {
        let no_font = |what: String| Failure::new("no_font", format!("font: {what}"));
        let named = self.font.clone().or(crate::settings::Settings::of(&self.place.data)?.font);
        let named = named.ok_or_else(|| no_font("give one, or name it in xuncha.toml".into()))?;
        let font = xuncha_core::photo::FontFile::load(&named, None);
        let font = font.map_err(|error| no_font(format!("{}: {error}", named.display())))?;
        crate::documents::notice_pdf(paper, city, &font, picture).map_err(|error| match error {
            crate::documents::PdfError::Font(what) => no_font(format!("{}: {what}", named.display())),
            crate::documents::PdfError::Io(error) => Failure::io("read a photo", &error),
        })
    }

    #[cfg(not(feature = "pdf"))]
    fn pdf(&self, _: &Paper<'_>, _: &City, _: &mut Bytes<'_>) -> Result<Vec<u8>, Failure> {
        let font = self.font.as_deref().map(|font| format!(" and has no use for {}", font.display()));
        let font = font.unwrap_or_default();
        Err(Failure::new("not_built", format!("format: this program was built without the feature pdf{font}")))
    }
}

/// Gives the picture of the photo with an original.
type Bytes<'a> = dyn FnMut(&str) -> io::Result<Option<Vec<u8>>> + 'a;

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

/// The display copy that was made from this original; none where there is none yet, or none is wanted.
fn picture(depot: Option<&Depot>, findings: &[Entity], original: &str) -> io::Result<Option<Vec<u8>>> {
    let Some(depot) = depot else { return Ok(None) };
    let called = |finding: &Entity| {
        let photo = finding.members("photos").find(|(_, photo)| photo["original"] == original)?.0.to_owned();
        finding.preview(&photo)?.get("display")?.as_str()?.parse::<Hash>().ok()
    };
    findings.iter().find_map(called).map_or(Ok(None), |display| depot.whole(&display))
}
