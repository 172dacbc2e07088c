//! The deduction ledger.

use super::*;

fn row(town: &Town, id: EntityId) -> Deduction {
    Deduction::from_entity(&town.read(id))
}

fn deduct(town: &mut Town, pen: Pen, finding: EntityId, rule: &str, rework: u64) -> Judgement {
    let id = deduction_id(finding, rule, rework);
    town.says(pen, "deduction.add", id, json!({ "finding": finding, "rule": rule }))
}

#[test]
fn points_follow_from_item_and_rule_and_each_rule_takes_once() {
    let (mut town, finding, dispatcher, handler) = dispatched();
    let organiser = town.person(5, "organiser");
    assert_eq!(code(&deduct(&mut town, organiser, finding, "found", 0)), "accept");
    let found = row(&town, deduction_id(finding, "found", 0));
    // SR-1 costs 0.20.
    assert_eq!((found.points, found.unit, found.action.as_deref()), (20, Some(town.unit), Some("A2")));
    assert_eq!((found.month.as_str(), found.rule_version.as_deref()), ("2026-11", Some("2026.1")));
    assert_eq!(code(&deduct(&mut town, organiser, finding, "found", 0)), "exists");
    assert_eq!(code(&deduct(&mut town, organiser, finding, "overdue", 0)), "bad_field", "it is not late yet");
    assert_eq!(code(&deduct(&mut town, organiser, finding, "rework", 0)), "bad_field", "it never came back");
    town.clock("2026-12-01T09:00");
    assert_eq!(code(&deduct(&mut town, organiser, finding, "overdue", 0)), "accept");
    let overdue = row(&town, deduction_id(finding, "overdue", 0));
    assert_eq!(
        (overdue.points, overdue.month.as_str()),
        (60, "2026-12"),
        "three times as much, in the month it is said"
    );
    town.replies(handler, finding);
    town.does(dispatcher, "finding.return", finding, json!({ "reason": "没清完" }));
    assert_eq!(code(&deduct(&mut town, organiser, finding, "rework", 1)), "accept");
    assert_eq!(row(&town, deduction_id(finding, "rework", 1)).points, 20);
    // Returned twice more before anybody scores: each time costs, in whatever order, and none twice.
    for _ in 0..2 {
        town.replies(handler, finding);
        town.does(dispatcher, "finding.return", finding, json!({ "reason": "没清完" }));
    }
    for (time, comes_to) in [(3, "accept"), (2, "accept"), (1, "exists"), (4, "bad_field"), (0, "bad_field")] {
        assert_eq!(code(&deduct(&mut town, organiser, finding, "rework", time)), comes_to, "{time}");
    }
}

#[test]
fn each_rule_costs_what_the_catalogue_says_of_it() {
    let (mut town, _, dispatcher, handler) = dispatched();
    let (inspector, acceptor) = (town.person(6, "inspector"), town.person(7, "acceptor"));
    let (organiser, unit) = (town.person(5, "organiser"), town.unit);
    // SR-6 costs 0.10, which no rule does.
    let finding = town.finding(inspector, "SR-6");
    town.does(acceptor, "finding.file", finding, json!({ "condition": "占用人行道" }));
    town.does(dispatcher, "finding.dispatch", finding, json!({ "unit": unit }));
    town.clock("2026-12-20T09:00");
    town.replies(handler, finding);
    town.does(dispatcher, "finding.return", finding, json!({ "reason": "没清完" }));
    for (rule, time, costs) in
        [("found", 0, 10), ("overdue", 0, 30), ("repeat", 0, 20), ("rework", 1, 20), ("falsified", 0, 100)]
    {
        assert_eq!(code(&deduct(&mut town, organiser, finding, rule, time)), "accept", "{rule}");
        assert_eq!(row(&town, deduction_id(finding, rule, time)).points, costs, "{rule}");
    }
}

#[test]
fn what_is_exempt_costs_nothing_for_being_late() {
    let (mut town, finding, dispatcher, _) = dispatched();
    let organiser = town.person(5, "organiser");
    town.clock("2026-12-01T09:00");
    // The missed deadline stays known, and is not charged.
    town.does(dispatcher, "finding.extend", finding, json!({ "deadline": at("2026-12-22T17:30") }));
    town.does(dispatcher, "finding.exempt", finding, json!({ "exempt": "施工未完" }));
    assert!(town.time(finding, "missed").is_some());
    let body = json!({ "finding": finding, "rule": "overdue" });
    let no = town.no(organiser, "deduction.add", deduction_id(finding, "overdue", 0), body);
    assert_eq!(no, "bad_field rule: the finding is exempt");
}

#[test]
fn an_id_that_does_not_follow_from_the_finding_is_refused() {
    let (mut town, finding, _, _) = dispatched();
    let organiser = town.person(5, "organiser");
    let stray = EntityId(Uuid::from_u128(99));
    let no = town.no(organiser, "deduction.add", stray, json!({ "finding": finding, "rule": "found" }));
    assert!(no.starts_with("bad_field entity: is not the id that follows"), "{no}");
}

#[test]
fn points_by_hand_need_a_reason_and_are_never_negative() {
    let (mut town, _, _, _) = dispatched();
    let (organiser, unit) = (town.person(5, "organiser"), town.unit);
    let special = |points: Value| json!({ "unit": unit, "rule": "special", "points": points, "reason": "媒体曝光" });
    let add = |town: &mut Town, body: Value| {
        let op = town.world.op(organiser, 50, "deduction.add", None, None, body);
        code(&town.world.say(&op))
    };
    assert_eq!(add(&mut town, special(json!(-50))), "bad_field");
    assert_eq!(add(&mut town, special(json!(0.5))), "bad_field");
    assert_eq!(add(&mut town, json!({ "unit": unit, "rule": "special", "points": 50 })), "bad_field");
    assert_eq!(add(&mut town, json!({ "rule": "special", "points": 50, "reason": "x" })), "bad_field", "whose?");
    assert_eq!(add(&mut town, special(json!(0))), "bad_field", "a row that costs nothing");
    assert_eq!(add(&mut town, special(json!(50))), "accept");
}

#[test]
fn a_rule_costs_the_unit_that_has_the_case_and_nobody_scores_their_own() {
    let (mut town, finding, _, _) = filed();
    let (organiser, dispatcher) = (town.person(5, "organiser"), town.person(3, "dispatcher"));
    town.person(4, "handler");
    let (unit, other, id) = (town.unit, town.other_unit, deduction_id(finding, "found", 0));
    let found = |unit: EntityId| json!({ "finding": finding, "rule": "found", "unit": unit });
    assert_eq!(town.no(organiser, "deduction.add", id, found(unit)), "bad_field finding: is sent to nobody");
    town.does(dispatcher, "finding.dispatch", finding, json!({ "unit": unit }));
    let wrong = "bad_field unit: is not the one that the finding was sent to";
    assert_eq!(town.no(organiser, "deduction.add", id, found(other)), wrong);
    town.joins(organiser, unit);
    let own = "own_case it is about the user's own unit";
    assert_eq!(town.no(organiser, "deduction.add", id, found(unit)), own);
    // Whoever is of another unit may.
    let neutral = town.person(6, "organiser");
    town.joins(neutral, other);
    town.does(neutral, "deduction.add", id, found(unit));
    let back = json!({ "of": id, "reason": "不该扣" });
    assert_eq!(town.no(organiser, "deduction.return", id.following("return"), back), own);
    // Nor on the way round: what is void costs nothing, and what is recalled is charged to nobody.
    let supervisor = town.person(7, "supervision");
    town.joins(supervisor, unit);
    town.joins(dispatcher, unit);
    assert_eq!(town.no(supervisor, "finding.void", finding, json!({ "reason": "不该扣" })), own);
    assert_eq!(town.no(dispatcher, "finding.recall", finding, json!({ "reason": "不该扣" })), own);
}

#[test]
fn a_row_is_set_off_by_another_once_and_never_changed() {
    let (mut town, finding, _, _) = dispatched();
    let organiser = town.person(5, "organiser");
    deduct(&mut town, organiser, finding, "found", 0);
    let id = deduction_id(finding, "found", 0);
    let back = id.following("return");
    town.does(organiser, "deduction.return", back, json!({ "of": id, "reason": "重复扣分" }));
    let returned = row(&town, back);
    assert_eq!((returned.points, returned.rule.as_str(), returned.of), (-20, "return", Some(id)));
    assert_eq!(row(&town, id).points, 20);
    assert!(town.no(organiser, "deduction.return", back, json!({ "of": id, "reason": "x" })).starts_with("exists"));
    let of_it = town.no(organiser, "deduction.return", back.following("return"), json!({ "of": back, "reason": "x" }));
    assert_eq!(of_it, "bad_field of: is itself a row that gives points back");
}

#[test]
fn an_organiser_of_some_actions_scores_those_alone() {
    let (mut town, finding, _, _) = dispatched();
    let organiser = town.person(5, "organiser");
    town.world.own("user.amend", Some(organiser.user), json!({ "actions": { "A5": true } }));
    let no = town.no(
        organiser,
        "deduction.add",
        deduction_id(finding, "found", 0),
        json!({ "finding": finding, "rule": "found" }),
    );
    assert_eq!(no, "not_allowed action: A2 is another organiser's");
    let neutral = town.person(6, "organiser");
    assert_eq!(code(&deduct(&mut town, neutral, finding, "found", 0)), "accept");
    let id = deduction_id(finding, "found", 0);
    let back = json!({ "of": id, "reason": "不该扣" });
    let no = town.no(organiser, "deduction.return", id.following("return"), back.clone());
    assert_eq!(no, "not_allowed action: A2 is another organiser's", "nor gives back what others took");
    town.world.own("user.amend", Some(organiser.user), json!({ "actions": { "A2": true } }));
    town.does(organiser, "deduction.return", id.following("return"), back);
}

#[test]
fn what_is_said_after_a_month_was_closed_counts_in_the_next() {
    let (mut town, finding, _, _) = dispatched();
    let organiser = town.person(5, "organiser");
    for month in ["2026-11", "2026-12"] {
        let id = EntityId::of_month(LEDGER, month);
        let mut closed = Entity::clone(&town.read(town.unit));
        (closed.id, closed.kind) = (id, "month".into());
        closed.fields.insert("status".into(), json!("closed"));
        town.world.entities.insert(id, Arc::new(closed));
    }
    deduct(&mut town, organiser, finding, "found", 0);
    assert_eq!(row(&town, deduction_id(finding, "found", 0)).month, "2027-01");
}
