//! Several people on one phone: taking turns by PIN, wrong PINs, logins that end, signing out.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use xuncha_core::Error;
use xuncha_core::model::EntityId;
use xuncha_core::notebook::{EnrolAgain, Notebook, SignInAgain, SignedIn};
use xuncha_core::protocol::MAX_PEOPLE;

use super::city::City;
use super::machine::{Phone, TestClock, finding, host_and_clock, note};
use super::photos::picture;

const MINUTE: i64 = 60_000;

/// A phone on which 王 and then 李 have signed in and set a PIN; 李 records.
async fn shared(city: &City) -> (Phone, EntityId, EntityId) {
    let phone = Phone::enrolled(2, city, "王", &["inspector"]).await;
    phone.set_pin("8351").unwrap();
    phone.sign_in(city, &city.invite("李", &["inspector"])).await.unwrap();
    phone.set_pin("2580").unwrap();
    let [wang, li] = ["王", "李"].map(|name| city.user(name));
    (phone, wang, li)
}

fn person(phone: &Notebook, user: EntityId) -> SignedIn {
    phone.people().unwrap().into_iter().find(|person| person.user == user).unwrap()
}

#[tokio::test]
async fn people_take_turns_offline_and_each_op_says_who() {
    let city = City::new(1);
    let (phone, wang, li) = shared(&city).await;
    let by_li = phone.record(finding("李记的"), vec![]).unwrap();
    phone.switch_to(wang, "8351").unwrap();
    let by_wang = phone.record(finding("王记的"), vec![]).unwrap();
    phone.record(finding("王又记了一条"), vec![]).unwrap();
    assert_eq!([by_li, by_wang].map(|id| phone.finding(id).unwrap().by), [Some(li), Some(wang)]);
    let unsent = |user| person(&phone, user).unsent;
    assert_eq!([wang, li].map(unsent), [2, 1]);
    let current: Vec<_> = phone.people().unwrap().into_iter().map(|person| (person.name, person.is_current)).collect();
    assert_eq!(current, [("李".to_owned(), false), ("王".to_owned(), true)]);
    let status = phone.status().unwrap();
    assert_eq!((status.user, status.name.as_deref(), status.people, status.locked), (Some(wang), Some("王"), 2, false));

    let synced = phone.synced(&city).await.unwrap();
    assert_eq!((synced.accepted, synced.requests), (3, 2), "one push, one pull, for both");
    assert_eq!([wang, li].map(unsent), [0, 0]);
    let phone = phone.reopened();
    assert_eq!(phone.status().unwrap().user, Some(wang), "who records is remembered");
    assert!([by_li, by_wang].iter().all(|id| !phone.is_pending(*id).unwrap()));
}

#[tokio::test]
async fn what_two_people_of_one_phone_say_about_one_field_is_no_conflict() {
    let city = City::new(1);
    let (phone, wang, _) = shared(&city).await;
    let id = phone.record(finding("李:缺井盖"), vec![]).unwrap();
    phone.synced(&city).await.unwrap();
    phone.amend(id, note("李:两个"), vec![]).unwrap();
    phone.switch_to(wang, "8351").unwrap();
    phone.amend(id, note("王:三个"), vec![]).unwrap();
    let synced = phone.synced(&city).await.unwrap();
    assert_eq!((synced.accepted, synced.conflicts), (2, 0), "王 had 李's word on the screen");
    assert_eq!(phone.finding(id).unwrap().note.as_deref(), Some("王:三个"));
}

#[tokio::test]
async fn a_locked_notebook_records_nothing_and_syncs_all_the_same() {
    let city = City::new(1);
    let (phone, wang, _) = shared(&city).await;
    let id = phone.record(finding("锁屏之前"), vec![]).unwrap();
    phone.lock().unwrap();
    phone.lock().unwrap();
    let phone = phone.reopened();
    assert!(matches!(phone.record(finding("x"), vec![]), Err(Error::Locked)));
    assert!(matches!(phone.amend(id, note("x"), vec![]), Err(Error::Locked)));
    assert!(matches!(phone.void(id, "x"), Err(Error::Locked)));
    assert!(matches!(phone.set_pin("8351"), Err(Error::Locked)));
    assert_eq!(Error::Locked.code(), "locked");
    let draft = phone.save_draft(None, &finding("草稿")).unwrap();
    assert!(matches!(phone.record_draft(draft), Err(Error::Locked)));
    let status = phone.status().unwrap();
    assert_eq!((status.user, status.locked, status.enrolled), (None, true, true));
    assert_eq!(phone.synced(&city).await.unwrap().accepted, 1);
    phone.switch_to(wang, "8351").unwrap();
    phone.record_draft(draft).unwrap();
}

#[tokio::test]
async fn nobody_locks_themselves_out_and_a_pin_that_everybody_tries_is_none() {
    let city = City::new(1);
    let phone = Phone::new(2);
    assert!(matches!(phone.lock(), Err(Error::NotEnrolled)));
    assert!(matches!(phone.set_pin("8351"), Err(Error::NotEnrolled)));
    assert!(matches!(phone.sign_in(&city, "code").await, Err(Error::NotEnrolled)));
    phone.enrol(&city, &city.invite("王", &["inspector"])).await.unwrap();
    assert!(matches!(phone.lock(), Err(Error::Invalid { field, .. }) if field == "pin"));
    for bad in ["", "123", "12345678901234", "abcd", "0000", "1234", "4321"] {
        assert!(matches!(phone.set_pin(bad), Err(Error::Invalid { field, .. }) if field == "pin"), "{bad}");
    }
    let wang = city.user("王");
    assert!(!person(&phone, wang).has_pin && person(&phone, wang).needs_sign_in);
    let refused = phone.switch_to(wang, "8351").unwrap_err();
    assert!(matches!(refused, Error::SignInNeeded { .. }), "{refused}");
    let nobody = EntityId(uuid::Uuid::nil());
    assert!(matches!(phone.switch_to(nobody, "8351"), Err(Error::NotFound { .. })));
    assert!(matches!(phone.sign_out(nobody), Err(Error::NotFound { .. })));
}

/// A phone with a clock that a test sets: 王 with a PIN, 李 records.
async fn timed(city: &City) -> (Phone, Arc<TestClock>, EntityId) {
    let (host, clock) = host_and_clock(2);
    let phone = Phone::on(host);
    phone.enrol(city, &city.invite("王", &["inspector"])).await.unwrap();
    phone.set_pin("8351").unwrap();
    phone.sign_in(city, &city.invite("李", &["inspector"])).await.unwrap();
    (phone, clock, city.user("王"))
}

/// Tries that many wrong PINs; when the last one's wait ends, and how many tries are left.
fn wrong(phone: &Notebook, user: EntityId, tries: u32) -> (Option<i64>, u32) {
    let mut said = (None, 0);
    for _ in 0..tries {
        match phone.switch_to(user, "9999").unwrap_err() {
            Error::WrongPin { left, until } => said = (until.map(|until| until.millis()), left),
            other => panic!("{other}"),
        }
    }
    said
}

fn is_locked(phone: &Notebook, user: EntityId) -> bool {
    let locked = matches!(phone.switch_to(user, "8351"), Err(Error::PinLocked { .. }));
    assert_eq!(person(phone, user).locked_until.is_some(), locked);
    locked
}

#[tokio::test]
async fn five_wrong_pins_make_the_next_wait_whatever_is_done_to_the_clock() {
    let city = City::new(1);
    let (phone, clock, wang) = timed(&city).await;
    assert_eq!(wrong(&phone, wang, 4), (None, 6));
    assert!(matches!(wrong(&phone, wang, 1), (Some(_), 5)));
    assert!(is_locked(&phone, wang));

    clock.wall.fetch_add(365 * 24 * 60 * MINUTE, Ordering::Relaxed);
    assert!(is_locked(&phone, wang), "set forward while the app runs");
    clock.wall.fetch_sub(2 * 365 * 24 * 60 * MINUTE, Ordering::Relaxed);
    assert!(is_locked(&phone, wang), "set back");
    let phone = phone.reopened();
    assert!(is_locked(&phone, wang), "started again");
    clock.wall.fetch_add(MINUTE, Ordering::Relaxed);
    assert!(!is_locked(&phone, wang), "the right PIN, once the minute is over");
    assert_eq!(phone.status().unwrap().user, Some(wang));
    assert_eq!(wrong(&phone, wang, 1), (None, 9), "the right PIN has wrong ones forgotten");
}

#[tokio::test]
async fn a_wait_ends_when_both_clocks_say_so_and_each_next_one_is_twice_as_long() {
    let city = City::new(1);
    let (phone, clock, wang) = timed(&city).await;
    let pass = |millis| {
        clock.wall.fetch_add(millis, Ordering::Relaxed);
        clock.mono.fetch_add(millis, Ordering::Relaxed);
    };
    wrong(&phone, wang, 5);
    for minutes in [1, 2, 4, 8] {
        pass(minutes * MINUTE - 30_000);
        assert!(is_locked(&phone, wang), "{minutes}");
        pass(30_000);
        assert!(person(&phone, wang).locked_until.is_none());
        wrong(&phone, wang, 1);
    }
    pass(16 * MINUTE);
    // The tenth: no PIN helps any more, however long one waits.
    assert!(matches!(wrong(&phone, wang, 1), (_, 0)));
    pass(400 * 24 * 60 * MINUTE);
    let phone = phone.reopened();
    assert!(matches!(phone.switch_to(wang, "8351"), Err(Error::SignInNeeded { .. })));
    assert!(person(&phone, wang).needs_sign_in);
    phone.sign_in(&city, &city.invite_again(wang)).await.unwrap();
    phone.lock().unwrap();
    phone.switch_to(wang, "8351").unwrap();
    assert!(!person(&phone, wang).needs_sign_in);
}

#[tokio::test]
async fn a_try_counts_although_the_app_dies_before_the_pin_is_looked_at() {
    let city = City::new(1);
    let (phone, _, wang) = timed(&city).await;
    for tries in 1..=4 {
        assert_eq!(wrong(&phone, wang, 1), (None, 10 - tries));
    }
    let phone = phone.reopened();
    assert!(matches!(wrong(&phone, wang, 1), (Some(_), 5)), "tries survive a restart");
    let kept: String = {
        let (folder, ..) = phone.close();
        let db = rusqlite::Connection::open(folder.path().join("notebook.db")).unwrap();
        db.query_row("SELECT pin FROM login WHERE pin IS NOT NULL", [], |row| row.get(0)).unwrap()
    };
    assert!(kept.starts_with("$argon2id$") && !kept.contains("8351"));
}

#[tokio::test]
async fn one_login_that_ended_keeps_nobodys_words_back() {
    let city = City::new(1);
    let (phone, wang, li) = shared(&city).await;
    phone.record(finding("李记的"), vec![]).unwrap();
    phone.switch_to(wang, "8351").unwrap();
    phone.record(finding("王记的"), vec![]).unwrap();
    city.lock().tokens.retain(|_, (user, _)| *user != wang);
    assert_eq!(phone.synced(&city).await.unwrap().accepted, 2, "by 李's token, whoever records");
    assert_eq!(person(&phone, wang).sign_in_again, Some(SignInAgain::Token));
    assert_eq!((person(&phone, li).sign_in_again, phone.status().unwrap().must_enrol_again), (None, None));
    phone.record(finding("王照样记"), vec![]).unwrap();
    assert_eq!(phone.synced(&city).await.unwrap().accepted, 1);

    city.lock().tokens.clear();
    phone.record(finding("谁也送不出"), vec![]).unwrap();
    assert!(matches!(phone.synced(&city).await, Err(Error::Refused { code, .. }) if code.as_str() == "bad_token"));
    assert_eq!(phone.status().unwrap().must_enrol_again, Some(EnrolAgain::Token));
    assert!(matches!(phone.synced(&city).await, Err(Error::NotEnrolled)));
    phone.sign_in(&city, &city.invite_again(li)).await.unwrap();
    assert_eq!(phone.synced(&city).await.unwrap().accepted, 1);
    assert_eq!(person(&phone, wang).sign_in_again, Some(SignInAgain::Token));
}

#[tokio::test]
async fn a_token_that_is_bad_beside_a_good_one_is_named_by_the_page() {
    let city = City::new(1);
    let (phone, wang, li) = shared(&city).await;
    city.lock().tokens.retain(|_, (user, _)| *user != wang);
    let synced = phone.synced(&city).await.unwrap();
    assert_eq!(synced.requests, 1, "nothing had to be asked twice");
    assert_eq!([wang, li].map(|user| person(&phone, user).sign_in_again), [Some(SignInAgain::Token), None]);
}

#[tokio::test]
async fn with_a_new_key_everybody_signs_in_again_and_nothing_is_lost_until_they_do() {
    let city = City::new(1);
    let (phone, wang, li) = shared(&city).await;
    phone.record(finding("李记的"), vec![]).unwrap();
    phone.switch_to(wang, "8351").unwrap();
    phone.record(finding("王记的"), vec![]).unwrap();
    let (folder, keys, host) = phone.close();
    *keys.0.lock().unwrap() = None;
    let phone = Notebook::open_as_new_device(folder.path(), keys, host).unwrap();
    assert_eq!([wang, li].map(|user| person(&phone, user).sign_in_again), [Some(SignInAgain::Token); 2]);
    phone.enrol(&city, &city.invite_again(li)).await.unwrap();
    assert_eq!(phone.sync(&city, &()).await.unwrap().accepted, 2);
    phone.switch_to(wang, "8351").unwrap();
    phone.record(finding("王还没有重新登录"), vec![]).unwrap();
    assert_eq!(phone.sync(&city, &()).await.unwrap().accepted, 1, "the login is the notebook's, whatever its key");
    assert_eq!(phone.check().unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn previews_are_announced_by_whoever_took_the_photo() {
    let city = City::new(1);
    let (phone, wang, _) = shared(&city).await;
    let photo = |number| phone.seal_photo(&mut picture(number).as_slice(), Default::default()).unwrap();
    let id = phone.record_with_photos(finding("李拍的"), vec![photo(1)]).unwrap();
    phone.switch_to(wang, "8351").unwrap();
    phone.amend_with_photos(id, note("王补拍"), vec![photo(2)]).unwrap();
    phone.lock().unwrap();
    assert_eq!(phone.make_previews(&Default::default()).unwrap().made, 2);
    let synced = phone.synced(&city).await.unwrap();
    assert_eq!((synced.accepted, synced.refused, synced.files_sent), (4, 0, 6), "one announcement for each of them");
    assert_eq!(phone.finding(id).unwrap().evidence.displays, 2);
}

#[tokio::test]
async fn whoever_signs_out_is_forgotten_and_what_they_said_is_still_sent() {
    let city = City::new(1);
    let (phone, wang, li) = shared(&city).await;
    let id = phone.record(finding("李走之前记的"), vec![]).unwrap();
    phone.sign_out(li).unwrap();
    assert!(matches!(phone.record(finding("x"), vec![]), Err(Error::Locked)));
    assert!(matches!(phone.switch_to(li, "2580"), Err(Error::NotFound { .. })));
    assert_eq!(phone.synced(&city).await.unwrap().accepted, 1, "by 王's token");
    assert_eq!(city.lock().entities[&id].by, Some(li));
    phone.sign_out(wang).unwrap();
    assert!(phone.people().unwrap().is_empty());
    assert!(matches!(phone.synced(&city).await, Err(Error::NotEnrolled)));
    assert_eq!(phone.status().unwrap().must_enrol_again, None);
    phone.sign_in(&city, &city.invite_again(wang)).await.unwrap();
    assert!(!person(&phone, wang).has_pin, "the PIN went with the login");
    phone.synced(&city).await.unwrap();
}

#[tokio::test]
async fn a_login_older_than_its_rights_asks_for_a_new_one() {
    let city = City::new(1);
    let (phone, clock, wang) = timed(&city).await;
    clock.wall.fetch_add(29 * 24 * 60 * MINUTE, Ordering::Relaxed);
    assert_eq!(person(&phone, wang).sign_in_again, None);
    clock.wall.fetch_add(2 * 24 * 60 * MINUTE, Ordering::Relaxed);
    assert_eq!(person(&phone, wang).sign_in_again, Some(SignInAgain::Old));
}

#[tokio::test]
async fn twenty_people_share_a_phone_and_no_more() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "0", &["inspector"]).await;
    for number in 1..MAX_PEOPLE {
        phone.sign_in(&city, &city.invite(&number.to_string(), &["inspector"])).await.unwrap();
    }
    let full = phone.sign_in(&city, &city.invite("多", &["inspector"])).await.unwrap_err();
    assert!(matches!(&full, Error::Invalid { field, .. } if field == "user"), "{full}");
    phone.sign_in(&city, &city.invite_again(city.user("0"))).await.unwrap();
    assert_eq!(phone.people().unwrap().len(), MAX_PEOPLE);
    phone.synced(&city).await.unwrap();
}
