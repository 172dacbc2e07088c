//! A real server in this process, on a free port, in a folder of its own.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use xuncha_core::host::Host;
use xuncha_server::api::{Limits, Service};
use xuncha_server::backup::{RestoreOptions, Restored, restore};
use xuncha_server::cli::{Failure, Running, ServeOptions, start};
use xuncha_server::ledger::Opening;
use xuncha_server::tls::TlsFiles;

use super::{Clock, Office, SeededRandom, check_folder};

/// A real server with the test's own clock and chance. What it kept goes when it is dropped.
pub struct TestServer {
    /// Its clock.
    pub clock: Arc<Clock>,
    /// Its chance.
    pub random: Arc<SeededRandom>,
    /// The administrator beside it.
    pub office: Office,
    limits: Limits,
    /// Its guard, from the next start on.
    pub guard: Option<PathBuf>,
    /// What it speaks TLS with, from the next start on.
    pub tls: Option<TlsFiles>,
    running: Option<Running>,
    data: PathBuf,
    _folder: TempDir,
}

impl TestServer {
    /// A new ledger, served.
    pub async fn start() -> TestServer {
        TestServer::with_limits(Limits::default()).await
    }

    /// A new ledger of whose server one phone may ask more at once than a person's ever does.
    pub async fn for_a_busy_phone() -> TestServer {
        let burst = NonZeroU32::new(100_000).unwrap();
        TestServer::with_limits(Limits { burst, ..Limits::default() }).await
    }

    /// A new ledger, served within these limits.
    pub async fn with_limits(limits: Limits) -> TestServer {
        let folder = TempDir::new().unwrap();
        let data = folder.path().join("data");
        TestServer::at(folder, data, limits).await
    }

    /// A new ledger that lies in SQLite, whatever is being tested.
    pub async fn in_sqlite() -> TestServer {
        let folder = TempDir::new().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        // Settings that say nothing.
        std::fs::File::create(data.join(xuncha_server::settings::FILE)).unwrap();
        TestServer::at(folder, data, Limits::default()).await
    }

    /// A ledger in `data`, made when there is none; `folder` goes with the server.
    pub async fn at(folder: TempDir, data: PathBuf, limits: Limits) -> TestServer {
        let (clock, random) = (Arc::new(Clock::new()), Arc::new(SeededRandom::new()));
        let host = Host { clock: clock.clone(), random: random.clone() };
        super::place(&data);
        let running = start(options(&data, limits), host.clone()).await.unwrap();
        let office = Office::open(&data, host);
        TestServer {
            clock,
            random,
            office,
            limits,
            guard: None,
            tls: None,
            running: Some(running),
            data,
            _folder: folder,
        }
    }

    /// Another server process on the same database, as far as a process can tell: its own folder with
    /// the settings and the key.
    pub async fn another(&self, host: Host) -> Running {
        let data = self._folder.path().join("another");
        std::fs::create_dir(&data).unwrap();
        for name in [xuncha_server::settings::FILE, xuncha_server::ledger::KEY_FILE] {
            std::fs::copy(self.data.join(name), data.join(name)).unwrap();
        }
        start(options(&data, self.limits), host).await.unwrap()
    }

    /// The clock and chance it runs on.
    pub fn host(&self) -> Host {
        Host { clock: self.clock.clone(), random: self.random.clone() }
    }

    /// Where it keeps everything.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Where it listens, such as `127.0.0.1:34567`.
    pub fn address(&self) -> std::net::SocketAddr {
        self.running.as_ref().unwrap().address
    }

    /// Its root address.
    pub fn url(&self) -> String {
        self.running.as_ref().unwrap().url.clone()
    }

    /// Where monitors are served, such as `http://127.0.0.1:34567`.
    pub fn monitor(&self) -> String {
        format!("http://{}", self.running.as_ref().unwrap().metrics.unwrap())
    }

    /// The same server, asked without a network.
    pub fn service(&self) -> Service {
        self.running.as_ref().unwrap().service.clone()
    }

    /// Stops it gracefully.
    pub async fn stop(&mut self) {
        self.running.take().unwrap().stop().await;
    }

    /// Starts it again on the same folder, at another port.
    pub async fn resume(&mut self) {
        self.try_resume().await.unwrap();
    }

    /// Starts it again, or not: a failure is an answer.
    pub async fn try_resume(&mut self) -> Result<(), Failure> {
        let (guard, tls) = (self.guard.clone(), self.tls.clone());
        let options = ServeOptions { guard, tls, ..options(&self.data, self.limits) };
        self.running = Some(start(options, self.host()).await?);
        Ok(())
    }

    /// The machine burns down, phones and backups excepted, and `source` is put in place of its data.
    pub async fn burn_down(&mut self, source: &Path, options: RestoreOptions<'_>) -> Restored {
        self.stop().await;
        std::fs::remove_dir_all(&self.data).unwrap();
        let restored = restore(source, &self.data, options, &self.host(), &mut |_| {}).unwrap();
        self.reopen_office();
        self.resume().await;
        restored
    }

    /// The administrator opens the folder anew, after somebody else put another in its place.
    pub fn reopen_office(&mut self) {
        self.office = Office::open(&self.data, self.host());
    }

    /// Stops and starts it. Phones must be told the new address.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.resume().await;
    }

    /// Fails unless the whole ledger holds: entries, tree, signatures, entities, feed.
    pub fn check_all(&self) {
        check_folder(&self.data);
    }
}

fn options(data: &Path, limits: Limits) -> ServeOptions {
    let opening = Opening { name: "测试市".into(), zone: "Asia/Shanghai".into() };
    let listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let (data, metrics) = (data.to_owned(), Some(listen));
    ServeOptions { data, listen, opening, limits, guard: None, database: None, blobs: None, metrics, tls: None }
}
