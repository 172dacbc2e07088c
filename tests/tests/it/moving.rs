//! A ledger moves from SQLite into PostgreSQL: all of it or nothing, once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use xuncha_core::Error;
use xuncha_core::model::{Code, Hash};
use xuncha_core::protocol::Verdict;
use xuncha_server::ledger::KEY_FILE;
use xuncha_server::settings::{FILE, Settings};
use xuncha_server::store::{self, StoreError};
use xuncha_tests::harness::{
    Outcome, Phone, RawPhone, TestServer, binary, bucket, cluster, new_database, new_place, photo, put_bytes,
    run_behind, xuncha,
};

/// An empty database, or none where these tests are about something else.
fn database() -> Option<String> {
    let cluster = cluster();
    if cluster.is_none() {
        eprintln!("skipped: XUNCHA_POSTGRES names no cluster");
    }
    cluster.map(|cluster| new_database(&cluster))
}

fn migrate(server: &TestServer, to: &str) -> Outcome {
    xuncha(["migrate", "--from", server.data().to_str().unwrap(), "--to", to])
}

fn code(outcome: &Outcome) -> String {
    outcome.lines()[0]["error"]["code"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_city_moves_with_all_it_has_and_goes_on_where_it_was() {
    let Some(to) = database() else { return };
    let mut server = TestServer::in_sqlite().await;
    let mut phones = Vec::new();
    for name in ["王敏", "李强", "赵云"] {
        phones.push(Phone::of(&server, name, "inspector").await);
    }
    let bytes = photo(&server.random, 60_000);
    let finding = phones[0].record_photos("占道堆物", &[&bytes]);
    for phone in &phones {
        phone.record("沿街晾挂");
        phone.sync().await;
    }
    phones[1].sync().await;
    phones[1].amend(finding, "一人说");
    phones[2].sync().await;
    phones[2].amend(finding, "另一人说");
    for phone in &phones {
        phone.sync().await;
    }
    // Said to the old server while the ledger leaves it, and never heard.
    let late = phones[0].record("搬家之后");
    let outcome = migrate(&server, &to);
    let moved = outcome.value();
    assert_eq!((&moved["size"], &moved["resumed"]), (&json!(server.office.size()), &json!(0)));
    let away = phones[0].try_sync().await.unwrap_err();
    assert!(matches!(&away, Error::Refused { code: Code::Unavailable, .. }), "{away:?}");
    assert_eq!(phones[0].note(late), "搬家之后");
    let opened = store::open(server.data(), None, false).err().unwrap();
    assert!(matches!(&opened, StoreError::Moved(to) if to.contains("127.0.0.1")), "{opened}");
    assert!(!opened.to_string().contains("tests@"), "a password: {opened}");

    let before = server.office.size();
    server.restart().await;
    server.reopen_office();
    assert_eq!(server.office.size(), before);
    for phone in &mut phones {
        phone.go_to(&server.url());
        phone.sync().await;
    }
    for phone in &phones {
        phone.sync().await;
        assert_eq!(phone.findings().len(), 5);
        phone.check();
    }
    assert_eq!(phones[2].conflicts().len(), 1, "what was open is open");
    let fresh = Phone::of(&server, "孙丽", "inspector").await;
    fresh.sync().await;
    fresh.check();
    server.check_all();
    let again = migrate(&server, &to).value();
    assert_eq!(again["rows"], 0, "it is there already");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_along_when_they_are_given_a_place() {
    let shared = tempfile::tempdir().unwrap();
    let mut places = vec![shared.path().display().to_string()];
    places.extend(bucket().map(|bucket| new_place(&bucket)));
    for place in places {
        let Some(to) = database() else { return };
        let mut server = TestServer::in_sqlite().await;
        let mut phone = Phone::of(&server, "王敏", "inspector").await;
        let bytes: Vec<Vec<u8>> = (0..3).map(|_| photo(&server.random, 60_000)).collect();
        for bytes in &bytes {
            phone.record_photos("占道堆物", &[bytes]);
        }
        phone.sync().await;
        let mut sender = RawPhone::of(&server, phone.user()).await;
        let underway = photo(&server.random, 60_000);
        let upload = sender.begin(&underway).await;
        assert_eq!(sender.patch(&upload, 0, &underway[..20_000]).await.offset(), 20_000);
        let data = server.data().to_str().unwrap().to_owned();
        let lost = depot_path(&data, &bytes[1]);
        fs::remove_file(&lost).unwrap();
        let arguments = ["migrate", "--from", &data, "--to", &to, "--blobs", &place];
        let outcome = xuncha(arguments);
        assert_eq!(outcome.code, 1, "a file stays behind: {outcome:?}");
        let moved = &outcome.lines()[0];
        assert_eq!((&moved["lacks"][0]["state"], moved["lacks"].as_array().unwrap().len()), (&json!("missing"), 1));
        let settings = Settings::of(server.data()).unwrap();
        assert_eq!((settings.database.as_deref(), settings.blobs.as_deref()), (Some(&*to), Some(&*place)));
        server.restart().await;
        server.reopen_office();
        phone.go_to(&server.url());
        phone.record_photos("搬家之后", &[&photo(&server.random, 60_000)]);
        phone.sync().await;
        phone.check();
        sender.url = server.url();
        assert_eq!(sender.stand(&upload).await.status, 410, "it begins again");
        let report = xuncha(["verify", "--data", &data]);
        let problems = report.lines()[0]["problems"].as_array().unwrap().len();
        assert_eq!(problems, 1, "what was lost before is lost there, and nothing else: {report:?}");
        fs::remove_dir_all(server.data().join("blobs")).unwrap();
        assert_eq!(xuncha(["verify", "--data", &data]).lines()[0]["problems"].as_array().unwrap().len(), problems);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_for_files_that_is_named_late_is_filled_or_refused() {
    let Some(to) = database() else { return };
    let server = TestServer::in_sqlite().await;
    let phone = Phone::of(&server, "王敏", "inspector").await;
    phone.record_photos("占道堆物", &[&photo(&server.random, 60_000)]);
    phone.sync().await;
    let shared = tempfile::tempdir().unwrap();
    let (data, place) = (server.data().to_str().unwrap(), shared.path().to_str().unwrap());
    let with_files = || xuncha(["migrate", "--from", data, "--to", &to, "--blobs", place]);
    assert_eq!(migrate(&server, &to).value()["files"], 0);
    // Its server may have taken in files since.
    assert_eq!(code(&with_files()), "bad_settings");
    assert_eq!(Settings::of(server.data()).unwrap().blobs, None);
    assert_eq!(migrate(&server, &to).value()["rows"], 0, "it is there already");
    // Killed before the last step, the settings named nothing.
    put_bytes(server.data().join(FILE), "");
    assert_eq!(with_files().value()["files"], 1);
    fs::remove_dir_all(server.data().join("blobs")).unwrap();
    assert_eq!(xuncha(["verify", "--data", data]).value()["ok"], true);
}

/// Where a file lies in the data folder.
fn depot_path(data: &str, bytes: &[u8]) -> PathBuf {
    let name = Hash::of(bytes).to_hex();
    Path::new(data).join("blobs").join(&name[..2]).join(name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_is_killed_again_and_again_arrives_whole() {
    let Some(to) = database() else { return };
    let mut server = TestServer::in_sqlite().await;
    let mut phone = RawPhone::new(&server, "王敏", &["inspector"]).await;
    let mut texts = Vec::new();
    for round in 0..60 {
        let some: Vec<String> = (0..100).map(|number| phone.record(&format!("{round}-{number}")).1).collect();
        phone.push(&some).await;
        texts.extend(some);
    }
    let before = server.office.size();
    server.stop().await;
    let (mut until, mut killed, mut told) = (Duration::from_millis(60), 0, None);
    while told.is_none() {
        told = move_for(&server, &to, until);
        killed += u32::from(told.is_none());
        // Later each time, so that it comes to an end.
        until = until * 5 / 4;
        // Nobody takes half a ledger for one.
        if let Ok(there) = store::open("/nowhere".as_ref(), Some(&to), false) {
            assert_eq!(there.look(|snapshot| snapshot.head()).unwrap().unwrap().size, before);
        }
    }
    let moved = told.unwrap();
    assert!(killed > 3, "{killed} {moved}");
    assert_eq!(moved["size"], json!(before));
    server.resume().await;
    server.reopen_office();
    phone.url = server.url();
    assert_eq!(server.office.size(), before);
    assert!(phone.push(&texts[..100]).await.iter().all(|verdict| matches!(verdict, Verdict::Duplicate { .. })));
    server.check_all();
}

/// A move that is killed after a while, unless it has ended before.
fn move_for(server: &TestServer, to: &str, while_: Duration) -> Option<Value> {
    let mut command = Command::new(binary());
    command.args(["--json", "migrate", "--to", to, "--from"]).arg(server.data());
    let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(while_);
    drop(process.kill());
    let output = process.wait_with_output().unwrap();
    // None when a signal ended it.
    output.status.code()?;
    assert!(output.status.success(), "{output:?}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_goes_on_where_it_was_unless_the_ledger_has_changed() {
    let Some(to) = database() else { return };
    let mut server = TestServer::in_sqlite().await;
    let phone = Phone::of(&server, "王敏", "inspector").await;
    phone.record("第一条");
    phone.sync().await;
    let resumed = |outcome: &Outcome| outcome.value()["resumed"].as_u64().unwrap();
    half_move(&server, &to);
    // It changes no number of rows.
    assert!(run_behind(server.data(), "UPDATE invite SET expires = expires + 1") > 0);
    half_move(&server, &to);
    phone.record("第二条");
    phone.sync().await;
    half_move(&server, &to);
    let moved = migrate(&server, &to);
    assert_eq!(Some(resumed(&moved)), moved.value()["rows"].as_u64(), "all of it was there");
    server.restart().await;
    server.reopen_office();
    server.check_all();

    let to = new_database(&cluster().unwrap());
    let server = TestServer::in_sqlite().await;
    half_move(&server, &to);
    server.office.user("李强", &["inspector"], &[]);
    assert_eq!(resumed(&migrate(&server, &to)), 0, "it was another ledger, as it were");
}

/// A move that fails at its very end, after everything was copied.
fn half_move(server: &TestServer, to: &str) {
    let key = server.data().join(KEY_FILE);
    let kept = fs::read(&key).unwrap();
    put_bytes(&key, [7; 32]);
    let outcome = migrate(server, to);
    put_bytes(&key, kept);
    assert_eq!(code(&outcome), "damaged", "signed by another key: {outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_moved_says_why_and_stays() {
    let Some(to) = database() else { return };
    let server = TestServer::in_sqlite().await;
    let phone = Phone::of(&server, "王敏", "inspector").await;
    assert_eq!(code(&migrate(&server, "a database")), "bad_field");
    assert_eq!(code(&migrate(&server, "postgres://x:y@127.0.0.1:1/z")), "database_away");
    assert_eq!(code(&migrate(&server, &to.replacen("://", "://nobody", 1))), "database_denied");
    let other = TestServer::start().await;
    let taken = Settings::of(other.data()).unwrap().database.unwrap();
    assert_eq!(code(&migrate(&server, &taken)), "exists");
    assert_eq!(code(&migrate(&other, &to)), "bad_settings", "it lies in a database");
    let nothing = tempfile::tempdir().unwrap();
    let outcome = xuncha(["migrate", "--from", nothing.path().to_str().unwrap(), "--to", &to]);
    assert_eq!(code(&outcome), "no_ledger");
    assert_eq!(xuncha(["migrate", "--to", &to]).code, 2, "--from is missing");
    fs::rename(server.data().join(KEY_FILE), server.data().join("elsewhere")).unwrap();
    assert_eq!(code(&migrate(&server, &to)), "key_missing");
    fs::rename(server.data().join("elsewhere"), server.data().join(KEY_FILE)).unwrap();
    phone.record("还在原处");
    phone.sync().await;
    server.check_all();
}
