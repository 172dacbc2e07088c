//! `xuncha serve`: opens the ledger, listens, and stops gracefully.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::json;
use tokio::sync::oneshot;
use xuncha_core::host::Host;
use xuncha_core::model::{Entity, EntityId};
use xuncha_core::plan::role_seeds;

use super::chores::{Drawing, keep_calendar, tidy};
use super::folder::{Database, Files, remember_address};
use super::operation::{Monitored, Operation, bind};
use super::print::Printer;
use super::signals::wait_for_signal;
use super::{Failure, guard};
use crate::api::{self, Limits, Service};
use crate::blobs::{Blobs, Depot, sweep};
use crate::ledger::{Guard, KEY_FILE, LedgerKey, Opening, Sequencer, open_or_create};
use crate::listen;
use crate::metrics::{Loads, Metrics};
use crate::queue::Queue;
use crate::routes::app;
use crate::settings::{Settings, find_files};
use crate::store::{Head, Store};
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
    /// Name of the city, for a new ledger.
    #[arg(long, default_value = "巡查")]
    name: String,
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
    // Before anything is made: what the operator gave may be no good.
    let loads = Loads::default();
    let tls = options.tls.clone().map(|files| Tls::load(files, loads.clone())).transpose()?;
    let Opened { store, key, guard, sequencer, depot, is_new } = open(&options, &host)?;
    let (listener, address) = bind("listen", options.listen).await?;
    let monitors = match options.metrics {
        Some(address) => Some(bind("metrics", address).await?),
        None => None,
    };
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
    let clerk = tokio::spawn(keep_calendar(store.clone(), sequencer, host.clone()));
    let renewing = tls.clone().map(|tls| tokio::spawn(tls.watch()));
    let service = Service::new(store, queue, host, key, blobs, guard);
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
        // The last handle on the queue goes with the service; then the writer finishes what waits.
        drop(service);
        drop(tokio::task::spawn_blocking(move || writer.join()).await);
    });
    Ok(Running { address, url, metrics, is_new, service: handle, stop: Some(stop), served })
}

/// A ledger that can be served.
struct Opened {
    store: Arc<dyn Store>,
    key: LedgerKey,
    guard: Option<Arc<Guard>>,
    sequencer: Arc<Sequencer>,
    depot: Depot,
    is_new: bool,
}

/// Opens the ledger, making it at the first start, and compares it with its guard before anything is
/// written: one that is behind stays as it is.
fn open(options: &ServeOptions, host: &Host) -> Result<Opened, Failure> {
    // Before anything is made.
    let depot = find_files(&options.data, options.blobs.as_deref())?;
    depot.owner()?;
    fs::create_dir_all(&options.data).map_err(|error| Failure::io("make the data folder", &error))?;
    if let Some(guard) = &options.guard {
        guard::fits(guard, &options.data)?;
    }
    let store = guard::open_guarded(options)?;
    let head = store.look(|snapshot| snapshot.head())?;
    match &head {
        None => depot.check_free()?,
        Some(head) => depot.prepare(head.ledger)?,
    }
    let key = match &head {
        None => {
            LedgerKey::load_or_create(&options.data, host).map_err(|error| Failure::io("the ledger's key", &error))?
        }
        Some(head) => known_key(&options.data, &*store, head)?,
    };
    let guard = options.guard.as_ref().map(|path| Arc::new(Guard::new(path, key.public())));
    let sequencer = Arc::new(Sequencer::new(host.clone(), key.clone()).with_guard(guard.clone()));
    if let (Some(guard), Some(head)) = (&guard, &head) {
        guard::compare(guard, &*store, host, head)?;
    }
    if !guard::is_rolled_back(&*store)? {
        let opened = open_or_create(&*store, &sequencer, &key, &options.opening, host)?;
        if head.is_none() {
            depot.prepare(opened.ledger)?;
        }
    }
    if let Some(guard) = &guard {
        guard::follow(guard, &*store, host)?;
    }
    Ok(Opened { store, key, guard, sequencer, depot, is_new: head.is_none() })
}

/// The key of a ledger that exists. Never a new one: no phone would believe what it signs.
fn known_key(data: &Path, store: &dyn Store, head: &Head) -> Result<LedgerKey, Failure> {
    let key = LedgerKey::load(data).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::new("key_missing", format!("{}/{KEY_FILE} is missing: put back its copy", data.display()))
        }
        _ => Failure::io("the ledger's key", &error),
    })?;
    let named = store.look(|snapshot| snapshot.entity(EntityId(head.ledger.0)))?;
    let named = named.and_then(|row| serde_json::from_str::<Entity>(&row.row).ok());
    let named = named.as_ref().and_then(|ledger| ledger.text("key")).map(str::to_owned);
    if named.is_some_and(|named| named != key.public().to_string()) {
        return Err(Failure::new("wrong_key", format!("{KEY_FILE} is another ledger's key")));
    }
    Ok(key)
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
        let zone = self.zone.unwrap_or_else(|| host.clock.zone());
        if jiff::tz::TimeZone::get(&zone).is_err() {
            return Err(Failure::new("bad_field", format!("zone: {zone} is not an IANA time zone")));
        }
        let opening = Opening { name: self.name, zone };
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
            announce(printer, &running, &data);
            wait_for_signal().await;
            printer.hint("stopping");
            running.stop().await;
            Ok(ExitCode::SUCCESS)
        })
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
