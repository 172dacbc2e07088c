//! `xuncha demo`: a whole city in one command. An invented city, three phones that are the real
//! thing, a bad line, a quarrel, a refusal, a photo that was cut off; then everything is checked.

mod cases;
mod chance;
mod city;
mod line;
mod phone;
mod pictures;
mod reckoning;
mod story;
mod told;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use xuncha_core::host::Host;

use super::Failure;
use super::print::Printer;
use super::serve::{ServeOptions, start};
use super::signals::Asked;
use crate::api::Limits;
use crate::ledger::Opening;

use story::Story;

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Check everything and end, with exit code 0 or what failed.
    #[arg(long)]
    headless: bool,
    /// Another number tells another story.
    #[arg(long, default_value_t = 1, value_name = "N", allow_hyphen_values = true)]
    seed: u64,
    /// Keep the city in this folder, which must not have a ledger yet [default: a temporary one].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

impl Demo {
    pub(super) fn run(self, printer: &Printer) -> Result<ExitCode, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::io("start", &error))?;
        runtime.block_on(self.play(printer))
    }

    async fn play(self, printer: &Printer) -> Result<ExitCode, Failure> {
        let temporary = tempfile::tempdir().map_err(|error| Failure::io("a temporary folder", &error))?;
        let root = self.data.clone().unwrap_or_else(|| temporary.path().to_owned());
        let data = root.join("city");
        if data.join(crate::store::sqlite::FILE).exists() {
            return Err(Failure::new("exists", format!("data: there is a ledger in {} already", data.display())));
        }
        let opening = Opening { name: city::CITY.to_owned(), zone: "Asia/Shanghai".to_owned() };
        let options = ServeOptions {
            data: data.clone(),
            listen: self.listen,
            opening,
            limits: Limits::default(),
            guard: None,
            database: None,
            metrics: None,
            tls: None,
            blobs: None,
        };
        let running = start(options, Host::system()).await?;
        let address = running.address;
        printer.hint(format!(
            "seed {}; the server listens on http://{address}, its data is in {}",
            self.seed,
            data.display()
        ));
        let told = Story::begin(&data, &root, address, self.seed, printer).await?.tell().await;
        let ended = match told {
            Ok(welcome) if !self.headless => {
                stay(printer, &data, address, &welcome).await;
                Ok(ExitCode::SUCCESS)
            }
            Ok(_) => Ok(ExitCode::SUCCESS),
            Err(failure) => Err(failure),
        };
        running.stop().await;
        ended
    }
}

/// How to get in, for whoever wants to look.
struct Welcome {
    /// Names and enrolment codes for phones.
    phones: Vec<(String, String)>,
    /// The password of everybody who works at a desk.
    password: String,
    /// Their names, and what they do.
    desks: Vec<&'static str>,
}

/// Where to look, until somebody has seen enough.
async fn stay(printer: &Printer, data: &Path, address: SocketAddr, welcome: &Welcome) {
    let (data, asked_to_stop) = (data.display(), Asked::to_stop());
    let Welcome { phones, password, desks } = welcome;
    printer.say(
        &json!({
            "address": format!("http://{address}"), "data": data.to_string(), "invitations": phones,
            "password": password, "desks": desks,
        }),
        format!(
            "\nThe city stays up. Open http://{address} in a browser and sign in as\n\n  {}\n\n\
             with the password  {password}  (the API is described at http://{address}/openapi.json).\n\n\
             Sign in on a phone of your own, in another terminal:",
            desks.join("\n  ")
        ),
    );
    for (name, code) in phones {
        printer.hint(format!("  {name}:  xuncha field --home my-phone enrol 'http://{address}/enrol#{code}'"));
    }
    printer.hint(format!(
        "  then:  xuncha field --home my-phone sync\n\
         \x20        xuncha field --home my-phone list\n\
         \x20        xuncha field --home my-phone inspect list\n\n\
         Look after the city:\n\
         \x20 xuncha admin --data {data} user list\n\
         \x20 xuncha admin --data {data} catalogue list\n\
         \x20 xuncha case --data {data} list\n\
         \x20 xuncha case --data {data} list notice\n\
         \x20 curl -H \"Authorization: Bearer $(xuncha admin --data {data} user token 陈刚)\" -G http://{address}/v1/findings --data-urlencode q=堆放\n\
         \x20 xuncha verify --data {data}\n\n\
         Ctrl-C ends it."
    ));
    asked_to_stop.heard().await;
    printer.hint("stopping");
}
