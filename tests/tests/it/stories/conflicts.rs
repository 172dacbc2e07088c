//! Two people, one finding: nobody's words vanish, and what is turned down comes back.

use serde_json::json;
use xuncha_core::model::{Code, FindingDraft, Severity};
use xuncha_tests::harness::{Phone, RawPhone};

use super::{check, two_phones};

#[tokio::test]
async fn two_people_changing_one_field_keep_both_values_until_a_person_decides() {
    let (server, a, b) = two_phones().await;
    let judge = Phone::of(&server, "赵受理", "acceptor").await;
    let finding = a.record("初稿");
    a.sync().await;
    b.sync().await;
    b.amend(finding, "乙的说法");
    a.amend(finding, "甲的说法");
    b.sync().await;
    let synced = a.sync().await;
    assert_eq!(synced.conflicts, 1);
    for phone in [&a, &b, &judge] {
        phone.sync().await;
        let conflict = phone.conflicts().remove(0);
        assert_eq!((conflict.entity, conflict.kind.as_str(), conflict.field.as_str()), (finding, "finding", "note"));
        assert_eq!((&conflict.current.value, &conflict.rivals[0].value), (&json!("乙的说法"), &json!("甲的说法")));
        assert_eq!((conflict.current.by, conflict.rivals[0].by), (Some(b.user()), Some(a.user())));
    }
    let choice = judge.conflicts()[0].rivals[0].op;
    judge.notebook.resolve(finding, "note", choice).unwrap();
    for phone in [&judge, &a, &b] {
        phone.sync().await;
        assert_eq!((phone.note(finding).as_str(), phone.conflicts().len()), ("甲的说法", 0));
    }
    check(&server, &[&a, &b, &judge]);
}

#[tokio::test]
async fn different_fields_merge_without_asking_anybody() {
    let (server, a, b) = two_phones().await;
    let finding = a.record("初稿");
    a.sync().await;
    b.sync().await;
    a.amend(finding, "补充说明");
    let severity = FindingDraft { severity: Some(Severity::Urgent), ..FindingDraft::default() };
    b.notebook.amend(finding, severity, Vec::new()).unwrap();
    b.sync().await;
    a.sync().await;
    b.sync().await;
    for phone in [&a, &b] {
        let shown = phone.finding(finding);
        assert_eq!((shown.note.as_deref(), shown.severity), (Some("补充说明"), Some(Severity::Urgent)));
        assert!(phone.conflicts().is_empty());
    }
    check(&server, &[&a, &b]);
}

#[tokio::test]
async fn an_inspector_who_decides_a_conflict_learns_that_it_is_not_theirs_to_decide() {
    let (server, a, b) = two_phones().await;
    let finding = a.record("初稿");
    a.sync().await;
    b.sync().await;
    b.amend(finding, "乙");
    a.amend(finding, "甲");
    b.sync().await;
    a.sync().await;
    let choice = a.conflicts()[0].rivals[0].op;
    a.notebook.resolve(finding, "note", choice).unwrap();
    let synced = a.sync().await;
    assert_eq!(synced.refused, 1);
    assert_eq!(a.refused()[0].code, Code::NotAllowed);
    assert_eq!((a.note(finding).as_str(), a.conflicts().len()), ("乙", 1));
    check(&server, &[&a, &b]);
}

#[tokio::test]
async fn a_refused_change_comes_back_with_its_reason_and_counts_once_corrected() {
    let (server, a, b) = two_phones().await;
    // The app of tomorrow lets a text through that the law of today does not.
    let mut raw = RawPhone::of(&server, a.user()).await;
    let draft = raw.draft("finding.record", None, &json!({ "item": "SR-1", "severity": "awful" }));
    let text = raw.say(&draft);
    let verdicts = raw.push(&[text]).await;
    assert!(serde_json::to_string(&verdicts).unwrap().contains("bad_field"));

    let finding = a.record("写错了人");
    a.sync().await;
    b.sync().await;
    b.notebook.void(finding, "不是我记的").unwrap();
    b.amend(finding, "但这句话要留下");
    let synced = b.sync().await;
    assert_eq!((synced.refused, synced.accepted), (1, 1), "a refusal blocks nothing behind it");
    let refused = b.refused().remove(0);
    assert_eq!((refused.code.clone(), refused.kind.as_str()), (Code::NotAllowed, "finding.void"));
    assert!(refused.index.is_some());
    assert_eq!(b.finding(finding).status, "reported");
    b.notebook.dismiss(refused.op).unwrap();
    assert!(b.refused().is_empty());
    check(&server, &[&a, &b]);
}

#[tokio::test]
async fn a_change_refused_because_the_state_moved_on_can_be_said_again() {
    let (server, a, _) = two_phones().await;
    let mut second = Phone::of_user(&server, a.user()).await;
    let finding = a.record("两部手机");
    a.sync().await;
    second.sync().await;
    a.notebook.void(finding, "先作废").unwrap();
    second.notebook.void(finding, "后作废").unwrap();
    a.sync().await;
    assert_eq!(second.sync().await.refused, 1);
    let refused = second.refused().remove(0);
    assert_eq!((refused.code, refused.detail.as_str()), (Code::StateChanged, "void"));
    second.reopen();
    assert_eq!(second.finding(finding).reason.as_deref(), Some("先作废"));
    assert_eq!(second.refused().len(), 1);
    check(&server, &[&a, &second]);
}
