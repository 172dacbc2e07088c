//! An inspector's day: a visit with its checklist from the start to the points, mostly without a
//! network; what two people say about it, and what is put right on the spot.

use serde_json::json;
use xuncha_core::Error;
use xuncha_core::model::{Answer, Code, EntityId, FindingDraft, Is, Place};
use xuncha_core::notebook::Visit;
use xuncha_server::ledger::{OwnOp, catalogue_body};
use xuncha_tests::harness::{Phone, RawPhone, TestServer, photo, square, street_list};

use super::check;

/// A district with a street on the list, and two inspectors who see it and know it.
struct Day {
    server: TestServer,
    a: Phone,
    b: Phone,
    street: EntityId,
}

async fn day() -> Day {
    let server = TestServer::start().await;
    server.office.load_catalogue(&street_list("day", &["SR-7", "AD-3", "HW-1"]));
    let area = server.office.area("城北", &square(0.0, 10.0));
    let street = server.office.place("解放路", "street", (5.0, 5.0));
    let user = |name| server.office.user(name, &["inspector"], &[area]);
    let (a, b) = (Phone::of_user(&server, user("王敏")).await, Phone::of_user(&server, user("李强")).await);
    for phone in [&a, &b] {
        let first = phone.sync().await;
        assert_eq!((first.documents, phone.sync().await.requests), (1, 1));
    }
    Day { server, a, b, street }
}

fn values(of: &[(&str, u64)]) -> Answer {
    Answer { values: of.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect(), ..Answer::default() }
}

fn field_of<T: std::fmt::Debug>(outcome: xuncha_core::Result<T>) -> String {
    match outcome {
        Err(Error::Invalid { field, .. }) => field,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_morning_on_jiefang_road() {
    let Day { mut server, mut a, mut b, street } = day().await;
    let task = server.office.task("查解放路", street, &[a.user()]);
    for phone in [&a, &b] {
        phone.sync().await;
        assert_eq!(phone.notebook.catalogue().unwrap().unwrap().catalogue.version, "day");
        assert_eq!(phone.notebook.places().unwrap()[0].name, "解放路");
        assert_eq!(phone.notebook.tasks(true).unwrap()[0].id, task);
    }
    server.stop().await;
    assert!(a.try_sync().await.is_err(), "no network from here on");

    let visit = a.notebook.start_inspection(Visit { task: Some(task), ..Visit::default() }).unwrap();
    assert_eq!(a.inspection(visit).place.unwrap().id, Some(street), "the place is that of the task");
    let lines = a.notebook.checklist(visit).unwrap();
    assert_eq!(lines.iter().map(|line| line.item.id.as_str()).collect::<Vec<_>>(), ["SR-7", "AD-3", "HW-1"]);

    // Answers are held against what the item asks, and what follows from figures is worked out.
    let half = Answer { values: [("count".to_owned(), json!(2.5))].into(), ..Answer::default() };
    assert_eq!(field_of(a.notebook.answer(visit, "SR-7", half)), "answers/SR-7/count");
    assert_eq!(field_of(a.notebook.answer(visit, "CW-1", Answer::default())), "answers/CW-1");
    a.notebook.answer(visit, "AD-3", values(&[("public_ads", 19), ("all_ads", 100)])).unwrap();
    assert_eq!(a.inspection(visit).answers["AD-3"].is, Some(Is::No));
    let wrong = Answer { is: Some(Is::No), ..values(&[("public_ads", 20), ("all_ads", 100)]) };
    assert_eq!(field_of(a.notebook.answer(visit, "AD-3", wrong)), "answers/AD-3");
    a.notebook.answer(visit, "AD-3", values(&[("public_ads", 20), ("all_ads", 100)])).unwrap();
    assert_eq!(a.inspection(visit).answers["AD-3"].is, Some(Is::Yes));

    let photos = [4_000, 5_000].map(|len| a.seal(&photo(&server.random, len))).to_vec();
    let draft = FindingDraft { note: Some("灯箱三处".into()), ..FindingDraft::default() };
    let finding = a.notebook.answer_with_finding(visit, "SR-7", values(&[("count", 3)]), draft, photos).unwrap();
    let shown = a.finding(finding);
    assert_eq!((shown.item.as_deref(), shown.photos.len()), (Some("SR-7"), 2));
    assert_eq!(shown.place.unwrap().id, Some(street), "it was found where the visit is");

    a.notebook.pause_inspection(visit).unwrap();
    a.reopen();
    let open = a.notebook.inspections(true).unwrap();
    assert_eq!((open.len(), open[0].status.as_str(), open[0].answers.len()), (1, "paused", 2));
    a.notebook.resume_inspection(visit).unwrap();
    assert_eq!(field_of(a.notebook.finish_inspection(visit)), "answers/HW-1");
    a.answer(visit, "HW-1", Is::Yes);
    a.notebook.finish_inspection(visit).unwrap();
    assert_eq!((a.inspection(visit).status.as_str(), a.inspection(visit).points), ("finished", Some(30)));
    assert!(a.notebook.tasks(true).unwrap().is_empty(), "the task is done with it, seen here at once");

    server.resume().await;
    for phone in [&mut a, &mut b] {
        phone.go_to(&server.url());
        let synced = phone.sync().await;
        assert_eq!((synced.refused, synced.held, synced.conflicts), (0, 0, 0));
    }
    for phone in [&a, &b] {
        let shown = phone.inspection(visit);
        assert_eq!((shown.status.as_str(), shown.points, shown.by), ("finished", Some(30), Some(a.user())));
        let lines = phone.notebook.checklist(visit).unwrap();
        assert!(lines.iter().all(|line| line.missing.is_none()), "{lines:#?}");
        assert_eq!((lines[0].points, lines[0].photos), (30, 2));
        let tasks = phone.notebook.tasks(false).unwrap();
        assert_eq!((tasks[0].status.as_str(), tasks[0].inspection), ("done", Some(visit)));
        assert_eq!(phone.finding(finding).note.as_deref(), Some("灯箱三处"));
    }
    check(&server, &[&a, &b]);
}

#[tokio::test]
async fn a_visit_keeps_its_checklist_when_another_catalogue_comes_into_force() {
    let Day { server, a, b, street } = day().await;
    let visit = a.visit(street);
    a.answer_count(visit, "SR-7", 2);
    a.notebook.pause_inspection(visit).unwrap();
    server.office.load_catalogue(&street_list("night", &["HW-1"]));
    assert_eq!(a.sync().await.documents, 1);
    assert_eq!(a.notebook.catalogue().unwrap().unwrap().catalogue.version, "night");
    let later = a.visit(street);
    assert_eq!((a.notebook.checklist(visit).unwrap().len(), a.notebook.checklist(later).unwrap().len()), (3, 1));

    // Somebody whose phone never saw the day's catalogue takes the visit over.
    let c = Phone::of(&server, "周洁", "inspector").await;
    assert_eq!(c.sync().await.documents, 2, "the one in force, and that of the visit under way");
    c.notebook.resume_inspection(visit).unwrap();
    c.answer(visit, "AD-3", Is::Na);
    c.answer(visit, "HW-1", Is::Yes);
    c.notebook.finish_inspection(visit).unwrap();
    assert_eq!(c.sync().await.refused, 0);
    a.answer(later, "HW-1", Is::Yes);
    assert!(matches!(a.notebook.answer(later, "SR-7", Answer::default()), Err(Error::Invalid { .. })));
    a.notebook.finish_inspection(later).unwrap();
    for phone in [&a, &b] {
        assert_eq!(phone.sync().await.refused, 0);
        assert_eq!(phone.inspection(visit).points, Some(20));
        assert_eq!(phone.inspection(later).points, Some(0));
    }
    check(&server, &[&a, &b, &c]);
}

#[tokio::test]
async fn what_names_a_catalogue_waits_for_it_and_for_its_text() {
    let Day { server, a, street, .. } = day().await;
    let night = street_list("night", &["HW-1"]);
    let load = OwnOp::making(&server.host(), "admin", "catalogue.load", catalogue_body(&night));
    let mut raw = RawPhone::of(&server, a.user()).await;
    let body = json!({ "type": "street", "catalogue": load.entity, "place": { "id": street } });
    let draft = raw.draft("inspection.start", None, &body);
    let (visit, text) = (draft.entity, raw.say(&draft));
    let held = json!(raw.push_one(&text).await);
    assert_eq!(held["missing"], json!([format!("entity:{}", load.entity)]));
    let held = json!(server.office.say(&load));
    assert!(held["missing"][0].as_str().unwrap().starts_with("document:sha256:"), "{held}");

    server.office.put_document(&night);
    let taken = json!(server.office.say(&load));
    assert_eq!(taken["verdict"], "accepted");
    raw.settle(&text).await;
    assert!(server.office.outside().is_empty(), "nothing waits any more");
    a.sync().await;
    assert_eq!(a.inspection(visit).catalogue, Some(load.entity));
    assert_eq!(a.notebook.checklist(visit).unwrap().len(), 1);
    check(&server, &[&a]);
}

#[tokio::test]
async fn two_who_answer_one_item_differently_are_both_heard_until_a_person_decides() {
    let Day { server, a, b, street } = day().await;
    let judge = Phone::of(&server, "赵受理", "acceptor").await;
    let visit = a.visit(street);
    a.sync().await;
    b.sync().await;
    a.answer_count(visit, "SR-7", 1);
    b.answer_count(visit, "SR-7", 4);
    b.answer(visit, "HW-1", Is::Yes);
    a.sync().await;
    assert_eq!(b.sync().await.conflicts, 1);
    a.answer(visit, "AD-3", Is::Na);
    a.answer(visit, "HW-1", Is::Yes);
    a.sync().await;
    a.notebook.finish_inspection(visit).unwrap();
    assert_eq!(a.sync().await.refused, 0, "a dispute does not hold up the visit");

    for phone in [&a, &b, &judge] {
        phone.sync().await;
        let conflict = phone.conflicts().remove(0);
        let named = (conflict.entity, conflict.kind.as_str(), conflict.field.as_str());
        assert_eq!(named, (visit, "inspection", "answers/SR-7"));
        assert_eq!((&conflict.current.value["values"]["count"], conflict.current.by), (&json!(1), Some(a.user())));
        assert_eq!(conflict.rivals[0].value["values"]["count"], 4);
        assert_eq!((phone.notebook.status().unwrap().conflicts, phone.inspection(visit).points), (1, Some(10)));
    }
    let choice = b.conflicts()[0].rivals[0].op;
    b.notebook.resolve(visit, "answers/SR-7", choice).unwrap();
    assert_eq!(b.sync().await.refused, 1);
    assert_eq!((b.refused()[0].code.clone(), b.conflicts().len()), (Code::NotAllowed, 1));

    judge.notebook.resolve(visit, "answers/SR-7", choice).unwrap();
    assert!(judge.conflicts().is_empty(), "decided here at once");
    for phone in [&judge, &a, &b] {
        phone.sync().await;
        assert_eq!((phone.inspection(visit).points, phone.conflicts().len()), (Some(40), 0));
        assert_eq!(phone.notebook.status().unwrap().conflicts, 0);
    }
    check(&server, &[&a, &b, &judge]);
}

#[tokio::test]
async fn an_answer_that_comes_after_the_end_comes_back_and_is_not_lost() {
    let Day { server, a, b, street } = day().await;
    let visit = a.visit(street);
    a.sync().await;
    b.sync().await;
    for item in ["SR-7", "AD-3", "HW-1"] {
        a.answer(visit, item, Is::Na);
    }
    a.notebook.finish_inspection(visit).unwrap();
    a.sync().await;
    b.answer_count(visit, "SR-7", 5);
    assert_eq!(b.sync().await.refused, 1);
    let refused = b.refused().remove(0);
    assert_eq!((refused.code, refused.detail.as_str()), (Code::StateChanged, "finished"));
    assert_eq!(refused.body["answers"]["SR-7"]["values"]["count"], 5);
    assert_eq!(b.inspection(visit).answers["SR-7"].is, Some(Is::Na));
    assert!(matches!(b.notebook.answer(visit, "SR-7", Answer::default()), Err(Error::Refused { .. })));
    check(&server, &[&a, &b]);
}

#[tokio::test]
async fn a_visit_that_was_called_off_meanwhile_does_not_do_its_task() {
    let Day { server, a, street, .. } = day().await;
    let second = Phone::of_user(&server, a.user()).await;
    let task = server.office.task("查解放路", street, &[a.user()]);
    a.sync().await;
    let visit = a.notebook.start_inspection(Visit { task: Some(task), ..Visit::default() }).unwrap();
    a.sync().await;
    second.sync().await;
    second.notebook.cancel_inspection(visit, "封路").unwrap();
    second.sync().await;
    for item in ["SR-7", "AD-3", "HW-1"] {
        a.answer(visit, item, Is::Na);
    }
    a.notebook.finish_inspection(visit).unwrap();
    a.sync().await;
    let refused: Vec<_> = a.refused().into_iter().map(|one| (one.kind, one.code)).collect();
    let wanted = ["inspection.answer", "inspection.answer", "inspection.answer", "inspection.finish", "task.finish"];
    assert_eq!(refused, wanted.map(|kind| (kind.to_owned(), Code::StateChanged)));
    assert_eq!((a.inspection(visit).status.as_str(), a.notebook.tasks(true).unwrap().len()), ("void", 1));
    check(&server, &[&a, &second]);
}

#[tokio::test]
async fn what_is_put_right_in_the_same_visit_is_closed_at_once() {
    let Day { server, a, b, street } = day().await;
    let visit = a.visit(street);
    let before = [4_000, 5_000].map(|len| a.seal(&photo(&server.random, len))).to_vec();
    let draft = FindingDraft::default();
    let finding = a.notebook.answer_with_finding(visit, "HW-1", Answer::default(), draft, before).unwrap();
    let bare = a.record("没有照片");
    assert_eq!(field_of(a.notebook.fix_on_the_spot(finding, vec![])), "photos");
    let after = |phone: &Phone| vec![phone.seal(&photo(&server.random, 3_000))];
    assert_eq!(field_of(a.notebook.fix_on_the_spot(bare, after(&a))), "photos");
    a.notebook.fix_on_the_spot(finding, after(&a)).unwrap();
    assert_eq!((a.finding(finding).status.as_str(), a.finding(finding).photos.len()), ("fixed_on_the_spot", 3));
    assert!(matches!(a.notebook.fix_on_the_spot(finding, after(&a)), Err(Error::Refused { .. })));
    assert_eq!(a.notebook.checklist(visit).unwrap()[2].photos, 2, "a photo from afterwards shows nothing wrong");
    for item in ["SR-7", "AD-3"] {
        a.answer(visit, item, Is::Na);
    }
    a.notebook.finish_inspection(visit).unwrap();
    assert_eq!(a.sync().await.refused, 0);

    // Another's finding: what one rectifies, another must have seen.
    let place = Some(Place { id: Some(street), ..Place::default() });
    let draft = FindingDraft { item: Some("HW-1".into()), place, ..FindingDraft::default() };
    let theirs = a.notebook.record_with_photos(draft, after(&a)).unwrap();
    a.sync().await;
    b.sync().await;
    assert_eq!(b.finding(finding).status, "fixed_on_the_spot");
    assert_eq!(b.inspection(visit).points, Some(20));
    let refused = b.notebook.fix_on_the_spot(theirs, after(&b));
    assert!(matches!(refused, Err(Error::Refused { code: Code::NotAllowed, .. })), "{refused:?}");
    assert_eq!(b.pending(), 0, "said at once, and nothing is left to be sent");
    b.sync().await;
    a.sync().await;
    for phone in [&a, &b] {
        let shown = phone.finding(theirs);
        assert_eq!((shown.status.as_str(), shown.photos.len()), ("reported", 1));
    }
    check(&server, &[&a, &b]);
}

#[tokio::test]
async fn a_fix_shows_another_picture_and_comes_within_a_day() {
    let Day { server, a, b, street } = day().await;
    let picture = photo(&server.random, 4_000);
    let place = Some(Place { id: Some(street), ..Place::default() });
    let draft = FindingDraft { item: Some("HW-1".into()), place, ..FindingDraft::default() };
    let finding = a.notebook.record_with_photos(draft, vec![a.seal(&picture)]).unwrap();
    let said = a.pending();
    let same = field_of(a.notebook.fix_on_the_spot(finding, vec![a.seal(&picture)]));
    assert!(same.starts_with("photos/"), "{same}");
    a.clock.pass(25 * 60 * 60 * 1000);
    let after = || vec![a.seal(&photo(&server.random, 3_000))];
    assert_eq!(field_of(a.notebook.fix_on_the_spot(finding, after())), "at");
    assert_eq!((a.pending(), a.finding(finding).photos.len()), (said, 1), "nothing was half done");
    a.clock.pass(-2 * 60 * 60 * 1000);
    a.notebook.fix_on_the_spot(finding, after()).unwrap();
    assert_eq!(a.pending(), said + 1, "one action is one op");
    assert_eq!(a.sync().await.refused, 0);
    b.sync().await;
    let shown = b.finding(finding);
    assert_eq!((shown.status.as_str(), shown.photos.len()), ("fixed_on_the_spot", 2));
    check(&server, &[&a, &b]);
}

#[tokio::test]
async fn a_task_keeps_its_place_under_a_fix_and_is_done_nowhere_else() {
    let Day { server, a, street, .. } = day().await;
    let site = server.office.place("云台工地", "construction_site", (5.2, 5.2));
    let task = server.office.task("查云台工地", site, &[a.user()]);
    let other = server.office.task("查解放路", street, &[a.user()]);
    server.office.change("place.amend", street, json!({ "items": { "CW-1": true } }));
    server.office.change("task.amend", other, json!({ "type": null }));
    a.sync().await;
    let fix = Place { lat: Some(5.01), lon: Some(5.02), accuracy: Some(6.0), ..Place::default() };
    let visit = |task, place: Option<Place>, kind: Option<&str>| {
        a.notebook.start_inspection(Visit { task: Some(task), place, place_type: kind.map(str::to_owned), note: None })
    };
    let at = |id| Some(Place { id: Some(id), ..Place::default() });
    assert_eq!(field_of(visit(task, at(street), Some("street"))), "place");
    assert_eq!(field_of(visit(other, None, Some("public_toilet"))), "type");
    let begun = visit(other, Some(fix.clone()), None).unwrap();
    let place = a.inspection(begun).place.unwrap();
    assert_eq!(place, Place { id: Some(street), ..fix }, "the fix is kept, and the known place as well");

    // The office moves the task while the visit is under way: the visit counts, and the task stays open.
    server.office.change("task.amend", other, json!({ "place": { "id": site } }));
    a.sync().await;
    for line in a.notebook.checklist(begun).unwrap() {
        a.answer(begun, &line.item.id, Is::Na);
    }
    a.notebook.finish_inspection(begun).unwrap();
    assert_eq!(a.sync().await.refused, 0);
    assert_eq!(a.inspection(begun).status, "finished");
    let open: Vec<_> = a.notebook.tasks(true).unwrap().into_iter().map(|task| task.id).collect();
    assert!(open.contains(&task) && open.contains(&other), "{open:?}");
    check(&server, &[&a]);
}
