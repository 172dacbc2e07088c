//! Ops that are wrong in themselves: each is answered by name, and those beside it are not harmed.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use xuncha_core::model::{Code, Hash, LedgerId};
use xuncha_core::op::{Op, OpDraft};
use xuncha_core::plan::Facts;
use xuncha_core::protocol::{Final, Verdict};
use xuncha_server::settings::Settings;
use xuncha_tests::harness::{RawPhone, TestServer, run_behind, xuncha};

async fn inspector() -> (TestServer, RawPhone) {
    let server = TestServer::start().await;
    let phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    (server, phone)
}

fn unreadable(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Unreadable { code, .. } => code,
        other => panic!("{other:?}"),
    }
}

fn refused(verdict: &Verdict) -> (Code, &str) {
    match verdict {
        Verdict::Refused { code, detail, .. } => (code.clone(), detail),
        other => panic!("{other:?}"),
    }
}

fn accepted(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Accepted { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_ops_are_named_one_by_one_and_the_good_ones_beside_them_count() {
    let (server, mut phone) = inspector().await;
    let text = phone.draft("finding.record", None, &json!({ "item": "SR-1", "note": "NOTE" })).to_text();
    let nested = format!("{}{}", "[".repeat(40), "]".repeat(40));
    let spoil = |from: &str, to: &str| text.replace(from, to);
    let bad = [
        ("nul", spoil("NOTE", r"a\u0000b")),
        ("surrogate", spoil("NOTE", r"\ud83d alone")),
        ("surrogate", spoil("NOTE", r"\udc00")),
        ("too_large", spoil("NOTE", &"长".repeat(17 * 1024))),
        ("too_deep", spoil(r#""NOTE""#, &nested)),
        ("duplicate_key", spoil(r#""item":"SR-1""#, r#""item":"SR-1","item":"SR-2""#)),
        ("duplicate_key", spoil(r#""v":1"#, r#""v":1,"\u0076":1"#)),
        ("not_json", "[1,2]".into()),
        ("not_json", "null".into()),
        ("not_json", spoil(r#""v":1"#, r#""v":1e999"#)),
        ("bad_member", spoil(r#""v":1"#, r#""v":"1""#)),
        ("bad_member", "{}".into()),
        ("bad_chain", spoil(r#""seq":1"#, r#""seq":0"#)),
        ("bad_chain", spoil(r#""seq":1"#, r#""seq":2"#)),
        ("bad_chain", spoil(r#""n":1,"#, "")),
    ];
    let mut texts = vec![phone.record("好的一条").1];
    texts.extend(bad.iter().map(|(_, text)| text.clone()));
    texts.push(phone.record("另一条好的").1);
    let verdicts = phone.push(&texts).await;
    for ((code, text), verdict) in bad.iter().zip(&verdicts[1..]) {
        assert_eq!(unreadable(verdict), *code, "{}", &text[..text.len().min(600)]);
    }
    assert!(accepted(&verdicts[0]) && accepted(verdicts.last().unwrap()), "{verdicts:?}");
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_op_for_another_ledger_is_refused_and_kept() {
    let (server, mut phone) = inspector().await;
    let mut draft = phone.draft("finding.record", None, &json!({ "item": "SR-1" }));
    draft.ledger = LedgerId(uuid::Uuid::from_u128(7));
    let text = phone.say(&draft);
    let verdict = phone.push_one(&text).await;
    assert_eq!(refused(&verdict).0, Code::WrongLedger);
    let index = verdict.into_final().unwrap().index();
    assert_eq!(server.office.entry(index).0, text);
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_op_of_another_device_in_my_push_is_not_mine_to_send() {
    let (server, mut phone) = inspector().await;
    let mut other = RawPhone::new(&server, "李强", &["inspector"]).await;
    let (_, foreign) = other.record("别人的");
    let (_, own) = phone.record("自己的");
    let verdicts = phone.push(&[foreign.clone(), own]).await;
    assert_eq!(unreadable(&verdicts[0]), "wrong_device");
    assert!(accepted(&verdicts[1]));
    assert!(accepted(&other.push_one(&foreign).await), "its own device still says it");
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_op_in_the_ledgers_own_name_is_not_a_devices_to_say() {
    let (server, phone) = inspector().await;
    let mut draft = phone.draft("user.add", None, &json!({ "name": "假", "roles": { "admin": true } }));
    (draft.chain, draft.user, draft.session) = (None, None, None);
    assert_eq!(unreadable(&phone.push_one(&draft.to_text()).await), "bad_chain");
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_chain_is_a_fork_and_both_ends_are_kept() {
    let (server, mut phone) = inspector().await;
    let (_, first) = phone.record("一");
    let index = phone.settle(&first).await;
    phone.prev = Some(Hash::of(b"another past"));
    let (_, broken) = phone.record("二");
    assert_eq!(phone.push_one(&broken).await, Verdict::Fork);
    assert_eq!(phone.push_one(&broken).await, Verdict::Fork);
    assert_eq!(server.office.entry(index).0, first);
    assert_eq!(server.office.outside(), [broken]);
    assert_eq!(server.office.waiting(&phone.device), (0, 1));
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_used_again_for_another_text_is_a_fork() {
    let (server, mut phone) = inspector().await;
    let mut twin = phone.clone();
    let (_, first) = phone.record("一");
    let (_, second) = twin.record("一，另说");
    phone.settle(&first).await;
    assert_eq!(twin.push_one(&second).await, Verdict::Fork);
    assert_eq!(server.office.outside(), [second]);
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_twin_that_repeats_the_past_and_goes_on_otherwise_forks_in_the_same_push() {
    let (server, mut phone) = inspector().await;
    let (_, first) = phone.record("一");
    let mut twin = phone.clone();
    let (_, second) = phone.record("二");
    phone.push(&[first.clone(), second]).await;
    let ((_, other), (_, behind)) = (twin.record("二，另说"), twin.record("三，另说"));
    let verdicts = twin.push(&[first, other.clone(), behind]).await;
    assert!(matches!(verdicts[0], Verdict::Duplicate { .. }), "{verdicts:?}");
    assert_eq!(verdicts[1..], [Verdict::Fork, Verdict::Fork]);
    assert_eq!(server.office.waiting(&phone.device), (0, 2));
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_in_what_a_device_said_blocks_nothing_and_is_reported() {
    let (server, mut phone) = inspector().await;
    let (_, first) = phone.record("一");
    let (_, late) = phone.record("二，先丢了");
    let (_, third) = phone.record("三");
    phone.settle(&first).await;
    phone.settle(&third).await;
    let missing = |expected: u64| {
        let line = xuncha(["admin", "--data", server.data().to_str().unwrap(), "device", "list"]).value();
        assert_eq!(line["device"], json!(phone.device));
        assert_eq!((&line["said"], &line["missing"]), (&json!(3), &json!(expected)), "{line}");
    };
    missing(1);
    phone.settle(&late).await;
    missing(0);
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_used_again_for_something_else_is_refused() {
    let (server, mut phone) = inspector().await;
    let (_, first) = phone.record("一");
    phone.settle(&first).await;
    let mut draft = phone.draft("finding.record", None, &json!({ "item": "SR-9" }));
    draft.id = RawPhone::id_of(&first);
    draft.entity = draft.id.into();
    let text = phone.say(&draft);
    assert_eq!(refused(&phone.push_one(&text).await).0, Code::IdReused);
    let again = phone.push_one(&first).await;
    assert!(matches!(again, Verdict::Duplicate { original: Final::Accepted { .. } }), "{again:?}");
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_op_again_gets_its_first_verdict_also_after_a_refusal_and_within_one_push() {
    let (server, mut phone) = inspector().await;
    let good = phone.record("一").1;
    let mut draft = phone.draft("finding.record", None, &json!({ "item": "" }));
    draft.salt = server.host().salt();
    let bad = phone.say(&draft);
    let verdicts = phone.push(&[good.clone(), good.clone(), bad.clone(), bad.clone()]).await;
    let original = |verdict: &Verdict| verdict.clone().into_final().unwrap();
    assert_eq!(verdicts[1], Verdict::Duplicate { original: original(&verdicts[0]) });
    assert_eq!(refused(&verdicts[2]), (Code::BadField, "item: must be text of 1 to 64 characters"));
    assert_eq!(verdicts[3], Verdict::Duplicate { original: original(&verdicts[2]) });
    assert_eq!(phone.push(&[bad, good]).await, [verdicts[3].clone(), verdicts[1].clone()]);
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_op_that_the_store_rejects_is_refused_alone_and_those_beside_it_count() {
    let (server, mut phone) = inspector().await;
    // What nobody foresaw, as far as the store can have it: a second entity with the same note is rejected.
    let note = match Settings::of(server.data()).unwrap().database {
        Some(_) => r#"("row"::jsonb -> 'fields' ->> 'note')"#,
        None => "json_extract(row, '$.fields.note')",
    };
    run_behind(server.data(), &format!("CREATE UNIQUE INDEX unforeseen ON entity ({note}) WHERE kind = 'finding'"));
    let mut texts: Vec<_> = (0..20).map(|number| phone.record(&format!("{number}")).1).collect();
    let (mishap, text) = phone.record("13");
    texts.insert(15, text.clone());
    let verdicts = phone.push(&texts).await;
    for (at, verdict) in verdicts.iter().enumerate() {
        assert_eq!(accepted(verdict), at != 15, "{at}: {verdict:?}");
    }
    assert_eq!(refused(&verdicts[15]).0, Code::Internal);
    let index = verdicts[15].clone().into_final().unwrap().index();
    assert_eq!(server.office.entry(index).0, text, "it is kept, and its device goes on");
    let is_here = |id| server.office.store.look(|snapshot| snapshot.entity(id)).unwrap().is_some();
    assert!(!is_here(mishap));
    assert_eq!(
        phone.push_one(&text).await,
        Verdict::Duplicate { original: verdicts[15].clone().into_final().unwrap() }
    );
    let (_, later) = phone.record("以后的");
    assert!(accepted(&phone.push_one(&later).await));
    run_behind(server.data(), "DROP INDEX unforeseen");
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_judged_alike_has_a_salt_of_its_own_in_every_entry() {
    let (server, mut phone) = inspector().await;
    let texts = [phone.record("一样的").1, phone.record("一样的").1];
    let salts: BTreeSet<_> = phone
        .push(&texts)
        .await
        .into_iter()
        .map(|verdict| {
            let (op, facts) = server.office.entry(verdict.into_final().unwrap().index());
            let facts: Facts = serde_json::from_value(facts).unwrap();
            assert_ne!(facts.salt.0, Op::parse(&op).unwrap().salt.0);
            facts.salt.0
        })
        .collect();
    assert_eq!(salts.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_op_about_what_is_not_here_yet_waits_and_is_taken_when_it_is() {
    let (server, mut phone) = inspector().await;
    let (finding, record) = phone.record("未到");
    let amend = phone.about("finding.amend", finding, None, &json!({ "tags": { "加急": true } }));
    let missing = vec![format!("entity:{finding}")];
    assert_eq!(phone.push_one(&amend).await, Verdict::Held { missing: missing.clone() });
    assert_eq!(phone.push_one(&amend).await, Verdict::Held { missing });
    assert_eq!(server.office.outside(), std::slice::from_ref(&amend));
    phone.settle(&record).await;
    phone.settle(&amend).await;
    assert!(server.office.outside().is_empty());
    assert_eq!(server.office.entity(finding).field("tags/加急"), Some(&Value::Bool(true)));
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_newer_app_says_is_held_with_its_text_and_does_not_stop_the_rest() {
    let (server, mut phone) = inspector().await;
    let unknown = phone.draft("finding.teleport", None, &json!({}));
    let unknown = phone.say(&unknown);
    let newer = OpDraft { v: 2, ..phone.draft("finding.record", None, &json!({ "shape": "new" })) };
    let newer = phone.say(&newer);
    let (_, known) = phone.record("照旧");
    let verdicts = phone.push(&[unknown.clone(), newer.clone(), known]).await;
    assert_eq!(verdicts[0], Verdict::Held { missing: vec!["kind:finding.teleport/1".into()] });
    assert_eq!(verdicts[1], Verdict::Held { missing: vec!["kind:finding.record/2".into()] });
    assert!(accepted(&verdicts[2]));
    let mut kept = server.office.outside();
    let mut expected = vec![unknown, newer];
    kept.sort();
    expected.sort();
    assert_eq!(kept, expected);
    server.check_all();
}
