//! Notebooks whose database is encrypted: what the feature `sqlcipher` adds. Without it these are left out, and linted.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use xuncha_core::model::EntityId;
use xuncha_core::notebook::{EnrolAgain, FileKeyStore, KeyStore, ListPage, Notebook, Secret};
use xuncha_core::{Error, Result};

use super::city::City;
use super::machine::{MemoryKeys, Phone, finding, host};

/// Words that lie in every plain notebook.
const WORDS: [&str; 4] = ["井盖缺失", "SQLite format 3", "CREATE TABLE", "xuncha.example.cn"];

/// Which of the words can be read in the files of a database.
fn readable(folder: &Path) -> Vec<&'static str> {
    let files = ["notebook.db", "notebook.db-wal"].map(|name| fs::read(folder.join(name)).unwrap_or_default());
    let holds = |word: &&str| files.iter().any(|file| file.windows(word.len()).any(|some| some == word.as_bytes()));
    WORDS.into_iter().filter(holds).collect()
}

/// A notebook as an app without the feature left it, and its secret.
fn plain() -> (TempDir, Arc<MemoryKeys>) {
    let folder = tempfile::tempdir().unwrap();
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/schema");
    let db = rusqlite::Connection::open(folder.path().join("notebook.db")).unwrap();
    db.execute_batch(&fs::read_to_string(format!("{fixtures}/phone-1.sql")).unwrap()).unwrap();
    drop(db);
    let secret = FileKeyStore::new(format!("{fixtures}/phone-1.key")).load().unwrap().unwrap();
    let keys = MemoryKeys::default();
    keys.save(&secret).unwrap();
    (folder, Arc::new(keys))
}

fn notes(notebook: &Notebook) -> Vec<String> {
    let listed = notebook.list(ListPage { after: None, limit: 10 }).unwrap();
    listed.into_iter().filter_map(|listed| listed.finding.note).collect()
}

fn kept(keys: &MemoryKeys) -> Vec<u8> {
    keys.0.lock().unwrap().clone().unwrap()
}

/// A phone before its first unlock.
struct Sealed;

impl KeyStore for Sealed {
    fn load(&self) -> Result<Option<Secret>> {
        Err(Error::KeyUnavailable { detail: "before the first unlock".into() })
    }

    fn save(&self, _: &Secret) -> Result<()> {
        Err(Error::KeyUnavailable { detail: "before the first unlock".into() })
    }
}

#[tokio::test]
#[cfg_attr(not(feature = "sqlcipher"), ignore = "needs the feature sqlcipher")]
async fn nothing_of_an_encrypted_notebook_can_be_read_without_its_key() {
    assert_eq!(readable(plain().0.path()), WORDS, "these are found where they can be");
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    phone.set_server("https://xuncha.example.cn").unwrap();
    let id = phone.record(finding("井盖缺失"), vec![]).unwrap();
    assert!(phone.status().unwrap().encrypted);
    assert!(fs::metadata(phone.folder().join("notebook.db-wal")).unwrap().len() > 4_096, "the journal has it");
    assert_eq!(readable(phone.folder()), Vec::<&str>::new());
    let (folder, keys, host) = phone.close();
    assert_eq!(readable(folder.path()), Vec::<&str>::new());
    let db = rusqlite::Connection::open(folder.path().join("notebook.db")).unwrap();
    let looked = db.query_row("SELECT count(*) FROM op", [], |row| row.get::<_, i64>(0));
    assert_eq!(looked.unwrap_err().sqlite_error_code(), Some(rusqlite::ErrorCode::NotADatabase));
    let notebook = Notebook::open(folder.path(), keys, host).unwrap();
    assert_eq!(notebook.finding(id).unwrap().note.as_deref(), Some("井盖缺失"));
    assert_eq!(notebook.check().unwrap(), Vec::<String>::new());
}

#[tokio::test]
#[cfg_attr(not(feature = "sqlcipher"), ignore = "needs the feature sqlcipher")]
async fn a_key_that_is_unavailable_missing_or_wrong_and_a_damaged_file_are_told_apart_and_nothing_is_touched() {
    let phone = Phone::enrolled(2, &City::new(1), "王", &["inspector"]).await;
    for turn in 0..50 {
        phone.record(finding(&format!("{turn}")), vec![]).unwrap();
    }
    let (database, (folder, keys, host)) = (phone.database(), phone.close());
    let (right, whole) = (kept(&keys), fs::read(&database).unwrap());
    let codes = |keys: Arc<dyn KeyStore>| {
        [Notebook::open, Notebook::open_as_new_device].map(|open| {
            // A journal that was not written back says that the last stop was not clean: all pages are looked at.
            put(&folder.path().join("notebook.db-wal"), &[0; 32]);
            open(folder.path(), keys.clone(), host.clone()).unwrap_err().code().to_owned()
        })
    };
    assert_eq!(codes(Arc::new(Sealed)), ["key_unavailable"; 2]);
    let mut other = right.clone();
    other[63] ^= 1;
    for (secret, code) in [
        (None, "database_key_missing"),
        (Some(right[..32].to_vec()), "database_key_missing"),
        (Some(vec![9; 64]), "database_key_wrong"),
        (Some(other), "database_key_wrong"),
    ] {
        keys.0.lock().unwrap().clone_from(&secret);
        assert_eq!(codes(keys.clone()), [code; 2]);
        assert_eq!(*keys.0.lock().unwrap(), secret, "no key is made for what it cannot open");
        assert_eq!(fs::read(&database).unwrap(), whole);
    }
    *keys.0.lock().unwrap() = Some(right);
    for (what, damaged) in [("all of the first page", 0..4_096), ("behind the mark", 16..64), ("middle", 8_192..24_576)]
    {
        let mut bytes = whole.clone();
        bytes[damaged].fill(0xA5);
        put(&database, &bytes);
        assert_eq!(codes(keys.clone()), ["damaged"; 2], "{what}");
        assert_eq!(fs::read(&database).unwrap(), bytes, "{what}");
    }
    let mut bytes = whole;
    bytes[..16].fill(0);
    put(&database, &bytes);
    fs::remove_file(folder.path().join("notebook.db-wal")).ok();
    let notebook = Notebook::open(folder.path(), keys, host).unwrap();
    assert_eq!(notebook.status().unwrap().pending, 50, "nothing but the mark was damaged");
}

fn put(path: &Path, bytes: &[u8]) {
    fs::File::create(path).and_then(|mut file| std::io::Write::write_all(&mut file, bytes)).unwrap();
}

#[test]
#[cfg_attr(not(feature = "sqlcipher"), ignore = "needs the feature sqlcipher")]
fn a_plain_notebook_is_encrypted_in_its_place_with_everything_in_it() {
    let (folder, keys) = plain();
    let seed = kept(&keys);
    // What a kill in the middle of it leaves.
    put(&folder.path().join("notebook.db.new"), b"half a database");
    put(&folder.path().join("notebook.db.new-journal"), b"half a journal");
    let notebook = Notebook::open(folder.path(), keys.clone(), host(1)).unwrap();
    assert_eq!(notebook.check().unwrap(), Vec::<String>::new());
    let status = notebook.status().unwrap();
    assert_eq!((status.pending, status.refused, status.city.as_deref()), (2, 0, Some("巡查市")));
    assert_eq!(notes(&notebook), ["路灯不亮", "井盖缺失,已围挡"]);
    assert_eq!(notebook.drafts().unwrap().len(), 1);
    assert_eq!(readable(folder.path()), Vec::<&str>::new());
    assert!(!folder.path().join("notebook.db.new").exists());
    assert_eq!((kept(&keys).len(), &kept(&keys)[..32]), (64, seed.as_slice()), "the seed, and a key for the database");
    notebook.record(finding("加密之后"), vec![]).unwrap();
    drop(notebook);
    let notebook = Notebook::open(folder.path(), keys.clone(), host(2)).unwrap();
    assert_eq!((notebook.status().unwrap().pending, notebook.check().unwrap()), (3, Vec::new()));

    // Killed after the key was kept and before the database was encrypted with it.
    let (folder, _) = plain();
    let secret = kept(&keys);
    let notebook = Notebook::open(folder.path(), keys.clone(), host(3)).unwrap();
    assert_eq!((notes(&notebook).len(), readable(folder.path())), (2, Vec::new()));
    assert_eq!(kept(&keys), secret, "that key, and not another one");
}

#[test]
#[cfg_attr(not(feature = "sqlcipher"), ignore = "needs the feature sqlcipher")]
fn a_plain_notebook_without_its_key_is_encrypted_as_a_new_device() {
    let (folder, keys) = plain();
    *keys.0.lock().unwrap() = None;
    assert!(matches!(Notebook::open(folder.path(), keys.clone(), host(1)), Err(Error::KeyMissing)));
    assert_eq!(readable(folder.path()), WORDS, "nothing was touched");
    let notebook = Notebook::open_as_new_device(folder.path(), keys.clone(), host(1)).unwrap();
    assert_eq!(notebook.status().unwrap().must_enrol_again, Some(EnrolAgain::NewKey));
    assert_eq!((notes(&notebook).len(), readable(folder.path())), (2, Vec::new()));
    drop(notebook);
    Notebook::open(folder.path(), keys, host(1)).unwrap();
}

#[tokio::test]
#[cfg_attr(not(feature = "sqlcipher"), ignore = "needs the feature sqlcipher")]
async fn a_new_key_of_the_device_leaves_the_databases_key_as_it_was() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    phone.record(finding("x"), vec![]).unwrap();
    let before = kept(&phone.keys);
    let status = phone.status().unwrap();
    let device = EntityId::of_device(status.ledger.unwrap(), &status.device);
    city.lock().say("device.revoke", device, serde_json::json!({}));
    phone.synced(&city).await.unwrap();
    phone.suspend(std::time::Duration::from_secs(1)).unwrap();
    phone.resume().unwrap();
    assert!(phone.enrol(&city, &city.invite_again(city.user("王"))).await.unwrap().new_key);
    let after = kept(&phone.keys);
    assert_ne!(before[..32], after[..32]);
    assert_eq!(before[32..], after[32..]);
    assert_eq!(phone.reopened().synced(&city).await.unwrap().accepted, 1);
}

#[tokio::test]
#[cfg_attr(not(feature = "sqlcipher"), ignore = "needs the feature sqlcipher")]
async fn a_kill_between_a_new_key_and_its_notebook_leaves_one_that_opens_as_a_new_device() {
    let phone = Phone::enrolled(2, &City::new(1), "王", &["inspector"]).await;
    let id = phone.record(finding("x"), vec![]).unwrap();
    let (folder, keys, host) = phone.close();
    let secret = [&[7; 32], &kept(&keys)[32..]].concat();
    *keys.0.lock().unwrap() = Some(secret.clone());
    assert!(matches!(Notebook::open(folder.path(), keys.clone(), host.clone()), Err(Error::KeyWrong)));
    let notebook = Notebook::open_as_new_device(folder.path(), keys.clone(), host.clone()).unwrap();
    assert_eq!(kept(&keys)[32..], secret[32..]);
    assert!(notebook.finding(id).is_ok());
    drop(notebook);
    assert!(Notebook::open(folder.path(), keys, host).is_ok());
}
