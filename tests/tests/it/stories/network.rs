//! Bad lines: whatever happens to a request, the phone and the ledger agree in the end.

use std::time::Duration;

use xuncha_core::Error;
use xuncha_core::model::{Code, Hash};
use xuncha_tests::harness::{Fault, Net, Phone, Shelf, TestServer, photo, until};

use super::{check, two_phones};

#[tokio::test]
async fn a_reply_lost_after_a_refusal_still_reaches_the_phone() {
    let (server, a, mut b) = two_phones().await;
    let finding = a.record("甲的");
    a.sync().await;
    b.sync().await;
    let net = Net::before(server.address()).await;
    b.go_to(&net.url());
    b.notebook.void(finding, "不该我作废").unwrap();
    net.fail_next(Fault::CutReply(0));
    assert!(matches!(b.try_sync().await, Err(Error::Offline { .. })));
    assert_eq!((b.refused().len(), b.pending()), (0, 1));
    let before = server.office.size();
    let synced = b.sync().await;
    assert_eq!((synced.refused, server.office.size()), (1, before), "learnt, and recorded once");
    assert_eq!(b.refused()[0].code, Code::NotAllowed);
    check(&server, &[&a, &b]);
}

#[tokio::test]
async fn a_reply_lost_after_acceptance_stores_nothing_twice() {
    let (server, a, mut b) = two_phones().await;
    let net = Net::before(server.address()).await;
    b.go_to(&net.url());
    let finding = b.record("只此一条");
    net.fail_next(Fault::CutReply(0));
    assert!(b.try_sync().await.is_err());
    let before = server.office.size();
    assert_eq!(b.sync().await.duplicates, 1);
    assert_eq!(server.office.size(), before);
    a.sync().await;
    assert_eq!((a.findings().len(), a.note(finding).as_str()), (1, "只此一条"));
    check(&server, &[&a, &b]);
}

#[tokio::test]
async fn every_fault_of_the_line_is_survived_at_every_request() {
    let (server, a, mut b) = two_phones().await;
    let net = Net::before(server.address()).await;
    b.go_to(&net.url());
    let faults = [
        Fault::Drop,
        Fault::Delay(Duration::from_millis(20)),
        Fault::CutRequest(0),
        Fault::CutRequest(60),
        Fault::CutRequest(400),
        Fault::CutReply(0),
        Fault::CutReply(17),
        Fault::CutReply(200),
        Fault::Duplicate,
        Fault::CaptivePortal,
        Fault::Status(429),
        Fault::Status(500),
        Fault::Status(503),
    ];
    let (mut recorded, mut photos) = (Vec::new(), Vec::new());
    for fault in faults {
        // The push, the pull, and what a photo takes: announcing it, asking where it stands, its bytes.
        for spared in 0..5 {
            let bytes = photo(&server.random, 2_000 + recorded.len());
            recorded.push(b.record_photos(&format!("{fault:?} {spared}"), &[&bytes]));
            photos.push(Hash::of(&bytes));
            (0..spared).for_each(|_| net.spare_next());
            net.fail_next(fault);
            let mut waits = (1, 0, 0);
            // The first meets the fault, unless it asks less often; then the second does.
            for _ in 0..3 {
                drop(b.try_sync().await);
                let status = b.notebook.status().unwrap();
                waits = (status.pending, status.files_waiting, status.file_faults);
            }
            assert_eq!(waits, (0, 0, 0), "{fault:?} at request {spared}");
        }
    }
    let kept =
        |hash| server.office.store.look(|snapshot| snapshot.blob(hash)).unwrap().is_some_and(|row| row.kept.is_some());
    until(|| photos.iter().all(kept)).await;
    a.sync().await;
    assert_eq!(a.findings().len(), recorded.len());
    for finding in recorded {
        assert!(a.finding(finding).evidence.is_sealed(), "every photo is whole at the server");
    }
    check(&server, &[&a, &b]);
}

/// How far a reply gets: nothing of it, each number of whole lines, a few bytes, and all of it on a line that dies then.
fn ways_to_lose_a_reply() -> Vec<Fault> {
    // More lines than any reply here has: the last of these give all of it.
    let lines = (0..=MANY_LINES).map(Fault::CutReplyLines);
    lines.chain([1, 9, 14, 70, 131].map(Fault::CutReply)).collect()
}

const MANY_LINES: usize = 16;

#[tokio::test]
async fn a_photo_ends_whole_and_stored_once_wherever_the_reply_to_any_of_its_messages_is_lost() {
    let server = TestServer::for_a_busy_phone().await;
    let a = Phone::of(&server, "王敏", "inspector").await;
    let mut b = Phone::of(&server, "李强", "inspector").await;
    let net = Net::before(server.address()).await;
    b.go_to(&net.url());
    let mut recorded = Vec::new();
    // The push that names it, the request that brings all of it, the one that asks where it stands, and the rest of it.
    for (message, request) in
        [("push", "POST /v1/push"), ("whole", POST), ("ask", POST), ("rest", "PATCH /v1/uploads/")]
    {
        for fault in ways_to_lose_a_reply() {
            let bytes = photo(&server.random, 3_000 + recorded.len());
            recorded.push((b.record_photos(&format!("{message} {fault:?}"), &[&bytes]), Hash::of(&bytes)));
            if ["ask", "rest"].contains(&message) {
                // The first try breaks off within the bytes, so that the next one asks, and goes on.
                net.fail_next_of(POST, Fault::CutRequest(2_000));
                drop(b.try_sync().await);
                assert_eq!(b.notebook.status().unwrap().files_waiting, 1, "{message} {fault:?}");
            }
            let before = net.counts();
            net.fail_next_of(request, fault);
            drop(b.try_sync().await);
            let after = net.counts();
            assert_eq!(after.faults, before.faults + 1, "{message} {fault:?}");
            let whole = after.left_whole > before.left_whole;
            assert!(whole || fault != Fault::CutReplyLines(MANY_LINES), "{message}: it has more lines than that");
            for _ in 0..2 {
                drop(b.try_sync().await);
            }
            let status = b.notebook.status().unwrap();
            assert_eq!((status.pending, status.files_waiting, status.file_faults), (0, 0, 0), "{message} {fault:?}");
        }
    }
    assert!(net.counts().left_whole < recorded.len() as u64 / 2, "replies were lost");
    until(|| recorded.iter().all(|(_, hash)| server.office.said_kept(hash) > 0)).await;
    a.sync().await;
    assert_eq!(a.findings().len(), recorded.len(), "nothing was said twice");
    for (finding, hash) in &recorded {
        assert!(a.finding(*finding).evidence.is_sealed());
        assert_eq!(server.office.said_kept(hash), 1);
    }
    assert_eq!(Shelf::of(server.data()).on_their_way(), Vec::<String>::new());
    check(&server, &[&a, &b]);
}

const POST: &str = "POST /v1/uploads";

#[tokio::test]
async fn a_hotels_sign_in_page_is_no_verdict() {
    let (server, _, mut b) = two_phones().await;
    let net = Net::before(server.address()).await;
    b.go_to(&net.url());
    b.record("在酒店");
    net.fail_always(Some(Fault::CaptivePortal));
    let Err(Error::Offline { what, .. }) = b.try_sync().await else { panic!() };
    assert!(what.contains("login page"), "{what}");
    assert_eq!((b.pending(), b.refused().len()), (1, 0));
    net.fail_always(None);
    assert_eq!(b.sync().await.accepted, 1);
    check(&server, &[&b]);
}

#[tokio::test]
async fn a_server_that_restarts_is_simply_synced_with_again() {
    let (mut server, a, mut b) = two_phones().await;
    let net = Net::before(server.address()).await;
    b.go_to(&net.url());
    b.record("重启之前");
    b.sync().await;
    server.stop().await;
    b.record("停机之中");
    net.lead_to(None);
    assert!(b.try_sync().await.is_err());
    server.resume().await;
    net.lead_to(Some(server.address()));
    assert_eq!(b.sync().await.accepted, 1);
    let mut a = a;
    a.go_to(&server.url());
    a.sync().await;
    assert_eq!(a.findings().len(), 2);
    check(&server, &[&a, &b]);
}

#[tokio::test]
async fn a_sync_that_is_cancelled_half_way_leaves_a_whole_notebook() {
    let (server, a, mut b) = two_phones().await;
    let net = Net::before(server.address()).await;
    b.go_to(&net.url());
    for round in 0..6 {
        b.record(&format!("第{round}轮"));
        net.fail_next(Fault::Delay(Duration::from_secs(3_600)));
        let before = net.counts().requests;
        // Dropped at its first await that does not end: the request under way.
        tokio::select! {
            ended = b.try_sync() => panic!("{ended:?}"),
            () = until(|| net.counts().requests > before) => {}
        }
        b.check();
    }
    b.sync().await;
    a.sync().await;
    assert_eq!(a.findings().len(), 6);
    check(&server, &[&a, &b]);
}

#[tokio::test]
async fn a_push_that_the_server_is_too_busy_for_is_kept() {
    let (server, _, mut b) = two_phones().await;
    let net = Net::before(server.address()).await;
    b.go_to(&net.url());
    b.record("忙时");
    net.fail_always(Some(Fault::Status(503)));
    assert!(b.try_sync().await.unwrap_err().is_retryable());
    assert_eq!(b.pending(), 1);
    net.fail_always(None);
    net.fail_next(Fault::Status(429));
    assert_eq!(b.sync_patiently(3).await.unwrap().accepted, 1, "Retry-After was waited out");
    check(&server, &[&b]);
}
