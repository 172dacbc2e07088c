//! The guard, and a ledger that is behind it: read-only to phones until an epoch begins.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use xuncha_core::model::Hash;
use xuncha_core::op::Seen;
use xuncha_core::protocol::{PullRequest, Verdict};
use xuncha_server::backup::{BackupError, RestoreOptions, take};
use xuncha_server::ledger::{Guard, GuardError, LedgerKey, OwnOp, Sequencer, Wanted, begin_epoch, plan_epoch};
use xuncha_tests::harness::{Phone, RawPhone, TestServer, copy_ledger, http_client, put_bytes, xuncha};

/// A server with a guard beside its data, and the guard's path.
async fn guarded() -> (TestServer, PathBuf) {
    let mut server = TestServer::start().await;
    let guard = server.data().with_file_name("guard");
    server.guard = Some(guard.clone());
    server.restart().await;
    (server, guard)
}

/// Epoch and size of the checkpoint in the guard.
fn stands_at(guard: &Path) -> (u32, u64) {
    let note = std::fs::read_to_string(guard).unwrap();
    let mut lines = note.lines();
    let epoch = lines.next().unwrap().rsplit('/').next().unwrap().parse().unwrap();
    (epoch, lines.next().unwrap().parse().unwrap())
}

fn epoch(server: &TestServer, more: &[&str]) -> xuncha_tests::harness::Outcome {
    let data = server.data().to_str().unwrap();
    xuncha(["admin", "epoch", "--data", data].iter().chain(more))
}

async fn said(server: &TestServer, path: &str) -> (u16, String) {
    let answer = http_client().get(format!("{}{path}", server.url())).send().await.unwrap();
    (answer.status().as_u16(), String::from_utf8(answer.bytes().await.unwrap().to_vec()).unwrap())
}

fn backup(server: &TestServer, target: &Path) {
    take(server.data(), target, false, &server.host(), &mut |_| {}).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guard_moves_before_anybody_hears_of_what_was_written() {
    let (server, guard) = guarded().await;
    let mut phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    for note in ["一", "二", "三"] {
        let (_, text) = phone.record(note);
        let index = phone.settle(&text).await;
        assert_eq!(stands_at(&guard), (1, index + 1));
    }
    assert!(server.service().worries().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_older_than_its_guard_serves_nobody_until_an_epoch_begins() {
    let (mut server, guard) = guarded().await;
    let mut phone = Phone::of(&server, "王敏", "inspector").await;
    let mut quiet = Phone::of(&server, "李强", "inspector").await;
    let user = server.office.user("张伟", &["inspector"], &[]);
    phone.sync().await;
    quiet.sync().await;
    let target = tempfile::tempdir().unwrap();
    backup(&server, target.path());
    let finding = phone.record("备份之后");
    phone.sync().await;
    let known = stands_at(&guard);
    server.burn_down(target.path(), RestoreOptions::default()).await;
    let size = server.office.size();
    assert!(size < known.1);
    // Also a phone that has seen no more than there is, also a new one, also a command beside the server.
    quiet.record("没见过更多");
    for phone in [&mut phone, &mut quiet] {
        phone.go_to(&server.url());
        assert_eq!(phone.try_sync().await.unwrap_err().code(), "ledger_rolled_back");
    }
    let code = server.office.invite(user);
    let new = Phone::new(&server, &server.url());
    assert_eq!(new.notebook.enrol(&new.service(), &code).await.unwrap_err().code(), "ledger_rolled_back");
    let data = server.data().to_str().unwrap().to_owned();
    let added = xuncha(["admin", "--data", &data, "user", "add", "--name", "赵六", "--role", "inspector"]);
    assert_eq!(added.code, 1);
    assert!(added.out.contains("ledger_rolled_back"), "{added:?}");
    assert_eq!((server.office.size(), stands_at(&guard)), (size, known));
    let (status, text) = said(&server, "/readyz").await;
    assert!(status == 503 && text.contains("ledger_rolled_back") && text.contains("xuncha admin epoch"), "{text}");
    let (status, text) = said(&server, "/healthz").await;
    assert!(status == 200 && text.contains("read-only: "), "{text}");
    // A restart changes nothing, with the guard or without.
    server.guard = None;
    server.restart().await;
    quiet.go_to(&server.url());
    assert_eq!(quiet.try_sync().await.unwrap_err().code(), "ledger_rolled_back");
    server.guard = Some(guard.clone());
    server.restart().await;
    let flag = ["--guard", guard.to_str().unwrap()];
    let plan = epoch(&server, &[&flag[..], &["--dry-run"]].concat()).value();
    let expected = json!({ "from": "guard", "epoch": 1, "size": known.1, "signed": true, "here": false });
    assert_eq!((&plan["known"][0], &plan["void"]), (&expected, &json!({ "1": known.1 })));
    let names: Vec<_> = plan["known"].as_array().unwrap().iter().map(|known| &known["user"]).collect();
    assert_eq!(names, [&Value::Null, &json!("王敏")], "and who was refused because of what they have seen");
    assert_eq!(stands_at(&guard), known);
    epoch(&server, &flag).value();
    assert_eq!(stands_at(&guard), (2, size + 1));
    assert_eq!(said(&server, "/readyz").await, (200, "ready\n".into()));
    for phone in [&mut phone, &mut quiet] {
        phone.go_to(&server.url());
        phone.sync().await;
        phone.check();
    }
    assert_eq!(server.office.entity(finding).text("note"), Some("备份之后"));
    assert_eq!(stands_at(&guard), (2, server.office.size()));
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guard_is_swapped_only_for_what_continues_it() {
    let (mut server, guard) = guarded().await;
    let old = tempfile::tempdir().unwrap();
    server.stop().await;
    copy_ledger(server.data(), old.path());
    server.resume().await;
    server.office.user("王芳", &["inspector"], &[]);
    let key = LedgerKey::load(server.data()).unwrap();
    let other = |data: &Path| xuncha_server::settings::open_store(data, None, false).unwrap();
    let (ours, theirs) = (other(server.data()), other(old.path()));
    let (first, second) = (Guard::new(&guard, key.public()), Guard::new(&guard, key.public()));
    first.follow(&*ours).unwrap();
    let newest = stands_at(&guard);
    // An older copy with the same guard: neither as it is, nor after it has gone its own way.
    assert!(matches!(second.follow(&*theirs), Err(GuardError::Ahead(seen)) if seen.size == newest.1));
    let sequencer = Sequencer::new(server.host(), key);
    let ledger = server.office.ledger;
    for name in ["一", "二", "三"] {
        let op = OwnOp::making(&server.host(), "admin", "unit.add", json!({ "name": name }));
        sequencer.append(&*theirs, &[op.write(ledger, &server.host())]).unwrap();
    }
    assert!(matches!(second.follow(&*theirs), Err(GuardError::Ahead(_))));
    assert_eq!(stands_at(&guard), newest);
    // Two hands on the true ledger, in any order.
    server.office.user("李强", &["inspector"], &[]);
    second.follow(&*ours).unwrap();
    first.follow(&*ours).unwrap();
    assert_eq!(stands_at(&guard), (1, server.office.size()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_the_ledger_and_its_guard_is_mended_at_the_start() {
    let (mut server, guard) = guarded().await;
    let before = stands_at(&guard);
    // The batch is durable, and the process ended before the guard was moved, or while it was written.
    server.office.user("王芳", &["inspector"], &[]);
    put_bytes(guard.with_added_extension("new"), b"xuncha/half");
    server.restart().await;
    assert_eq!(stands_at(&guard), (1, before.1 + 1));
    assert_eq!(said(&server, "/readyz").await.0, 200);
    std::fs::remove_file(&guard).unwrap();
    server.restart().await;
    assert_eq!(stands_at(&guard), (1, before.1 + 1), "a guard that is missing is made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_that_cannot_guard_is_refused_at_the_start() {
    let (mut server, guard) = guarded().await;
    let (_other, theirs) = guarded().await;
    server.stop().await;
    let kept = std::fs::read(&guard).unwrap();
    let code = async |server: &mut TestServer| server.try_resume().await.unwrap_err().code;
    put_bytes(&guard, std::fs::read(theirs).unwrap());
    assert_eq!(code(&mut server).await, "wrong_guard", "another ledger's");
    put_bytes(&guard, b"\xff\xfe");
    assert_eq!(code(&mut server).await, "wrong_guard", "no note at all");
    put_bytes(&guard, &kept);
    server.guard = Some(server.data().join("guard"));
    assert_eq!(code(&mut server).await, "guard_inside");
    server.guard = Some(guard.clone());
    let away = server.data().with_file_name("away");
    std::fs::rename(server.data(), &away).unwrap();
    assert_eq!(code(&mut server).await, "wrong_guard", "no new ledger in place of the one that is guarded");
    std::fs::remove_dir_all(server.data()).unwrap();
    std::fs::rename(&away, server.data()).unwrap();
    server.resume().await;
    assert_eq!(said(&server, "/readyz").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn words_whose_numbers_were_given_away_again_are_not_lost() {
    let mut server = TestServer::start().await;
    let mut ahead = Phone::of(&server, "王敏", "inspector").await;
    let mut behind = Phone::of(&server, "李强", "inspector").await;
    ahead.sync().await;
    behind.sync().await;
    let target = tempfile::tempdir().unwrap();
    backup(&server, target.path());
    let lost: Vec<_> = (0..3).map(|_| ahead.record("备份之后")).collect();
    ahead.sync().await;
    let size = server.burn_down(target.path(), RestoreOptions::default()).await.size;
    // The phones are the only guard, and one that has seen no more goes on in the old epoch.
    behind.go_to(&server.url());
    ahead.go_to(&server.url());
    let taken: Vec<_> = (0..5).map(|_| behind.record("恢复之后")).collect();
    behind.sync().await;
    assert!(server.office.size() > size + 3, "the numbers have two meanings now");
    assert_eq!(ahead.try_sync().await.unwrap_err().code(), "ledger_rolled_back");
    let plan = epoch(&server, &[]).value();
    assert_eq!(plan["floor"], size, "not where the ledger ends: where the two part");
    for _ in 0..2 {
        ahead.sync().await;
        behind.sync().await;
    }
    for finding in lost.iter().chain(&taken) {
        assert_eq!(server.office.entity(*finding).text("status"), Some("reported"));
        assert_eq!(ahead.finding(*finding), behind.finding(*finding));
    }
    ahead.check();
    behind.check();
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_epoch_that_a_backup_has_lost_is_not_begun_twice() {
    let mut server = TestServer::start().await;
    let mut phone = Phone::of(&server, "王敏", "inspector").await;
    phone.sync().await;
    let target = tempfile::tempdir().unwrap();
    backup(&server, target.path());
    let first = phone.record("第一次之后");
    phone.sync().await;
    server.burn_down(target.path(), RestoreOptions { new_epoch: true, ..RestoreOptions::default() }).await;
    phone.go_to(&server.url());
    assert_eq!(phone.sync().await.restored.unwrap().epoch, 2);
    let second = phone.record("第二次之前");
    phone.sync().await;
    let base = server.burn_down(target.path(), RestoreOptions::default()).await.size;
    phone.go_to(&server.url());
    assert_eq!(phone.try_sync().await.unwrap_err().code(), "ledger_rolled_back");
    let plan = epoch(&server, &[]).value();
    assert_eq!((&plan["next"], &plan["floor"]), (&json!(3), &json!(base)));
    assert_eq!(plan["void"].as_object().unwrap().keys().collect::<Vec<_>>(), ["1", "2"]);
    let restored = phone.sync().await.restored.unwrap();
    assert_eq!((restored.epoch, restored.floor), (3, base));
    for finding in [first, second] {
        assert_eq!(server.office.entity(finding).text("status"), Some("reported"));
    }
    phone.check();
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_knows_where_two_ledgers_part_the_operator_must_say() {
    let mut server = TestServer::start().await;
    let phone = Phone::of(&server, "王敏", "inspector").await;
    phone.sync().await;
    // A machine that is wound back by other means than ours leaves no trace.
    let old = tempfile::tempdir().unwrap();
    server.stop().await;
    copy_ledger(server.data(), old.path());
    server.resume().await;
    let mut phone = phone;
    phone.go_to(&server.url());
    let finding = phone.record("快照之后");
    phone.sync().await;
    server.stop().await;
    std::fs::remove_dir_all(server.data()).unwrap();
    std::fs::create_dir(server.data()).unwrap();
    copy_ledger(old.path(), server.data());
    server.resume().await;
    server.reopen_office();
    assert!(epoch(&server, &["--dry-run"]).out.contains("not_needed"), "nobody has come yet");
    phone.go_to(&server.url());
    assert_eq!(phone.try_sync().await.unwrap_err().code(), "ledger_rolled_back");
    let asked = epoch(&server, &["--dry-run"]);
    assert!(asked.code == 1 && asked.out.contains("floor_unknown"), "{asked:?}");
    assert!(epoch(&server, &["--floor", "9999"]).out.contains("bad_field"));
    assert_eq!(epoch(&server, &["--floor", "0"]).value()["floor"], 0);
    phone.sync().await;
    assert_eq!(server.office.entity(finding).text("note"), Some("快照之后"));
    phone.check();
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_phone_that_lies_stops_nobody_else_and_spoils_no_epoch() {
    let server = TestServer::start().await;
    let liar = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let root = Hash::of(b"made up");
    for seen in [Seen { epoch: 1, size: 1 << 50, root }, Seen { epoch: 4_000_000_000, size: 1, root }] {
        let request = PullRequest { seen: Some(seen), ..PullRequest::default() };
        assert_eq!(liar.try_pull(&request).await.code(), "ledger_rolled_back");
    }
    let honest = Phone::of(&server, "李强", "inspector").await;
    let finding = honest.record("照常");
    honest.sync().await;
    assert_eq!(said(&server, "/readyz").await.0, 200);
    let listed = xuncha(["admin", "device", "list", "--data", server.data().to_str().unwrap()]).lines();
    assert_eq!(listed.iter().filter(|device| device["ahead"] != Value::Null).count(), 1, "{listed:?}");
    let wanted = Wanted { anyway: true, floor: Some(server.office.size()), ..Wanted::default() };
    let plan = plan_epoch(&*server.office.store, &wanted).unwrap();
    assert_eq!((plan.next, plan.known[0].ignored), (2, true));
    let sequencer = Sequencer::new(server.host(), LedgerKey::load(server.data()).unwrap());
    begin_epoch(&*server.office.store, &sequencer, &server.host(), &wanted).unwrap();
    honest.sync().await;
    assert_eq!(honest.note(finding), "照常");
    honest.check();
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_kept_elsewhere_is_taken_into_account_and_a_strangers_is_not() {
    let (mut server, guard) = guarded().await;
    let (_other, theirs) = guarded().await;
    let target = tempfile::tempdir().unwrap();
    backup(&server, target.path());
    server.office.user("王芳", &["inspector"], &[]);
    server.restart().await;
    let witness = target.path().join("witness");
    std::fs::copy(&guard, &witness).unwrap();
    std::fs::remove_file(&guard).unwrap();
    let lost = stands_at(&witness);
    server.guard = None;
    server.burn_down(target.path(), RestoreOptions::default()).await;
    let plan = epoch(&server, &["--dry-run", "--checkpoint", witness.to_str().unwrap()]).value();
    assert_eq!((&plan["known"][0]["size"], &plan["known"][0]["here"]), (&json!(lost.1), &json!(false)));
    let refused = epoch(&server, &["--checkpoint", theirs.to_str().unwrap()]);
    assert!(refused.code == 1 && refused.out.contains("bad_field"), "{refused:?}");
    assert!(xuncha(["admin", "epoch"]).code == 2, "--data is missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_backup_is_not_replaced_by_an_older_ledger() {
    let mut server = TestServer::start().await;
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    backup(&server, old.path());
    server.office.user("王芳", &["inspector"], &[]);
    backup(&server, new.path());
    server.burn_down(old.path(), RestoreOptions::default()).await;
    let refused = take(server.data(), new.path(), false, &server.host(), &mut |_| {}).unwrap_err();
    assert!(matches!(refused, BackupError::Unfit { code: "ledger_rolled_back", .. }), "{refused}");
    backup(&server, old.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_says_which_epoch_its_numbers_are_of() {
    let server = TestServer::start().await;
    let mut phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let (_, text) = phone.record("一");
    let answer = phone.try_push(std::slice::from_ref(&text)).await;
    let reply: xuncha_core::protocol::PushReply = answer.read();
    assert_eq!(reply.epoch, Some(1));
    assert!(matches!(reply.verdicts[..], [Verdict::Accepted { .. }]));
}
