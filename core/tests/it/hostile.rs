//! A server that lies, or one that was put back to an older state.

use xuncha_core::Error;
use xuncha_core::model::Hash;
use xuncha_core::protocol::PullReply;

use super::city::City;
use super::machine::{Phone, finding};

/// Syncs once, lets the ledger grow, and then changes what the server says.
async fn told(tamper: impl FnMut(&mut PullReply) + Send + 'static) -> xuncha_core::Result<()> {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    phone.synced(&city).await.unwrap();
    let other = Phone::enrolled(3, &city, "李", &["inspector"]).await;
    let id = other.record(finding("theirs"), vec![]).unwrap();
    other.synced(&city).await.unwrap();
    let before = phone.status().unwrap();

    city.lock().tamper = Some(Box::new(tamper));
    let outcome = phone.synced(&city).await;
    let after = phone.status().unwrap();
    assert_eq!((after.cursor, after.seen), (before.cursor, before.seen), "nothing of it was stored");
    assert!(phone.finding(id).is_err());
    city.lock().tamper = None;
    phone.synced(&city).await.unwrap();
    assert!(phone.finding(id).is_ok());
    outcome.map(drop)
}

fn untrusted(outcome: xuncha_core::Result<()>) -> bool {
    matches!(outcome, Err(Error::Untrusted { .. }))
}

#[tokio::test]
async fn a_ledger_that_does_not_continue_the_one_seen_is_not_taken() {
    let false_note = |reply: &mut PullReply| {
        let note = reply.checkpoint.as_mut().unwrap();
        *note = note.replacen("xuncha/", "xuncha/0", 1);
    };
    assert!(untrusted(told(false_note).await), "a note that was changed");
    assert!(untrusted(told(|reply| reply.consistency.clear()).await), "no proof");
    assert!(untrusted(told(|reply| reply.consistency[0] = Hash::of(b"")).await), "a false proof");
    assert!(untrusted(told(|reply| reply.checkpoint = None).await), "a cursor beyond what is proven");
    assert!(untrusted(told(|reply| reply.cursor.size += 1).await), "a cursor beyond the checkpoint");
    assert!(untrusted(told(|reply| reply.cursor.size = 1).await), "a cursor that goes back");
    assert!(untrusted(told(|reply| reply.cursor.epoch = 2).await), "another epoch");
    assert!(untrusted(told(|reply| reply.rows[0].index = 10_000).await), "a row beyond the checkpoint");
}

#[tokio::test]
async fn a_page_that_does_not_fit_together_is_no_reply() {
    let offline = |outcome| matches!(outcome, Err(Error::Offline { .. }));
    assert!(offline(told(|reply| reply.rows[0].scopes = vec![99]).await));
    let nonsense = |reply: &mut PullReply| {
        reply.rows.last_mut().unwrap().row = Some(serde_json::value::RawValue::from_string("[]".into()).unwrap());
    };
    assert!(offline(told(nonsense).await));
    let swapped = |reply: &mut PullReply| reply.rows[0].id = reply.rows[1].id;
    assert!(offline(told(swapped).await));
}

#[tokio::test]
async fn a_server_put_back_to_an_older_state_is_not_believed() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    phone.synced(&city).await.unwrap();
    let mut old = None;
    city.lock().tamper = Some(Box::new(move |reply| {
        let old = old.get_or_insert_with(|| reply.clone());
        *reply = old.clone();
    }));
    phone.record(finding("x"), vec![]).unwrap();
    phone.synced(&city).await.unwrap();
    phone.record(finding("y"), vec![]).unwrap();
    assert!(matches!(phone.synced(&city).await, Err(Error::Untrusted { .. })));
    assert!(phone.list(xuncha_core::notebook::ListPage { after: None, limit: 9 }).unwrap().len() == 2);
}
