//! What a unit's people and re-checkers say on the way, offline: requests that the server decides at the next sync.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use xuncha_core::model::{EntityId, OpId, Time};
use xuncha_core::notebook::{Notebook, SealedPhoto};

use super::super::parse_time;
use super::standpoint::Standpoint;
use super::tray::with_photos;
use super::{Failure, Printer, saved};

#[derive(Debug, Subcommand)]
pub(super) enum Casework {
    /// Say what the unit did about a finding, with photos of how it is now.
    Reply {
        /// The finding.
        id: EntityId,
        /// What was done.
        words: String,
        #[command(flatten)]
        photos: Photos,
    },
    /// Close a finding that was checked and found to be rectified.
    Close {
        /// The finding.
        id: EntityId,
        /// What the check showed.
        #[arg(long)]
        check: Option<String>,
        #[command(flatten)]
        photos: Photos,
    },
    /// Return a finding that was checked and found not to be rectified.
    Return {
        /// The finding.
        id: EntityId,
        /// Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        photos: Photos,
    },
    /// Give back a finding that is not this unit's own.
    GiveBack {
        /// The finding.
        id: EntityId,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Ask for more time for a finding.
    Extend {
        /// The finding.
        id: EntityId,
        /// Until when, such as 2026-12-01T17:30:00+08:00.
        #[arg(long, value_name = "TIME", value_parser = parse_time)]
        until: Time,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// List notices, the newest first.
    Notices,
    /// Sign for a notice.
    Sign {
        /// The notice.
        id: EntityId,
    },
    /// Say that a notice is wrong, all of it or some of its findings.
    Appeal {
        /// The notice.
        id: EntityId,
        /// Why.
        #[arg(long)]
        reason: String,
        /// One of its findings; may be given more than once [default: all].
        #[arg(long, value_name = "ID")]
        finding: Vec<EntityId>,
    },
}

/// Photos that go with a step.
#[derive(Debug, Args)]
pub(super) struct Photos {
    /// A photo of how it is now; may be given more than once.
    #[arg(long, value_name = "FILE")]
    photo: Vec<PathBuf>,
    /// The photos were taken just now, not chosen from a gallery.
    #[arg(long)]
    camera: bool,
    #[command(flatten)]
    standpoint: Standpoint,
}

impl Photos {
    fn with(
        &self,
        phone: &Notebook,
        say: impl FnOnce(Vec<SealedPhoto>) -> xuncha_core::Result<OpId>,
    ) -> Result<OpId, Failure> {
        with_photos(phone, &self.photo, &[], &self.standpoint.shot(self.camera), |photos| Ok(say(photos)?))
    }
}

impl Casework {
    pub(super) fn run(self, phone: &Notebook, printer: &Printer) -> Result<(), Failure> {
        let (id, op) = match self {
            Casework::Reply { id, words, photos } => {
                (id, photos.with(phone, |photos| phone.reply(id, &words, photos))?)
            }
            Casework::Close { id, check, photos } => {
                (id, photos.with(phone, |photos| phone.close_finding(id, check.as_deref(), photos))?)
            }
            Casework::Return { id, reason, photos } => {
                (id, photos.with(phone, |photos| phone.return_finding(id, &reason, photos))?)
            }
            Casework::GiveBack { id, reason } => (id, phone.give_back(id, &reason)?),
            Casework::Extend { id, until, reason } => (id, phone.request_extension(id, until, &reason)?),
            Casework::Notices => return notices(phone, printer),
            Casework::Sign { id } => (id, phone.sign_for(id)?),
            Casework::Appeal { id, reason, finding } => (id, phone.appeal(id, &reason, &finding)?),
        };
        saved(printer, id, op)
    }
}

fn notices(phone: &Notebook, printer: &Printer) -> Result<(), Failure> {
    for notice in phone.notices()? {
        let number = notice.number.as_deref().unwrap_or("-");
        let due = notice.deadlines.values().min().map_or_else(|| "-".to_owned(), Time::to_string);
        let text = format!("{}  {}  {number}  {} findings  {due}", notice.id, notice.status, notice.findings.len());
        printer.say(&json!(notice), text);
    }
    Ok(())
}
