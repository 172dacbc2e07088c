//! `xuncha serve`: opens the ledger, listens, and stops gracefully.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use tokio::sync::oneshot;
use xuncha_core::host::Host;
use xuncha_core::plan::role_seeds;

use super::chores::{Drawing, keep_calendar, keep_deadlines, tell, tidy};
use super::folder::{Database, Files, remember_address};
use super::opened::{Opened, open};
use super::operation::{Monitored, Operation, bind};
use super::print::Printer;
use super::signals::Asked;
use super::{Failure, guard};
use crate::api::{self, Around, Limits, Service};
use crate::blobs::{Blobs, sweep};
use crate::ledger::Opening;
use crate::listen;
use crate::metrics::{Loads, Metrics};
use crate::queue::Queue;
use crate::routes::app;
use crate::settings::Settings;
use crate::tls::{Tls, TlsFiles};

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Folder of the ledger; made at the first start.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    files: Files,
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8700")]
    listen: SocketAddr,
    /// Name of the city, for a new ledger [default: 巡查].
    #[arg(long)]
    name: Option<String>,
    /// Time zone of the city, for a new ledger [default: this machine's].
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// File that keeps the newest checkpoint, outside the data folder and outside backups, best on
    /// another machine's disk: by it the server notices that an old backup was put in place.
    #[arg(long, value_name = "FILE", env = "XUNCHA_GUARD")]
    guard: Option<PathBuf>,
    #[command(flatten)]
    operation: Operation,
}

/// How to start a server.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Folder of the ledger.
    pub data: PathBuf,
    /// Address to listen on.
    pub listen: SocketAddr,
    /// What a new ledger is called.
    pub opening: Opening,
    /// Limits.
    pub limits: Limits,
    /// The guard, if it has one.
    pub guard: Option<PathBuf>,
    /// The database, if it is not that of the settings or the folder's own.
    pub database: Option<String>,
    /// The place of the files, if it is not that of the settings or the folder's own.
    pub blobs: Option<String>,
    /// Address of a second listener for monitors, if there is to be one.
    pub metrics: Option<SocketAddr>,
    /// What to speak TLS with; without it phones are served plain HTTP.
    pub tls: Option<TlsFiles>,
}

/// A server that runs.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its root address, such as `https://127.0.0.1:8700`.
    pub url: String,
    /// Where monitors are served.
    pub metrics: Option<SocketAddr>,
    /// True when this start made the ledger.
    pub is_new: bool,
    /// What the ledger is called, whatever this start would have called it.
    pub called: Opening,
    /// What it serves; a handle on it keeps the ledger open.
    pub service: Service,
    stop: Option<oneshot::Sender<()>>,
    served: tokio::task::JoinHandle<()>,
}

impl Running {
    /// Stops: no new connections, open requests finish, what waits is written, then this returns.
    pub async fn stop(mut self) {
        drop(self.service);
        if let Some(stop) = self.stop.take() {
            // Nobody hears it only when the server has ended already.
            let _ = stop.send(());
        }
        drop(self.served.await);
    }
}

/// Opens the ledger in `options.data`, making it at the first start, and serves it.
///
/// # Errors
/// When the folder, the ledger or the address cannot be had.
pub async fn start(options: ServeOptions, host: Host) -> Result<Running, Failure> {
    // Before anything is made: what the operator gave may be no good, and the next try may say something else.
    options.opening.check(&host).map_err(|(code, detail)| Failure::new(code.as_str(), detail))?;
    let loads = Loads::default();
    let tls = options.tls.clone().map(|files| Tls::load(files, loads.clone())).transpose()?;
    let settings = Settings::of(&options.data)?;
    let around = Around { data: Some(options.data.clone()), map: settings.map, font: settings.font };
    let (listener, address) = bind("listen", options.listen).await?;
    let monitors = match options.metrics {
        Some(address) => Some(bind("metrics", address).await?),
        None => None,
    };
    let Opened { store, key, guard, sequencer, depot, is_new, called, served: alone } = open(&options, &host)?;
    let url = format!("{}://{address}", if tls.is_some() { "https" } else { "http" });
    remember_address(&options.data, &url).map_err(|error| Failure::io("address", &error))?;
    sweep(&*store, &depot, host.clock.wall())?;
    let (queue, writer) = Queue::start(store.clone(), sequencer.clone(), host.clone())
        .map_err(|error| Failure::io("a thread", &error))?;
    let blobs = Blobs::new(depot.clone(), store.clone(), queue.clone(), host.clone(), options.limits.files);
    let watching = tokio::spawn(guard::watch(guard.clone(), store.clone(), host.clone()));
    let tidying = tokio::spawn(tidy(store.clone(), depot.clone(), host.clone()));
    let desk =
        Drawing { store: store.clone(), depot, sequencer: sequencer.clone(), host: host.clone(), queue: queue.clone() };
    let drawing = tokio::spawn(desk.run(options.limits.files.preview_after));
    let (tally, traffic) = (sequencer.tally().clone(), blobs.traffic().clone());
    let clerk = tokio::spawn(keep_calendar(store.clone(), sequencer.clone(), host.clone()));
    let deadlines = tokio::spawn(keep_deadlines(store.clone(), sequencer, host.clone()));
    let telling = tokio::spawn(tell(store.clone(), host.clone()));
    let renewing = tls.clone().map(|tls| tokio::spawn(tls.watch()));
    let service = Service::new(store, queue, host, key, blobs, guard, around);
    let metrics = monitors.as_ref().map(|(_, address)| *address);
    let monitored = monitors.map(|(listener, _)| {
        let metrics = Metrics::new(service.requests(), &tally, &traffic, &loads);
        Monitored::serve(listener, api::Operation::new(service.clone(), metrics, options.data.clone()))
    });
    let (handle, (stop, stopped)) = (service.clone(), oneshot::channel());
    let served = tokio::spawn(async move {
        let app = app(service.clone(), &options.limits);
        let stopping = async {
            drop(stopped.await);
            service.begin_stopping();
        };
        listen::serve(listener, tls, app, options.limits, stopping).await;
        if let Some(monitored) = monitored {
            monitored.stop().await;
        }
        renewing.inspect(tokio::task::JoinHandle::abort);
        watching.abort();
        tidying.abort();
        drawing.abort();
        clerk.abort();
        deadlines.abort();
        telling.abort();
        // The last handle on the queue goes with the service; then the writer finishes what waits.
        drop(service);
        drop(tokio::task::spawn_blocking(move || writer.join()).await);
        drop(alone);
    });
    Ok(Running { address, url, metrics, is_new, called, service: handle, stop: Some(stop), served })
}

impl Serve {
    pub(super) fn run(self, printer: &Printer) -> Result<ExitCode, Failure> {
        tracing_subscriber::fmt()
            .json()
            .with_writer(std::io::stderr)
            .with_env_filter(
                tracing_subscriber::EnvFilter::from_default_env().add_directive(tracing::Level::INFO.into()),
            )
            .try_init()
            .map_err(|error| Failure::new("log", error))?;
        let host = Host::system();
        let asked = (self.name.clone(), self.zone.clone());
        let zone = self.zone.unwrap_or_else(|| host.clock.zone());
        if jiff::tz::TimeZone::get(&zone).is_err() {
            return Err(Failure::new("bad_field", format!("zone: {zone} is not an IANA time zone")));
        }
        let opening = Opening { name: self.name.unwrap_or_else(|| "巡查".to_owned()), zone };
        let settings = Settings::of(&self.data)?;
        let (metrics, tls) = self.operation.complete(&settings)?;
        let options = ServeOptions {
            data: self.data,
            listen: self.listen,
            opening,
            limits: Limits::default(),
            guard: self.guard.or(settings.guard),
            database: self.database.url,
            blobs: self.files.place,
            metrics,
            tls,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::io("start", &error))?;
        runtime.block_on(async {
            let data = options.data.clone();
            let running = start(options, host).await?;
            let asked_to_stop = Asked::to_stop();
            announce(printer, &running, &data);
            hold_to(printer, &running.called, asked);
            asked_to_stop.heard().await;
            printer.hint("stopping");
            running.stop().await;
            Ok(ExitCode::SUCCESS)
        })
    }
}

/// Says what of a name and zone that were given counts for nothing, because the ledger has its own.
fn hold_to(printer: &Printer, called: &Opening, (name, zone): (Option<String>, Option<String>)) {
    for (field, given, known) in [("name", name, &called.name), ("zone", zone, &called.zone)] {
        if let Some(given) = given.filter(|given| given != known) {
            tracing::warn!(field, given, known, "counts only when a ledger is made");
            printer.hint(format!("--{field} {given} counts only when a ledger is made: this one has {known}"));
        }
    }
}

fn announce(printer: &Printer, running: &Running, data: &Path) {
    let (address, data) = (&running.url, data.display());
    let mut said = json!({ "listening": address, "new": running.is_new });
    if let Some(metrics) = running.metrics {
        said["metrics"] = json!(format!("http://{metrics}/metrics"));
    }
    printer.say(&said, format!("listening on {address}"));
    if let Some(metrics) = running.metrics {
        printer.hint(format!("metrics on http://{metrics}/metrics"));
    }
    if running.is_new {
        let roles: Vec<_> = role_seeds().iter().map(|role| role.name).collect();
        printer.hint(format!(
            "\nA new ledger was made in {data}. Keep {data}/ledger.key safe: it signs every checkpoint.\n\n\
             How to go on, in another terminal:\n\
             \x20 xuncha admin --data {data} user add --name NAME --role inspector\n\
             \x20 xuncha admin --data {data} device invite --user NAME\n\
             \x20 xuncha field --home HOME enrol URL\n\n\
             Roles: {}.\n",
            roles.join(", ")
        ));
    }
}
