//! `xuncha field`: an inspector's phone on the command line, the real one with a folder for a pocket.

mod casework;
mod item;
mod network;
mod people;
mod photos;
mod show;
mod standpoint;
mod status;
mod tray;
mod visit;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use xuncha_core::host::Host;
use xuncha_core::model::{EntityId, FindingDraft, Hash, OpId, Severity};
use xuncha_core::notebook::{FileKeyStore, Notebook, SealedPhoto};

use super::Failure;
use super::print::Printer;
use standpoint::Standpoint;
use tray::with_photos;

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
    /// Sign somebody in beside those who are already, with the URL of an invitation for them. Whoever records now should
    /// have a PIN before: without it only another invitation lets them back.
    SignIn {
        /// The invitation.
        url: String,
    },
    /// List who is signed in; a star marks who records now.
    Users,
    /// Set the PIN of whoever records now.
    Pin {
        /// The PIN, 4 to 12 digits [default: read from standard input].
        #[arg(long)]
        pin: Option<String>,
    },
    /// Have somebody else who is signed in record from now on; needs no network.
    Switch {
        /// Their name or id.
        user: String,
        /// Their PIN [default: read from standard input].
        #[arg(long)]
        pin: Option<String>,
    },
    /// Have nobody record until somebody switches or signs in.
    Lock,
    /// Forget somebody's login; what they said is still sent.
    SignOut {
        /// Their name or id.
        user: String,
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
    /// Close a finding of one's own that was put right, at most a day after it was recorded: with other photos of the
    /// same spot than those from before.
    Fix {
        /// The finding.
        id: EntityId,
        /// A photo of how it is now; may be given more than once.
        #[arg(long, value_name = "FILE", required = true)]
        photo: Vec<PathBuf>,
        /// The photos were taken just now, not chosen from a gallery.
        #[arg(long)]
        camera: bool,
        #[command(flatten)]
        standpoint: Standpoint,
    },
    /// Show the catalogue in force, or one item of it.
    Catalogue {
        /// The item.
        item: Option<String>,
    },
    /// List known places.
    Places {
        /// Only those within 2 km of this point, nearest first.
        #[arg(long, value_name = "LAT,LON", value_parser = super::parse_point, allow_hyphen_values = true)]
        near: Option<(f64, f64)>,
    },
    /// List visits that are to be made.
    Tasks {
        /// Also those that are done.
        #[arg(long)]
        all: bool,
    },
    /// Go through the checklist of a place.
    #[command(subcommand)]
    Inspect(visit::Inspect),
    /// What a unit replies and what re-checkers find, notices among them.
    #[command(subcommand)]
    Case(casework::Casework),
    /// List findings, newest first.
    List,
    /// Show one finding.
    Show {
        /// The finding.
        id: EntityId,
    },
    /// Make previews, send what is pending and fetch what is new.
    Sync(network::Sync),
    /// Make display copies and thumbnails of photos that have none.
    Previews {
        /// Font to write time, place and inspector with.
        #[arg(long, value_name = "FILE")]
        font: Option<PathBuf>,
    },
    /// List photos that are sealed without a finding: a crash or an app came between.
    Recovered {
        /// Throw one away.
        #[arg(long, value_name = "HASH")]
        discard: Option<Hash>,
    },
    /// Remove originals and display copies that the server keeps and has a backup of.
    Free,
    /// Write everything that was not sent to one file, to be carried to the server by hand.
    Export {
        /// The file; must not be there.
        file: PathBuf,
    },
    /// Write a picture of a photo to a file, fetching it if it is not here.
    Photo {
        /// The finding.
        finding: EntityId,
        /// The photo, as `show` names it.
        photo: String,
        /// The display copy instead of the thumbnail.
        #[arg(long, conflicts_with = "original")]
        display: bool,
        /// The original instead of the thumbnail.
        #[arg(long)]
        original: bool,
        /// Where to write it.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// List disputed fields with both values.
    Conflicts,
    /// Decide a disputed field for one of its values.
    Resolve {
        /// The finding or visit.
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
    #[command(flatten)]
    standpoint: Standpoint,
    /// The place in words.
    #[arg(long)]
    place: Option<String>,
    /// Name or id of the known place that it is at.
    #[arg(long, value_name = "PLACE")]
    known: Option<String>,
    /// What the item asks, such as count=3 or plate=…; may be given more than once.
    #[arg(long, value_name = "NAME=VALUE")]
    value: Vec<String>,
    /// Why there are fewer photos than the item takes.
    #[arg(long)]
    why: Option<String>,
    /// What was seen.
    #[arg(long)]
    note: Option<String>,
    /// low, medium, high or urgent.
    #[arg(long, value_parser = parse_severity)]
    severity: Option<Severity>,
    /// A photo; may be given more than once.
    #[arg(long, value_name = "FILE")]
    photo: Vec<PathBuf>,
    /// A photo that a crash left, by its hash; may be given more than once.
    #[arg(long, value_name = "HASH")]
    recovered: Vec<Hash>,
    /// The photos were taken just now, not chosen from a gallery.
    #[arg(long)]
    camera: bool,
    /// A tag; may be given more than once.
    #[arg(long)]
    tag: Vec<String>,
}

fn parse_severity(text: &str) -> Result<Severity, String> {
    serde_json::from_value(Value::from(text)).map_err(|_| "wanted low, medium, high or urgent".to_owned())
}

impl Field {
    pub(super) fn run(self, printer: &Printer) -> Result<ExitCode, Failure> {
        let host = Host::system();
        // A place that cannot be had is told from a notebook that fails.
        std::fs::create_dir_all(&self.home)
            .map_err(|error| Failure::io(format!("home: {}", self.home.display()), &error))?;
        let keys = Arc::new(FileKeyStore::new(self.home.join("device.key")));
        let phone = match &self.errand {
            // An invitation in hand is the answer to a lost key: the pending ops are said again.
            Errand::Enrol { .. } | Errand::SignIn { .. } => {
                match Notebook::open(&self.home, keys.clone(), host.clone()) {
                    Err(xuncha_core::Error::KeyMissing | xuncha_core::Error::KeyWrong) => {
                        Notebook::open_as_new_device(&self.home, keys, host)?
                    }
                    other => other?,
                }
            }
            _ => Notebook::open(&self.home, keys, host)?,
        };
        self.errand.run(&phone, printer)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Errand {
    fn run(self, phone: &Notebook, printer: &Printer) -> Result<(), Failure> {
        match self {
            Errand::Enrol { url } => network::enrol(phone, &url, printer),
            Errand::SignIn { url } => network::sign_in(phone, &url, printer),
            Errand::Users => people::list(phone, printer),
            Errand::Pin { pin } => people::set_pin(phone, pin, printer),
            Errand::Switch { user, pin } => people::switch(phone, &user, pin, printer),
            Errand::Lock => people::lock(phone, printer),
            Errand::SignOut { user } => people::sign_out(phone, &user, printer),
            Errand::Record { words } => {
                let alike: Vec<_> = visit::warn(phone, &words, printer)?.iter().map(|near| near.finding.id).collect();
                let id = words.said(phone, |draft, photos| phone.record_with_photos(draft, photos))?;
                printer.say(&json!({ "finding": id, "alike": alike }), format!("saved {id}"));
                Ok(())
            }
            Errand::Fix { id, photo, camera, standpoint } => {
                visit::fix(phone, id, &photo, &standpoint.shot(camera), printer)
            }
            Errand::Catalogue { item } => visit::catalogue(phone, item.as_deref(), printer),
            Errand::Places { near } => visit::places(phone, near, printer),
            Errand::Tasks { all } => visit::tasks(phone, all, printer),
            Errand::Inspect(inspect) => inspect.run(phone, printer),
            Errand::Case(case) => case.run(phone, printer),
            Errand::Amend { id, words } => {
                let op = words.said(phone, |draft, photos| phone.amend_with_photos(id, draft, photos))?;
                saved(printer, id, op)
            }
            Errand::Void { id, reason } => saved(printer, id, phone.void(id, &reason)?),
            Errand::List => show::list(phone, printer),
            Errand::Show { id } => show::finding(phone, id, printer),
            Errand::Sync(how) => how.run(phone, printer),
            Errand::Previews { font } => photos::previews(phone, font.as_deref(), printer),
            Errand::Recovered { discard } => photos::recovered(phone, discard, printer),
            Errand::Free => photos::free(phone, printer),
            Errand::Export { file } => photos::export(phone, &file, printer),
            Errand::Photo { finding, photo, display, original, out } => {
                photos::write_out(phone, finding, &photo, photos::which(display, original), &out, printer)
            }
            Errand::Conflicts => show::conflicts(phone, printer),
            Errand::Resolve { id, field, op } => {
                let said = phone.resolve(id, &field, op)?;
                printer.say(&json!({ "entity": id, "op": said }), format!("saved {said}"));
                Ok(())
            }
            Errand::Refused => show::refused(phone, printer),
            Errand::Correct { op, words } => {
                let said = words.said(phone, |draft, photos| phone.correct_with_photos(op, draft, photos))?;
                printer.say(&json!({ "op": said, "supersedes": op }), format!("saved {said} in place of {op}"));
                Ok(())
            }
            Errand::Status => status::show(phone, printer),
        }
    }
}

impl Words {
    /// What the item asks, as far as this phone knows it.
    fn values(&self, phone: &Notebook) -> Result<BTreeMap<String, Value>, Failure> {
        if self.value.is_empty() {
            return Ok(BTreeMap::new());
        }
        let in_force = phone.catalogue()?;
        let item = self.item.as_deref().zip(in_force.as_ref()).and_then(|(id, known)| known.catalogue.item(id));
        let item = item.ok_or_else(|| Failure::new("bad_field", "value: name an item of the catalogue with it"))?;
        visit::parse_values(item, &self.value)
    }

    /// Has `say` say the draft with its photos; nothing of them stays when it cannot be said.
    fn said<T>(
        self,
        phone: &Notebook,
        say: impl FnOnce(FindingDraft, Vec<SealedPhoto>) -> xuncha_core::Result<T>,
    ) -> Result<T, Failure> {
        let known = self.known.as_deref().map(|name| visit::known_place(phone, name)).transpose()?;
        let values = self.values(phone)?;
        let shot = self.standpoint.shot(self.camera);
        let place = self.standpoint.place(self.place, known);
        let mut draft =
            FindingDraft { item: self.item, place, note: self.note, severity: self.severity, ..Default::default() };
        (draft.values, draft.why) = (values, self.why);
        draft.tags = self.tag.into_iter().map(|tag| (tag, Some(true))).collect();
        with_photos(phone, &self.photo, &self.recovered, &shot, |photos| Ok(say(draft, photos)?))
    }
}

fn saved(printer: &Printer, finding: EntityId, op: OpId) -> Result<(), Failure> {
    printer.say(&json!({ "finding": finding, "op": op }), format!("saved {op}"));
    Ok(())
}
