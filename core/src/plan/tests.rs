//! The law, case by case. Each case carries its reason.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::value::RawValue;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::model::{DeviceId, Hash, LineId, OpId, PENDING};
use crate::op::{At, Chain, OpDraft, Salt};

mod calendar;
mod casework;
mod conflicts;
mod edges;
mod files;
mod items;
mod open;
mod schedule;
mod world;

use world::{LEDGER, Pen, World, code, outcome, two_pens};

#[test]
fn a_step_counts_only_from_the_state_its_author_saw() {
    let (mut world, a, b, finding, _) = two_pens();
    let foreign = world.op(b, 5, "finding.void", Some(finding), None, json!({ "reason": "not mine" }));
    assert_eq!(code(&world.say(&foreign)), "not_allowed", "an inspector voids only their own");
    let void = world.op(a, 2, "finding.void", Some(finding), None, json!({ "reason": "twice" }));
    assert_eq!(code(&world.say(&void)), "accept");
    let again = world.op(a, 3, "finding.void", Some(finding), None, json!({ "reason": "thrice" }));
    assert_eq!(world.say(&again), Judgement::Refuse { code: Code::StateChanged, detail: "void".into() });
    let silent = world.op(a, 4, "finding.void", Some(finding), None, json!({}));
    assert_eq!(code(&world.say(&silent)), "bad_field");
}

#[test]
fn bad_bodies_are_refused_with_the_name_of_the_field() {
    let (mut world, a, _, finding, old) = two_pens();
    let long = "x".repeat(4_001);
    let cases = [
        (json!({ "note": long }), "note"),
        (json!({ "note": "" }), "note"),
        (json!({ "note": "bell\u{7}" }), "note"),
        (json!({ "note": 1 }), "note"),
        (json!({ "item": null }), "item"),
        (json!({ "severity": "awful" }), "severity"),
        (json!({ "place": { "lat": 91.0, "lon": 0.0 } }), "place"),
        (json!({ "place": { "lat": 1.0 } }), "place"),
        (json!({ "place": {} }), "place"),
        (json!({ "photos": { "p": { "original": "x" } } }), "photos/p"),
        (json!({ "photos": [] }), "photos"),
        (json!({ "tags": { "a/b": true } }), "tags"),
        (json!({ "tags": { "a": 1 } }), "tags/a"),
        (json!({ "status": "closed" }), "status"),
        (json!({ "areas": [] }), "areas"),
        (json!({ "photos/p1": {} }), "body"),
        (json!({}), "body"),
    ];
    for (body, field) in cases {
        let op = world.op(a, 2, "finding.amend", Some(finding), Some(old), body.clone());
        let Judgement::Refuse { code: Code::BadField, detail } = world.say(&op) else { panic!("{body}") };
        assert_eq!(detail.split(':').next(), Some(field), "{body} -> {detail}");
        assert!(detail.len() > field.len() + 10, "{detail} says nothing of what would be right");
    }
    let op = world.op(a, 2, "finding.record", None, None, json!({ "note": "no item" }));
    assert_eq!(code(&world.say(&op)), "bad_field");
    let op = world.op(a, 2, "finding.record", Some(EntityId(Uuid::from_u128(5))), None, json!({ "item": "SR-1" }));
    assert_eq!(code(&world.say(&op)), "bad_field", "a finding bears the id of its op");
}

#[test]
fn what_is_not_known_yet_is_held_not_refused() {
    let (mut world, a, _, finding, old) = two_pens();
    let nowhere = EntityId(Uuid::from_u128(77));
    let op = world.op(a, 2, "finding.amend", Some(nowhere), None, json!({ "note": "x" }));
    assert_eq!(code(&world.say(&op)), format!("hold entity:{nowhere}"));
    let op = world.op(a, 2, "finding.praise", Some(finding), Some(old), json!({}));
    assert_eq!(code(&world.say(&op)), "hold kind:finding.praise/1");
}

#[test]
fn unknown_fields_pass_through_and_merge_like_others() {
    let (mut world, a, b, finding, old) = two_pens();
    let op = world.op(b, 5, "finding.amend", Some(finding), Some(old), json!({ "noise_level": { "db": 71.5 } }));
    assert_eq!(code(&world.say(&op)), "accept");
    let op = world.op(a, 2, "finding.amend", Some(finding), Some(old), json!({ "noise_level": { "db": 60 } }));
    assert_eq!(outcome(&world.say(&op), "noise_level"), Outcome::Rival);
    assert_eq!(world.entity(finding).unwrap().field("noise_level"), Some(&json!({ "db": 71.5 })));
}

#[test]
fn observations_keep_the_rights_of_their_login_for_thirty_days_and_decisions_do_not() {
    let (mut world, a, _, finding, old) = two_pens();
    world.own("user.amend", Some(a.user), json!({ "roles": { "inspector": null, "leader": true } }));
    let seen = world.op(a, 2, "finding.amend", Some(finding), Some(old), json!({ "note": "as I saw it" }));
    assert_eq!(code(&world.say(&seen)), "accept");
    let void = world.op(a, 3, "finding.void", Some(finding), None, json!({ "reason": "x" }));
    assert_eq!(code(&world.say(&void)), "not_allowed");
    let days_later =
        |world: &World, days: i64| world.moment.received.map(|time| time.plus_millis(days * 24 * 3600 * 1000));
    world.moment.received = days_later(&world, 29);
    let still = world.op(a, 4, "finding.amend", Some(finding), Some(world.next), json!({ "note": "on the last days" }));
    assert_eq!(code(&world.say(&still)), "accept");
    world.moment.received = days_later(&world, 2);
    let late = world.op(a, 5, "finding.amend", Some(finding), Some(world.next), json!({ "note": "too late" }));
    assert_eq!(code(&world.say(&late)), "not_allowed");
}

#[test]
fn a_device_may_not_say_what_only_the_ledger_says() {
    let (mut world, a, b, ..) = two_pens();
    let op = world.op(
        a,
        2,
        "session.open",
        None,
        None,
        json!({ "user": a.user, "line": Uuid::nil(), "roles": { "admin": true } }),
    );
    assert_eq!(code(&world.say(&op)), "ledger_only");
    let op = world.op(a, 2, "user.add", None, None, json!({ "name": "x", "roles": { "admin": true } }));
    assert_eq!(code(&world.say(&op)), "not_allowed");
    let borrowed = Pen { session: b.session, ..a };
    let op = world.op(borrowed, 2, "finding.record", None, None, json!({ "item": "SR-1" }));
    assert_eq!(code(&world.say(&op)), "wrong_session");
    let stranger = DeviceId(Hash([9; 32]));
    assert!(world.entity(EntityId::of_device(LEDGER, &stranger)).is_none());
}

#[test]
fn a_notebook_under_a_new_line_keeps_the_logins_of_its_earlier_ones_and_no_others() {
    let (mut world, a, b, ..) = two_pens();
    let key = crate::op::DeviceKey::from_seed(&zeroize::Zeroizing::new([9; 32])).public();
    let device = EntityId::of_device(LEDGER, &key.device());
    let line = |who: u128| Uuid::from_u128(who).to_string();
    let body = json!({ "key": key, "user": a.user, "line": line(9), "lines_before": { line(a.who): true } });
    world.own("device.add", Some(device), body);
    let mut say = |pen: Pen| {
        let op = world.op(Pen { who: 9, ..pen }, 1, "finding.record", None, None, json!({ "item": "SR-1" }));
        world.say(&op)
    };
    assert!(matches!(say(a), Judgement::Accept(_)));
    assert_eq!(code(&say(b)), "wrong_session");
}

#[test]
fn clocks_are_doubted_never_refused() {
    let (mut world, a, ..) = two_pens();
    let ten_years = 10 * 365 * 24 * 60;
    let doubted = [(ten_years, Some("ahead")), (-ten_years, Some("behind")), (0, None)];
    for (minutes, doubt) in doubted.into_iter().chain([(4, None), (6, Some("ahead")), (-4, None), (-6, Some("behind"))])
    {
        let mut op = world.op(a, 2, "finding.record", None, None, json!({ "item": "SR-1" }));
        op.at.wall = op.at.wall.plus_millis(minutes * 60 * 1000);
        let Judgement::Accept(accepted) = world.say(&op) else { panic!() };
        assert_eq!(accepted.clock.as_deref(), doubt, "{minutes} minutes");
    }
}

#[test]
fn a_pending_op_over_the_row_that_it_made_changes_nothing() {
    let (mut world, a, _, finding, old) = two_pens();
    let amend = world.op(a, 2, "finding.amend", Some(finding), Some(old), json!({ "note": "second" }));
    world.say(&amend);
    let row = world.entity(finding).unwrap();
    let Judgement::Accept(again) = plan(&world, &world.moment, &amend) else { panic!() };
    let after = apply(Some(&row), &amend, PENDING, &again.fields, &again.adds).unwrap();
    assert_eq!((&after.fields, &after.stamps), (&row.fields, &row.stamps));
}

#[test]
fn a_base_from_an_epoch_that_was_lost_counts_only_as_far_as_it_can_be_proven() {
    let (mut world, a, b, finding, old) = two_pens();
    world.moment.epoch = 2;
    world.moment.floors = [(1, old + 1)].into();
    let theirs = world.op(b, 5, "finding.amend", Some(finding), Some(old), json!({ "note": "theirs" }));
    assert_eq!(outcome(&world.say(&theirs), "note"), Outcome::Set, "what was provable is seen");
    let mine = world.op(a, 2, "finding.amend", Some(finding), Some(old + 1_000), json!({ "note": "mine" }));
    assert_eq!(outcome(&world.say(&mine), "note"), Outcome::Rival, "what was not is not");
}

#[test]
fn the_ledgers_key_is_for_life() {
    let (mut world, ..) = two_pens();
    let key = crate::op::DeviceKey::from_seed(&zeroize::Zeroizing::new([9; 32])).public();
    let body = json!({ "name": "临江市", "zone": "Asia/Shanghai", "key": key });
    let ledger = world.own("ledger.open", Some(EntityId(LEDGER.0)), body);
    let id = world.id();
    let rename = world.draft(id, "ledger.amend", ledger, json!({ "name": "临河市" }));
    assert_eq!(code(&world.say(&Op::parse(&rename.to_text()).unwrap())), "accept");
    let id = world.id();
    let rekey = world.draft(id, "ledger.amend", ledger, json!({ "key": key }));
    assert_eq!(code(&world.say(&Op::parse(&rekey.to_text()).unwrap())), "bad_field");
}

#[test]
fn an_epoch_ends_every_one_before_it_at_a_size_that_is_here() {
    let (mut world, ..) = two_pens();
    let key = crate::op::DeviceKey::from_seed(&zeroize::Zeroizing::new([9; 32])).public();
    let body = json!({ "name": "临江市", "zone": "Asia/Shanghai", "key": key });
    let ledger = world.own("ledger.open", Some(EntityId(LEDGER.0)), body);
    world.moment.size = Some(60);
    let root = Hash::of(b"root");
    let floor = |size: u64| json!({ "size": size, "root": root });
    let mut begin = |epoch: u32, floors: &[(u32, u64)], epochs: Value| {
        world.moment.epoch = epoch;
        world.moment.floors = floors.iter().copied().collect();
        let id = world.id();
        let draft = world.draft(id, "ledger.epoch", ledger, json!({ "epochs": epochs }));
        code(&plan(&world, &world.moment, &Op::parse(&draft.to_text()).unwrap()))
    };
    assert_eq!(begin(2, &[], json!({ "1": floor(60) })), "accept");
    assert_eq!(begin(2, &[], json!({ "1": floor(41) })), "accept", "somebody wrote after the two had parted");
    let void = json!({ "size": 41, "root": root, "void": 99 });
    assert_eq!(begin(2, &[], json!({ "1": void })), "accept");
    assert_eq!(begin(4, &[(1, 20)], json!({ "2": floor(50), "3": floor(50) })), "accept", "two were lost");
    for (epoch, epochs) in [
        (2, json!({ "1": floor(61) })),
        (2, json!({})),
        (3, json!({ "2": floor(50) })),
        (3, json!({ "1": floor(50) })),
        (2, json!({ "1": floor(50), "2": floor(50) })),
        (2, json!({ "1": { "size": 41, "root": root, "void": "99" } })),
    ] {
        assert_eq!(begin(epoch, &[], epochs.clone()), "bad_field", "{epoch} {epochs}");
    }
}

#[test]
fn a_step_writes_nothing_that_it_does_not_know() {
    let (mut world, a, _, finding, _) = two_pens();
    let body = json!({ "reason": "twice", "note": 123, "item": null, "photos": "gone" });
    let void = world.op(a, 2, "finding.void", Some(finding), None, body);
    assert_eq!(code(&world.say(&void)), "accept");
    let entity = world.entity(finding).unwrap();
    assert_eq!(
        (entity.text("note"), entity.text("item"), entity.text("status")),
        (Some("first"), Some("SR-1"), Some("void"))
    );
    assert_eq!(entity.field("photos"), None);
}

#[test]
fn nobody_can_have_seen_what_is_not_there_yet() {
    let (mut world, a, b, finding, old) = two_pens();
    let theirs = world.op(b, 5, "finding.amend", Some(finding), Some(old), json!({ "note": "theirs" }));
    world.say(&theirs);
    world.moment.size = Some(world.next + 1);
    let bold = world.op(a, 2, "finding.amend", Some(finding), Some(1 << 60), json!({ "note": "mine" }));
    let Judgement::Refuse { code: Code::BadField, detail } = world.say(&bold) else { panic!() };
    assert!(detail.starts_with("base:"), "{detail}");
    assert_eq!(world.note(finding), "theirs");
}

#[test]
fn a_place_known_by_words_alone_lies_in_no_area() {
    let (mut world, a, _, finding, old) = two_pens();
    let placed =
        world.op(a, 2, "finding.amend", Some(finding), Some(old), json!({ "place": { "lat": 1.0, "lon": 1.0 } }));
    world.say(&placed);
    for (n, place) in [(3, json!({ "words": "人民路" })), (4, Value::Null)] {
        let moved = world.op(a, n, "finding.amend", Some(finding), Some(world.next), json!({ "place": place }));
        let Judgement::Accept(accepted) = world.say(&moved) else { panic!() };
        assert_eq!(accepted.adds.get("areas"), Some(&json!([])));
    }
}
