//! The bad network itself does what it says, and the server survives each of its faults.

use std::time::Duration;

use xuncha_core::protocol::{PullRequest, PushReply, Verdict, paths};
use xuncha_tests::harness::{Fault, Net, RawPhone, TestServer};

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_network_does_to_a_push_sending_it_again_settles_it_once() {
    let server = TestServer::start().await;
    let net = Net::before(server.address()).await;
    let mut phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    phone.url = net.url();
    let faults = [
        Fault::Drop,
        Fault::CutRequest(0),
        Fault::CutRequest(40),
        Fault::CutRequest(700),
        Fault::CutReply(0),
        Fault::CutReply(30),
        Fault::CutReply(150),
        Fault::CaptivePortal,
        Fault::Status(503),
        Fault::Status(429),
        Fault::Delay(Duration::from_millis(5)),
        Fault::Duplicate,
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        let before = server.office.size();
        let (_, text) = phone.record(&format!("第{number}次"));
        let body = phone.sign(phone.ledger, &[text]);
        net.fail_next(fault);
        let first = phone.ask("POST", paths::PUSH, body.clone(), &[]).await;
        let verdict = match first {
            Ok(answer) if answer.status == 200 => serde_json::from_slice::<PushReply>(&answer.body).ok(),
            _ => None,
        };
        let whole = matches!(fault, Fault::Delay(_) | Fault::Duplicate);
        assert_eq!(verdict.is_some(), whole, "{fault:?}");
        let again = phone.post(paths::PUSH, body, &[]).await.read::<PushReply>().verdicts.remove(0);
        assert_eq!(again.into_final().unwrap().index(), before, "{fault:?}");
        assert_eq!(server.office.size(), before + 1, "{fault:?}");
    }
    assert_eq!(net.counts().faults, faults.len() as u64);
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reply_is_answered_by_the_next_pull() {
    let server = TestServer::start().await;
    let net = Net::before(server.address()).await;
    let mut phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    phone.url = net.url();
    let (_, text) = phone.record("占道经营");
    net.fail_next(Fault::CutReply(0));
    assert!(phone.ask("POST", paths::PUSH, phone.sign(phone.ledger, std::slice::from_ref(&text)), &[]).await.is_err());
    let id = RawPhone::id_of(&text);
    let page = phone.pull(&PullRequest { open: vec![id], ..PullRequest::default() }).await;
    assert_eq!(page.verdicts.len(), 1);
    assert_eq!(page.verdicts[0].op, id);
    let again = phone.push_one(&text).await;
    assert_eq!(again, Verdict::Duplicate { original: page.verdicts[0].verdict.clone() });
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_and_comes_back_elsewhere_is_found_again() {
    let mut server = TestServer::start().await;
    let net = Net::before(server.address()).await;
    let mut phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    phone.url = net.url();
    server.stop().await;
    net.lead_to(None);
    let (_, text) = phone.record("暴露垃圾");
    let body = phone.sign(phone.ledger, &[text]);
    assert!(phone.ask("POST", paths::PUSH, body.clone(), &[]).await.is_err());
    server.resume().await;
    net.lead_to(Some(server.address()));
    let reply: PushReply = phone.post(paths::PUSH, body, &[]).await.read();
    assert!(matches!(reply.verdicts[0], Verdict::Accepted { .. }), "{reply:?}");
    server.check_all();
}
