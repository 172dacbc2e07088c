//! The one list of stories, played by an app in each language.

use serde_json::json;
use xuncha_server::backup::take;
use xuncha_tests::harness::{Tongue, picture, street_list};

use super::{City, Hand, appoint, told};

macro_rules! stories {
    ($($story:ident)*) => {
        mod in_rust { $(#[tokio::test(flavor = "multi_thread")] async fn $story() {
            super::play(super::Tongue::Rust, super::$story).await;
        })* }
        mod in_kotlin { $(#[tokio::test(flavor = "multi_thread")] async fn $story() {
            super::play(super::Tongue::Kotlin, super::$story).await;
        })* }
        mod in_python { $(#[tokio::test(flavor = "multi_thread")] async fn $story() {
            super::play(super::Tongue::Python, super::$story).await;
        })* }
    };
}

stories! {
    a_finding_recorded_offline_reaches_the_other_phone
    what_an_app_called_saved_survives_its_kill
    two_people_contradict_each_other_and_one_decides
    what_came_back_is_corrected
    a_visit_with_its_checklist
    a_draft_is_kept_and_recorded
    photos_are_shown_and_freed_once_a_backup_has_them
    two_people_take_turns_on_one_phone
    what_was_not_sent_is_carried_away
    suspended_and_shut_are_typed_errors
    lists_hear_of_edits_and_syncs
    a_phone_that_lost_its_key_says_everything_again
    a_unit_and_a_re_checker_work_on_a_case_offline
    what_is_wrong_is_named
}

async fn play(tongue: Tongue, story: fn(&City) -> Vec<Hand>) {
    let Some(city) = City::of(tongue).await else { return };
    let mut hands = story(&city);
    city.check(&mut hands);
}

fn a_finding_recorded_offline_reaches_the_other_phone(city: &City) -> Vec<Hand> {
    let (mut a, mut b) = (city.phone("王敏"), city.phone("李强"));
    let photos = [city.photo("a.jpg", 40_000), city.photo("b.jpg", 50_000)];
    let photos = [format!("photo={}", photos[0]), format!("bytes={}", photos[1])];
    let words = ["item=SR-1", "note=井盖缺失", "at=36.65,117.12", "severity=high", "tag=夜查", &photos[0], &photos[1]];
    let finding = a.one("record", &words);
    assert_eq!(a.ok("status", &[])[..4], ["1", "0", "0", "2"], "pending, refused, disputed, files");
    let synced = a.ok("sync", &[]);
    assert_eq!(synced, ["1", "1", "0", "0", "2"], "pushed, accepted, refused, disputed, files");
    b.ok("sync", &[]);
    assert_eq!(b.ok("finding", &[&finding])[..3], ["reported", "井盖缺失", "2"]);
    assert_eq!(b.ok("finding", &[&finding])[4], "夜查");
    assert_eq!(b.ok("near", &["36.6501", "117.12", "50"]), [finding.as_str()]);
    assert_eq!(b.rows("list", &[])[0][0], finding);
    vec![a, b]
}

fn what_an_app_called_saved_survives_its_kill(city: &City) -> Vec<Hand> {
    let mut a = city.phone("王敏");
    let photo = format!("photo={}", city.photo("a.jpg", 40_000));
    let finding = a.one("record", &["item=SR-1", "note=占道堆物", &photo]);
    let mut a = a.killed_and_opened(city);
    assert_eq!(a.ok("finding", &[&finding])[..3], ["reported", "占道堆物", "1"]);
    assert_eq!(a.ok("sync", &[])[1], "1");
    vec![a]
}

fn two_people_contradict_each_other_and_one_decides(city: &City) -> Vec<Hand> {
    let mut a = city.phone("王敏");
    // Whoever decides must have the right to.
    let mut b = city.phone_of("李强", city.user("李强", &["inspector", "acceptor"]));
    let finding = a.one("record", &["item=SR-1", "note=井盖缺失"]);
    a.ok("sync", &[]);
    b.ok("sync", &[]);
    a.one("amend", &[&finding, "note=井盖破损"]);
    let of_b = b.one("amend", &[&finding, "note=井盖松动"]);
    a.ok("sync", &[]);
    assert_eq!(b.ok("sync", &[])[3], "1", "one op in conflict");
    let conflict = b.rows("conflicts", &[]).remove(0);
    assert_eq!(conflict[..2], [finding.clone(), "note".to_owned()]);
    assert!(conflict[2].starts_with("井盖破损=") && conflict[3] == format!("井盖松动={of_b}"), "{conflict:?}");
    b.ok("resolve", &[&finding, "note", &of_b]);
    b.ok("sync", &[]);
    a.ok("sync", &[]);
    for hand in [&mut a, &mut b] {
        assert_eq!(hand.ok("finding", &[&finding])[1], "井盖松动");
        assert!(hand.ok("conflicts", &[]).is_empty());
    }
    vec![a, b]
}

fn what_came_back_is_corrected(city: &City) -> Vec<Hand> {
    let mut a = city.new_phone("赵敏");
    // A new colleague who has no role yet.
    let user = city.user("赵敏", &[]);
    a.ok("enrol", &[&city.invitation(user)]);
    let finding = a.one("record", &["item=SR-1", "note=店外经营"]);
    assert_eq!(a.ok("sync", &[])[2], "1", "refused");
    let refused = a.rows("refused", &[]).remove(0);
    assert_eq!(refused[1..], ["not_allowed", "没有权限"]);
    appoint(city, user);
    // The rights of a login are those at its beginning.
    a.ok("sign_in", &[&city.invitation(user)]);
    a.one("correct", &[&refused[0], "note=店外经营，已劝离"]);
    assert!(a.ok("refused", &[]).is_empty());
    assert_eq!(a.ok("sync", &[])[1], "1", "accepted");
    assert_eq!(a.ok("finding", &[&finding])[1], "店外经营，已劝离");
    let fault = a.fails("dismiss", &[&refused[0]]);
    assert_eq!(told(&fault), ["Invalid", "not_found", "id"]);
    vec![a]
}

fn a_visit_with_its_checklist(city: &City) -> Vec<Hand> {
    let office = &city.server.office;
    office.load_catalogue(&street_list("day", &["SR-7", "HW-1"]));
    let street = office.place("解放路", "street", (5.0, 5.0));
    office.task("查解放路", street, &[]);
    let mut a = city.phone("王敏");
    assert_eq!(a.ok("catalogue", &[])[0], "day");
    assert_eq!(a.rows("places", &[])[0][1], "解放路");
    let task = a.rows("tasks", &[]).remove(0);
    assert_eq!(task[1], "查解放路");
    let visit = a.one("start", &[&task[0]]);
    let fault = a.fails("finish", &[&visit]);
    assert_eq!(told(&fault), ["Invalid", "bad_field", "answers/SR-7"]);
    let photos = [city.photo("wide.jpg", 4_000), city.photo("close.jpg", 5_000)].map(|path| format!("photo={path}"));
    let finding = a.one("answer_with_finding", &[&visit, "SR-7", "3", "note=小广告", &photos[0], &photos[1]]);
    a.one("answer", &[&visit, "HW-1", "na"]);
    assert!(a.rows("checklist", &[&visit]).iter().all(|line| line[1].is_empty()), "nothing is missing");
    a.one("finish", &[&visit]);
    assert!(a.ok("tasks", &[]).is_empty(), "the task is done with it");
    assert_eq!(a.ok("sync", &[])[2], "0");
    assert_eq!(a.ok("finding", &[&finding])[..3], ["reported", "小广告", "2"]);
    vec![a]
}

fn a_unit_and_a_re_checker_work_on_a_case_offline(city: &City) -> Vec<Hand> {
    let office = &city.server.office;
    let mut a = city.phone("王敏");
    let finding = a.one("record", &["item=SR-1", "note=占道堆物", "at=36.65,117.12", "why=夜间无法拍摄"]);
    a.ok("sync", &[]);
    let unit = office.add("unit.add", json!({ "name": "市容环卫处" }));
    let chief = city.user("吴刚", &["supervision", "acceptor"]);
    let id = finding.parse().unwrap();
    office.decides(chief, "finding.file", id, json!({ "unseen": "夜间无法拍摄" }));
    let coordinator = office.user_of("孙丽", "coordinator", unit);
    let limits = json!({ &finding: { "amount": 2, "clock": "working_day" } });
    let notice = office.drafts(chief, unit, &[id], &json!({ "limits": limits, "demand": "限期清理" }));
    office.decides(chief, "notice.issue", notice, json!({}));

    let mut b = city.phone_of("孙丽", coordinator);
    let shown = b.rows("notices", &[]).remove(0);
    assert_eq!(shown[..2], [notice.to_string(), "issued".to_owned()]);
    assert_eq!(shown[3..], ["1", "1", "限期清理"], "findings, deadlines, demand");
    b.one("sign", &[&shown[0]]);
    b.one("extend", &[&finding, "2099-12-01T09:30:00Z", "需协调车辆"]);
    let photo = format!("photo={}", city.photo("after.jpg", 40_000));
    b.one("reply", &[&finding, "已清理", &photo]);
    assert_eq!(b.ok("finding", &[&finding])[0], "replied", "what the phone says itself counts there");
    assert_eq!(told(&b.fails("sign", &[&shown[0]])), ["Refused", "state_changed", ""]);
    assert_eq!(b.ok("sync", &[])[..3], ["3", "3", "0"], "pushed, accepted, refused");

    a.ok("sync", &[]);
    a.one("send_back", &[&finding, "仍有堆物"]);
    a.ok("sync", &[]);
    b.ok("sync", &[]);
    assert_eq!(b.ok("finding", &[&finding])[0], "returned");
    let again = format!("photo={}", city.photo("done.jpg", 41_000));
    b.one("reply", &[&finding, "已全部清理", &again]);
    b.one("appeal", &[&shown[0], "不在我方路段"]);
    b.ok("sync", &[]);
    office.keep_arrived();
    a.ok("sync", &[]);
    a.one("close", &[&finding, "现场已清"]);
    assert_eq!(a.ok("sync", &[])[..3], ["1", "1", "0"]);
    assert_eq!(a.ok("finding", &[&finding])[0], "closed");
    vec![a, b]
}

fn a_draft_is_kept_and_recorded(city: &City) -> Vec<Hand> {
    let mut a = city.new_phone("王敏");
    let draft = a.one("save_draft", &["note=路灯不亮"]);
    assert_eq!(a.fails("record_draft", &[&draft]).variant, "SignIn", "nobody is enrolled");
    let mut a = a.killed_and_opened(city);
    assert_eq!(a.rows("drafts", &[]), [[draft.clone(), "路灯不亮".to_owned()]]);
    let user = city.user("王敏", &["inspector"]);
    a.ok("enrol", &[&city.invitation(user)]);
    assert_eq!(told(&a.fails("record_draft", &[&draft])), ["Invalid", "bad_field", "item"]);
    let other = a.one("save_draft", &["note=路灯不亮", "item=SR-1"]);
    let finding = a.one("record_draft", &[&other]);
    assert_eq!(a.rows("drafts", &[]).len(), 1, "the other one is kept");
    assert_eq!(a.ok("finding", &[&finding])[1], "路灯不亮");
    vec![a]
}

fn photos_are_shown_and_freed_once_a_backup_has_them(city: &City) -> Vec<Hand> {
    let (mut a, mut b) = (city.phone("王敏"), city.phone("李强"));
    let path = city.put("a.png", &picture(&city.server.random, 800, 600));
    let finding = a.one("record", &["item=SR-1", "note=井盖缺失", &format!("photo={path}")]);
    assert_eq!(a.one("previews", &[]), "1");
    let photo = a.rows("photos_of", &[&finding]).remove(0);
    assert_eq!(photo[1], "WAITING");
    assert!(std::path::Path::new(&a.one("picture", &[&finding, &photo[0]])).is_file());
    assert_eq!(a.ok("sync", &[])[4], "3", "original, display copy and thumbnail");
    city.server.office.keep_arrived();
    let target = city.path("backup");
    take(city.server.data(), &target, false, &city.server.host(), &mut |_| {}).unwrap();
    a.ok("sync", &[]);
    assert_eq!(a.rows("photos_of", &[&finding])[0][1], "KEPT");
    assert_ne!(a.ok("status", &[])[4], "0", "bytes that may be freed");
    assert_eq!(a.ok("free", &[])[0], "2", "the thumbnail stays");
    b.ok("sync", &[]);
    assert_eq!(b.one("picture", &[&finding, &photo[0]]), "", "it is not on this phone");
    assert!(std::path::Path::new(&b.one("fetch", &[&finding, &photo[0]])).is_file());
    vec![a, b]
}

fn two_people_take_turns_on_one_phone(city: &City) -> Vec<Hand> {
    let mut a = city.phone("王敏");
    assert_eq!(told(&a.fails("set_pin", &["1234"])), ["Invalid", "bad_field", "pin"]);
    a.ok("set_pin", &["8351"]);
    let li = city.user("李强", &["inspector"]);
    assert_eq!(a.ok("sign_in", &[&city.invitation(li)]), ["李强"]);
    let people = a.rows("people", &[]);
    let wang = people.iter().find(|one| one[1] == "王敏").unwrap()[0].clone();
    assert_eq!(told(&a.fails("switch_to", &[&wang, "8352"]))[..2], ["SignIn", "wrong_pin"]);
    a.ok("switch_to", &[&wang, "8351"]);
    assert_eq!(a.ok("status", &[])[5], "王敏");
    a.ok("lock", &[]);
    assert_eq!(told(&a.fails("record", &["item=SR-1", "note=x"]))[..2], ["SignIn", "locked"]);
    assert_eq!(told(&a.fails("switch_to", &[&li.to_string(), "8351"]))[..2], ["SignIn", "sign_in_needed"]);
    a.ok("switch_to", &[&wang, "8351"]);
    a.one("record", &["item=SR-1", "note=x"]);
    vec![a]
}

fn what_was_not_sent_is_carried_away(city: &City) -> Vec<Hand> {
    let mut a = city.phone("王敏");
    let file = city.path("out.zip").display().to_string();
    a.one("record", &["item=SR-1", "note=无网三日", &format!("photo={}", city.photo("a.jpg", 9_000))]);
    assert_eq!(a.ok("export", &[&file]), ["1", "1"]);
    assert!(std::path::Path::new(&file).is_file());
    assert_eq!(told(&a.fails("export", &[&file])), ["Invalid", "bad_field", "file"], "one is there already");
    vec![a]
}

fn suspended_and_shut_are_typed_errors(city: &City) -> Vec<Hand> {
    let mut a = city.phone("王敏");
    let finding = a.one("record", &["item=SR-1", "note=井盖缺失"]);
    a.ok("suspend", &[]);
    for call in ["status", "sync", "list", "free", "watch"] {
        assert_eq!(told(&a.fails(call, &[])), ["Unopened", "suspended", "SUSPENDED"], "{call}");
    }
    a.ok("resume", &[]);
    assert_eq!(a.ok("finding", &[&finding])[1], "井盖缺失");
    a.ok("shut", &[]);
    for call in ["status", "sync", "list", "free", "watch", "suspend", "resume"] {
        assert_eq!(told(&a.fails(call, &[])), ["Unopened", "shut", "SHUT"], "{call}");
    }
    a.ok("shut", &[]);
    a.open();
    assert_eq!(a.ok("finding", &[&finding])[1], "井盖缺失");
    vec![a]
}

fn lists_hear_of_edits_and_syncs(city: &City) -> Vec<Hand> {
    let (mut a, mut b) = (city.phone("王敏"), city.phone("李强"));
    b.ok("watch", &[]);
    assert_eq!(b.one("heard_of", &["1"]), "true", "once at the beginning");
    b.one("record", &["item=SR-1", "note=自己记的"]);
    assert_eq!(b.one("heard_of", &["2"]), "true");
    a.one("record", &["item=SR-1", "note=别人记的"]);
    a.ok("sync", &[]);
    b.ok("sync", &[]);
    assert_eq!(b.one("heard_of", &["3"]), "true");
    assert_eq!(b.rows("list", &[]).len(), 2);
    vec![a, b]
}

fn a_phone_that_lost_its_key_says_everything_again(city: &City) -> Vec<Hand> {
    let user = city.user("王敏", &["inspector"]);
    let mut a = city.phone_of("王敏", user);
    let finding = a.one("record", &["item=SR-1", "note=丢钥匙之前"]);
    a.ok("shut", &[]);
    let (folder, key) = (a.folder.display().to_string(), a.key.display().to_string());
    let away = city.path("away.key");
    std::fs::rename(&a.key, &away).unwrap();
    assert_eq!(told(&a.fails("open", &[&folder, &key])), ["Unopened", "key_missing", "KEY_MISSING"]);
    let mut b = city.phone("李强");
    b.ok("shut", &[]);
    std::fs::copy(&b.key, &a.key).unwrap();
    assert_eq!(told(&a.fails("open", &[&folder, &key])), ["Unopened", "key_wrong", "KEY_WRONG"]);
    city.put("王敏.key", b"hello");
    assert_eq!(told(&a.fails("open", &[&folder, &key])), ["Unopened", "key_unavailable", "KEY_UNAVAILABLE"]);
    std::fs::remove_file(&a.key).unwrap();
    a.ok("open_as_new_device", &[&folder, &key]);
    assert_eq!(told(&a.fails("sync", &[]))[..2], ["SignIn", "not_enrolled"]);
    // The notebook is theirs, and nobody else's invitation opens it.
    let another = city.user("周静", &["inspector"]);
    assert_eq!(told(&a.fails("enrol", &[&city.invitation(another)]))[..2], ["Refused", "bad_code"]);
    a.ok("enrol", &[&city.invitation(user)]);
    a.ok("sync", &[]);
    assert_eq!(a.ok("finding", &[&finding])[1], "丢钥匙之前");
    assert_eq!(a.ok("status", &[])[0], "0", "nothing waits");
    vec![a]
}

fn what_is_wrong_is_named(city: &City) -> Vec<Hand> {
    let mut a = city.phone("王敏");
    let cases: [(&str, &[&str], [&str; 3]); 8] = [
        ("record", &["note=没有项目"], ["Invalid", "bad_field", "item"]),
        ("record", &["item=SR-1", "note=x", "at=91,0"], ["Invalid", "bad_field", "place"]),
        ("record", &["item=SR-1", "photo=/nowhere/a.jpg"], ["Invalid", "bad_field", "photo"]),
        ("amend", &["01a20f08-c956-71aa-8a90-84f477d69895", "note=x"], ["Invalid", "not_found", "id"]),
        ("finding", &["kein Befund"], ["Invalid", "bad_field", "id"]),
        ("near", &["91", "0", "5"], ["Invalid", "bad_field", "lat"]),
        ("enrol", &["https://xuncha.example.cn"], ["Invalid", "bad_field", "url"]),
        ("export", &[""], ["Invalid", "bad_field", "file"]),
    ];
    for (call, words, wanted) in cases {
        let fault = a.fails(call, words);
        assert_eq!(told(&fault), wanted, "{call} {words:?}");
    }
    let gone = format!("{}/enrol#K9-58OnQUDSrhZiLF-b2zA", city.server.url());
    assert_eq!(told(&a.fails("enrol", &[&gone]))[..2], ["Refused", "bad_code"]);
    assert_eq!(a.ok("list", &[]), Vec::<String>::new(), "nothing was recorded");
    vec![a]
}
