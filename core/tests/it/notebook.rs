//! Recording without a network: durable, shown at once, listed, near, drafts, suspend.

use std::time::Duration;

use xuncha_core::Error;
use xuncha_core::model::{FindingDraft, Photo, Place};
use xuncha_core::notebook::{ListPage, Notebook};
use xuncha_core::op::Op;

use super::city::City;
use super::machine::{Phone, finding, finding_at, host, note};

#[tokio::test]
async fn a_finding_recorded_offline_survives_reopening() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    let id = phone.record(finding("井盖缺失"), vec![]).unwrap();
    phone.amend(id, note("井盖缺失,已围挡"), vec![]).unwrap();
    let phone = phone.reopened();
    let shown = phone.finding(id).unwrap();
    assert_eq!((shown.note.as_deref(), shown.index), (Some("井盖缺失,已围挡"), None));
    assert_eq!(phone.status().unwrap().pending, 2);
    phone.is_sound();
}

#[tokio::test]
async fn before_the_first_enrolment_only_drafts_can_be_kept() {
    let phone = Phone::new(1);
    assert!(matches!(phone.record(finding("x"), vec![]), Err(Error::NotEnrolled)));
    let draft = phone.save_draft(None, &finding("x")).unwrap();
    assert!(matches!(phone.record_draft(draft), Err(Error::NotEnrolled)));
    assert_eq!(phone.drafts().unwrap().len(), 1);
    let city = City::new(2);
    assert!(matches!(phone.synced(&city).await, Err(Error::NotEnrolled)));
}

#[tokio::test]
async fn a_draft_survives_a_kill_at_every_field_and_is_recorded_once() {
    let city = City::new(1);
    let mut phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    let mut draft = FindingDraft::default();
    let id = phone.save_draft(None, &draft).unwrap();
    draft.note = Some("路灯不亮".into());
    phone.save_draft(Some(id), &draft).unwrap();
    phone = phone.reopened();
    assert!(matches!(phone.record_draft(id), Err(Error::Invalid { field, .. }) if field == "item"));
    draft.item = Some("SR-1".into());
    draft.more.insert("from_a_newer_app".into(), 7.into());
    phone.save_draft(Some(id), &draft).unwrap();
    phone = phone.reopened();
    assert_eq!(phone.drafts().unwrap()[0].draft, draft);

    let finding = phone.record_draft(id).unwrap();
    assert_eq!(phone.finding(finding).unwrap().note.as_deref(), Some("路灯不亮"));
    assert!(phone.drafts().unwrap().is_empty());
    assert!(matches!(phone.record_draft(id), Err(Error::NotFound { .. })));
    assert!(matches!(phone.discard_draft(id), Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn bad_input_names_its_field_and_records_nothing() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    let id = phone.record(finding("x"), vec![]).unwrap();
    let field = |outcome: xuncha_core::Result<()>| match outcome {
        Err(Error::Invalid { field, .. }) => field,
        other => panic!("{other:?}"),
    };
    let record = |draft| field(phone.record(draft, vec![]).map(drop));
    assert_eq!(record(note("no item")), "item");
    assert_eq!(record(finding("")), "note");
    assert_eq!(record(finding_at("x", 91.0, 0.0)), "place");
    assert_eq!(record(finding(&"x".repeat(60_000))), "body");
    assert_eq!(record(finding("NUL \0")), "body");
    assert_eq!(field(phone.amend(id, FindingDraft::default(), vec![]).map(drop)), "body");
    assert_eq!(field(phone.void(id, "").map(drop)), "reason");
    assert!(matches!(phone.amend(city.user("王"), note("x"), vec![]), Err(Error::NotFound { .. })));
    phone.void(id, "twice recorded").unwrap();
    let again = phone.void(id, "twice recorded");
    assert!(matches!(again, Err(Error::Refused { code, .. }) if code.as_str() == "state_changed"));
    assert_eq!(phone.status().unwrap().pending, 2);
    phone.is_sound();
}

#[tokio::test]
async fn the_list_is_newest_first_and_pages_by_key() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    let ids: Vec<_> = (0..25).map(|i| phone.record(finding(&format!("{i}")), vec![]).unwrap()).collect();
    phone.synced(&city).await.unwrap();
    let photo =
        Photo { original: xuncha_core::model::Hash::of(b"jpeg"), taken: None, source: None, place: None, shows: None };
    let draft = FindingDraft { photos: [("p1".to_owned(), Some(photo))].into(), ..finding("newest") };
    let newest = phone.record(draft, vec![]).unwrap();

    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = phone.list(ListPage { after, limit: 10 }).unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.key);
        listed.extend(page);
    }
    assert_eq!((listed[0].finding.id, listed[0].pending, listed[0].photos_expected), (newest, true, 1));
    assert!(!listed[1].pending);
    let shown: Vec<_> = listed[1..].iter().rev().map(|listed| listed.finding.id).collect();
    assert_eq!(shown, ids);
}

#[tokio::test]
async fn near_finds_the_nearest_first_also_across_the_date_line() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    for (name, lat, lon) in
        [("here", 39.9, 116.4), ("100 m north", 39.9009, 116.4), ("far", 39.99, 116.4), ("east", 0.0, 179.9995)]
    {
        phone.record(finding_at(name, lat, lon), vec![]).unwrap();
    }
    phone.record(finding("nowhere"), vec![]).unwrap();
    let names = |lat, lon, metres, limit| -> Vec<_> {
        let near = phone.near(lat, lon, metres, limit).unwrap();
        near.into_iter().map(|near| near.finding.note.unwrap()).collect()
    };
    assert_eq!(names(39.9001, 116.4, 500.0, 10), ["here", "100 m north"]);
    assert_eq!(names(39.9001, 116.4, 500.0, 1), ["here"]);
    assert_eq!(names(39.9, 116.4, 20_000.0, 10), ["here", "100 m north", "far"]);
    assert_eq!(names(0.0, -179.9995, 500.0, 10), ["east"]);
    assert!(phone.near(f64::NAN, 0.0, 1.0, 1).is_err());
}

#[tokio::test]
async fn a_second_process_is_told_that_the_notebook_is_busy() {
    let phone = Phone::new(1);
    let second = || Notebook::open(phone.folder(), phone.keys.clone(), host(3));
    assert!(matches!(second(), Err(Error::Busy)));
    phone.suspend(Duration::from_secs(1)).unwrap();
    drop(second().unwrap());
    phone.resume().unwrap();
    assert!(matches!(second(), Err(Error::Busy)));
}

#[tokio::test]
async fn a_suspended_notebook_takes_nothing_leaves_one_file_and_resumes() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    let id = phone.record(finding("x"), vec![]).unwrap();
    phone.suspend(Duration::from_millis(100)).unwrap();
    phone.suspend(Duration::from_millis(100)).unwrap();
    assert!(matches!(phone.record(finding("y"), vec![]), Err(Error::Busy)));
    assert!(matches!(phone.sync(&city, &()).await, Err(Error::Busy)));
    assert!(!phone.folder().join("notebook.db-wal").exists());
    phone.resume().unwrap();
    phone.resume().unwrap();
    assert_eq!(phone.finding(id).unwrap().note.as_deref(), Some("x"));
    phone.synced(&city).await.unwrap();
}

#[tokio::test]
async fn two_findings_in_the_same_words_have_salts_of_their_own() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    for _ in 0..2 {
        phone.record(finding("12号门,紧急"), vec![]).unwrap();
    }
    let db = rusqlite::Connection::open(phone.database()).unwrap();
    let mut query = db.prepare("SELECT text FROM op WHERE kind = 'finding.record'").unwrap();
    let texts = query.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let ops: Vec<_> = texts.map(|text| Op::parse(&text.unwrap()).unwrap()).collect();
    assert_eq!(ops.len(), 2);
    assert_eq!(ops[0].body, ops[1].body);
    assert_ne!(ops[0].salt, ops[1].salt);
}

#[tokio::test]
async fn a_figure_that_is_none_is_named_and_not_left_out() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    let sound = Place { lat: Some(31.2), lon: Some(121.4), accuracy: Some(5.0), ..Place::default() };
    for (place, field) in [
        (Place { accuracy: Some(f64::NAN), ..sound.clone() }, "place.accuracy"),
        (Place { accuracy: Some(f64::INFINITY), ..sound.clone() }, "place.accuracy"),
        (Place { accuracy: Some(-5.0), ..sound.clone() }, "place.accuracy"),
        (Place { accuracy: Some(1e300), ..sound.clone() }, "place.accuracy"),
        (Place { lat: Some(f64::NAN), lon: Some(f64::NAN), ..sound }, "place.lat"),
    ] {
        let draft = FindingDraft { place: Some(place), ..finding("x") };
        match phone.record(draft, vec![]) {
            Err(Error::Invalid { field: named, .. }) => assert_eq!(named, field),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(phone.status().unwrap().pending, 0);
}

#[tokio::test]
async fn nothing_is_called_saved_once_the_folder_is_gone() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    phone.record(finding("井盖缺失"), vec![]).unwrap();
    let away = phone.folder().with_extension("away");
    std::fs::rename(phone.folder(), &away).unwrap();
    let refused = |done: xuncha_core::Result<()>| assert!(matches!(done, Err(Error::Storage { .. })), "{done:?}");
    refused(phone.record(finding("x"), vec![]).map(drop));
    refused(phone.save_draft(None, &finding("x")).map(drop));
    refused(phone.status().map(drop));
    std::fs::create_dir(phone.folder()).unwrap();
    std::fs::copy(away.join("notebook.db"), phone.folder().join("notebook.db")).unwrap();
    refused(phone.record(finding("x"), vec![]).map(drop));
    std::fs::remove_dir_all(phone.folder()).unwrap();
    std::fs::rename(&away, phone.folder()).unwrap();
    phone.record(finding("y"), vec![]).unwrap();
    phone.is_sound();
}
