//! Every schema that was ever shipped opens in this version.

use std::fs;
use std::sync::Arc;

use tempfile::TempDir;
use xuncha_core::notebook::{FileKeyStore, Notebook};

use super::city::City;
use super::machine::{Phone, finding, finding_at, host, note};
use super::photos::picture;

/// A notebook that an earlier version left, and a copy of its key: a build with SQLCipher adds the database's to it.
fn left_by(version: u32) -> (TempDir, Arc<FileKeyStore>) {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/schema");
    let folder = tempfile::tempdir().unwrap();
    let db = rusqlite::Connection::open(folder.path().join("notebook.db")).unwrap();
    db.execute_batch(&fs::read_to_string(format!("{fixtures}/phone-{version}.sql")).unwrap()).unwrap();
    let key = folder.path().join("phone.key");
    fs::copy(format!("{fixtures}/phone-{version}.key"), &key).unwrap();
    (folder, Arc::new(FileKeyStore::new(key)))
}

#[test]
fn a_notebook_of_schema_1_opens_with_everything_in_it() {
    let (folder, keys) = left_by(1);
    let phone = Notebook::open(folder.path(), keys, host(1)).unwrap();
    assert_eq!(phone.check().unwrap(), Vec::<String>::new());
    let status = phone.status().unwrap();
    assert_eq!((status.pending, status.refused, status.city.as_deref()), (2, 0, Some("巡查市")));
    let listed = phone.list(xuncha_core::notebook::ListPage { after: None, limit: 10 }).unwrap();
    let notes: Vec<_> = listed.iter().map(|listed| listed.finding.note.as_deref().unwrap()).collect();
    assert_eq!(notes, ["路灯不亮", "井盖缺失,已围挡"]);
    assert_eq!(phone.drafts().unwrap().len(), 1);
}

#[test]
fn a_notebook_of_schema_2_opens_with_its_login_and_its_photo() {
    let (folder, keys) = left_by(2);
    let photo = picture(1);
    fs::create_dir(folder.path().join("photos")).unwrap();
    let name = xuncha_core::model::Hash::of(&photo).to_hex();
    let mut sealed = fs::File::create(folder.path().join("photos").join(name)).unwrap();
    std::io::Write::write_all(&mut sealed, &photo).unwrap();
    let phone = Notebook::open(folder.path(), keys, host(1)).unwrap();
    assert_eq!(phone.check().unwrap(), Vec::<String>::new());
    let status = phone.status().unwrap();
    assert_eq!((status.pending, status.photos, status.files_waiting, status.files_lost), (2, 1, 1, 0));
    assert_eq!((status.name.as_deref(), status.locked, status.must_enrol_again), (Some("王"), false, None));
    let people = phone.people().unwrap();
    assert_eq!((people.len(), Some(people[0].user), people[0].is_current), (1, status.user, true));
    assert_eq!((people[0].has_pin, people[0].unsent, people[0].sign_in_again), (false, 2, None));
    phone.record(finding("升级之后"), vec![]).unwrap();
    phone.set_pin("8351").unwrap();
    drop(phone);
    let db = rusqlite::Connection::open(folder.path().join("notebook.db")).unwrap();
    let login: (String, i64) =
        db.query_row("SELECT token, opened FROM login", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(login.0, "token-0");
    let opened: String = db
        .query_row("SELECT row ->> '$.fields.opened' FROM entity WHERE kind = 'session'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(xuncha_core::model::Time::from_millis(login.1).to_string(), opened);
}

#[test]
fn a_token_that_schema_2_knew_to_be_bad_stays_so() {
    let (folder, keys) = left_by(2);
    let db = rusqlite::Connection::open(folder.path().join("notebook.db")).unwrap();
    db.execute_batch("UPDATE notebook SET again = 'token'").unwrap();
    drop(db);
    let phone = Notebook::open(folder.path(), keys, host(1)).unwrap();
    assert_eq!(phone.status().unwrap().must_enrol_again, Some(xuncha_core::notebook::EnrolAgain::Token));
    assert_eq!(phone.people().unwrap()[0].sign_in_again, Some(xuncha_core::notebook::SignInAgain::Token));
}

#[tokio::test]
async fn photos_that_schema_1_had_promised_are_sent_and_what_it_lost_is_said() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    let photos = [1, 2, 3].map(|number| phone.seal_photo(&mut picture(number).as_slice(), Default::default()).unwrap());
    let lost = photos[2].blob.hash;
    let id = phone.record_with_photos(finding("旧版本记的"), photos.to_vec()).unwrap();
    let (folder, keys, host) = phone.close();
    // What schema 1 left: the ops, the files in their folder, and nothing that says which are sent.
    let db = rusqlite::Connection::open(folder.path().join("notebook.db")).unwrap();
    let back = "ALTER TABLE notebook ADD COLUMN name TEXT; ALTER TABLE notebook ADD COLUMN session TEXT;
         ALTER TABLE notebook ADD COLUMN token TEXT;
         UPDATE notebook SET (name, session, token) = (SELECT name, session, token FROM login);
         DROP TABLE login; DROP TABLE promise; DROP TABLE photo; DROP TABLE file;
         DROP TABLE document; DROP TABLE line_before; DROP INDEX reason_to_come; ALTER TABLE notebook DROP COLUMN push_most; DROP INDEX entity_inspection; DROP INDEX entity_known_place; DROP INDEX entity_task;
         PRAGMA user_version = 1";
    db.execute_batch(back).unwrap();
    drop(db);
    fs::remove_file(folder.path().join("photos").join(lost.to_hex())).unwrap();
    let phone = Notebook::open(folder.path(), keys, host).unwrap();
    assert_eq!(phone.check().unwrap(), Vec::<String>::new());
    let status = phone.status().unwrap();
    assert_eq!((status.photos, status.files_waiting, status.files_lost), (3, 2, 1));
    assert!(phone.recovered_photos().unwrap().is_empty());
    assert_eq!(phone.make_previews(&Default::default()).unwrap().made, 2);
    assert_eq!(phone.sync(&city, &()).await.unwrap().files_sent, 6);
    let evidence = phone.finding(id).unwrap().evidence;
    assert_eq!((evidence.expected, evidence.originals, evidence.displays), (3, 2, 2));
}

/// Writes the key and the file that the golden dump is made from:
/// `XUNCHA_GOLDEN=/tmp/golden cargo nextest run -p xuncha-core golden --run-ignored only`, then
/// `sqlite3 /tmp/golden/notebook.db .dump`, with its `user_version` and `application_id` added.
#[tokio::test]
#[ignore = "writes a fixture"]
async fn write_a_golden_notebook() {
    let folder = std::env::var("XUNCHA_GOLDEN").unwrap();
    let (city, host) = (City::new(1), host(2));
    let keys = FileKeyStore::new(format!("{folder}/phone.key"));
    let phone = Notebook::open(folder.as_ref(), Arc::new(keys), host).unwrap();
    phone.set_server("https://xuncha.example.cn").unwrap();
    phone.enrol(&city, &city.invite("王", &["inspector"])).await.unwrap();
    let id = phone.record(finding_at("井盖缺失", 39.9, 116.4), vec![]).unwrap();
    phone.sync(&city, &()).await.unwrap();
    phone.amend(id, note("井盖缺失,已围挡"), vec![]).unwrap();
    let photo = phone.seal_photo(&mut picture(1).as_slice(), Default::default()).unwrap();
    phone.record_with_photos(finding("路灯不亮"), vec![photo]).unwrap();
    phone.save_draft(None, &finding("半句")).unwrap();
}
