//! Errands that need the server: enrolling and syncing.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use xuncha_core::notebook::{Invitation, Notebook};
use xuncha_core::sync::{Conditions, HttpService, Progress, Step, SyncOptions};

use super::{Failure, Printer};

/// How to send and fetch.
#[derive(Debug, Args)]
pub(super) struct Sync {
    /// Font to write time, place and inspector with.
    #[arg(long, value_name = "FILE")]
    font: Option<PathBuf>,
    /// Make no previews first.
    #[arg(long)]
    no_previews: bool,
    /// The network is paid for by what is sent.
    #[arg(long)]
    metered: bool,
    /// The network is not Wi-Fi: originals wait.
    #[arg(long)]
    no_wifi: bool,
    /// The phone is not charging.
    #[arg(long)]
    no_charging: bool,
}

pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    built.map_err(|error| Failure::io("start", &error))
}

pub(super) fn sign_in(phone: &Notebook, url: &str, printer: &Printer) -> Result<(), Failure> {
    let Invitation { server, code } = url.parse()?;
    let shut_out = phone.people()?.into_iter().find(|person| person.is_current && !person.has_pin);
    let signed_in = runtime()?.block_on(phone.sign_in(&HttpService::new(&server)?, &code))?;
    phone.set_server(&server)?;
    printer.say(&json!(signed_in), format!("{} is signed in and records now", signed_in.name));
    if let Some(person) = shut_out.filter(|person| person.user != signed_in.user) {
        printer.hint(format!("{} has no PIN and comes back only with a new invitation, online", person.name));
    }
    Ok(())
}

pub(super) fn enrol(phone: &Notebook, url: &str, printer: &Printer) -> Result<(), Failure> {
    let Invitation { server, code } = url.parse()?;
    let service = HttpService::new(&server)?;
    let enrolled = runtime()?.block_on(phone.enrol(&service, &code))?;
    phone.set_server(&server)?;
    printer.say(&json!(enrolled), format!("enrolled as {} in {}", enrolled.name, enrolled.city));
    Ok(())
}

/// The server that this notebook was enrolled at.
pub(super) fn service(phone: &Notebook) -> Result<HttpService, Failure> {
    let server = phone.status()?.server.ok_or(xuncha_core::Error::NotEnrolled)?;
    Ok(HttpService::new(&server)?)
}

impl Sync {
    pub(super) fn run(&self, phone: &Notebook, printer: &Printer) -> Result<(), Failure> {
        let service = service(phone)?;
        if !self.no_previews {
            super::photos::warn_unstamped(&super::photos::make(phone, self.font.as_deref())?, printer);
        }
        let conditions = Conditions { metered: self.metered, wifi: !self.no_wifi, charging: !self.no_charging };
        let options = SyncOptions { conditions, ..SyncOptions::default() };
        let bar = Bar(super::super::verify::progress(0));
        let synced = runtime()?.block_on(phone.sync_with(&service, &bar, &options));
        bar.0.finish_and_clear();
        let synced = synced?;
        let mut text = format!(
            "sent {} ({} accepted, {} in conflict, {} refused, {} held), fetched {} rows",
            synced.pushed, synced.accepted, synced.conflicts, synced.refused, synced.held, synced.pulled_rows
        );
        if let Some(restored) = synced.restored {
            let (floor, epoch, ops) = (restored.floor, restored.epoch, restored.said_again);
            text.push_str(&format!(
            "; the ledger was restored from a backup of {floor} entries and is in epoch {epoch}, {ops} ops were said again"
        ));
        }
        if synced.files_sent + synced.files_waiting > 0 {
            text.push_str(&format!("; files: {} sent, {} wait", synced.files_sent, synced.files_waiting));
        }
        if synced.file_faults > 0 {
            text.push_str(&format!(", {} of them stuck", synced.file_faults));
        }
        if synced.files_offline {
            text.push_str(" (not network enough for files)");
        }
        printer.say(&json!(synced), text);
        Ok(())
    }
}

struct Bar(indicatif::ProgressBar);

impl Progress for Bar {
    fn step(&self, step: Step) {
        if let Step::Pushing { done, total } | Step::Uploading { bytes: done, total, .. } = step {
            self.0.set_length(total);
            self.0.set_position(done);
        }
    }
}
