//! Photos, from the shutter to the ledger and back after a disaster.

use std::path::Path;
use std::time::Duration;

use xuncha_core::model::{EntityId, Hash};
use xuncha_core::notebook::PreviewOptions;
use xuncha_core::sync::Conditions;
use xuncha_server::backup::{RestoreOptions, restore, take};
use xuncha_server::blobs::Folder;
use xuncha_tests::harness::{Phone, Shelf, TestServer, bucket, photo, picture, until, xuncha};

use super::check;

const ON_THE_ROAD: Conditions = Conditions { metered: true, wifi: false, charging: false };

async fn city() -> (TestServer, Phone) {
    let server = TestServer::start().await;
    let phone = Phone::of(&server, "王敏", "inspector").await;
    (server, phone)
}

fn is_kept(server: &TestServer, bytes: &[u8]) -> bool {
    let row = server.office.store.look(|snapshot| snapshot.blob(&Hash::of(bytes))).unwrap();
    row.is_some_and(|row| row.whole && row.kept.is_some())
}

/// Syncs until the phone knows that every original of the finding is kept.
async fn settle(server: &TestServer, phone: &Phone, finding: EntityId, photos: &[&[u8]]) {
    phone.sync().await;
    until(|| photos.iter().all(|bytes| is_kept(server, bytes))).await;
    phone.sync().await;
    assert_eq!(phone.originals(finding), photos.len());
}

/// The server's machine burns down; what is in `target` is put in its place.
async fn burn_down(server: &mut TestServer, phone: &mut Phone, target: &Path, new_epoch: bool) {
    server.stop().await;
    std::fs::remove_dir_all(server.data()).unwrap();
    let options = RestoreOptions { new_epoch, ..RestoreOptions::default() };
    restore(target, server.data(), options, &server.host(), &mut |_| {}).unwrap();
    server.reopen_office();
    server.resume().await;
    phone.go_to(&server.url());
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_taken_offline_are_evidence_on_every_phone_once_they_have_arrived() {
    let (server, a) = city().await;
    let b = Phone::of(&server, "李强", "inspector").await;
    let photos: Vec<_> = (0..10).map(|n| photo(&server.random, 10_000 + n)).collect();
    let photos: Vec<&[u8]> = photos.iter().map(Vec::as_slice).collect();
    let finding = a.record_photos("建筑垃圾未苫盖", &photos);
    assert_eq!(a.pending(), 1, "ten photos are one record");
    a.sync_under(ON_THE_ROAD).await;
    b.sync().await;
    let shown = b.finding(finding).evidence;
    assert_eq!((shown.expected, shown.originals, shown.is_sealed()), (10, 0, false), "originals wait for Wi-Fi");
    settle(&server, &a, finding, &photos).await;
    b.sync().await;
    assert!(b.finding(finding).evidence.is_sealed());
    check(&server, &[&a, &b]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_freed_too_early_would_be_lost_and_is_not() {
    let (mut server, mut phone) = city().await;
    let bytes = photo(&server.random, 300_000);
    let finding = phone.record_photos("占道堆物", &[&bytes]);
    phone.sync_under(ON_THE_ROAD).await;
    let target = tempfile::tempdir().unwrap();
    take(server.data(), target.path(), false, &server.host(), &mut |_| {}).unwrap();
    settle(&server, &phone, finding, &[&bytes]).await;
    assert!(phone.notebook.status().unwrap().durable_size > 0, "the op is covered");
    let freed = phone.notebook.free_space().unwrap();
    assert_eq!(freed.files, 0, "its photo is not: {freed:?}");
    burn_down(&mut server, &mut phone, target.path(), true).await;
    assert!(!is_kept(&server, &bytes));
    let synced = phone.sync().await;
    assert_eq!(synced.restored.map(|restored| restored.epoch), Some(2));
    settle(&server, &phone, finding, &[&bytes]).await;
    check(&server, &[&phone]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_backup_covers_may_be_freed_and_comes_back_with_it() {
    let (mut server, mut phone) = city().await;
    let bytes = photo(&server.random, 300_000);
    let finding = phone.record_photos("占道堆物", &[&bytes]);
    settle(&server, &phone, finding, &[&bytes]).await;
    let target = tempfile::tempdir().unwrap();
    let taken = take(server.data(), target.path(), false, &server.host(), &mut |_| {}).unwrap();
    assert_eq!((taken.copied, taken.lacks.len()), (1, 0));
    phone.sync().await;
    assert_eq!(phone.notebook.free_space().unwrap().files, 0, "previews are still to be made from it");
    phone.notebook.make_previews(&PreviewOptions::default()).unwrap();
    let freed = phone.notebook.free_space().unwrap();
    assert_eq!((freed.files, freed.bytes), (1, 300_000));
    phone.check();
    burn_down(&mut server, &mut phone, target.path(), false).await;
    assert!(is_kept(&server, &bytes));
    phone.sync().await;
    assert_eq!(phone.originals(finding), 1);
    let again = take(server.data(), target.path(), true, &server.host(), &mut |_| {}).unwrap();
    assert_eq!((again.copied, again.present), (0, 1), "only what is new is copied");
    check(&server, &[&phone]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_its_disk_gives_no_more_holds_up_no_other() {
    let (server, phone) = city().await;
    if bucket().is_some() {
        eprintln!("skipped: the files do not lie on a disk");
        return;
    }
    let pictures = [picture(&server.random, 60, 40), picture(&server.random, 60, 40)];
    let findings = [phone.record_photos("先拍的", &[&pictures[0]]), phone.record_photos("后拍的", &[&pictures[1]])];
    settle(&server, &phone, findings[0], &[&pictures[0]]).await;
    settle(&server, &phone, findings[1], &[&pictures[1]]).await;
    // Whatever reads it at its beginning gets EIO.
    let lost = Hash::of(&pictures[0]);
    let path = Folder::of(server.data()).path(&lost);
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/proc/self/mem", &path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap_err().raw_os_error(), Some(5));

    assert_eq!(server.office.make_previews(server.data(), Duration::ZERO), 1, "of the other one");
    let target = tempfile::tempdir().unwrap();
    let taken = take(server.data(), target.path(), false, &server.host(), &mut |_| {}).unwrap();
    let lacks: Vec<_> = taken.lacks.iter().map(|lack| (lack.hash, lack.state)).collect();
    assert_eq!(lacks, [(lost, "missing")]);
    assert!(taken.durable_size < taken.size, "what stands above it is not covered");
    // The phone that still has it is asked for it.
    assert_eq!(phone.sync().await.files_sent, 1);
    check(&server, &[&phone]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_after_the_backup_is_said_again_in_the_new_epoch() {
    let (mut server, mut a) = city().await;
    let b = Phone::of(&server, "李强", "inspector").await;
    let before = a.record("备份之前");
    a.sync().await;
    b.sync().await;
    let target = tempfile::tempdir().unwrap();
    take(server.data(), target.path(), false, &server.host(), &mut |_| {}).unwrap();
    let after = a.record("备份之后");
    a.amend(before, "备份之后改过");
    a.sync().await;
    b.sync().await;
    let waiting = a.record("还没送");
    burn_down(&mut server, &mut a, target.path(), true).await;
    let synced = a.sync().await;
    // Two that were lost; the one that waited had no verdict in the old epoch, and goes on waiting.
    assert_eq!(synced.restored.map(|restored| restored.said_again), Some(2));
    for (finding, note) in [(before, "备份之后改过"), (after, "备份之后"), (waiting, "还没送")] {
        assert_eq!(a.note(finding), note);
        assert_eq!(server.office.entity(finding).text("note"), Some(note));
    }
    assert_eq!(a.pending(), 0);
    let mut b = b;
    b.go_to(&server.url());
    let mine = b.record("乙在新纪元");
    b.sync().await;
    a.sync().await;
    assert_eq!(a.note(mine), "乙在新纪元");
    assert_eq!(b.note(before), "备份之后改过");
    check(&server, &[&a, &b]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_has_seen_more_waits_until_an_epoch_begins() {
    let (mut server, mut phone) = city().await;
    let target = tempfile::tempdir().unwrap();
    take(server.data(), target.path(), false, &server.host(), &mut |_| {}).unwrap();
    let finding = phone.record("备份之后");
    phone.sync().await;
    burn_down(&mut server, &mut phone, target.path(), false).await;
    let turned_away = phone.try_sync().await.unwrap_err();
    assert_eq!(turned_away.code(), "ledger_rolled_back");
    assert_eq!(phone.note(finding), "备份之后", "everything is kept");
    phone.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_check_or_a_backup_finds_lost_is_asked_for_and_covered_once_it_is_back() {
    let (server, phone) = city().await;
    let bytes = photo(&server.random, 40_000);
    let finding = phone.record_photos("灯箱破损", &[&bytes]);
    settle(&server, &phone, finding, &[&bytes]).await;
    let (hash, shelf, target) = (Hash::of(&bytes), Shelf::of(server.data()), tempfile::tempdir().unwrap());
    let back_up = || take(server.data(), target.path(), false, &server.host(), &mut |_| {}).unwrap();
    let verify = || xuncha(["verify".as_ref(), "--data".as_ref(), server.data().as_os_str()]).code;

    shelf.remove(&hash);
    assert_eq!(verify(), 1);
    // Nobody has looked at the photo meanwhile.
    assert_eq!(phone.sync().await.files_sent, 1, "the phone that still has it was asked for it");
    assert_eq!((verify(), shelf.read(&hash).as_deref() == Some(&*bytes)), (0, true));

    shelf.remove(&hash);
    let taken = back_up();
    assert_eq!((taken.lacks.len(), taken.lacks[0].hash, taken.lacks[0].state), (1, hash, "missing"));
    assert!(taken.durable_size < taken.size, "what stands above a lost photo is not covered");
    assert_eq!(phone.sync().await.files_sent, 1);
    let taken = back_up();
    assert_eq!((taken.lacks.len(), taken.copied, taken.durable_size), (0, 1, taken.size));
    phone.sync().await;
    // What previews are still to be made from stays.
    phone.notebook.make_previews(&PreviewOptions::default()).unwrap();
    assert_eq!(phone.notebook.free_space().unwrap().files, 1);
    check(&server, &[&phone]);
}
