//! Two people, one field.

use serde_json::json;
use xuncha_core::Error;

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
