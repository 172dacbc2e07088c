//! A real phone: the real notebook with a folder for a pocket, and a network that may be bad.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use xuncha_core::host::Host;
use xuncha_core::model::{Answer, EntityId, Finding, FindingDraft, Inspection, Is, OpId, Place};
use xuncha_core::notebook::{Conflict, FileKeyStore, ListPage, Notebook, RefusedOp, SealedPhoto, Shot, Visit};
use xuncha_core::sync::{Conditions, HttpService, SyncOptions, Synced};
use xuncha_core::{Error, Result};

use super::{Clock, TestServer};

/// A phone in somebody's hand.
pub struct Phone {
    /// Its notebook.
    pub notebook: Notebook,
    /// Its own clock.
    pub clock: Arc<Clock>,
    folder: PathBuf,
    url: String,
    host: Host,
    _pocket: TempDir,
}

impl Phone {
    /// A new phone that knows nobody, and takes `url` for the server.
    pub fn new(server: &TestServer, url: &str) -> Phone {
        let pocket = TempDir::new().unwrap();
        let clock = Arc::new(Clock::new());
        let host = Host { clock: clock.clone(), random: server.random.clone() };
        let folder = pocket.path().join("notebook");
        let notebook = open(&folder, &host).unwrap();
        Phone { notebook, clock, folder, url: url.to_owned(), host, _pocket: pocket }
    }

    /// A phone of a new user with this role, enrolled.
    pub async fn of(server: &TestServer, name: &str, role: &str) -> Phone {
        let user = server.office.user(name, &[role], &[]);
        Phone::of_user(server, user).await
    }

    /// A phone of `user`, enrolled.
    pub async fn of_user(server: &TestServer, user: EntityId) -> Phone {
        let phone = Phone::new(server, &server.url());
        phone.enrol(server, user).await;
        phone
    }

    /// Enrols, or enrols again, with a fresh invitation.
    pub async fn enrol(&self, server: &TestServer, user: EntityId) {
        let code = server.office.invite(user);
        self.notebook.enrol(&self.service(), &code).await.unwrap();
    }

    /// From now on it takes `url` for the server.
    pub fn go_to(&mut self, url: &str) {
        self.url = url.to_owned();
    }

    /// The way to the server.
    pub fn service(&self) -> HttpService {
        HttpService::new(&self.url).unwrap()
    }

    /// Folder of the notebook.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Who holds it.
    pub fn user(&self) -> EntityId {
        self.notebook.status().unwrap().user.unwrap()
    }

    /// Records a finding with these words.
    pub fn record(&self, note: &str) -> EntityId {
        self.notebook.record(words(note), Vec::new()).unwrap()
    }

    /// Records a finding with these words at a point.
    pub fn record_at(&self, note: &str, lat: f64, lon: f64) -> EntityId {
        let place = Place {
            lat: Some(lat),
            lon: Some(lon),
            accuracy: Some(8.0),
            provider: Some("gps".into()),
            words: None,
            ..Place::default()
        };
        self.notebook.record(FindingDraft { place: Some(place), ..words(note) }, Vec::new()).unwrap()
    }

    /// Records a finding with these words and photos.
    pub fn record_photos(&self, note: &str, photos: &[&[u8]]) -> EntityId {
        let sealed = photos.iter().map(|bytes| self.seal(bytes)).collect();
        self.notebook.record_with_photos(words(note), sealed).unwrap()
    }

    /// Takes a photo in.
    pub fn seal(&self, mut bytes: &[u8]) -> SealedPhoto {
        self.notebook.seal_photo(&mut bytes, Shot::default()).unwrap()
    }

    /// Begins a visit of a known place.
    pub fn visit(&self, place: EntityId) -> EntityId {
        let place = Some(Place { id: Some(place), ..Place::default() });
        self.notebook.start_inspection(Visit { place, ..Visit::default() }).unwrap()
    }

    /// Answers an item with yes, no or na.
    pub fn answer(&self, visit: EntityId, item: &str, is: Is) -> OpId {
        self.notebook.answer(visit, item, Answer { is: Some(is), ..Answer::default() }).unwrap()
    }

    /// Answers an item with no and a count of what is wrong, and says why there are no photos.
    pub fn answer_count(&self, visit: EntityId, item: &str, count: u64) -> OpId {
        let (values, why) = ([("count".to_owned(), count.into())].into(), Some("夜间无法拍摄".to_owned()));
        self.notebook.answer(visit, item, Answer { is: Some(Is::No), values, why, ..Answer::default() }).unwrap()
    }

    /// What it shows of a visit.
    pub fn inspection(&self, id: EntityId) -> Inspection {
        self.notebook.inspection(id).unwrap()
    }

    /// Sends and fetches under these conditions; must succeed.
    pub async fn sync_under(&self, conditions: Conditions) -> Synced {
        let options = SyncOptions { attempts: 1, conditions, ..SyncOptions::default() };
        self.notebook.sync_with(&self.service(), &(), &options).await.unwrap()
    }

    /// How many originals of a finding are kept, as the phone shows it.
    pub fn originals(&self, finding: EntityId) -> usize {
        self.finding(finding).evidence.originals
    }

    /// Changes the words of a finding.
    pub fn amend(&self, finding: EntityId, note: &str) -> OpId {
        let draft = FindingDraft { note: Some(note.to_owned()), ..FindingDraft::default() };
        self.notebook.amend(finding, draft, Vec::new()).unwrap()
    }

    /// Sends and fetches; must succeed.
    pub async fn sync(&self) -> Synced {
        self.try_sync().await.unwrap()
    }

    /// Sends and fetches, once: a failure is an answer.
    pub async fn try_sync(&self) -> Result<Synced> {
        let options = SyncOptions { attempts: 1, ..SyncOptions::default() };
        self.notebook.sync_with(&self.service(), &(), &options).await
    }

    /// Sends and fetches with patience: faults are waited out, briefly.
    pub async fn sync_patiently(&self, attempts: u32) -> Result<Synced> {
        let base = Duration::from_millis(2);
        let options = SyncOptions { attempts, base, ..SyncOptions::default() };
        self.notebook.sync_with(&self.service(), &(), &options).await
    }

    /// The app is killed and started again.
    pub fn reopen(&mut self) {
        // The old one must let go of the folder first; a second notebook of the same folder is refused.
        let away = TempDir::new().unwrap();
        let nowhere = open(&away.path().join("notebook"), &self.host).unwrap();
        drop(std::mem::replace(&mut self.notebook, nowhere));
        self.notebook = open(&self.folder, &self.host).unwrap();
    }

    /// The app is restored without its key, as from a backup: it becomes a new device.
    pub fn lose_key(&mut self) {
        let away = TempDir::new().unwrap();
        let nowhere = open(&away.path().join("notebook"), &self.host).unwrap();
        drop(std::mem::replace(&mut self.notebook, nowhere));
        std::fs::remove_file(key_of(&self.folder)).unwrap();
        assert!(matches!(open(&self.folder, &self.host), Err(Error::KeyMissing)));
        let keys = Arc::new(FileKeyStore::new(key_of(&self.folder)));
        self.notebook = Notebook::open_as_new_device(&self.folder, keys, self.host.clone()).unwrap();
    }

    /// A second phone with the same folder and key, as a careless copy makes it.
    pub fn clone_device(&mut self, server: &TestServer) -> Phone {
        let twin = Phone::new(server, &self.url);
        let (folder, host) = (twin.folder.clone(), twin.host.clone());
        let Phone { clock, url, _pocket, notebook, .. } = twin;
        drop(notebook);
        self.notebook.suspend(Duration::from_secs(5)).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::create_dir(&folder).unwrap();
        for file in std::fs::read_dir(&self.folder).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), folder.join(file.file_name())).unwrap();
        }
        std::fs::copy(key_of(&self.folder), key_of(&folder)).unwrap();
        self.notebook.resume().unwrap();
        let notebook = open(&folder, &host).unwrap();
        Phone { notebook, clock, folder, url, host, _pocket }
    }

    /// What it shows of a finding.
    pub fn finding(&self, id: EntityId) -> Finding {
        self.notebook.finding(id).unwrap()
    }

    /// The words of a finding.
    pub fn note(&self, id: EntityId) -> String {
        self.finding(id).note.unwrap_or_default()
    }

    /// Every finding it shows, newest first.
    pub fn findings(&self) -> Vec<Finding> {
        let mut all = Vec::new();
        let mut page = ListPage { after: None, limit: 200 };
        loop {
            let listed = self.notebook.list(page).unwrap();
            let Some(last) = listed.last() else { return all };
            page.after = Some(last.key);
            all.extend(listed.into_iter().map(|one| one.finding));
        }
    }

    /// How many ops wait to be judged.
    pub fn pending(&self) -> u64 {
        self.notebook.status().unwrap().pending
    }

    /// What the server turned down.
    pub fn refused(&self) -> Vec<RefusedOp> {
        self.notebook.refused().unwrap()
    }

    /// What is disputed.
    pub fn conflicts(&self) -> Vec<Conflict> {
        self.notebook.conflicts().unwrap()
    }

    /// Fails unless everything in the notebook hangs together.
    pub fn check(&self) {
        assert_eq!(self.notebook.check().unwrap(), Vec::<String>::new());
    }
}

fn key_of(folder: &Path) -> PathBuf {
    folder.with_extension("key")
}

fn open(folder: &Path, host: &Host) -> Result<Notebook> {
    Notebook::open(folder, Arc::new(FileKeyStore::new(key_of(folder))), host.clone())
}

/// A draft with these words.
pub fn words(note: &str) -> FindingDraft {
    FindingDraft { item: Some("SR-1".into()), note: Some(note.to_owned()), ..FindingDraft::default() }
}
