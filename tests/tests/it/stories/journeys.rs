//! The journey of a finding, when all goes well and when people change their minds.

use xuncha_core::model::{BlobRef, FindingDraft, Hash, Photo, Severity};
use xuncha_core::{Error, notebook::ListPage};
use xuncha_tests::harness::{Phone, RawPhone, TestServer, words};

use super::{check, two_phones};

#[tokio::test]
async fn a_finding_recorded_offline_reaches_the_second_phone() {
    let (server, a, b) = two_phones().await;
    let finding = a.record_at("占道堆物，约三平方米", 31.2304, 121.4737);
    assert_eq!((a.note(finding).as_str(), a.pending()), ("占道堆物，约三平方米", 1));
    a.sync().await;
    b.sync().await;
    assert_eq!(a.pending(), 0);
    assert_eq!(b.finding(finding), a.finding(finding));
    assert_eq!(b.finding(finding).by, Some(a.user()));
    assert_eq!(b.notebook.name_of(a.user()).unwrap().as_deref(), Some("王敏"));
    check(&server, &[&a, &b]);
}

#[tokio::test]
async fn what_was_saved_survives_a_kill_of_the_app() {
    let (server, mut a, b) = two_phones().await;
    let finding = a.record("路灯不亮");
    a.amend(finding, "三盏路灯不亮");
    a.reopen();
    assert_eq!((a.note(finding).as_str(), a.pending()), ("三盏路灯不亮", 2));
    a.sync().await;
    b.sync().await;
    assert_eq!(b.note(finding), "三盏路灯不亮");
    check(&server, &[&a, &b]);
}

#[tokio::test]
async fn a_half_written_finding_survives_a_kill_at_every_field() {
    let (server, mut a, _) = two_phones().await;
    let mut draft = FindingDraft::default();
    let id = a.notebook.save_draft(None, &draft).unwrap();
    let steps: [fn(&mut FindingDraft); 4] = [
        |draft| draft.item = Some("SR-3".into()),
        |draft| draft.note = Some("流动".into()),
        |draft| draft.note = Some("流动摊贩两处".into()),
        |draft| draft.severity = Some(Severity::High),
    ];
    for step in steps {
        step(&mut draft);
        a.notebook.save_draft(Some(id), &draft).unwrap();
        a.reopen();
        assert_eq!(a.notebook.drafts().unwrap()[0].draft, draft);
    }
    let finding = a.notebook.record_draft(id).unwrap();
    assert!(a.notebook.drafts().unwrap().is_empty());
    a.sync().await;
    assert_eq!((a.note(finding).as_str(), a.finding(finding).severity), ("流动摊贩两处", Some(Severity::High)));
    check(&server, &[&a]);
}

#[tokio::test]
async fn a_finding_recorded_by_mistake_is_void_everywhere_and_still_there() {
    let (server, a, b) = two_phones().await;
    let finding = a.record("重复记录");
    a.sync().await;
    b.sync().await;
    a.notebook.void(finding, "与上一条重复").unwrap();
    assert_eq!(a.finding(finding).status, "void");
    a.sync().await;
    b.sync().await;
    assert_eq!(
        (b.finding(finding).status.as_str(), b.finding(finding).reason.as_deref()),
        ("void", Some("与上一条重复"))
    );
    assert!(matches!(a.notebook.void(finding, "再来一次"), Err(Error::Refused { .. })));
    check(&server, &[&a, &b]);
}

#[tokio::test]
async fn a_finding_says_which_photos_it_expects() {
    let (server, a, b) = two_phones().await;
    let hash = Hash::of(b"the bytes of a photo");
    let photo = Photo { original: hash, taken: None, source: Some("camera".into()), place: None, shows: None };
    let blob = BlobRef { hash, len: 20, media_type: "image/jpeg".into(), role: "original".into() };
    let draft = FindingDraft { photos: [("p1".to_owned(), Some(photo.clone()))].into(), ..words("井盖缺失") };
    let finding = a.notebook.record(draft, vec![blob]).unwrap();
    a.sync().await;
    b.sync().await;
    assert_eq!(b.finding(finding).photos, [("p1".to_owned(), photo)].into());
    check(&server, &[&a, &b]);
}

#[tokio::test]
async fn two_hundred_and_fifty_thousand_characters_of_backlog_go_up_in_several_pushes() {
    let (server, a, b) = two_phones().await;
    let long = "长".repeat(900);
    for number in 0..620 {
        a.record(&format!("{number} {long}"));
    }
    let synced = a.sync().await;
    assert_eq!((synced.pushed, synced.accepted), (620, 620));
    assert!(synced.requests >= 3, "{synced:?}");
    b.sync().await;
    assert_eq!(b.findings().len(), 620);
    check(&server, &[&a, &b]);
}

#[tokio::test]
async fn recording_goes_on_while_a_sync_is_running() {
    let (server, a, b) = two_phones().await;
    for number in 0..50 {
        a.record(&format!("before {number}"));
    }
    let notebook = a.notebook.clone();
    let recording = tokio::task::spawn_blocking(move || {
        (0..50).map(|number| notebook.record(words(&format!("during {number}")), Vec::new()).unwrap()).count()
    });
    a.sync().await;
    assert_eq!(recording.await.unwrap(), 50);
    a.sync().await;
    b.sync().await;
    assert_eq!(b.findings().len(), 100);
    check(&server, &[&a, &b]);
}

#[tokio::test]
async fn lists_are_paged_newest_first_and_nearest_first() {
    let (server, a, _) = two_phones().await;
    for metres in 0..30_u32 {
        a.clock.pass(1_000);
        a.record_at(&metres.to_string(), 31.0 + f64::from(metres) * 0.001, 121.0);
    }
    let first = a.notebook.list(ListPage { after: None, limit: 10 }).unwrap();
    let second = a.notebook.list(ListPage { after: Some(first[9].key), limit: 10 }).unwrap();
    let notes = |page: &[xuncha_core::notebook::Listed]| page[0].finding.note.clone().unwrap();
    assert_eq!((notes(&first), notes(&second)), ("29".to_owned(), "19".to_owned()));
    let near = a.notebook.near(31.0101, 121.0, 300.0, 10).unwrap();
    let notes: Vec<_> = near.iter().map(|near| near.finding.note.clone().unwrap()).collect();
    assert_eq!(notes, ["10", "11", "9", "12", "8"]);
    check(&server, &[&a]);
}

#[tokio::test]
async fn an_idle_sync_is_one_small_request() {
    let (server, a, _) = two_phones().await;
    a.record("x");
    a.sync().await;
    a.sync().await;
    let net = xuncha_tests::harness::Net::before(server.address()).await;
    let mut a = a;
    a.go_to(&net.url());
    let synced = a.sync().await;
    let counts = net.counts();
    assert_eq!((synced.requests, counts.requests), (1, 1));
    assert!(counts.bytes_up + counts.bytes_down <= 1_024, "{counts:?}");
    check(&server, &[&a]);
}

#[tokio::test]
async fn what_a_newer_app_writes_survives_an_older_app() {
    let server = TestServer::start().await;
    let mut newer = RawPhone::new(&server, "新版", &["inspector"]).await;
    let body = serde_json::json!({ "item": "SR-1", "note": "噪声", "noise_level": { "db": 71.5 } });
    let draft = newer.draft("finding.record", None, &body);
    let finding = draft.entity;
    let text = newer.say(&draft);
    newer.push(&[text]).await;
    let older = Phone::of(&server, "旧版", "inspector").await;
    older.sync().await;
    older.amend(finding, "施工噪声");
    older.sync().await;
    let entity = server.office.entity(finding);
    assert_eq!(entity.field("noise_level"), Some(&serde_json::json!({ "db": 71.5 })));
    assert_eq!(entity.text("note"), Some("施工噪声"));
    check(&server, &[&older]);
}
