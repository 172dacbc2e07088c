//! Two who say different things about one field, and who decides it.

use super::*;

#[test]
fn every_case_of_the_merge_rule() {
    /// Why; is the second writer a stranger; what it saw; what it says -> outcome, note, rivals.
    type Case =
        (&'static str, bool, Option<&'static str>, &'static str, Outcome, &'static str, &'static [&'static str]);
    let cases: &[Case] = &[
        ("the author saw the newest version", true, Some("new"), "mine", Outcome::Set, "mine", &[]),
        ("the author saw an older version", true, Some("old"), "mine", Outcome::Rival, "theirs", &["mine"]),
        ("the author saw nothing", true, None, "mine", Outcome::Rival, "theirs", &["mine"]),
        ("both say the same", true, Some("old"), "theirs", Outcome::Same, "theirs", &[]),
        ("the same notebook, later", false, Some("old"), "mine", Outcome::Set, "mine", &[]),
    ];
    for (why, stranger, saw, says, expected, note, rivals) in cases {
        let (mut world, a, b, finding, old) = two_pens();
        let theirs = world.op(b, 5, "finding.amend", Some(finding), Some(old), json!({ "note": "theirs" }));
        world.say(&theirs);
        let base = saw.map(|saw| if saw == "new" { world.next } else { old });
        let (pen, n) = if *stranger { (a, 2) } else { (b, 6) };
        let mine = world.op(pen, n, "finding.amend", Some(finding), base, json!({ "note": says }));
        let judgement = world.say(&mine);
        assert_eq!(outcome(&judgement, "note"), *expected, "{why}");
        assert_eq!(
            (world.note(finding).as_str(), world.rivals(finding).as_slice()),
            (*note, &rivals.iter().map(|rival| (*rival).to_owned()).collect::<Vec<_>>()[..]),
            "{why}"
        );
    }
}

#[test]
fn an_op_of_the_same_notebook_that_comes_late_is_overtaken() {
    let (mut world, _, b, finding, old) = two_pens();
    let later = world.op(b, 7, "finding.amend", Some(finding), Some(old), json!({ "note": "later" }));
    let earlier = world.op(b, 6, "finding.amend", Some(finding), Some(old), json!({ "note": "earlier" }));
    world.say(&later);
    assert_eq!(outcome(&world.say(&earlier), "note"), Outcome::Overtaken);
    assert_eq!(world.note(finding), "later");
}

#[test]
fn a_second_challenger_of_one_notebook_replaces_its_first() {
    let (mut world, a, b, finding, old) = two_pens();
    let theirs = world.op(b, 5, "finding.amend", Some(finding), Some(old), json!({ "note": "theirs" }));
    world.say(&theirs);
    for (n, note) in [(2, "mine"), (4, "mine again"), (3, "mine in between")] {
        let op = world.op(a, n, "finding.amend", Some(finding), Some(old), json!({ "note": note }));
        world.say(&op);
    }
    assert_eq!(world.rivals(finding), ["mine again"]);
    assert_eq!(world.note(finding), "theirs");
}

#[test]
fn different_fields_and_members_of_sets_never_conflict() {
    let (mut world, a, b, finding, old) = two_pens();
    let photo = |text: &str| json!({ "original": Hash::of(text.as_bytes()) });
    let one = world.op(
        a,
        2,
        "finding.amend",
        Some(finding),
        Some(old),
        json!({ "severity": "high", "photos": { "p1": photo("1") } }),
    );
    let two = world.op(
        b,
        5,
        "finding.amend",
        Some(finding),
        Some(old),
        json!({ "note": "n", "photos": { "p2": photo("2") }, "tags": { "夜间": true } }),
    );
    for op in [&one, &two] {
        assert_eq!(world.say(op), Judgement::Accept(Accepted::default()));
    }
    let entity = world.entity(finding).unwrap();
    assert_eq!(entity.members("photos").count(), 2);
    assert_eq!(entity.members("tags").count(), 1);
    // Taking a photo out while somebody else does nothing to it is no conflict either.
    let out = world.op(b, 6, "finding.amend", Some(finding), Some(world.next), json!({ "photos": { "p1": null } }));
    world.say(&out);
    assert_eq!(world.entity(finding).unwrap().members("photos").count(), 1);
}

#[test]
fn a_conflict_opens_a_task_and_a_person_who_saw_both_values_closes_it() {
    let (mut world, a, b, finding, old) = two_pens();
    let judge = world.pen(3, "acceptor");
    let theirs = world.op(b, 5, "finding.amend", Some(finding), Some(old), json!({ "note": "theirs" }));
    let mine = world.op(a, 2, "finding.amend", Some(finding), Some(old), json!({ "note": "mine" }));
    world.say(&theirs);
    let Judgement::Accept(accepted) = world.say(&mine) else { panic!() };
    assert_eq!(accepted.task, Some(finding.of_task(mine.id)));

    let body = |seen: &[OpId], value: &str| json!({ "field": "note", "seen": seen, "value": value });
    let blind = world.op(judge, 1, "finding.resolve", Some(finding), None, body(&[mine.id], "mine"));
    assert_eq!(code(&world.say(&blind)), "state_changed", "the author did not see the current value");
    let by_inspector = world.op(a, 3, "finding.resolve", Some(finding), None, body(&[mine.id, theirs.id], "mine"));
    assert_eq!(code(&world.say(&by_inspector)), "not_allowed");
    // What the field could not have been given before it is not given now, and taking it away is said in so many words.
    let seen = [mine.id, theirs.id];
    for (odd, why) in [
        (json!({ "field": "note", "seen": seen, "value": 5 }), "value: must be text"),
        (json!({ "field": "note", "seen": seen }), "value: is missing"),
    ] {
        let op = world.op(judge, 1, "finding.resolve", Some(finding), None, odd);
        let Judgement::Refuse { code, detail } = world.say(&op) else { panic!() };
        assert_eq!(code, Code::BadField);
        assert!(detail.starts_with(why), "{detail}");
    }
    let decided = world.op(judge, 2, "finding.resolve", Some(finding), None, body(&[mine.id, theirs.id], "mine"));
    assert_eq!(code(&world.say(&decided)), "accept");
    assert_eq!((world.note(finding).as_str(), world.rivals(finding).len()), ("mine", 0));
    let again = world.op(judge, 3, "finding.resolve", Some(finding), None, body(&[decided.id], "theirs"));
    assert_eq!(code(&world.say(&again)), "no_conflict");
}

#[test]
fn a_conflict_can_be_decided_for_no_value_at_all() {
    let (mut world, a, b, finding, old) = two_pens();
    let judge = world.pen(3, "acceptor");
    let tag = world.op(b, 5, "finding.amend", Some(finding), Some(old), json!({ "tags": { "t": true } }));
    let late = world.op(a, 2, "finding.amend", Some(finding), Some(old), json!({ "tags": { "t": null } }));
    world.say(&tag);
    assert_eq!(outcome(&world.say(&late), "tags/t"), Outcome::Rival);
    let current = world.entity(finding).unwrap().stamps.of("tags/t").op;
    let body = json!({ "field": "tags/t", "seen": [current, late.id], "value": null });
    let decided = world.op(judge, 1, "finding.resolve", Some(finding), None, body);
    assert_eq!(code(&world.say(&decided)), "accept");
    let entity = world.entity(finding).unwrap();
    assert_eq!((entity.field("tags/t"), entity.rivals.len()), (None, 0));
    let item = json!({ "field": "item", "seen": [current], "value": null });
    let taken = world.op(judge, 2, "finding.resolve", Some(finding), None, item);
    assert_eq!(code(&world.say(&taken)), "bad_field", "what a finding must have is not taken away");
}

#[test]
fn a_resolution_keeps_challengers_that_its_author_had_not_seen() {
    let (mut world, a, b, finding, old) = two_pens();
    let (c, judge) = (world.pen(3, "inspector"), world.pen(4, "acceptor"));
    let theirs = world.op(b, 5, "finding.amend", Some(finding), Some(old), json!({ "note": "theirs" }));
    let mine = world.op(a, 2, "finding.amend", Some(finding), Some(old), json!({ "note": "mine" }));
    let third = world.op(c, 1, "finding.amend", Some(finding), Some(old), json!({ "note": "third" }));
    for op in [&theirs, &mine, &third] {
        world.say(op);
    }
    let body = json!({ "field": "note", "seen": [mine.id, theirs.id], "value": "mine" });
    let decided = world.op(judge, 1, "finding.resolve", Some(finding), None, body);
    world.say(&decided);
    assert_eq!((world.note(finding).as_str(), world.rivals(finding)), ("mine", vec!["third".to_owned()]));
}

#[test]
fn a_later_word_of_one_notebook_takes_its_own_disputed_one_back() {
    let (mut world, a, b, finding, old) = two_pens();
    let theirs = world.op(b, 5, "finding.amend", Some(finding), Some(old), json!({ "note": "theirs" }));
    world.say(&theirs);
    let mine = world.op(a, 2, "finding.amend", Some(finding), Some(old), json!({ "note": "mine" }));
    world.say(&mine);
    assert_eq!(world.rivals(finding), ["mine"]);
    let base = Some(world.next);
    let agreed = world.op(a, 3, "finding.amend", Some(finding), base, json!({ "note": "agreed" }));
    world.say(&agreed);
    assert_eq!((world.note(finding).as_str(), world.rivals(finding).len()), ("agreed", 0));
}
