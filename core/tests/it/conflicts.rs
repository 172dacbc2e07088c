//! Two people, one field.

use serde_json::json;
use xuncha_core::Error;
use xuncha_core::model::FindingDraft;

use super::city::City;
use super::machine::{Phone, finding, note};

#[tokio::test]
async fn both_values_are_kept_and_a_person_chooses() {
    let city = City::new(1);
    let a = Phone::enrolled(2, &city, "王", &["inspector", "acceptor"]).await;
    let b = Phone::enrolled(3, &city, "李", &["inspector"]).await;
    let id = a.record(finding("start"), vec![]).unwrap();
    a.synced(&city).await.unwrap();
    b.synced(&city).await.unwrap();
    a.amend(id, note("a says"), vec![]).unwrap();
    let theirs = b.amend(id, note("b says"), vec![]).unwrap();
    a.synced(&city).await.unwrap();
    let synced = b.synced(&city).await.unwrap();
    assert_eq!((synced.conflicts, synced.accepted), (1, 0));
    a.synced(&city).await.unwrap();

    for phone in [&a, &b] {
        let conflicts = phone.conflicts().unwrap();
        assert_eq!((conflicts.len(), phone.status().unwrap().conflicts), (1, 1));
        assert_eq!((&conflicts[0].field[..], &conflicts[0].current.value), ("note", &json!("a says")));
        assert_eq!(conflicts[0].rivals[0].value, json!("b says"));
        assert_eq!(conflicts[0].rivals[0].by, Some(city.user("李")));
    }
    assert!(matches!(a.resolve(id, "item", theirs), Err(Error::NotFound { .. })));
    a.resolve(id, "note", theirs).unwrap();
    assert!(a.conflicts().unwrap().is_empty(), "decided here at once");
    a.synced(&city).await.unwrap();
    b.synced(&city).await.unwrap();
    assert_eq!(b.finding(id).unwrap().note.as_deref(), Some("b says"));
    assert!(b.conflicts().unwrap().is_empty());
}

#[tokio::test]
async fn a_decision_about_an_outdated_conflict_comes_back() {
    let city = City::new(1);
    let a = Phone::enrolled(2, &city, "王", &["inspector", "acceptor"]).await;
    let b = Phone::enrolled(3, &city, "李", &["acceptor"]).await;
    let id = a.record(finding("start"), vec![]).unwrap();
    a.synced(&city).await.unwrap();
    b.synced(&city).await.unwrap();
    a.amend(id, note("a says"), vec![]).unwrap();
    b.amend(id, note("b says"), vec![]).unwrap();
    a.synced(&city).await.unwrap();
    b.synced(&city).await.unwrap();
    a.synced(&city).await.unwrap();
    for phone in [&a, &b] {
        let current = phone.conflicts().unwrap()[0].current.op;
        phone.resolve(id, "note", current).unwrap();
    }
    a.synced(&city).await.unwrap();
    assert_eq!(b.synced(&city).await.unwrap().refused, 1);
    let refused = b.refused().unwrap();
    assert_eq!(refused[0].code.as_str(), "no_conflict");
    assert!(matches!(b.correct(refused[0].op, note("x")), Err(Error::Invalid { .. })));
}

#[tokio::test]
async fn what_came_while_its_author_was_typing_is_disputed_and_not_overwritten() {
    let city = City::new(1);
    let a = Phone::enrolled(2, &city, "王", &["inspector", "acceptor"]).await;
    let b = Phone::enrolled(3, &city, "李", &["inspector"]).await;
    let id = a.record(finding("start"), vec![]).unwrap();
    a.synced(&city).await.unwrap();
    b.synced(&city).await.unwrap();
    // B looks; A's change comes to the phone while B types.
    let seen = b.finding(id).unwrap().index;
    a.amend(id, note("a says"), vec![]).unwrap();
    a.synced(&city).await.unwrap();
    b.synced(&city).await.unwrap();
    assert!(b.finding(id).unwrap().index > seen);
    b.amend(id, FindingDraft { seen, ..note("b says") }, vec![]).unwrap();
    assert_eq!(b.conflicts().unwrap().len(), 1, "shown at once");
    assert_eq!(b.synced(&city).await.unwrap().conflicts, 1);
    // What B has said and seen accepted is B's own, whatever was on the screen when it was begun.
    let other = b.record(finding("other"), vec![]).unwrap();
    b.synced(&city).await.unwrap();
    let seen = b.finding(other).unwrap().index;
    for words in ["first", "second"] {
        b.amend(other, FindingDraft { seen, ..note(words) }, vec![]).unwrap();
        assert_eq!(b.synced(&city).await.unwrap().conflicts, 0, "{words}");
    }
    assert_eq!(b.finding(other).unwrap().note.as_deref(), Some("second"));
}

#[tokio::test]
async fn whoever_decides_decides_about_the_claims_that_were_shown() {
    let city = City::new(1);
    let a = Phone::enrolled(2, &city, "王", &["inspector", "acceptor"]).await;
    let b = Phone::enrolled(3, &city, "李", &["inspector"]).await;
    let c = Phone::enrolled(4, &city, "陈", &["inspector"]).await;
    let id = a.record(finding("start"), vec![]).unwrap();
    for phone in [&a, &b, &c] {
        phone.synced(&city).await.unwrap();
    }
    for (phone, words) in [(&a, "a says"), (&b, "b says")] {
        phone.amend(id, note(words), vec![]).unwrap();
        phone.synced(&city).await.unwrap();
    }
    a.synced(&city).await.unwrap();
    let conflict = a.conflicts().unwrap().remove(0);
    let shown: Vec<_> = std::iter::once(&conflict.current).chain(&conflict.rivals).map(|claim| claim.op).collect();
    // A third one comes while A thinks about it.
    let late = c.amend(id, note("c says"), vec![]).unwrap();
    c.synced(&city).await.unwrap();
    a.synced(&city).await.unwrap();
    a.resolve_seen(id, "note", shown[1], Some(&shown)).unwrap();
    a.synced(&city).await.unwrap();
    let left = a.conflicts().unwrap();
    assert_eq!((&left[0].current.value, left[0].rivals[0].op), (&json!("b says"), late));
    a.resolve(id, "note", late).unwrap();
    assert!(a.conflicts().unwrap().is_empty());
}
