//! What the simulation found, each as a story of its own.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use xuncha_core::model::{FindingDraft, Hash, Severity};
use xuncha_core::protocol::Verdict;
use xuncha_core::sync::{Progress, Step, SyncOptions};
use xuncha_server::backup::{RestoreOptions, restore, take};
use xuncha_server::ledger::OwnOp;
use xuncha_tests::harness::{Phone, TestServer, photo, square, street_list, until};

use super::check;

fn back_up(server: &TestServer, target: &Path) {
    take(server.data(), target, false, &server.host(), &mut |_| {}).unwrap();
}

/// The server's machine burns down; what is in `target` is put in its place.
async fn burn_down(server: &mut TestServer, phones: &mut [&mut Phone], target: &Path) {
    server.stop().await;
    std::fs::remove_dir_all(server.data()).unwrap();
    let options = RestoreOptions { new_epoch: true, ..RestoreOptions::default() };
    restore(target, server.data(), options, &server.host(), &mut |_| {}).unwrap();
    server.reopen_office();
    server.resume().await;
    for phone in phones {
        phone.go_to(&server.url());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restore_the_ledger_wins_over_rows_with_larger_numbers() {
    let mut server = TestServer::start().await;
    let east = server.office.area("东区", &square(0.0, 10.0));
    let user = server.office.user("王敏", &["inspector"], &[]);
    let mut reader = Phone::of_user(&server, user).await;
    let mut writer = Phone::of(&server, "李强", "inspector").await;
    let finding = writer.record_at("垃圾箱满溢", 5.0, 5.0);
    writer.sync().await;
    reader.sync().await;
    let target = tempfile::tempdir().unwrap();
    back_up(&server, target.path());
    // After the backup: the reader sees one area only, and the finding is changed with a large number.
    server.office.change("user.amend", user, json!({ "areas": { east.to_string(): true } }));
    let draft = FindingDraft { severity: Some(Severity::High), ..FindingDraft::default() };
    writer.notebook.amend(finding, draft, Vec::new()).unwrap();
    writer.sync().await;
    reader.sync().await;
    assert_eq!(reader.finding(finding).severity, Some(Severity::High));
    burn_down(&mut server, &mut [&mut reader, &mut writer], target.path()).await;
    reader.sync().await;
    let shown = reader.notebook.entity(finding).unwrap().unwrap();
    assert_eq!(shown.to_text(), server.office.entity(finding).to_text(), "the writer has not yet said it again");
    writer.sync().await;
    reader.sync().await;
    assert_eq!(reader.finding(finding).severity, Some(Severity::High));
    check(&server, &[&reader, &writer]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalogue_that_the_backup_lacks_is_the_same_when_it_is_loaded_again() {
    let mut server = TestServer::start().await;
    let mut phone = Phone::of(&server, "王敏", "inspector").await;
    let target = tempfile::tempdir().unwrap();
    back_up(&server, target.path());
    let catalogue = street_list("later", &["SR-1", "SR-7"]);
    let loaded = server.office.load_catalogue(&catalogue);
    phone.sync().await;
    let finding = phone.record("按新目录记的");
    phone.sync().await;
    burn_down(&mut server, &mut [&mut phone], target.path()).await;
    // The first page of the new epoch takes the catalogue away while the finding that names it is pending.
    phone.sync().await;
    assert_eq!(phone.notebook.status().unwrap().held, 1, "nobody knows the catalogue that it names");
    assert_eq!(server.office.load_catalogue(&catalogue), loaded);
    phone.sync().await;
    phone.sync().await;
    assert_eq!(phone.notebook.status().unwrap().pending, 0);
    assert_eq!(server.office.entity(finding).text("note"), Some("按新目录记的"));
    check(&server, &[&phone]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_whom_the_backup_lacks_is_the_same_when_added_under_the_same_id() {
    let mut server = TestServer::start().await;
    let target = tempfile::tempdir().unwrap();
    back_up(&server, target.path());
    let mut phone = Phone::of(&server, "王敏", "inspector").await;
    let (user, finding) = (phone.user(), phone.record("备份之后才来的人记的"));
    phone.sync().await;
    burn_down(&mut server, &mut [&mut phone], target.path()).await;
    let body = json!({ "name": "王敏", "roles": { "inspector": true } });
    let again = OwnOp::making_once("admin", "user.add", user, body);
    assert!(matches!(server.office.say(&again), Verdict::Accepted { .. }));
    drop(phone.try_sync().await);
    phone.enrol(&server, user).await;
    phone.sync().await;
    phone.sync().await;
    assert_eq!(phone.notebook.status().unwrap().pending, 0);
    assert_eq!(server.office.entity(finding).by, Some(user));
    check(&server, &[&phone]);
}

/// The fewest findings that a phone showed while it synced.
struct Fewest<'a>(&'a Phone, AtomicUsize);

impl Progress for Fewest<'_> {
    fn step(&self, _: Step) {
        self.1.fetch_min(self.0.findings().len(), Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_shown_stays_while_a_new_epoch_comes_page_by_page() {
    let mut server = TestServer::start().await;
    let mut phone = Phone::of(&server, "王敏", "inspector").await;
    for n in 0..9 {
        phone.record(&format!("第{n}处"));
    }
    phone.sync().await;
    let target = tempfile::tempdir().unwrap();
    back_up(&server, target.path());
    burn_down(&mut server, &mut [&mut phone], target.path()).await;
    let options = SyncOptions { page_rows: Some(2), ..SyncOptions::default() };
    let fewest = Fewest(&phone, AtomicUsize::new(usize::MAX));
    let synced = phone.notebook.sync_with(&phone.service(), &fewest, &options).await.unwrap();
    assert!(synced.restored.is_some() && synced.pulled_rows >= 9, "{synced:?}");
    assert_eq!((fewest.1.into_inner(), phone.findings().len()), (9, 9));
    check(&server, &[&phone]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_moves_more_rows_than_fit_in_a_page_comes_whole() {
    let server = TestServer::start().await;
    let phone = Phone::of(&server, "王敏", "inspector").await;
    let reader = Phone::of(&server, "李强", "inspector").await;
    let bytes = photo(&server.random, 900);
    let findings: Vec<_> = (0..5).map(|n| phone.record_photos(&format!("第{n}处"), &[&bytes])).collect();
    phone.sync().await;
    let blob = || server.office.store.look(|snapshot| snapshot.blob(&Hash::of(&bytes))).unwrap();
    until(|| blob().is_some_and(|row| row.kept.is_some())).await;
    let options = SyncOptions { attempts: 1, page_rows: Some(1), ..SyncOptions::default() };
    reader.notebook.sync_with(&reader.service(), &(), &options).await.unwrap();
    assert!(findings.iter().all(|id| reader.originals(*id) == 1));
    check(&server, &[&phone, &reader]);
}
