//! A city as it is run: the built server in a process of its own, and real phones.

use std::net::SocketAddr;
use std::sync::Arc;

use tempfile::TempDir;
use xuncha_core::host::Host;
use xuncha_core::notebook::{FileKeyStore, Notebook, Shot};
use xuncha_core::sync::{Conditions, HttpService, SyncOptions, Synced};
use xuncha_tests::harness::{Process, words, xuncha};

use crate::measure::peak_memory;

/// A server and where it keeps everything; both go when dropped.
pub(crate) struct City {
    process: Process,
    folder: TempDir,
}

impl City {
    pub(crate) fn found() -> City {
        let folder = TempDir::new().unwrap();
        let process = Process::serve(&folder.path().join("data"));
        City { process, folder }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.process.url.strip_prefix("http://").unwrap().parse().unwrap()
    }

    /// Most memory that the server has had in use, in bytes.
    pub(crate) fn server_memory(&self) -> u64 {
        peak_memory(self.process.id())
    }

    /// An enrolled phone that takes `url` for the server.
    pub(crate) async fn phone(&self, url: &str) -> Inspector {
        let data = self.folder.path().join("data").display().to_string();
        let admin = |arguments: &[&str]| xuncha(["admin", "--data", &data].iter().chain(arguments)).value();
        admin(&["user", "add", "--name", "王敏", "--role", "inspector"]);
        let invitation = admin(&["device", "invite", "--user", "王敏"])["url"].as_str().unwrap().to_owned();
        let (_, code) = invitation.split_once('#').unwrap();
        let (pocket, service) = (TempDir::new().unwrap(), HttpService::new(url).unwrap());
        let keys = Arc::new(FileKeyStore::new(pocket.path().join("key")));
        let notebook = Notebook::open(&pocket.path().join("notebook"), keys, Host::system()).unwrap();
        notebook.enrol(&service, code).await.unwrap();
        Inspector { notebook, service, _pocket: pocket }
    }

    /// An enrolled phone beside the server.
    pub(crate) async fn phone_nearby(&self) -> Inspector {
        self.phone(&self.process.url).await
    }
}

/// A phone and who holds it.
pub(crate) struct Inspector {
    notebook: Notebook,
    service: HttpService,
    _pocket: TempDir,
}

impl Inspector {
    /// Records a finding for each photo and makes no previews.
    pub(crate) fn record(&self, photos: &[Vec<u8>]) {
        for photo in photos {
            let sealed = self.notebook.seal_photo(&mut photo.as_slice(), Shot::default()).unwrap();
            self.notebook.record_with_photos(words("占道堆物"), vec![sealed]).unwrap();
        }
    }

    /// Sends what was said; photos wait for a better network.
    pub(crate) async fn sync_on_the_road(&self) -> Synced {
        let metered = Conditions { metered: true, wifi: false, charging: false };
        self.sync(SyncOptions { conditions: metered, ..SyncOptions::default() }).await
    }

    /// Sends photos too, each once.
    pub(crate) async fn sync_at_home(&self, in_flight: usize) -> Synced {
        self.sync(SyncOptions { in_flight, attempts: 1, ..SyncOptions::default() }).await
    }

    async fn sync(&self, options: SyncOptions) -> Synced {
        self.notebook.sync_with(&self.service, &(), &options).await.unwrap()
    }
}
