//! A backup is whole, incremental and believed only when checked; a restored ledger is the ledger.

use std::path::Path;

use serde_json::json;
use xuncha_server::backup::{BackupError, RestoreOptions, restore, take};
use xuncha_tests::harness::{Phone, TestServer, check_folder, http_client, xuncha};

fn code(error: &BackupError) -> &'static str {
    match error {
        BackupError::Unfit { code, .. } => code,
        other => panic!("{other}"),
    }
}

fn size_of(folder: &Path) -> u64 {
    xuncha(["verify", "--data", folder.to_str().unwrap()]).value()["entries"].as_u64().unwrap()
}

#[tokio::test]
async fn a_backup_of_a_running_server_restores_to_the_same_ledger() {
    let server = TestServer::start().await;
    let phone = Phone::of(&server, "王敏", "inspector").await;
    phone.record("占道堆物");
    phone.sync().await;
    let places = tempfile::tempdir().unwrap();
    let (target, data) = (places.path().join("backup"), places.path().join("restored"));
    let taken = xuncha(["backup", "--data", server.data().to_str().unwrap(), target.to_str().unwrap()]).value();
    assert_eq!(
        (taken["size"].as_u64(), taken["durable_size"].as_u64()),
        (Some(server.office.size()), Some(server.office.size()))
    );
    phone.sync().await;
    assert_eq!(phone.notebook.status().unwrap().durable_size, server.office.size());
    let restored = xuncha(["restore", target.to_str().unwrap(), "--data", data.to_str().unwrap()]).value();
    assert_eq!((restored["size"].as_u64(), restored["epoch"].as_u64()), (Some(server.office.size()), Some(1)));
    check_folder(&data);
    assert_eq!(size_of(&data), server.office.size());
}

#[tokio::test]
async fn a_phone_that_has_seen_no_more_goes_on_with_the_restored_ledger() {
    let mut server = TestServer::start().await;
    let mut phone = Phone::of(&server, "王敏", "inspector").await;
    let finding = phone.record("占道堆物");
    phone.sync().await;
    let target = tempfile::tempdir().unwrap();
    take(server.data(), target.path(), false, &server.host(), &mut |_| {}).unwrap();
    server.stop().await;
    std::fs::remove_dir_all(server.data()).unwrap();
    restore(target.path(), server.data(), RestoreOptions::default(), &server.host(), &mut |_| {}).unwrap();
    server.resume().await;
    phone.go_to(&server.url());
    phone.amend(finding, "占道堆物两处");
    phone.sync().await;
    server.check_all();
    phone.check();
}

#[tokio::test]
async fn what_is_no_backup_of_this_ledger_is_refused_and_changes_nothing() {
    let (ours, theirs) = (TestServer::start().await, TestServer::start().await);
    let target = tempfile::tempdir().unwrap();
    take(ours.data(), target.path(), false, &ours.host(), &mut |_| {}).unwrap();
    let wrong = take(theirs.data(), target.path(), false, &theirs.host(), &mut |_| {}).unwrap_err();
    assert_eq!(code(&wrong), "wrong_ledger");
    let host = ours.host();
    let nowhere = target.path().join("none");
    let again = |source: &Path, data: &Path| restore(source, data, RestoreOptions::default(), &host, &mut |_| {});
    assert_eq!(code(&again(&nowhere, &target.path().join("new")).unwrap_err()), "no_backup");
    assert_eq!(code(&again(target.path(), ours.data()).unwrap_err()), "not_empty");
    ours.check_all();
}

#[tokio::test]
async fn a_backup_within_what_it_is_a_copy_of_is_none() {
    let server = TestServer::start().await;
    let beside = server.data().join("../data-backup");
    for inside in ["inner", "inner/deeper", "blobs/copy", "../data/./inner"] {
        let target = server.data().join(inside);
        let refused = take(server.data(), &target, false, &server.host(), &mut |_| {}).unwrap_err();
        assert_eq!(code(&refused), "backup_inside", "{inside}");
        assert!(!target.exists(), "nothing was made");
    }
    assert_eq!(server.office.store.look(|snapshot| snapshot.durable_size()).unwrap(), 0);
    take(server.data(), &beside, false, &server.host(), &mut |_| {}).unwrap();
}

#[tokio::test]
async fn a_damaged_backup_is_not_restored() {
    let server = TestServer::start().await;
    let target = tempfile::tempdir().unwrap();
    take(server.data(), target.path(), false, &server.host(), &mut |_| {}).unwrap();
    let manifest = std::fs::read_to_string(target.path().join("backup.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let database = target.path().join(manifest["database"].as_str().unwrap());
    let mut bytes = std::fs::read(&database).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    put(&database, &bytes);
    let data = target.path().join("data");
    let attempt = |key| {
        let options = RestoreOptions { key, ..RestoreOptions::default() };
        restore(target.path(), &data, options, &server.host(), &mut |_| {})
    };
    assert_eq!(code(&attempt(None).unwrap_err()), "damaged");
    bytes[middle] ^= 1;
    put(&database, &bytes);
    let stranger = target.path().join("stranger.key");
    put(&stranger, &[7; 32]);
    assert_eq!(code(&attempt(Some(&stranger)).unwrap_err()), "wrong_key");
    std::fs::remove_file(target.path().join("ledger.key")).unwrap();
    assert_eq!(code(&attempt(None).unwrap_err()), "key_missing");
    assert!(!data.exists());
    assert!(!target.path().join("data.restoring").exists());
    attempt(Some(&server.data().join("ledger.key"))).unwrap();
    check_folder(&data);
}

#[tokio::test]
async fn an_old_copy_of_the_database_goes_when_a_newer_one_counts() {
    let server = TestServer::start().await;
    let target = tempfile::tempdir().unwrap();
    for _ in 0..4 {
        server.clock.pass(1_000);
        take(server.data(), target.path(), false, &server.host(), &mut |_| {}).unwrap();
    }
    let copies = std::fs::read_dir(target.path()).unwrap();
    let copies = copies.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().ends_with(".sqlite"));
    assert_eq!(copies.count(), 2, "the one that counts and the one before");
}

#[tokio::test]
async fn a_new_epoch_names_where_the_old_one_ended() {
    let mut server = TestServer::start().await;
    let target = tempfile::tempdir().unwrap();
    take(server.data(), target.path(), false, &server.host(), &mut |_| {}).unwrap();
    let size = server.office.size();
    server.stop().await;
    std::fs::remove_dir_all(server.data()).unwrap();
    let options = RestoreOptions { new_epoch: true, ..RestoreOptions::default() };
    let restored = restore(target.path(), server.data(), options, &server.host(), &mut |_| {}).unwrap();
    assert_eq!((restored.size, restored.epoch), (size, 2));
    server.resume().await;
    check_folder(server.data());
    let info = http_client().get(format!("{}/v1/ledger", server.url())).send().await.unwrap();
    let info: serde_json::Value = serde_json::from_slice(&info.bytes().await.unwrap()).unwrap();
    assert_eq!((&info["epoch"], &info["floors"]), (&json!(2), &json!({ "1": size })));
}

#[expect(clippy::disallowed_methods, reason = "a test spoils a file")]
fn put(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
}
