//! A city as it is run: the built server in a process of its own, and real phones.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use xuncha_core::Error;
use xuncha_core::host::Host;
use xuncha_core::model::{BlobRef, Code, EntityId, FindingDraft};
use xuncha_core::notebook::{FileKeyStore, Notebook, Shot};
use xuncha_core::sync::{Conditions, HttpService, SyncOptions, Synced};
use xuncha_server::settings::FILE as SETTINGS;
use xuncha_server::store::sqlite::FILE;
use xuncha_tests::harness::{Office, Process, words};

use crate::findings::Findings;
use crate::measure::{Watch, peak_memory};
use crate::watched::Watched;

/// A server with its usual limits, and where it keeps everything; both go when dropped.
pub(crate) struct City {
    process: Process,
    /// The administrator beside it.
    pub(crate) office: Office,
    folder: TempDir,
}

impl City {
    /// With its ledger in SQLite.
    pub(crate) fn found() -> City {
        City::found_in(true)
    }

    /// With its ledger in SQLite for certain, or where `XUNCHA_POSTGRES` says.
    pub(crate) fn found_in(sqlite: bool) -> City {
        let folder = TempDir::new().unwrap();
        let data = folder.path().join("data");
        if sqlite {
            // Settings that say nothing.
            std::fs::create_dir(&data).unwrap();
            std::fs::File::create(data.join(SETTINGS)).unwrap();
        }
        let process = Process::serve(&data);
        let office = Office::open(&data, Host::system());
        City { process, office, folder }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.url().strip_prefix("http://").unwrap().parse().unwrap()
    }

    /// Its root address.
    pub(crate) fn url(&self) -> &str {
        &self.process.url
    }

    /// Where it keeps everything.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Most memory that the server has had in use, in bytes.
    pub(crate) fn server_memory(&self) -> u64 {
        peak_memory(self.process.id())
    }

    /// The ops that devices said, in order: what a bare database would have to keep.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.column("SELECT op FROM ledger WHERE push IS NOT NULL ORDER BY idx")
    }

    /// What there is, as rows of the feed.
    pub(crate) fn rows(&self) -> Vec<String> {
        self.column("SELECT row FROM entity ORDER BY idx")
    }

    fn column(&self, query: &str) -> Vec<String> {
        let path = self.data().join(FILE);
        let db = rusqlite::Connection::open(path).unwrap();
        let mut query = db.prepare(query).unwrap();
        query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// An enrolled phone of a new inspector, who sees `areas` (none is the whole city) and takes
    /// `url` for the server.
    pub(crate) async fn phone_of(&self, url: &str, name: &str, areas: &[EntityId]) -> Inspector {
        let user = self.office.user(name, &["inspector"], areas);
        let (pocket, service) = (TempDir::new().unwrap(), HttpService::new(url).unwrap());
        let keys = Arc::new(FileKeyStore::new(pocket.path().join("key")));
        let notebook = Notebook::open(&pocket.path().join("notebook"), keys, Host::system()).unwrap();
        loop {
            match notebook.enrol(&service, &self.office.invite(user)).await {
                // Strangers are told to come back later; nobody measures that.
                Err(Error::Refused { code: Code::TooMany, .. }) => tokio::time::sleep(Duration::from_millis(200)).await,
                enrolled => break drop(enrolled.unwrap()),
            }
        }
        Inspector { notebook, service, pocket }
    }

    /// An enrolled phone that takes `url` for the server and sees the whole city.
    pub(crate) async fn phone(&self, url: &str) -> Inspector {
        self.phone_of(url, "王敏", &[]).await
    }

    /// An enrolled phone beside the server.
    pub(crate) async fn phone_nearby(&self) -> Inspector {
        self.phone(&self.process.url).await
    }
}

/// A phone and who holds it.
pub(crate) struct Inspector {
    /// The notebook in it.
    pub(crate) notebook: Notebook,
    /// Its way to the server.
    pub(crate) service: HttpService,
    pocket: TempDir,
}

impl Inspector {
    /// Records a finding for each photo and makes no previews.
    pub(crate) fn record(&self, photos: &[Vec<u8>]) {
        for photo in photos {
            let sealed = self.notebook.seal_photo(&mut photo.as_slice(), Shot::default()).unwrap();
            self.notebook.record_with_photos(words("占道堆物"), vec![sealed]).unwrap();
        }
    }

    /// Records these findings.
    pub(crate) fn write_down(&self, findings: impl IntoIterator<Item = (FindingDraft, Vec<BlobRef>)>) {
        for (draft, blobs) in findings {
            self.notebook.record(draft, blobs).unwrap();
        }
    }

    /// Records `count` findings with photos that are not on this phone.
    pub(crate) fn write_down_some(&self, findings: &Findings, count: usize) {
        self.write_down((0..count).map(|_| findings.with_photos(findings.plain())));
    }

    /// Sends and fetches; milliseconds until everything was sent and its verdicts stored, and what
    /// `note` says at that moment.
    pub(crate) async fn push_timed<T: Send + Sync>(&self, note: impl Fn() -> T + Send + Sync) -> (f64, T) {
        let watch = Watch::start();
        let service = Watched::new(&self.service, || (watch.millis(), note()));
        let synced = self.notebook.sync_with(&service, &(), &SyncOptions::default()).await.unwrap();
        assert_eq!((synced.pushed, synced.refused, synced.held), (synced.accepted, 0, 0), "{synced:?}");
        service.noted()
    }

    /// Sends and fetches everything.
    pub(crate) async fn sync(&self) -> Synced {
        self.sync_as(SyncOptions::default()).await
    }

    /// Sends what was said; photos wait for a better network.
    pub(crate) async fn sync_on_the_road(&self) -> Synced {
        let metered = Conditions { metered: true, wifi: false, charging: false };
        self.sync_as(SyncOptions { conditions: metered, ..SyncOptions::default() }).await
    }

    /// Sends photos too, each once.
    pub(crate) async fn sync_at_home(&self, in_flight: usize) -> Synced {
        self.sync_as(SyncOptions { in_flight, attempts: 1, ..SyncOptions::default() }).await
    }

    async fn sync_as(&self, options: SyncOptions) -> Synced {
        match self.notebook.sync_with(&self.service, &(), &options).await {
            Ok(synced) => synced,
            // Said beside the figures too, because where the panic's text goes depends on who called.
            Err(error) => {
                println!("a sync failed: {error} ({error:?})");
                panic!("a sync failed: {error}");
            }
        }
    }

    /// Closes the notebook; what is left is its folder, `notebook`, and its `key`.
    pub(crate) fn put_away(self) -> TempDir {
        self.pocket
    }

    /// How many findings it shows.
    pub(crate) fn findings(&self) -> i64 {
        let query = "SELECT count(*) FROM entity WHERE kind = 'finding' AND row IS NOT NULL";
        self.database().query_row(query, [], |row| row.get(0)).unwrap()
    }

    /// Another hand on its database.
    pub(crate) fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.database_path()).unwrap()
    }

    /// Where its database lies.
    pub(crate) fn database_path(&self) -> PathBuf {
        self.pocket.path().join("notebook").join("notebook.db")
    }
}

/// A square of a tenth of a degree, number `number` of a grid, and its middle.
pub(crate) fn square(number: usize) -> (Value, (f64, f64)) {
    let (south, west) = (30.0 + (number / 20) as f64 * 0.1, 110.0 + (number % 20) as f64 * 0.1);
    let (north, east) = (south + 0.1, west + 0.1);
    let ring = [[west, south], [east, south], [east, north], [west, north], [west, south]];
    let shape = serde_json::json!({ "type": "Polygon", "coordinates": [ring] });
    (shape, (south + 0.05, west + 0.05))
}
