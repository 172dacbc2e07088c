//! Ordinary days: verdicts, duplicates, lost replies, scopes, checksums.

use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use xuncha_core::Error;
use xuncha_core::model::{EntityId, FindingDraft, OpId, Severity};
use xuncha_core::plan::Scope;
use xuncha_core::protocol::MAX_PUSH_OPS;
use xuncha_core::sync::{Progress, Step, SyncOptions};

use super::city::City;
use super::machine::{Phone, finding, finding_at, note};

#[tokio::test]
async fn what_one_phone_records_the_other_shows() {
    let city = City::new(1);
    let a = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    let b = Phone::enrolled(3, &city, "李", &["inspector"]).await;
    let id = a.record(finding_at("井盖缺失", 39.9, 116.4), vec![]).unwrap();
    assert!(a.is_pending(id).unwrap());
    let synced = a.synced(&city).await.unwrap();
    assert_eq!((synced.pushed, synced.accepted, synced.requests), (1, 1, 2));
    b.synced(&city).await.unwrap();
    assert!(!a.is_pending(id).unwrap());
    assert_eq!(a.finding(id).unwrap(), b.finding(id).unwrap());
    assert_eq!(b.name_of(b.finding(id).unwrap().by.unwrap()).unwrap().as_deref(), Some("王"));
    assert_eq!(b.users().unwrap().len(), 2);
}

#[tokio::test]
async fn an_idle_sync_is_one_request_and_measures_the_clock() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    phone.synced(&city).await.unwrap();
    let synced = phone.synced(&city).await.unwrap();
    assert_eq!((synced.requests, synced.pulled_rows, synced.pushed), (1, 0, 0));
    let status = phone.status().unwrap();
    assert_eq!(status.offset_ms, Some(synced.offset_ms));
    assert!(synced.offset_ms.abs() < 10 * 60_000 && synced.offset_ms != 0);
    assert_eq!(status.cursor.unwrap().size, city.lock().head());
    assert!(status.synced.is_some() && status.seen.is_some());
}

#[tokio::test]
async fn nothing_flickers_between_verdict_and_row() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    for i in 0..40 {
        city.lock().make("finding.record", json!({"item": "SR-1", "note": format!("old {i}")}));
    }
    let id = phone.record(finding("mine"), vec![]).unwrap();
    // The new phone catches up in small pages: the verdict comes long before the row.
    let watch = Watch { phone: &phone, id, seen: Mutex::default() };
    let options = SyncOptions { page_rows: Some(5), ..SyncOptions::default() };
    let synced = phone.sync_with(&city, &watch, &options).await.unwrap();
    assert!(synced.requests > 8, "{synced:?}");
    assert!(watch.seen.lock().unwrap().iter().all(|shown| *shown), "the finding was always shown");
    assert!(phone.finding(id).unwrap().index.is_some());
    phone.is_sound();
}

struct Watch<'a> {
    phone: &'a Phone,
    id: EntityId,
    seen: Mutex<Vec<bool>>,
}

impl Progress for Watch<'_> {
    fn step(&self, _: Step) {
        self.phone.is_sound();
        self.seen.lock().unwrap().push(self.phone.finding(self.id).is_ok());
    }
}

#[tokio::test]
async fn recording_goes_on_while_a_sync_runs_and_is_sent_by_it() {
    struct Recorder<'a>(&'a Phone, Mutex<u32>);
    impl Progress for Recorder<'_> {
        fn step(&self, step: Step) {
            let mut left = self.1.lock().unwrap();
            if matches!(step, Step::Pushing { .. }) && *left > 0 {
                *left -= 1;
                self.0.record(finding("meanwhile"), vec![]).unwrap();
            }
        }
    }
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    phone.record(finding("before"), vec![]).unwrap();
    let recorder = Recorder(&phone, Mutex::new(3));
    let synced = phone.sync(&city, &recorder).await.unwrap();
    assert_eq!((synced.pushed, synced.accepted, phone.status().unwrap().pending), (4, 4, 0));
    phone.is_sound();
}

#[tokio::test]
async fn what_was_made_ready_and_stayed_here_was_not_sent() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    for _ in 0..=MAX_PUSH_OPS {
        phone.record(finding("x"), vec![]).unwrap();
    }
    city.lock().lose_push_replies = 1;
    assert!(matches!(phone.synced(&city).await, Err(Error::Offline { .. })));
    let waiting = phone.waiting().unwrap();
    let (left, stayed) = waiting.split_at(MAX_PUSH_OPS);
    assert!(left.iter().all(|op| op.state == "sent"));
    assert_eq!(stayed.iter().map(|op| op.state.as_str()).collect::<Vec<_>>(), ["new"]);
    let synced = phone.synced(&city).await.unwrap();
    assert_eq!((synced.duplicates, synced.accepted), (MAX_PUSH_OPS as u64, MAX_PUSH_OPS as u64 + 1));
    phone.is_sound();
}

#[tokio::test]
async fn a_lost_reply_is_learnt_by_sending_again() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    let leader = Phone::enrolled(3, &city, "陈", &["leader"]).await;
    phone.record(finding("x"), vec![]).unwrap();
    let refused = leader.record(finding("not mine to say"), vec![]).unwrap();
    city.lock().lose_push_replies = 2;
    for phone in [&phone, &leader] {
        assert!(matches!(phone.synced(&city).await, Err(Error::Offline { .. })));
        assert_eq!(phone.waiting().unwrap()[0].state, "sent");
    }
    let synced = phone.synced(&city).await.unwrap();
    assert_eq!((synced.duplicates, synced.accepted, phone.status().unwrap().pending), (1, 1, 0));

    assert!(leader.finding(refused).is_ok(), "shown until the verdict is known");
    let synced = leader.synced(&city).await.unwrap();
    assert_eq!((synced.duplicates, synced.refused), (1, 1));
    let list = leader.refused().unwrap();
    assert_eq!((list.len(), list[0].code.as_str()), (1, "not_allowed"));
    assert!(list[0].index.is_some());
    assert!(matches!(leader.finding(refused), Err(Error::NotFound { .. })));
}

#[tokio::test(start_paused = true)]
async fn only_the_network_is_asked_again_and_only_so_often() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    phone.synced(&city).await.unwrap();
    city.lock().offline = 2;
    assert_eq!(phone.sync(&city, &()).await.unwrap().requests, 3);
    city.lock().offline = 3;
    assert!(matches!(phone.sync(&city, &()).await, Err(Error::Offline { .. })));
    assert_eq!(city.lock().offline, 0);
}

#[tokio::test]
async fn a_reply_with_a_verdict_too_few_is_no_reply() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    phone.record(finding("a"), vec![]).unwrap();
    phone.record(finding("b"), vec![]).unwrap();
    city.lock().drop_a_verdict = true;
    assert!(matches!(phone.synced(&city).await, Err(Error::Offline { .. })));
    assert_eq!(phone.status().unwrap().pending, 2);
    assert_eq!(phone.synced(&city).await.unwrap().duplicates, 2);
}

#[tokio::test]
async fn a_held_op_stays_shown_blocks_nothing_and_comes_again() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    let id = phone.record(finding("x"), vec![]).unwrap();
    phone.amend(id, note("y"), vec![]).unwrap();
    let other = phone.record(finding("z"), vec![]).unwrap();
    city.lock().unknown_kinds.insert("finding.amend".into());
    let synced = phone.synced(&city).await.unwrap();
    assert_eq!((synced.held, synced.accepted), (1, 2));
    assert_eq!(phone.finding(id).unwrap().note.as_deref(), Some("y"));
    assert!(!phone.is_pending(other).unwrap());
    assert_eq!(phone.waiting().unwrap()[0].missing, ["kind:finding.amend/1"]);
    city.lock().unknown_kinds.clear();
    let synced = phone.synced(&city).await.unwrap();
    assert_eq!((synced.held, synced.accepted, phone.status().unwrap().held), (0, 1, 0));
    assert_eq!(phone.finding(id).unwrap().note.as_deref(), Some("y"));
}

#[tokio::test]
async fn an_unreadable_op_leaves_the_view_and_waits_for_a_person() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    let id = phone.record(finding("x"), vec![]).unwrap();
    let amend = phone.amend(id, note("y"), vec![]).unwrap();
    city.lock().unreadable.insert(amend);
    phone.synced(&city).await.unwrap();
    assert_eq!(phone.finding(id).unwrap().note.as_deref(), Some("x"));
    let list = phone.refused().unwrap();
    assert_eq!((list[0].code.as_str(), list[0].index), ("bad_member", None));
    phone.dismiss(amend).unwrap();
    assert!(phone.refused().unwrap().is_empty());
    assert!(matches!(phone.dismiss(amend), Err(Error::NotFound { .. })));
    assert_eq!(phone.synced(&city).await.unwrap().pushed, 0);
}

#[tokio::test]
async fn a_batch_that_is_too_large_is_halved_until_the_culprit_stands_alone() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    for i in 0..9 {
        phone.record(finding(&format!("{i}")), vec![]).unwrap();
    }
    city.lock().most_ops = 2;
    assert_eq!(phone.synced(&city).await.unwrap().accepted, 9);
    phone.record(finding("culprit"), vec![]).unwrap();
    city.lock().most_ops = 0;
    assert_eq!(phone.synced(&city).await.unwrap().refused, 1);
    assert_eq!(phone.refused().unwrap()[0].code.as_str(), "too_large");
}

#[tokio::test]
async fn a_line_too_thin_for_many_ops_gets_few_until_it_carries_more() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    for i in 0..100 {
        phone.record(finding(&format!("{i}")), vec![]).unwrap();
    }
    city.lock().carries = 30;
    assert!(matches!(phone.synced(&city).await, Err(Error::Offline { .. })), "a hundred are too many");
    assert_eq!(phone.synced(&city).await.unwrap().accepted, 100, "all of them, a quarter at a time");
    assert_eq!(std::mem::take(&mut city.lock().pushes), [25; 4]);
    // Twice as many are tried the next time.
    for i in 0..60 {
        phone.record(finding(&format!("later {i}")), vec![]).unwrap();
    }
    assert!(matches!(phone.synced(&city).await, Err(Error::Offline { .. })));
    let phone = phone.reopened();
    assert_eq!(phone.synced(&city).await.unwrap().accepted, 60);
    assert_eq!(std::mem::take(&mut city.lock().pushes), [12; 5]);
    // A few that go through say nothing about many.
    city.lock().carries = 500;
    for (count, pushes) in [(1, &[1][..]), (30, &[24, 6]), (60, &[48, 12])] {
        for i in 0..count {
            phone.record(finding(&format!("{count} {i}")), vec![]).unwrap();
        }
        assert_eq!(phone.synced(&city).await.unwrap().accepted, count);
        assert_eq!(std::mem::take(&mut city.lock().pushes), pushes);
    }
}

struct Amends<'a> {
    phone: &'a Phone,
    city: &'a City,
    id: EntityId,
    pushes: Mutex<usize>,
}

impl Progress for Amends<'_> {
    fn step(&self, step: Step) {
        if !matches!(step, Step::Pushing { .. }) {
            return;
        }
        let mut pushes = self.pushes.lock().unwrap();
        *pushes += 1;
        match *pushes {
            1 => drop(self.phone.amend(self.id, note("said meanwhile"), vec![]).unwrap()),
            _ => self.city.lock().offline = 9,
        }
    }
}

#[tokio::test]
async fn what_was_not_sent_yet_about_a_dismissed_finding_waits_for_nothing_either() {
    let city = City::new(1);
    let leader = Phone::enrolled(2, &city, "陈", &["leader"]).await;
    let id = leader.record(finding("x"), vec![]).unwrap();
    let amends = Amends { phone: &leader, city: &city, id, pushes: Mutex::new(0) };
    let options = SyncOptions { attempts: 1, ..SyncOptions::default() };
    assert!(leader.sync_with(&city, &amends, &options).await.is_err());
    leader.dismiss(leader.refused().unwrap()[0].op).unwrap();
    assert_eq!(leader.waiting().unwrap().len(), 1, "a link of the chain is sent");
    city.lock().offline = 0;
    assert_eq!(leader.synced(&city).await.unwrap().held, 1);
    assert!(leader.waiting().unwrap().is_empty());
    assert!(matches!(leader.finding(id), Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn a_correction_supersedes_what_was_refused() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    let other = Phone::enrolled(3, &city, "李", &["inspector"]).await;
    let theirs = other.record(finding("theirs"), vec![]).unwrap();
    other.synced(&city).await.unwrap();
    phone.synced(&city).await.unwrap();
    let refused = phone.void(theirs, "not a finding").unwrap();
    assert_eq!(phone.finding(theirs).unwrap().status, "void");
    assert_eq!(phone.synced(&city).await.unwrap().refused, 1);
    assert_eq!(phone.finding(theirs).unwrap().status, "reported");

    let mut draft = note("ignored by the law of voids");
    draft.note = None;
    draft.more.insert("reason".into(), "seen twice".into());
    let better = phone.correct(refused, draft).unwrap();
    assert!(phone.refused().unwrap().is_empty());
    assert!(matches!(phone.correct(refused, note("x")), Err(Error::NotFound { .. })));
    phone.synced(&city).await.unwrap();
    let again = phone.refused().unwrap();
    assert_eq!((again[0].op, &again[0].body["reason"]), (better, &json!("seen twice")));
}

#[tokio::test]
async fn a_refused_finding_keeps_its_id_and_what_was_said_since_when_it_is_corrected() {
    let city = City::new(1);
    let leader = Phone::enrolled(2, &city, "陈", &["leader"]).await;
    let old = leader.record(finding_at("x", 39.9, 116.4), vec![]).unwrap();
    leader.amend(old, note("said since"), vec![]).unwrap();
    leader.synced(&city).await.unwrap();
    let urgent = FindingDraft { severity: Some(Severity::Urgent), ..FindingDraft::default() };
    leader.correct(OpId(old.0), urgent).unwrap();
    let shown = leader.finding(old).unwrap();
    assert_eq!((shown.note.as_deref(), shown.item.as_deref()), (Some("said since"), Some("SR-1")));
    assert_eq!((shown.severity, shown.place.is_some()), (Some(Severity::Urgent), true));
    leader.is_sound();
    let user = city.user("陈");
    city.lock().say("user.amend", user, json!({"roles": {"inspector": true}}));
    leader.synced(&city).await.unwrap();
    let again = leader.refused().unwrap();
    // Judged by the login it was said under, it is refused once more; put aside, nothing waits.
    for op in again {
        leader.dismiss(op.op).unwrap();
    }
    assert!(leader.waiting().unwrap().is_empty());
    leader.is_sound();
}

#[tokio::test]
async fn a_correction_takes_no_figure_away_that_it_does_not_name() {
    let city = City::new(1);
    let leader = Phone::enrolled(2, &city, "陈", &["leader"]).await;
    let figures = |all: &[(&str, Value)]| FindingDraft {
        values: all.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        ..FindingDraft::default()
    };
    let draft = FindingDraft { values: figures(&[("count", json!(12))]).values, ..finding("x") };
    let old = leader.record(draft, vec![]).unwrap();
    leader.amend(old, figures(&[("length", json!(3.5))]), vec![]).unwrap();
    leader.synced(&city).await.unwrap();
    leader.correct(OpId(old.0), figures(&[("permit", json!("A-7"))])).unwrap();
    let said = leader.waiting().unwrap();
    let shown = leader.finding(old).unwrap();
    assert_eq!(
        shown.values,
        figures(&[("count", json!(12)), ("length", json!(3.5)), ("permit", json!("A-7"))]).values,
        "{said:?}"
    );
    leader.is_sound();
}

#[tokio::test]
async fn a_dropped_scope_takes_its_rows_and_keeps_what_is_pending() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    let other = Phone::enrolled(3, &city, "李", &["inspector"]).await;
    let theirs = other.record(finding("theirs"), vec![]).unwrap();
    let seen = other.record(finding("seen by both"), vec![]).unwrap();
    other.synced(&city).await.unwrap();
    phone.synced(&city).await.unwrap();
    let mine = phone.record(finding("mine"), vec![]).unwrap();
    phone.amend(theirs, note("changed by me"), vec![]).unwrap();
    let user = city.user("王");
    city.lock().say("user.amend", user, json!({"roles": {"inspector": null, "coordinator": true}}));
    // The pushes are lost on the way, so that the ops are still pending when the scope goes.
    city.lock().unknown_kinds.extend(["finding.amend".into(), "finding.record".into()]);
    let synced = phone.synced(&city).await.unwrap();
    assert!(synced.dropped >= 2, "{synced:?}");
    assert!(matches!(phone.finding(seen), Err(Error::NotFound { .. })));
    assert!(matches!(phone.finding(theirs), Err(Error::NotFound { .. })));
    assert!(phone.finding(mine).is_ok());
    assert_eq!(phone.status().unwrap().pending, 2, "kept aside");

    city.lock().say("user.amend", user, json!({"roles": {"inspector": true, "coordinator": null}}));
    phone.synced(&city).await.unwrap();
    assert_eq!(phone.finding(theirs).unwrap().note.as_deref(), Some("changed by me"), "caught up, replayed");
}

#[tokio::test]
async fn a_finding_that_moves_out_of_the_area_leaves_the_phone() {
    let city = City::new(1);
    let square = |west: f64| {
        let (east, south, north) = (west + 1.0, 39.0, 40.0);
        json!({"type": "Polygon", "coordinates":
            [[[west, south], [east, south], [east, north], [west, north], [west, south]]]})
    };
    let east = city.lock().make("area.add", json!({"name": "东", "shape": square(116.0)}));
    let west = city.lock().make("area.add", json!({"name": "西", "shape": square(115.0)}));
    let a = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    let b = Phone::enrolled(3, &city, "李", &["inspector"]).await;
    let user = city.user("李");
    city.lock().say("user.amend", user, json!({"areas": {(east.to_string()): true}}));
    a.synced(&city).await.unwrap();
    let id = a.record(finding_at("x", 39.5, 116.5), vec![]).unwrap();
    assert_eq!(a.finding(id).unwrap().areas, [east], "the phone derives areas from the shapes it has");
    a.synced(&city).await.unwrap();
    b.synced(&city).await.unwrap();
    assert_eq!(b.finding(id).unwrap().areas, [east]);
    a.amend(id, xuncha_core::model::FindingDraft { item: None, note: None, ..finding_at("", 39.5, 115.5) }, vec![])
        .unwrap();
    a.synced(&city).await.unwrap();
    assert_eq!(a.finding(id).unwrap().areas, [west]);
    let synced = b.synced(&city).await.unwrap();
    assert_eq!(synced.dropped, 1);
    assert!(matches!(b.finding(id), Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn a_page_that_comes_to_a_suspended_notebook_is_fetched_again_after_it() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    let mine = phone.record(finding("mine"), vec![]).unwrap();
    let other = city.lock().make("finding.record", json!({"item": "SR-1", "note": "another's"}));
    // The app is put aside while the answer is on its way.
    let notebook = phone.notebook.clone();
    city.lock().tamper = Some(Box::new(move |_| notebook.suspend(Duration::from_secs(60)).unwrap()));
    assert!(matches!(phone.sync(&city, &()).await, Err(Error::Busy)));
    assert!(!phone.folder().join("notebook.db-wal").exists());
    city.lock().tamper = None;
    phone.resume().unwrap();
    assert!(phone.is_pending(mine).unwrap());
    assert!(matches!(phone.finding(other), Err(Error::NotFound { .. })));
    let synced = phone.synced(&city).await.unwrap();
    assert_eq!((synced.pushed, phone.is_pending(mine).unwrap()), (0, false));
    assert_eq!(phone.finding(other).unwrap().note.as_deref(), Some("another's"));
}

#[tokio::test]
async fn a_wrong_checksum_fetches_that_scope_anew_and_heals_what_was_wrong() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    let id = city.lock().make("finding.record", json!({"item": "SR-1", "note": "true"}));
    let mut lies = true;
    city.lock().tamper = Some(Box::new(move |reply| {
        for row in reply.rows.iter_mut().filter(|row| lies && row.id == id) {
            let lie = row.row.as_ref().unwrap().get().replace("true", "false");
            row.row = Some(serde_json::value::RawValue::from_string(lie).unwrap());
        }
        lies = false;
    }));
    let synced = phone.synced(&city).await.unwrap();
    assert_eq!(synced.refetched, [Scope::whole_city()]);
    assert_eq!(phone.finding(id).unwrap().note.as_deref(), Some("true"));
    assert!(phone.synced(&city).await.unwrap().refetched.is_empty());
}

#[tokio::test]
async fn a_checksum_that_stays_wrong_is_tried_once_a_sync() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    city.lock().tamper = Some(Box::new(|reply| {
        reply.sums.insert(Scope::org(), "0".repeat(32));
    }));
    for _ in 0..2 {
        assert_eq!(phone.synced(&city).await.unwrap().refetched, [Scope::org()]);
    }
}

#[tokio::test]
async fn a_sync_dropped_at_any_await_leaves_a_notebook_that_the_next_one_completes() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    for i in 0..20 {
        phone.record(finding(&format!("{i}")), vec![]).unwrap();
    }
    city.lock().offline = 1;
    {
        // The first request fails; the sync waits before it asks again, and is dropped there.
        let mut sync = Box::pin(phone.sync(&city, &()));
        let waker = std::task::Waker::noop();
        let poll = std::future::Future::poll(sync.as_mut(), &mut std::task::Context::from_waker(waker));
        assert!(poll.is_pending());
        assert!(matches!(phone.sync(&city, &()).await, Err(Error::Busy)), "one sync at a time");
    }
    phone.is_sound();
    assert_eq!(phone.synced(&city).await.unwrap().accepted, 20);
}

#[tokio::test]
async fn a_sync_may_run_on_any_thread() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    phone.record(finding("x"), vec![]).unwrap();
    let (notebook, service) = (phone.notebook.clone(), city.clone());
    let synced = tokio::spawn(async move { notebook.sync(&service, &()).await }).await.unwrap().unwrap();
    assert_eq!(synced.accepted, 1);
    let code = city.invite_again(city.user("王"));
    let notebook = phone.notebook.clone();
    tokio::spawn(async move { notebook.enrol(&city, &code).await }).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_waits_is_shown_with_the_areas_and_places_of_the_newest_pull() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    let unit = city.lock().make("unit.add", json!({ "name": "市场管理所" }));
    let market = json!({ "name": "南门市场", "type": "market", "place": { "lat": 5.0, "lon": 5.0 } });
    let market = city.lock().make("place.add", market);
    phone.synced(&city).await.unwrap();
    let place = xuncha_core::model::Place { id: Some(market), ..Default::default() };
    let id = phone.record(xuncha_core::model::FindingDraft { place: Some(place), ..finding("x") }, vec![]).unwrap();
    let shape = json!({ "type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]]] });
    let area = city.lock().make("area.add", json!({ "name": "城北", "shape": shape }));
    let point = json!({ "lat": 5.0, "lon": 5.0, "accuracy": 1.0 });
    city.lock().say("place.amend", market, json!({ "unit": unit, "place": point }));
    city.lock().unknown_kinds.insert("finding.record".into());
    assert_eq!(phone.synced(&city).await.unwrap().held, 1);
    let shown = phone.entity(id).unwrap().unwrap();
    assert_eq!((shown.field("areas"), shown.reference("duty_unit")), (Some(&json!([area])), Some(unit)));
    phone.is_sound();
}
