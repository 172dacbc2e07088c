//! A machine whose clock and chance a test decides, and notebooks on it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use xuncha_core::Result;
use xuncha_core::host::{Clock, Host, Random};
use xuncha_core::model::{FindingDraft, Place, Time};
use xuncha_core::notebook::{KeyStore, Notebook, Secret};
use xuncha_core::sync::{SyncOptions, Synced};

use super::city::City;

/// A clock that moves a second with each look at it.
pub(crate) struct TestClock {
    pub(crate) wall: AtomicI64,
    pub(crate) mono: AtomicI64,
}

impl Clock for TestClock {
    fn wall(&self) -> Time {
        Time::from_millis(self.wall.fetch_add(1_000, Ordering::Relaxed))
    }

    fn mono(&self) -> i64 {
        self.mono.fetch_add(10, Ordering::Relaxed)
    }

    fn zone(&self) -> String {
        "Asia/Shanghai".into()
    }
}

/// SplitMix64: the same seed, the same ids.
pub(crate) struct TestRandom(AtomicU64);

impl Random for TestRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut x = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
            x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            chunk.copy_from_slice(&(x ^ (x >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

pub(crate) fn host(seed: u64) -> Host {
    host_and_clock(seed).0
}

/// A machine, and its clock to be set by the test.
pub(crate) fn host_and_clock(seed: u64) -> (Host, Arc<TestClock>) {
    let wall = AtomicI64::new(1_795_000_000_000);
    let clock = Arc::new(TestClock { wall, mono: AtomicI64::new(0) });
    let random = Arc::new(TestRandom(AtomicU64::new(seed.wrapping_mul(0xD6E8_FEB8_6659_FD93))));
    (Host { clock: clock.clone(), random }, clock)
}

/// Keeps a secret in memory; a test may lose it.
#[derive(Default)]
pub(crate) struct MemoryKeys(pub Mutex<Option<Vec<u8>>>);

impl KeyStore for MemoryKeys {
    fn load(&self) -> Result<Option<Secret>> {
        Ok(self.0.lock().unwrap().as_deref().map(|bytes| Secret::from_bytes(bytes).unwrap()))
    }

    fn save(&self, secret: &Secret) -> Result<()> {
        *self.0.lock().unwrap() = Some(secret.to_bytes().to_vec());
        Ok(())
    }
}

/// A folder, a key and an open notebook.
pub(crate) struct Phone {
    folder: TempDir,
    pub(crate) keys: Arc<MemoryKeys>,
    pub(crate) host: Host,
    pub(crate) notebook: Notebook,
}

impl std::ops::Deref for Phone {
    type Target = Notebook;

    fn deref(&self) -> &Notebook {
        &self.notebook
    }
}

impl Phone {
    pub(crate) fn new(seed: u64) -> Phone {
        Phone::on(host(seed))
    }

    pub(crate) fn on(host: Host) -> Phone {
        let folder = tempfile::tempdir().unwrap();
        let keys = Arc::new(MemoryKeys::default());
        let notebook = Notebook::open(folder.path(), keys.clone(), host.clone()).unwrap();
        Phone { folder, keys, host, notebook }
    }

    /// A phone enrolled in `city` under a new user with `roles`.
    pub(crate) async fn enrolled(seed: u64, city: &City, name: &str, roles: &[&str]) -> Phone {
        let phone = Phone::new(seed);
        let code = city.invite(name, roles);
        phone.enrol(city, &code).await.unwrap();
        phone
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder().join("notebook.db")
    }

    /// Closes the notebook and gives what a killed app leaves behind.
    pub(crate) fn close(self) -> (TempDir, Arc<MemoryKeys>, Host) {
        let Phone { folder, keys, host, notebook } = self;
        drop(notebook);
        (folder, keys, host)
    }

    pub(crate) fn reopened(self) -> Phone {
        let (folder, keys, host) = self.close();
        let notebook = Notebook::open(folder.path(), keys.clone(), host.clone()).unwrap();
        Phone { folder, keys, host, notebook }
    }

    /// One sync without a second attempt.
    pub(crate) async fn synced(&self, city: &City) -> Result<Synced> {
        let options = SyncOptions { attempts: 1, ..SyncOptions::default() };
        let synced = self.sync_with(city, &(), &options).await;
        self.is_sound();
        synced
    }

    pub(crate) fn is_sound(&self) {
        assert_eq!(self.check().unwrap(), Vec::<String>::new());
    }
}

pub(crate) fn finding(note: &str) -> FindingDraft {
    FindingDraft { item: Some("SR-1".into()), note: Some(note.into()), ..FindingDraft::default() }
}

pub(crate) fn finding_at(note: &str, lat: f64, lon: f64) -> FindingDraft {
    let place =
        Place { lat: Some(lat), lon: Some(lon), accuracy: None, provider: None, words: None, ..Place::default() };
    FindingDraft { place: Some(place), ..finding(note) }
}

pub(crate) fn note(note: &str) -> FindingDraft {
    FindingDraft { note: Some(note.into()), ..FindingDraft::default() }
}
