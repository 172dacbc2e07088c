//! Two people, one field: nobody's words vanish, and a person decides.

use serde_json::{Value, json};
use xuncha_core::model::{Code, EntityId};
use xuncha_core::protocol::Verdict;
use xuncha_tests::harness::{RawPhone, TestServer};

struct Dispute {
    server: TestServer,
    acceptor: RawPhone,
    finding: EntityId,
    /// Last writer of the disputed note, and the challenger, as op ids.
    seen: Vec<Value>,
}

/// The acceptor changed the note first; the inspector, who had not seen that, changed it too.
async fn dispute() -> Dispute {
    let server = TestServer::start().await;
    let mut recorder = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let mut inspector = RawPhone::new(&server, "李强", &["inspector"]).await;
    let mut acceptor = RawPhone::new(&server, "赵敏", &["acceptor"]).await;
    let (finding, record) = recorder.record("原话");
    let index = recorder.settle(&record).await;
    let first = acceptor.about("finding.amend", finding, Some(index), &json!({ "note": "验收员的话" }));
    acceptor.settle(&first).await;
    let second =
        inspector.about("finding.amend", finding, Some(index), &json!({ "note": "巡查员的话", "severity": "high" }));
    let task = finding.of_task(RawPhone::id_of(&second));
    match inspector.push_one(&second).await {
        Verdict::Conflict { task: named, .. } => assert_eq!(named, task),
        other => panic!("{other:?}"),
    }
    let seen = [&first, &second].map(|text| json!(RawPhone::id_of(text))).to_vec();
    Dispute { server, acceptor, finding, seen }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_change_stands_beside_the_current_value_and_the_rest_of_it_counts() {
    let Dispute { server, finding, .. } = dispute().await;
    let entity = server.office.entity(finding);
    assert_eq!(entity.text("note"), Some("验收员的话"));
    assert_eq!(entity.rivals["note"].len(), 1);
    assert_eq!(entity.rivals["note"][0].value, json!("巡查员的话"));
    assert_eq!(entity.text("severity"), Some("high"));
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resolution_that_has_seen_both_sides_settles_the_dispute() {
    let Dispute { server, mut acceptor, finding, seen } = dispute().await;
    let body = json!({ "field": "note", "seen": seen, "value": "两人商定的话" });
    let resolve = acceptor.about("finding.resolve", finding, None, &body);
    acceptor.settle(&resolve).await;
    let entity = server.office.entity(finding);
    assert_eq!(entity.text("note"), Some("两人商定的话"));
    assert!(entity.rivals.is_empty());
    let again = acceptor.about("finding.resolve", finding, None, &body);
    let verdict = acceptor.push_one(&again).await;
    assert!(matches!(verdict, Verdict::Refused { code: Code::NoConflict, .. }), "{verdict:?}");
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resolution_that_missed_the_last_word_is_refused_and_both_values_stay() {
    let Dispute { server, mut acceptor, finding, seen } = dispute().await;
    let head = server.office.size() - 1;
    let later = acceptor.about("finding.amend", finding, Some(head), &json!({ "note": "又改了" }));
    acceptor.settle(&later).await;
    let body = json!({ "field": "note", "seen": seen, "value": "过时的决定" });
    let stale = acceptor.about("finding.resolve", finding, None, &body);
    match acceptor.push_one(&stale).await {
        Verdict::Refused { code: Code::StateChanged, detail, .. } => {
            assert!(detail.contains(&RawPhone::id_of(&later).to_string()), "{detail}");
        }
        other => panic!("{other:?}"),
    }
    let entity = server.office.entity(finding);
    assert_eq!(entity.text("note"), Some("又改了"));
    assert_eq!(entity.rivals["note"][0].value, json!("巡查员的话"));
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_from_a_state_that_is_no_longer_true_is_refused_with_the_state_that_is() {
    let Dispute { server, mut acceptor, finding, .. } = dispute().await;
    let void = |phone: &mut RawPhone| {
        let mut draft = phone.draft("finding.void", Some(finding), &json!({ "reason": "重复" }));
        draft.from = Some("reported".into());
        phone.say(&draft)
    };
    let first = void(&mut acceptor);
    acceptor.settle(&first).await;
    let second = void(&mut acceptor);
    let verdict = acceptor.push_one(&second).await;
    match verdict {
        Verdict::Refused { code, detail, .. } => assert_eq!((code, &*detail), (Code::StateChanged, "void")),
        other => panic!("{other:?}"),
    }
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_has_seen_another_ledger_is_turned_away_alone_and_spoils_nothing() {
    use xuncha_core::op::Seen;
    let server = TestServer::start().await;
    for (name, size) in [("王芳", 3), ("李强", 9_000)] {
        let mut phone = RawPhone::new(&server, name, &["inspector"]).await;
        let (before, entries) = (server.office.size(), phone.record("没见过别的台账"));
        let mut draft = phone.draft("finding.record", None, &json!({ "item": "SR-1" }));
        draft.seen = Some(Seen { epoch: 1, size, root: xuncha_core::model::Hash::of(b"another ledger") });
        let text = phone.say(&draft);
        for texts in [vec![entries.1.clone(), text], vec![entries.1]] {
            let answer = phone.try_push(&texts).await;
            assert_eq!(
                (answer.status, &*answer.code()),
                (409, "ledger_rolled_back"),
                "also what does not say so itself"
            );
        }
        assert_eq!(phone.announce(b"GIF").await.code(), "ledger_rolled_back");
        assert_eq!(server.office.size(), before);
    }
    let mut other = RawPhone::new(&server, "张伟", &["inspector"]).await;
    let (_, text) = other.record("别人照常");
    other.settle(&text).await;
    assert_eq!(server.service().worries().await, ["ahead: 2 devices have seen what this ledger cannot prove"]);
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_not_displaced_by_another_device_that_uses_its_id() {
    let server = TestServer::start().await;
    let mut phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let mut other = RawPhone::new(&server, "李强", &["inspector"]).await;
    let (finding, record) = phone.record("未到");
    let amend = phone.about("finding.amend", finding, None, &json!({ "note": "等着的话" }));
    phone.push_one(&amend).await;
    let mut draft = other.draft("finding.record", None, &json!({ "item": "SR-1" }));
    draft.id = RawPhone::id_of(&amend);
    draft.entity = draft.id.into();
    let thief = other.say(&draft);
    other.settle(&thief).await;
    assert_eq!(server.office.outside(), std::slice::from_ref(&amend));
    phone.settle(&record).await;
    server.check_all();
}
