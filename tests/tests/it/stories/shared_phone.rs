//! One phone in several hands: people take turns by PIN, and each word is its author's.

use serde_json::json;
use xuncha_core::model::{Code, EntityId, Hash};
use xuncha_core::notebook::{SignInAgain, SignedIn, Which};
use xuncha_core::sync::Conditions;
use xuncha_core::{Error, op::Op};
use xuncha_tests::harness::{Fault, Net, Phone, TestServer, literal, photo, run_behind, square};

use super::check;

const WANG: &str = "8351";
const LI: &str = "2580";

/// Signs `user` in on the phone, with a PIN.
async fn sign_in(server: &TestServer, phone: &Phone, user: EntityId, pin: &str) {
    phone.notebook.sign_in(&phone.service(), &server.office.invite(user)).await.unwrap();
    phone.notebook.set_pin(pin).unwrap();
}

/// A city, a phone on which 王敏 and 李强 are signed in, and a colleague's phone. 李强 records.
async fn shared() -> (TestServer, Phone, Phone, [EntityId; 2]) {
    let server = TestServer::start().await;
    let users = ["王敏", "李强"].map(|name| server.office.user(name, &["inspector"], &[]));
    let phone = Phone::of_user(&server, users[0]).await;
    phone.notebook.set_pin(WANG).unwrap();
    sign_in(&server, &phone, users[1], LI).await;
    let other = Phone::of(&server, "赵敏", "inspector").await;
    (server, phone, other, users)
}

fn person(phone: &Phone, user: EntityId) -> SignedIn {
    phone.notebook.people().unwrap().into_iter().find(|person| person.user == user).unwrap()
}

/// Who said what is at this entity's beginning, as the ledger has it.
fn author(server: &TestServer, finding: EntityId) -> (Option<EntityId>, Option<EntityId>) {
    let op = Op::parse(&server.office.entry(server.office.entity(finding).stamps.first.index).0).unwrap();
    (op.user, op.session)
}

fn notes(phone: &Phone) -> Vec<String> {
    let mut notes: Vec<_> = phone.findings().into_iter().map(|finding| finding.note.unwrap()).collect();
    notes.sort();
    notes
}

#[tokio::test]
async fn two_inspectors_take_turns_without_a_network_and_each_op_says_who() {
    let (server, mut phone, other, [wang, li]) = shared().await;
    let by_li = phone.record("李强看到的");
    phone.notebook.switch_to(wang, WANG).unwrap();
    let by_wang = phone.record("王敏看到的");
    phone.reopen();
    phone.amend(by_wang, "王敏又看了一眼");
    let wrong = phone.notebook.switch_to(li, WANG).unwrap_err();
    assert_eq!(wrong.code(), "wrong_pin");
    assert_eq!(phone.user(), wang, "a wrong PIN changes nothing");
    phone.notebook.switch_to(li, LI).unwrap();
    let too = phone.record("李强又看到一处");
    assert_eq!(phone.sync().await.accepted, 4);

    assert_eq!([by_li, by_wang, too].map(|id| author(&server, id).0), [Some(li), Some(wang), Some(li)]);
    assert_ne!(author(&server, by_li).1, author(&server, by_wang).1, "each under a login of their own");
    other.sync().await;
    let by = |id| other.finding(id).by;
    assert_eq!([by_li, by_wang, too].map(by), [Some(li), Some(wang), Some(li)]);
    let device = EntityId::of_device(server.office.ledger, &phone.notebook.status().unwrap().device);
    assert_eq!(server.office.entity(device).reference("user"), Some(wang), "the device stays whose it was");
    check(&server, &[&phone, &other]);
}

#[tokio::test]
async fn one_who_is_retired_meanwhile_keeps_what_they_saw_before_and_takes_nothing_from_the_other() {
    let (server, phone, other, [wang, li]) = shared().await;
    phone.sync().await;
    let by_li = phone.record("李强走之前看到的");
    phone.notebook.switch_to(wang, WANG).unwrap();
    let by_wang = phone.record("王敏看到的");
    phone.notebook.switch_to(li, LI).unwrap();
    server.office.change("user.retire", li, json!({}));

    let synced = phone.sync().await;
    assert_eq!((synced.accepted, synced.refused), (2, 0), "seen under a login that held");
    assert_eq!([wang, li].map(|user| person(&phone, user).sign_in_again), [None, Some(SignInAgain::Left)]);
    other.record("别人看到的");
    other.sync().await;
    phone.sync().await;
    assert_eq!(notes(&phone), ["别人看到的", "李强走之前看到的", "王敏看到的"], "王敏's scopes go on");
    assert_eq!([by_li, by_wang].map(|id| author(&server, id).0), [Some(li), Some(wang)]);

    // A decision of one who has left does not count; an observation does, for thirty days.
    phone.notebook.void(by_li, "李强想撤回").unwrap();
    let late = phone.record("李强还拿着手机");
    let synced = phone.sync().await;
    assert_eq!((synced.accepted, synced.refused), (1, 1));
    assert_eq!(server.office.entity(late).by, Some(li));

    // When everybody has left, the phone is told so, and still nothing is lost.
    server.office.change("user.retire", wang, json!({}));
    phone.notebook.switch_to(wang, WANG).unwrap();
    let last = phone.record("最后一条");
    let Err(Error::Refused { code, .. }) = phone.try_sync().await else { panic!() };
    assert_eq!((code, server.office.entity(last).by), (Code::UserRetired, Some(wang)));
    check(&server, &[&phone, &other]);
}

#[tokio::test]
async fn a_token_that_is_no_longer_good_keeps_nobodys_words_back() {
    let (server, phone, other, [wang, li]) = shared().await;
    phone.sync().await;
    phone.record("李强的令牌坏了");
    let whose = literal(server.data(), li.0.as_bytes());
    assert_eq!(run_behind(server.data(), &format!("DELETE FROM token WHERE \"user\" = {whose}")), 1);
    assert_eq!(phone.sync().await.accepted, 1, "by 王敏's token, while 李强 records");
    assert_eq!([wang, li].map(|user| person(&phone, user).sign_in_again), [None, Some(SignInAgain::Token)]);
    phone.record("照样记");
    assert_eq!(phone.sync().await.accepted, 1);
    sign_in(&server, &phone, li, LI).await;
    assert_eq!(person(&phone, li).sign_in_again, None);
    other.record("重新登录之后");
    other.sync().await;
    phone.sync().await;
    assert_eq!(phone.findings().len(), 3);
    check(&server, &[&phone, &other]);
}

#[tokio::test]
async fn a_phone_shows_what_any_of_its_people_may_see_and_signing_out_takes_it_away() {
    let server = TestServer::start().await;
    let areas = [("城北", 0.0), ("城南", 20.0)];
    let [north, south] = areas.map(|(name, from)| server.office.area(name, &square(from, from + 10.0)));
    let all = Phone::of(&server, "全城", "inspector").await;
    let bytes = photo(&server.random, 5_000);
    let theirs = all.record_photos("北,有照片", &[&bytes]);
    let place = xuncha_core::model::Place {
        lat: Some(5.0),
        lon: Some(5.0),
        accuracy: None,
        provider: Some("pin".into()),
        words: None,
        id: None,
    };
    let draft = xuncha_core::model::FindingDraft { place: Some(place), ..Default::default() };
    all.notebook.amend(theirs, draft, Vec::new()).unwrap();
    for number in 0..30 {
        all.record_at(&format!("南{number:02}"), 25.0, 25.0);
    }
    all.sync().await;
    server.office.keep_arrived();

    let [a, b] =
        [("北巡", north), ("南巡", south)].map(|(name, area)| server.office.user(name, &["inspector"], &[area]));
    let phone = Phone::of_user(&server, a).await;
    phone.notebook.set_pin(WANG).unwrap();
    phone.sync().await;
    assert_eq!(notes(&phone), ["北,有照片"]);
    sign_in(&server, &phone, b, LI).await;
    phone.sync().await;
    assert_eq!(phone.findings().len(), 31, "the second one's area is caught up");
    phone.check();
    // 南巡 records; the picture is shown for 北巡.
    let id = phone.notebook.photos(theirs).unwrap()[0].id.clone();
    phone.notebook.fetch_preview(&phone.service(), theirs, &id, Which::Original).await.unwrap();

    phone.amend(theirs, "南巡改的,还没送出");
    phone.notebook.sign_out(a).unwrap();
    assert_eq!(phone.findings().len(), 31, "until the next sync");
    let synced = phone.sync().await;
    assert_eq!(synced.accepted, 1);
    assert!(synced.dropped >= 1);
    assert_eq!(phone.findings().len(), 30);
    assert!(matches!(phone.notebook.finding(theirs), Err(Error::NotFound { .. })));
    assert_eq!(server.office.entity(theirs).text("note"), Some("南巡改的,还没送出"));
    check(&server, &[&all, &phone]);
}

#[tokio::test]
async fn two_people_of_one_phone_do_not_dispute_and_two_phones_do() {
    let (server, phone, other, [wang, _]) = shared().await;
    let finding = phone.record("一个");
    phone.sync().await;
    other.sync().await;
    phone.amend(finding, "李强:两个");
    phone.notebook.switch_to(wang, WANG).unwrap();
    phone.amend(finding, "王敏:三个");
    other.amend(finding, "赵敏:四个");
    assert_eq!(phone.sync().await.conflicts, 0);
    assert_eq!(other.sync().await.conflicts, 1);
    phone.sync().await;
    let conflict = &phone.conflicts()[0];
    assert_eq!((conflict.current.value.as_str(), conflict.current.by), (Some("王敏:三个"), Some(wang)));
    assert_eq!(conflict.rivals.len(), 1);
    check(&server, &[&phone, &other]);
}

#[tokio::test]
async fn photos_of_everybody_arrive_whoever_records_and_are_sent_again_when_the_server_lost_them() {
    let (server, phone, _, [wang, li]) = shared().await;
    let bytes = photo(&server.random, 20_000);
    let finding = phone.record_photos("李强拍的", &[&bytes]);
    phone.notebook.switch_to(wang, WANG).unwrap();
    assert_eq!(phone.sync_under(Conditions::default()).await.files_sent, 1);
    server.office.keep_arrived();
    phone.sync().await;
    assert_eq!(phone.originals(finding), 1);
    let lost = Hash::of(&bytes);
    server.office.store.change(|batch| batch.put_whole(&lost, false)).unwrap();
    assert_eq!(phone.sync_under(Conditions::default()).await.files_sent, 1, "李强 promised it, 王敏 records");
    assert_eq!(server.office.entity(finding).by, Some(li));
    check(&server, &[&phone]);
}

#[tokio::test]
async fn a_lost_reply_to_a_push_of_several_people_is_learnt_by_whoever_syncs_next() {
    let (server, mut phone, _, [wang, li]) = shared().await;
    phone.sync().await;
    phone.record("李强的");
    phone.notebook.switch_to(wang, WANG).unwrap();
    phone.record("王敏的");
    let net = Net::before(server.address()).await;
    phone.go_to(&net.url());
    net.fail_next(Fault::CutReply(0));
    assert!(matches!(phone.try_sync().await, Err(Error::Offline { .. })));
    assert_eq!(phone.pending(), 2);
    phone.notebook.sign_out(li).unwrap();
    let synced = phone.sync().await;
    assert_eq!((synced.accepted, synced.duplicates, phone.pending()), (2, 2, 0));
    check(&server, &[&phone]);
}

#[tokio::test]
async fn after_a_lost_key_anybody_of_the_phone_enrols_it_again_and_a_stranger_does_not() {
    let (server, mut phone, _, [wang, li]) = shared().await;
    phone.sync().await;
    phone.record("李强的,钥匙丢失之前");
    phone.lose_key();
    let stranger = server.office.user("路人", &["inspector"], &[]);
    let refused = phone.notebook.sign_in(&phone.service(), &server.office.invite(stranger)).await.unwrap_err();
    assert!(
        matches!(&refused, Error::Refused { code: Code::BadCode, detail } if detail.starts_with("lines_before:")),
        "{refused}"
    );
    // 王敏 enrolled the old key; 李强 only ever signed in.
    phone.notebook.sign_in(&phone.service(), &server.office.invite(li)).await.unwrap();
    assert_eq!(phone.sync().await.accepted, 1);
    assert_eq!(person(&phone, wang).sign_in_again, Some(SignInAgain::Token));
    sign_in(&server, &phone, wang, WANG).await;
    sign_in(&server, &phone, stranger, "4096").await;
    phone.record("路人现在也是一员");
    assert_eq!(phone.sync().await.accepted, 1);
    check(&server, &[&phone]);
}

#[tokio::test]
async fn an_old_link_is_no_way_around_wrong_pins() {
    let server = TestServer::start().await;
    let (wang, li) = (server.office.user("王敏", &["inspector"], &[]), server.office.user("李强", &["inspector"], &[]));
    let phone = Phone::new(&server, &server.url());
    let link = server.office.invite(wang);
    phone.notebook.enrol(&phone.service(), &link).await.unwrap();
    phone.notebook.set_pin("8351").unwrap();
    phone.notebook.sign_in(&phone.service(), &server.office.invite(li)).await.unwrap();
    phone.notebook.set_pin("2580").unwrap();
    for _ in 0..5 {
        assert!(matches!(phone.notebook.switch_to(wang, "9999"), Err(Error::WrongPin { .. })));
    }
    let again = phone.notebook.sign_in(&phone.service(), &link).await;
    assert!(matches!(again, Err(Error::PinLocked { .. })), "{again:?}");
    assert_eq!(phone.user(), li, "who records goes on recording");
    // A new invitation is what the office gives out for that.
    phone.notebook.sign_in(&phone.service(), &server.office.invite(wang)).await.unwrap();
    assert_eq!(phone.user(), wang);
    // An answer that was lost is why a link is good again where nobody tries PINs.
    phone.notebook.sign_in(&phone.service(), &link).await.unwrap();
    check(&server, &[&phone]);
}
