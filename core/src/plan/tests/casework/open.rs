//! What is open to whom in a case: from its state, from what else is on it, and from whose it is.

use super::*;

/// Steps open to `pen` in `entity`.
fn open(town: &Town, pen: Pen, entity: EntityId) -> Vec<&'static str> {
    Actor::of(&town.world, LEDGER, &town.read(pen.user)).open_in(&town.read(entity))
}

#[test]
fn what_is_open_moves_with_the_case() {
    let mut town = Town::new();
    let (inspector, acceptor) = (town.person(1, "inspector"), town.person(2, "acceptor"));
    let finding = town.finding(inspector, "SR-1");
    assert_eq!(
        open(&town, acceptor, finding),
        [
            "finding.amend",
            "finding.ask",
            "finding.decline",
            "finding.duplicate",
            "finding.file",
            "finding.note",
            "finding.void"
        ]
    );
    assert_eq!(
        open(&town, inspector, finding),
        ["finding.amend", "finding.fix", "finding.note", "finding.void"],
        "one's own can be put right on the spot"
    );
    let another = town.person(5, "inspector");
    assert_eq!(open(&town, another, finding), ["finding.amend", "finding.note"]);
    town.does(acceptor, "finding.file", finding, json!({}));
    assert_eq!(open(&town, acceptor, finding), ["finding.amend", "finding.note", "finding.reopen", "finding.void"]);
}

#[test]
fn what_stands_on_the_case_opens_and_closes_steps() {
    let (mut town, finding, dispatcher, handler) = dispatched();
    let coordinator = town.person(6, "coordinator");
    let has = |town: &Town, pen, kind: &str| open(town, pen, finding).contains(&kind);
    assert!(has(&town, dispatcher, "finding.suspend") && !has(&town, dispatcher, "finding.resume"));
    assert!(!has(&town, dispatcher, "finding.refuse_extension"));
    town.does(dispatcher, "finding.suspend", finding, json!({ "suspended": "等待管线迁改" }));
    assert!(!has(&town, dispatcher, "finding.suspend") && has(&town, dispatcher, "finding.resume"));
    let wanted = json!({ "wanted": at("2027-06-01T00:00"), "wanted_because": "x" });
    town.does(coordinator, "finding.request_extension", finding, wanted);
    assert!(has(&town, dispatcher, "finding.refuse_extension"));

    assert!(has(&town, handler, "finding.reply"));
    let other = town.other_unit;
    let stranger = town.person(7, "handler");
    town.joins(stranger, other);
    assert_eq!(open(&town, stranger, finding), Vec::<&str>::new(), "it is another unit's");
    town.replies(handler, finding);
    assert!(has(&town, dispatcher, "finding.close") && has(&town, dispatcher, "finding.return"));
    // Nobody decides about their own unit, and nobody checks what they replied.
    let unit = town.unit;
    town.joins(dispatcher, unit);
    assert!(!has(&town, dispatcher, "finding.close"));
}

#[test]
fn a_dispute_opens_its_resolution_to_those_who_may() {
    let (mut world, a, b, finding, old) = two_pens();
    let acceptor = world.pen(9, "acceptor");
    let open = |world: &World, pen: Pen| {
        Actor::of(world, LEDGER, &world.entity(pen.user).unwrap()).open_in(&world.entity(finding).unwrap())
    };
    assert!(!open(&world, acceptor).contains(&"finding.resolve"));
    for (pen, note) in [(b, "theirs"), (a, "mine")] {
        let op = world.op(pen, 2, "finding.amend", Some(finding), Some(old), json!({ "note": note }));
        world.say(&op);
    }
    assert!(open(&world, acceptor).contains(&"finding.resolve"));
    assert!(!open(&world, a).contains(&"finding.resolve"), "an inspector does not decide it");
}

#[test]
fn an_appeal_is_made_once_and_heard_by_two_who_did_not_issue() {
    let (mut town, finding, _, _) = filed();
    let (chief, coordinator) = (town.person(20, "supervision"), town.person(21, "coordinator"));
    let (first, second) = (town.person(22, "leader"), town.person(23, "creation_office"));
    let unit = town.unit;
    let body = json!({ "unit": unit, "findings": { finding.to_string(): true }, "source": "on_site" });
    let notice = town.makes(chief, "notice.draft", body);
    assert_eq!(open(&town, chief, notice), ["notice.amend", "notice.attach", "notice.discard", "notice.issue"]);
    town.does(chief, "notice.issue", notice, json!({}));
    assert_eq!(open(&town, chief, notice), ["notice.attach", "notice.withdraw"]);
    assert_eq!(open(&town, coordinator, notice), ["notice.appeal", "notice.sign"]);
    assert_eq!(open(&town, first, notice), Vec::<&str>::new(), "nobody appeals");
    assert!(!open(&town, chief, finding).contains(&"finding.void"), "it stands on a notice");
    town.does(coordinator, "notice.appeal", notice, json!({ "appeal": "不是我单位的路段" }));
    assert_eq!(open(&town, coordinator, notice), ["notice.sign"]);
    let hear = || json!({ "says": "reject", "because": "x" });
    town.does(first, "notice.hear", notice, hear());
    assert_eq!(open(&town, first, notice), Vec::<&str>::new(), "heard once");
    assert_eq!(open(&town, second, notice), ["notice.hear"]);
    town.does(second, "notice.hear", notice, hear());
    assert_eq!(open(&town, second, notice), Vec::<&str>::new(), "it is decided");
}
