//! `xuncha field`: an inspector's phone on the command line, the real one with a folder for a pocket.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use xuncha_core::host::Host;
use xuncha_core::model::{BlobRef, EntityId, Finding, FindingDraft, OpId, Photo, Place, Severity};
use xuncha_core::notebook::{FileKeyStore, ListPage, Notebook};
use xuncha_core::photo::{PhotoError, Sealed, seal, sync_folder};
use xuncha_core::sync::{HttpService, Progress, Step};

use super::Failure;
use super::print::Printer;

#[derive(Debug, Args)]
pub(super) struct Field {
    /// Folder of the notebook; made when it is not there.
    #[arg(long, value_name = "DIR")]
    home: PathBuf,
    #[command(subcommand)]
    errand: Errand,
}

#[derive(Debug, Subcommand)]
enum Errand {
    /// Make this notebook known to a server, with the URL of an invitation.
    Enrol {
        /// The invitation.
        url: String,
    },
    /// Record a finding; needs no network.
    Record {
        #[command(flatten)]
        words: Words,
    },
    /// Change fields of a finding.
    Amend {
        /// The finding.
        id: EntityId,
        #[command(flatten)]
        words: Words,
    },
    /// Say that a finding should not have been recorded.
    Void {
        /// The finding.
        id: EntityId,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// List findings, newest first.
    List,
    /// Show one finding.
    Show {
        /// The finding.
        id: EntityId,
    },
    /// Send what is pending and fetch what is new.
    Sync,
    /// List disputed fields with both values.
    Conflicts,
    /// Decide a disputed field for one of its values.
    Resolve {
        /// The finding.
        id: EntityId,
        /// The field.
        field: String,
        /// The op whose value is right.
        op: OpId,
    },
    /// List what the server turned down, and why.
    Refused,
    /// Say a refused op again, corrected.
    Correct {
        /// The refused op.
        op: OpId,
        #[command(flatten)]
        words: Words,
    },
    /// Show who this notebook is and what waits in it.
    Status,
}

/// What can be said of a finding.
#[derive(Debug, Args)]
struct Words {
    /// Catalogue item, such as SR-1.
    #[arg(long)]
    item: Option<String>,
    /// Where it is, in degrees (WGS-84).
    #[arg(long, value_name = "LAT,LON", value_parser = parse_point, allow_hyphen_values = true)]
    at: Option<(f64, f64)>,
    /// The place in words.
    #[arg(long)]
    place: Option<String>,
    /// What was seen.
    #[arg(long)]
    note: Option<String>,
    /// low, medium, high or urgent.
    #[arg(long, value_parser = parse_severity)]
    severity: Option<Severity>,
    /// A photo; may be given more than once.
    #[arg(long, value_name = "FILE")]
    photo: Vec<PathBuf>,
    /// A tag; may be given more than once.
    #[arg(long)]
    tag: Vec<String>,
}

fn parse_point(text: &str) -> Result<(f64, f64), String> {
    let (lat, lon) = text.split_once(',').ok_or("wanted LAT,LON")?;
    let number = |part: &str| part.trim().parse::<f64>().map_err(|error| error.to_string());
    Ok((number(lat)?, number(lon)?))
}

fn parse_severity(text: &str) -> Result<Severity, String> {
    serde_json::from_value(Value::from(text)).map_err(|_| "wanted low, medium, high or urgent".to_owned())
}

impl Field {
    pub(super) fn run(self, printer: &Printer) -> Result<ExitCode, Failure> {
        let host = Host::system();
        let keys = Arc::new(FileKeyStore::new(self.home.join("device.key")));
        let phone = match &self.errand {
            // An invitation in hand is the answer to a lost key: the pending ops are said again.
            Errand::Enrol { .. } => match Notebook::open(&self.home, keys.clone(), host.clone()) {
                Err(xuncha_core::Error::KeyMissing) => Notebook::open_as_new_device(&self.home, keys, host.clone())?,
                other => other?,
            },
            _ => Notebook::open(&self.home, keys, host.clone())?,
        };
        self.errand.run(&phone, &self.home, &host, printer)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Errand {
    fn run(self, phone: &Notebook, home: &Path, host: &Host, printer: &Printer) -> Result<(), Failure> {
        match self {
            Errand::Enrol { url } => enrol(phone, &url, printer),
            Errand::Record { words } => {
                let (draft, blobs) = words.draft(home, host)?;
                let id = phone.record(draft, blobs)?;
                printer.say(&json!({ "finding": id }), format!("saved {id}"));
                Ok(())
            }
            Errand::Amend { id, words } => {
                let (draft, blobs) = words.draft(home, host)?;
                saved(printer, id, phone.amend(id, draft, blobs)?)
            }
            Errand::Void { id, reason } => saved(printer, id, phone.void(id, &reason)?),
            Errand::List => list(phone, printer),
            Errand::Show { id } => {
                let finding = phone.finding(id)?;
                printer.say(&json!(finding), describe(&finding));
                Ok(())
            }
            Errand::Sync => sync(phone, printer),
            Errand::Conflicts => conflicts(phone, printer),
            Errand::Resolve { id, field, op } => saved(printer, id, phone.resolve(id, &field, op)?),
            Errand::Refused => refused(phone, printer),
            Errand::Correct { op, words } => {
                let (draft, _) = words.draft(home, host)?;
                let said = phone.correct(op, draft)?;
                printer.say(&json!({ "op": said, "supersedes": op }), format!("saved {said} in place of {op}"));
                Ok(())
            }
            Errand::Status => {
                let status = phone.status()?;
                let value = json!(status);
                let text = serde_json::to_string_pretty(&value)?;
                printer.say(&value, text);
                Ok(())
            }
        }
    }
}

impl Words {
    /// The draft, its photos sealed before anything refers to them.
    fn draft(self, home: &Path, host: &Host) -> Result<(FindingDraft, Vec<BlobRef>), Failure> {
        let fix = self.at.is_some();
        let place = (fix || self.place.is_some()).then(|| Place {
            lat: self.at.map(|at| at.0),
            lon: self.at.map(|at| at.1),
            accuracy: None,
            provider: Some(if fix { "pin" } else { "typed" }.to_owned()),
            words: self.place,
        });
        let mut draft =
            FindingDraft { item: self.item, place, note: self.note, severity: self.severity, ..Default::default() };
        draft.tags = self.tag.into_iter().map(|tag| (tag, Some(true))).collect();
        let mut blobs: Vec<BlobRef> = Vec::new();
        let some = !self.photo.is_empty();
        for file in self.photo {
            let sealed = seal_photo(home, host, &file)?;
            let photo =
                Photo { original: sealed.blob.hash, taken: None, source: Some("gallery".to_owned()), place: None };
            draft.photos.insert(host.uuid().to_string(), Some(photo));
            if !blobs.contains(&sealed.blob) {
                blobs.push(sealed.blob);
            }
        }
        if some {
            sync_folder(&home.join("photos")).map_err(|error| Failure::io("photos", &error))?;
        }
        Ok((draft, blobs))
    }
}

fn seal_photo(home: &Path, host: &Host, file: &Path) -> Result<Sealed, Failure> {
    let failed = |error: PhotoError| match &error {
        PhotoError::Io(cause) | PhotoError::DiskFull(cause) => Failure::io(format!("photo: {}", file.display()), cause),
        _ => Failure::new("bad_field", format!("photo: {}: {error}", file.display())),
    };
    let mut source = File::open(file).map_err(|error| failed(error.into()))?;
    seal(&home.join("photos"), &host.uuid().to_string(), &mut source).map_err(failed)
}

fn saved(printer: &Printer, finding: EntityId, op: OpId) -> Result<(), Failure> {
    printer.say(&json!({ "finding": finding, "op": op }), format!("saved {op}"));
    Ok(())
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    built.map_err(|error| Failure::io("start", &error))
}

fn enrol(phone: &Notebook, url: &str, printer: &Printer) -> Result<(), Failure> {
    let invitation = url.split_once('#').and_then(|(address, code)| Some((address.strip_suffix("/enrol")?, code)));
    let (server, code) = invitation.ok_or_else(|| Failure::new("bad_field", "url: wanted SERVER/enrol#CODE"))?;
    let service = HttpService::new(server)?;
    let enrolled = runtime()?.block_on(phone.enrol(&service, code))?;
    phone.set_server(server)?;
    printer.say(&json!(enrolled), format!("enrolled as {} in {}", enrolled.name, enrolled.city));
    Ok(())
}

fn sync(phone: &Notebook, printer: &Printer) -> Result<(), Failure> {
    let server = phone.status()?.server.ok_or(xuncha_core::Error::NotEnrolled)?;
    let service = HttpService::new(&server)?;
    let bar = Bar(super::verify::progress(0));
    let synced = runtime()?.block_on(phone.sync(&service, &bar));
    bar.0.finish_and_clear();
    let synced = synced?;
    printer.say(
        &json!(synced),
        format!(
            "sent {} ({} accepted, {} in conflict, {} refused, {} held), fetched {} rows",
            synced.pushed, synced.accepted, synced.conflicts, synced.refused, synced.held, synced.pulled_rows
        ),
    );
    Ok(())
}

struct Bar(indicatif::ProgressBar);

impl Progress for Bar {
    fn step(&self, step: Step) {
        if let Step::Pushing { done, total } = step {
            self.0.set_length(total);
            self.0.set_position(done);
        }
    }
}

fn list(phone: &Notebook, printer: &Printer) -> Result<(), Failure> {
    let mut page = ListPage { after: None, limit: 500 };
    loop {
        let listed = phone.list(page)?;
        for one in &listed {
            let mark = if one.pending { "*" } else { " " };
            printer.say(&json!(one), format!("{mark} {}", describe(&one.finding)));
        }
        match listed.last() {
            Some(last) => page.after = Some(last.key),
            None => return Ok(()),
        }
    }
}

fn describe(finding: &Finding) -> String {
    let point = finding.place.as_ref().and_then(|place| Some(format!("{:.5},{:.5}", place.lat?, place.lon?)));
    let words = finding.place.as_ref().and_then(|place| place.words.clone());
    let disputed = if finding.conflicts.is_empty() {
        String::new()
    } else {
        format!("  disputed: {}", finding.conflicts.join(","))
    };
    format!(
        "{}  {}  {}  {}  {}  photos 0 of {} at the server{disputed}",
        finding.id,
        finding.status,
        finding.item.as_deref().unwrap_or("-"),
        point.or(words).unwrap_or_else(|| "-".to_owned()),
        finding.note.as_deref().unwrap_or("-"),
        finding.photos.len(),
    )
}

fn conflicts(phone: &Notebook, printer: &Printer) -> Result<(), Failure> {
    for conflict in phone.conflicts()? {
        let mut text = format!(
            "{}  {}\n  now  {}  {}",
            conflict.finding, conflict.field, conflict.current.op, conflict.current.value
        );
        for rival in &conflict.rivals {
            text.push_str(&format!("\n  or   {}  {}", rival.op, rival.value));
        }
        printer.say(&json!(conflict), text);
    }
    Ok(())
}

fn refused(phone: &Notebook, printer: &Printer) -> Result<(), Failure> {
    for one in phone.refused()? {
        let text = format!("{}  {}  {}  {}: {}", one.op, one.kind, one.finding, one.code, one.detail);
        printer.say(&json!(one), text);
    }
    Ok(())
}
