//! Clocks of servers that do not agree: nothing is lost, order is the index, and stamps do not run backwards
//! over small differences.

use std::sync::Arc;

use xuncha_core::host::Host;
use xuncha_core::model::Time;
use xuncha_core::plan::Facts;
use xuncha_tests::harness::{Clock, Phone, RawPhone, TestServer, cluster};

const SECOND: i64 = 1_000;
const DAY: i64 = 24 * 60 * 60 * SECOND;

/// Stamps of all entries, in the order of the log.
fn stamps(server: &TestServer) -> Vec<Time> {
    let size = server.office.size();
    let entries = server.office.store.look(|snapshot| snapshot.entries(0, u32::MAX)).unwrap();
    assert_eq!(entries.len() as u64, size);
    entries.iter().map(|entry| serde_json::from_str::<Facts>(&entry.facts).unwrap().received).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_a_little_holds_the_stamp_and_one_that_was_far_ahead_is_forgiven() {
    let mut server = TestServer::start().await;
    let mut phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let start = server.clock.now();
    let mut expected = Vec::new();
    for (step, stamp) in
        [(0, 0), (-60 * SECOND, 0), (-200 * SECOND, 0), (320 * SECOND, 60 * SECOND), (DAY, DAY + 60 * SECOND)]
    {
        server.clock.pass(step);
        let (_, text) = phone.record("时钟");
        phone.settle(&text).await;
        expected.push(start.plus_millis(stamp));
    }
    // The day was wrong: what follows is stamped with what the clock shows again.
    server.clock.set(start.plus_millis(120 * SECOND));
    let (_, text) = phone.record("时钟修好了");
    phone.settle(&text).await;
    expected.push(start.plus_millis(120 * SECOND));
    // A process that knows only what is stored does the same.
    server.clock.pass(-30 * SECOND);
    server.restart().await;
    phone.url = server.url();
    let (_, text) = phone.record("重启之后");
    phone.settle(&text).await;
    expected.push(start.plus_millis(120 * SECOND));
    let stamps = stamps(&server);
    assert_eq!(&stamps[stamps.len() - expected.len()..], expected);
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_whose_clocks_differ_lose_nothing_and_shut_nobody_out() {
    if cluster().is_none() {
        eprintln!("skipped: XUNCHA_POSTGRES names no cluster");
        return;
    }
    let server = TestServer::start().await;
    let fast = Arc::new(Clock::new());
    fast.pass(90 * SECOND);
    let beside = server.another(Host { clock: fast.clone(), random: server.random.clone() }).await;
    let urls = [server.url(), beside.url.clone()];
    let mut phones = Vec::new();
    for number in 0..4 {
        // Invited by one clock, enrolled by the other.
        let user = server.office.user(&format!("{number}号"), &["inspector"], &[]);
        let mut phone = Phone::new(&server, &urls[number % 2]);
        phone.enrol(&server, user).await;
        phone.go_to(&urls[number % 2]);
        phones.push(phone);
    }
    for round in 0..10 {
        for (number, phone) in phones.iter_mut().enumerate() {
            phone.record(&format!("{round}-{number}"));
            phone.go_to(&urls[(round + number) % 2]);
            assert_eq!(phone.sync().await.accepted, 1);
            server.clock.pass(SECOND);
            fast.pass(SECOND);
        }
    }
    let told = stamps(&server);
    assert!(told.is_sorted(), "stamps run backwards: {told:?}");
    // A day apart: each stamps by its own clock, the order stays that of the index, and both go on.
    fast.pass(DAY);
    let before = told.len();
    for (round, url) in [0, 1, 0, 1].map(|number| &urls[number]).into_iter().enumerate() {
        phones[0].record(&format!("差一天-{round}"));
        phones[0].go_to(url);
        assert_eq!(phones[0].sync().await.accepted, 1);
    }
    let told = stamps(&server);
    let days: Vec<i64> =
        told[before..].iter().map(|time| (time.millis() - server.clock.now().millis()) / DAY).collect();
    assert_eq!(days, [0, 1, 0, 1]);
    for (number, phone) in phones.iter_mut().enumerate() {
        phone.go_to(&urls[number % 2]);
        phone.sync().await;
        assert_eq!((phone.pending(), phone.findings().len()), (0, 44));
        phone.check();
    }
    beside.stop().await;
    server.check_all();
}
