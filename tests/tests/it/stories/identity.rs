//! Keys, logins and ledgers: who said it, and to whom.

use xuncha_core::Error;
use xuncha_core::model::{Code, Time};
use xuncha_tests::harness::{Phone, TestServer, copy_ledger};

use super::{check, two_phones};

#[tokio::test]
async fn a_phone_whose_key_is_lost_says_everything_again_as_a_new_device() {
    let (server, mut a, b) = two_phones().await;
    let user = a.user();
    let old = a.notebook.status().unwrap().device;
    let sent = a.record("已送达");
    a.sync().await;
    let kept = a.record("未送达");
    a.amend(sent, "未送达的修改");
    a.lose_key();
    let during = a.record("换钥匙期间");
    assert!(matches!(a.try_sync().await, Err(Error::NotEnrolled)));
    a.enrol(&server, user).await;
    assert_ne!(a.notebook.status().unwrap().device, old);
    assert_eq!(a.sync().await.accepted, 3);
    b.sync().await;
    assert_eq!([sent, kept, during].map(|id| b.note(id)), ["未送达的修改", "未送达", "换钥匙期间"]);
    assert!(b.conflicts().is_empty(), "the notebook's own counter orders what it said under two keys");
    check(&server, &[&a, &b]);
}

#[tokio::test]
async fn a_copied_phone_forks_and_both_keep_their_words() {
    let (server, mut a, b) = two_phones().await;
    let user = a.user();
    a.record("复制之前");
    a.sync().await;
    let twin = a.clone_device(&server);
    let (mine, yours) = (a.record("原机"), twin.record("副本"));
    a.sync().await;
    let forked = twin.try_sync().await;
    assert!(twin.notebook.status().unwrap().must_enrol_again.is_some(), "{forked:?}");
    assert_eq!(twin.note(yours), "副本");
    assert_eq!(server.office.outside().len(), 1, "the server keeps what forked, too");
    twin.enrol(&server, user).await;
    assert_eq!(twin.sync().await.accepted, 1);
    b.sync().await;
    assert_eq!([mine, yours].map(|id| b.note(id)), ["原机", "副本"]);
    check(&server, &[&a, &b]);
    twin.check();
}

#[tokio::test]
async fn two_copies_of_one_phone_that_change_one_field_leave_it_to_a_person() {
    let (server, mut a, b) = two_phones().await;
    let user = a.user();
    let early = a.record("复制之前");
    let late = a.record("复制之前");
    a.sync().await;
    let mut twin = a.clone_device(&server);
    // One word of the twin has the smaller counter and one the larger: neither order decides.
    a.amend(early, "原机改的");
    a.record("原机");
    a.amend(late, "原机改的");
    a.sync().await;
    twin.amend(late, "副本改的");
    twin.record("副本");
    twin.record("副本");
    twin.amend(early, "副本改的");
    let line = twin.notebook.status().unwrap().line;
    drop(twin.try_sync().await);
    twin.enrol(&server, user).await;
    assert_ne!(twin.notebook.status().unwrap().line, line);
    assert_eq!(twin.sync().await.conflicts, 2);
    b.sync().await;
    for finding in [early, late] {
        assert_eq!(b.note(finding), "原机改的", "the first word stays until a person decides");
        let rivals = &server.office.entity(finding).rivals["note"];
        assert_eq!(rivals.iter().map(|rival| rival.value.as_str()).collect::<Vec<_>>(), [Some("副本改的")]);
    }
    // The same where the copy was made from a backup without the key.
    twin.amend(early, "又一次");
    twin.lose_key();
    twin.enrol(&server, user).await;
    assert_eq!(twin.sync().await.refused, 0);
    assert_eq!(server.office.entity(early).text("note"), Some("又一次"), "it had seen the word that stood");
    check(&server, &[&a, &b]);
    twin.check();
}

#[tokio::test]
async fn what_others_said_on_a_shared_phone_before_it_forked_counts_under_their_own_login() {
    let (server, mut a, b) = two_phones().await;
    let user = a.user();
    let other = server.office.user("同事", &["inspector"], &[]);
    a.enrol(&server, other).await;
    let theirs = a.record("同事看到的");
    let twin = a.clone_device(&server);
    a.record("原机");
    a.sync().await;
    let kept = twin.record("同事在副本上看到的");
    drop(twin.try_sync().await);
    twin.enrol(&server, user).await;
    assert_eq!(twin.sync().await.accepted, 1);
    b.sync().await;
    for finding in [theirs, kept] {
        assert_eq!(server.office.entity(finding).by, Some(other));
    }
    check(&server, &[&a, &b]);
    twin.check();
}

#[tokio::test]
async fn what_a_revoked_phone_says_is_held_and_counts_once_it_is_enrolled_again() {
    let (server, a, b) = two_phones().await;
    let user = a.user();
    let finding = a.record("吊销之后才送到");
    server.office.revoke(&a.notebook.status().unwrap().device);
    drop(a.try_sync().await);
    assert!(a.notebook.status().unwrap().must_enrol_again.is_some());
    assert_eq!((a.note(finding).as_str(), server.office.outside().len()), ("吊销之后才送到", 1));
    a.enrol(&server, user).await;
    assert_eq!(a.sync().await.accepted, 1);
    assert!(server.office.outside().is_empty());
    b.sync().await;
    assert_eq!(b.note(finding), "吊销之后才送到");
    check(&server, &[&a, &b]);
}

#[tokio::test]
async fn a_user_who_left_can_no_longer_sync_and_loses_nothing() {
    let (server, a, _) = two_phones().await;
    a.sync().await;
    server.office.change("user.retire", a.user(), serde_json::json!({}));
    let finding = a.record("离职前看到的");
    let Err(Error::Refused { code, .. }) = a.try_sync().await else { panic!() };
    assert_eq!(code, Code::UserRetired);
    assert_eq!(a.note(finding), "离职前看到的");
    assert_eq!(server.office.entity(finding).text("note"), Some("离职前看到的"), "seen under a login that held");
    check(&server, &[&a]);
}

#[tokio::test]
async fn clocks_ten_years_off_order_nothing_and_lose_nothing() {
    let (server, a, b) = two_phones().await;
    let year = 365 * 24 * 3600 * 1000;
    let right = b.clock.now();
    a.clock.set(Time::from_millis(right.millis() + 10 * year));
    b.clock.set(Time::from_millis(right.millis() - 10 * year));
    let (ahead, behind) = (a.record("来自未来"), b.record("来自过去"));
    a.sync().await;
    b.sync().await;
    b.amend(ahead, "过去的人改的");
    b.sync().await;
    a.sync().await;
    assert_eq!([ahead, behind].map(|id| a.note(id)), ["过去的人改的", "来自过去"]);
    let doubts = |id| {
        let (_, facts) = server.office.entry(server.office.entity(id).stamps.first.index);
        facts["clock"].as_str().map(str::to_owned)
    };
    assert_eq!((doubts(ahead).as_deref(), doubts(behind).as_deref()), (Some("ahead"), Some("behind")));
    let after = a.record("量过时差之后");
    a.sync().await;
    assert_eq!(doubts(after), None, "the measured offset sets a wrong clock right");
    check(&server, &[&a, &b]);
}

#[tokio::test]
async fn a_notebook_belongs_to_one_ledger_for_life() {
    let (server, a, _) = two_phones().await;
    let finding = a.record("真的");
    let training = TestServer::start().await;
    let pupil = training.office.user("学员", &["inspector"], &[]);
    let code = training.office.invite(pupil);
    let service = xuncha_core::sync::HttpService::new(&training.url()).unwrap();
    let Err(Error::Refused { code, .. }) = a.notebook.enrol(&service, &code).await else { panic!() };
    assert_eq!(code, Code::WrongLedger);
    a.sync().await;
    assert_eq!(a.note(finding), "真的");
    assert_eq!(training.office.entry(training.office.size() - 1).1["verdict"], "accepted");
    check(&server, &[&a]);
    training.check_all();
}

#[tokio::test]
async fn a_server_that_forgot_what_phones_have_seen_is_not_believed() {
    let (mut server, a, mut b) = two_phones().await;
    a.record("备份之前");
    a.sync().await;
    b.sync().await;
    server.stop().await;
    let backup = tempfile::tempdir().unwrap();
    copy_ledger(server.data(), backup.path());
    server.resume().await;
    let mut a = a;
    a.go_to(&server.url());
    let lost = a.record("备份之后");
    a.sync().await;
    b.go_to(&server.url());
    b.sync().await;
    server.stop().await;

    let data = backup.path().to_owned();
    let old = TestServer::at(backup, data, xuncha_server::api::Limits::default()).await;
    b.go_to(&old.url());
    let Err(Error::Refused { code, .. }) = b.try_sync().await else { panic!() };
    assert_eq!(code, Code::LedgerRolledBack);
    assert_eq!(b.note(lost), "备份之后", "nothing a phone has seen goes away");
    b.check();
    old.check_all();
}

#[tokio::test]
async fn an_enrolment_whose_reply_was_lost_is_asked_for_again() {
    let (server, _, _) = two_phones().await;
    let net = xuncha_tests::harness::Net::before(server.address()).await;
    let phone = Phone::new(&server, &net.url());
    let user = server.office.user("新人", &["inspector"], &[]);
    let code = server.office.invite(user);
    net.spare_next();
    net.fail_next(xuncha_tests::harness::Fault::CutReply(0));
    let enrolled = phone.notebook.enrol(&phone.service(), &code).await.unwrap();
    assert_eq!(enrolled.user, user);
    phone.record("报到");
    phone.sync().await;
    check(&server, &[&phone]);
}
