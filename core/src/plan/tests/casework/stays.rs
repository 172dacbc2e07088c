//! What nobody can undo by saying something later: what was found, what was shown, and what was late.

use super::*;

/// What becomes of `finding` in the hands of `pen`, whose closing it would be.
fn closes(town: &mut Town, pen: Pen, finding: EntityId) -> String {
    let op = town.op(pen, "finding.close", finding, json!({}));
    code(&plan(&town.world, &town.world.moment.clone(), &op))
}

#[test]
fn a_picture_that_was_there_before_shows_nothing_new() {
    let (mut town, finding, dispatcher, handler) = dispatched();
    let inspector = town.person(5, "inspector");
    // The inspector's own picture, called one from afterwards.
    let found = town.read(finding).field("photos/p").unwrap()["original"].clone();
    let again = json!({ "reply": "已清理", "photos": { "again": { "original": found, "shows": "after" } } });
    town.does(handler, "finding.reply", finding, again);
    assert_eq!(closes(&mut town, inspector, finding), "evidence_missing");
    town.does(dispatcher, "finding.return", finding, json!({ "reason": "没有新照片" }));
    town.replies(handler, finding);
    assert_eq!(closes(&mut town, inspector, finding), "accept");
    // What was not good enough once is not good enough later, and what it was returned with shows the opposite.
    let dirty = town.photo("after");
    town.does(dispatcher, "finding.return", finding, json!({ "reason": "仍有堆物", "photos": { "dirty": dirty } }));
    town.arrive(finding);
    town.does(handler, "finding.reply", finding, json!({ "reply": "又清理了一次" }));
    assert_eq!(closes(&mut town, inspector, finding), "evidence_missing");
    let photo = town.photo("after");
    let op = town.op(inspector, "finding.close", finding, json!({ "photos": { "check": photo } }));
    let judged = plan(&town.world, &town.world.moment.clone(), &op);
    assert_eq!(code(&judged), "accept", "the checker's own");
}

#[test]
fn a_step_adds_photos_and_takes_or_overwrites_none() {
    let (mut town, finding, dispatcher, handler) = dispatched();
    let found = town.read(finding).field("photos/p").unwrap()["original"].clone();
    let no = "bad_field photos/p: can only be added here";
    for photo in [Value::Null, json!({ "original": found, "shows": "after" })] {
        let body = json!({ "reply": "已清理", "photos": { "p": photo } });
        assert_eq!(town.no(handler, "finding.reply", finding, body), no);
    }
    town.replies(handler, finding);
    let gone = json!({ "p": null });
    let back = json!({ "reason": "仍有堆物", "photos": gone });
    assert_eq!(town.no(dispatcher, "finding.return", finding, back), no);
    let inspector = town.person(5, "inspector");
    assert_eq!(town.no(inspector, "finding.close", finding, json!({ "photos": gone })), no);
    assert!(town.read(finding).field("photos/p").is_some());
}

#[test]
fn once_it_is_decided_about_an_inspector_adds_and_overwrites_nothing() {
    let (mut town, finding, inspector, acceptor) = filed();
    let (before, base) = (town.read(finding).text("note").unwrap().to_owned(), town.world.next);
    let photo = town.photo("wide");
    let body = json!({ "note": "其实没有问题", "tags": { "夜查": true }, "photos": { "more": photo } });
    let op = town.world.op(inspector, 50, "finding.amend", Some(finding), Some(base), body);
    let Judgement::Accept(accepted) = town.world.say(&op) else { panic!() };
    assert!(accepted.task.is_some(), "somebody is to decide");
    let read = town.read(finding);
    assert_eq!(read.text("note"), Some(&*before));
    assert!(read.rivals.keys().eq(["note"]));
    assert!(read.field("photos/more").is_some() && read.field("tags/夜查").is_some());
    // Whoever reviews may correct it.
    let base = town.world.next;
    let body = json!({ "severity": "low", "place": { "words": "东河大街14号" } });
    let op = town.world.op(acceptor, 51, "finding.amend", Some(finding), Some(base), body);
    let Judgement::Accept(accepted) = town.world.say(&op) else { panic!() };
    assert_eq!(accepted.task, None);
    assert_eq!(town.read(finding).text("severity"), Some("low"));
}

#[test]
fn what_is_decided_about_is_voided_by_those_alone_who_may_void_anybodys_and_costs_nothing_then() {
    let (mut town, finding, inspector, acceptor) = filed();
    let (dispatcher, organiser) = (town.person(3, "dispatcher"), town.person(6, "organiser"));
    town.person(4, "handler");
    let unit = town.unit;
    town.does(dispatcher, "finding.dispatch", finding, json!({ "unit": unit }));
    let reason = json!({ "reason": "录错了" });
    assert_eq!(town.no(inspector, "finding.void", finding, reason.clone()), "state_changed dispatched");
    let row = deduction_id(finding, "found", 0);
    town.does(organiser, "deduction.add", row, json!({ "finding": finding, "rule": "found" }));
    town.does(acceptor, "finding.void", finding, reason);
    let (taken, back) = (town.read(row), town.read(row.following("return")));
    let points = |row: &Entity| Deduction::from_entity(row).points;
    assert!(points(&taken) > 0 && points(&taken) + points(&back) == 0);
}

#[test]
fn a_deadline_that_was_missed_stays_missed_whatever_is_given_afterwards() {
    let (mut town, finding, dispatcher, handler) = dispatched();
    let deadline = town.time(finding, "deadline").unwrap();
    town.clock("2026-12-01T09:00");
    assert_eq!(town.standing(finding), Standing::Overdue);
    town.does(dispatcher, "finding.extend", finding, json!({ "deadline": at("2026-12-03T17:30") }));
    assert_eq!((town.standing(finding), town.time(finding, "missed")), (Standing::Running, Some(deadline)));
    town.replies(handler, finding);
    assert_eq!(town.standing(finding), Standing::Late);
    // Nor does a rework that is done in time make the first reply punctual.
    let (mut town, finding, dispatcher, handler) = dispatched();
    town.clock("2026-12-01T09:00");
    town.replies(handler, finding);
    town.does(dispatcher, "finding.return", finding, json!({ "reason": "仍有堆物" }));
    town.replies(handler, finding);
    let inspector = town.person(5, "inspector");
    town.does(inspector, "finding.close", finding, json!({}));
    assert_eq!(town.standing(finding), Standing::Late);
}

#[test]
fn a_clock_that_stops_too_late_makes_nothing_punctual() {
    let (mut town, finding, dispatcher, handler) = dispatched();
    let deadline = town.time(finding, "deadline").unwrap();
    // After the last minute of its last day, which the pause takes out as a whole.
    town.clock("2026-11-27T17:31");
    assert_eq!(town.standing(finding), Standing::Overdue, "due {deadline}");
    town.does(dispatcher, "finding.suspend", finding, json!({ "suspended": "等候许可" }));
    town.clock("2026-11-28T09:00");
    town.does(dispatcher, "finding.resume", finding, json!({}));
    assert_eq!((town.standing(finding), town.time(finding, "missed")), (Standing::Running, Some(deadline)));
    town.replies(handler, finding);
    assert_eq!(town.standing(finding), Standing::Late);
}

#[test]
fn a_deadline_set_while_the_clock_stood_moves_by_what_it_stood_since() {
    let (mut town, finding, dispatcher, _) = dispatched();
    town.does(dispatcher, "finding.suspend", finding, json!({ "suspended": "等候许可" }));
    town.clock("2026-12-10T09:00");
    town.does(dispatcher, "finding.extend", finding, json!({ "deadline": at("2026-12-15T17:30") }));
    town.clock("2026-12-10T10:00");
    town.does(dispatcher, "finding.resume", finding, json!({}));
    assert_eq!(town.time(finding, "deadline"), Some(at("2026-12-15T18:30")));
}

#[test]
fn what_comes_back_after_an_extension_runs_against_the_limit_of_before() {
    let (mut town, finding, _, _) = filed();
    let (dispatcher, handler) = (town.person(3, "dispatcher"), town.person(4, "handler"));
    let limit = json!({ "amount": 20, "clock": "working_day" });
    let unit = town.unit;
    town.does(dispatcher, "finding.dispatch", finding, json!({ "unit": unit, "limit": limit }));
    town.does(dispatcher, "finding.extend", finding, json!({ "deadline": at("2026-12-31T17:30") }));
    town.replies(handler, finding);
    town.does(dispatcher, "finding.return", finding, json!({ "reason": "仍有堆物" }));
    assert_eq!(town.read(finding).field("limit"), Some(&limit));
    assert_eq!(town.time(finding, "deadline"), Some(at("2026-12-24T17:30")));
}

#[test]
fn a_unit_that_is_sent_its_own_again_keeps_its_pauses_and_what_it_missed() {
    let (mut town, finding, dispatcher, _) = dispatched();
    let (unit, deadline) = (town.unit, town.time(finding, "deadline").unwrap());
    town.does(dispatcher, "finding.suspend", finding, json!({ "suspended": "等候许可" }));
    town.clock("2026-12-01T09:00");
    town.does(dispatcher, "finding.resume", finding, json!({}));
    let moved = town.time(finding, "deadline").unwrap();
    assert!(moved > deadline);
    let recall = |town: &mut Town| town.does(dispatcher, "finding.recall", finding, json!({ "reason": "再核" }));
    recall(&mut town);
    assert_eq!(town.standing(finding), Standing::None);
    town.does(dispatcher, "finding.dispatch", finding, json!({ "unit": unit }));
    assert_eq!(town.time(finding, "deadline"), Some(moved), "counted from the first time, without the pause");
    // Taken back while the clock stands, the time that it stood does not count either.
    town.does(dispatcher, "finding.suspend", finding, json!({ "suspended": "等候许可" }));
    town.clock("2026-12-08T09:00");
    recall(&mut town);
    town.does(dispatcher, "finding.dispatch", finding, json!({ "unit": unit }));
    let later = town.time(finding, "deadline").unwrap();
    assert!(later > moved);
    // Overdue when it is taken back, it stays late with this unit, whatever limit it gets, and with no other.
    town.clock("2026-12-20T09:00");
    assert_eq!(town.standing(finding), Standing::Overdue);
    recall(&mut town);
    let limit = json!({ "amount": 15, "clock": "working_day" });
    town.does(dispatcher, "finding.dispatch", finding, json!({ "unit": unit, "limit": limit }));
    assert_eq!((town.standing(finding), town.time(finding, "missed")), (Standing::Running, Some(later)));
    recall(&mut town);
    let (other, member) = (town.other_unit, town.person(7, "coordinator"));
    town.joins(member, other);
    town.does(dispatcher, "finding.dispatch", finding, json!({ "unit": other }));
    let read = town.read(finding);
    assert_eq!((read.field("missed"), read.field("pauses")), (None, None));
    // What the other one misses is the other's; the first one has what it had.
    town.clock("2026-12-29T09:00");
    assert_eq!(town.standing(finding), Standing::Overdue);
    recall(&mut town);
    let short = json!({ "amount": 3, "clock": "working_day" });
    town.does(dispatcher, "finding.dispatch", finding, json!({ "unit": unit, "limit": short }));
    assert_eq!(town.time(finding, "missed"), Some(later));
    recall(&mut town);
    town.does(dispatcher, "finding.dispatch", finding, json!({ "unit": other }));
    let missed = town.time(finding, "missed").unwrap();
    assert!(missed > later && missed < at("2026-12-29T09:00"));
}

#[test]
fn a_unit_that_is_sent_its_own_again_keeps_the_time_and_the_exemption_that_it_was_given() {
    let (mut town, finding, dispatcher, _) = dispatched();
    let unit = town.unit;
    let until = at("2026-12-18T17:30");
    town.does(dispatcher, "finding.extend", finding, json!({ "deadline": until }));
    town.does(dispatcher, "finding.exempt", finding, json!({ "exempt": "施工未完" }));
    town.does(dispatcher, "finding.recall", finding, json!({ "reason": "误操作" }));
    town.does(dispatcher, "finding.dispatch", finding, json!({ "unit": unit }));
    assert_eq!(town.time(finding, "deadline"), Some(until));
    assert_eq!(town.read(finding).text("exempt"), Some("施工未完"));
    // A pause moves it as one that was set by hand.
    town.does(dispatcher, "finding.suspend", finding, json!({ "suspended": "等候许可" }));
    town.clock("2026-12-01T09:00");
    town.does(dispatcher, "finding.resume", finding, json!({}));
    assert!(town.time(finding, "deadline") > Some(until));
}

#[test]
fn what_is_taken_away_while_the_clock_stands_moves_by_that_and_keeps_its_limit() {
    let (mut town, finding, _, _) = filed();
    let dispatcher = town.person(3, "dispatcher");
    let (unit, coordinator) = (town.unit, town.person(4, "coordinator"));
    let limit = json!({ "amount": 10, "clock": "working_day" });
    town.does(dispatcher, "finding.dispatch", finding, json!({ "unit": unit, "limit": limit }));
    let deadline = town.time(finding, "deadline").unwrap();
    town.does(coordinator, "finding.give_back", finding, json!({ "reason": "不归我" }));
    town.clock("2026-11-27T09:00");
    town.does(dispatcher, "finding.dispatch", finding, json!({ "unit": unit }));
    assert_eq!(town.read(finding).field("limit"), Some(&limit));
    assert_eq!(town.time(finding, "deadline"), Some(deadline), "who gives back bears the time");
    town.does(dispatcher, "finding.recall", finding, json!({ "reason": "再核" }));
    town.clock("2026-12-01T09:00");
    town.does(dispatcher, "finding.dispatch", finding, json!({ "unit": unit }));
    let later = town.time(finding, "deadline").unwrap();
    assert!(later > deadline, "what others took away does not run meanwhile");
    let until = at("2026-12-22T17:30");
    town.does(dispatcher, "finding.extend", finding, json!({ "deadline": until }));
    town.does(dispatcher, "finding.suspend", finding, json!({ "suspended": "等候许可" }));
    town.clock("2026-12-03T09:00");
    town.does(dispatcher, "finding.recall", finding, json!({ "reason": "再核" }));
    town.clock("2026-12-04T09:00");
    town.does(dispatcher, "finding.dispatch", finding, json!({ "unit": unit }));
    assert_eq!(town.time(finding, "deadline"), Some(at("2026-12-25T17:30")), "by two days and by one");
}

#[test]
fn what_a_unit_missed_costs_it_wherever_the_case_is_now() {
    let (mut town, finding, dispatcher, _) = dispatched();
    let (unit, other, organiser) = (town.unit, town.other_unit, town.person(6, "organiser"));
    let member = town.person(7, "coordinator");
    town.joins(member, other);
    town.clock("2026-12-01T09:00");
    town.does(dispatcher, "finding.recall", finding, json!({ "reason": "换单位" }));
    town.does(dispatcher, "finding.dispatch", finding, json!({ "unit": other }));
    let row = deduction_id(finding, "overdue", 0);
    let no = town.no(organiser, "deduction.add", row, json!({ "finding": finding, "rule": "overdue" }));
    assert_eq!(no, "bad_field rule: the finding is not late");
    town.does(organiser, "deduction.add", row, json!({ "finding": finding, "rule": "overdue", "unit": unit }));
    assert_eq!(town.read(row).reference("unit"), Some(unit));
    assert_eq!(Deduction::from_entity(&town.read(row)).points, 60, "three times 0.20");
    // Nor does it get that back by whoever of it declares the case void.
    let supervisor = town.person(8, "supervision");
    town.joins(supervisor, unit);
    assert_eq!(
        town.no(supervisor, "finding.void", finding, json!({ "reason": "不该扣" })),
        "own_case it is about the user's own unit"
    );
    // Another unit is not shown what this one had.
    let shown = project(&town.read(finding), &Scope::unit(other));
    assert!(shown.members("had").next().is_none() && town.read(finding).members("had").next().is_some());
}

#[test]
fn what_was_returned_goes_to_another_unit_unless_it_stands_on_a_notice() {
    let (mut town, finding, dispatcher, handler) = dispatched();
    town.replies(handler, finding);
    town.clock("2026-12-01T09:00");
    town.does(dispatcher, "finding.return", finding, json!({ "reason": "仍有堆物" }));
    let given = town.time(finding, "deadline").unwrap();
    town.does(dispatcher, "finding.recall", finding, json!({ "reason": "非其职责" }));
    assert_eq!((town.status(finding).as_str(), town.read(finding).reference("unit")), ("filed", None));
    // With the same unit it goes on from its return; that it came back costs the unit that had it, wherever it is.
    let (unit, other, organiser) = (town.unit, town.other_unit, town.person(6, "organiser"));
    town.does(dispatcher, "finding.dispatch", finding, json!({ "unit": unit }));
    assert_eq!(town.time(finding, "deadline"), Some(given));
    town.does(dispatcher, "finding.recall", finding, json!({ "reason": "非其职责" }));
    let member = town.person(7, "coordinator");
    town.joins(member, other);
    town.does(dispatcher, "finding.dispatch", finding, json!({ "unit": other }));
    let row = deduction_id(finding, "rework", 1);
    let wrong = json!({ "finding": finding, "rule": "rework", "unit": other });
    assert!(town.no(organiser, "deduction.add", row, wrong).starts_with("bad_field unit"));
    town.does(organiser, "deduction.add", row, json!({ "finding": finding, "rule": "rework" }));
    assert_eq!(town.read(row).reference("unit"), Some(unit));
}

#[test]
fn a_unit_that_had_a_case_is_charged_for_nothing_that_it_did_not_do() {
    let (mut town, finding, dispatcher, handler) = dispatched();
    let (unit, other, organiser) = (town.unit, town.other_unit, town.person(6, "organiser"));
    let member = town.person(7, "coordinator");
    town.joins(member, other);
    let charge = |town: &mut Town, rule: &str, unit: EntityId| {
        let body = json!({ "finding": finding, "rule": rule, "unit": unit });
        town.says(organiser, "deduction.add", deduction_id(finding, rule, 0), body)
    };
    // It had it within its time, and never answered.
    town.does(dispatcher, "finding.recall", finding, json!({ "reason": "换单位" }));
    town.does(dispatcher, "finding.dispatch", finding, json!({ "unit": other }));
    for rule in ["overdue", "falsified"] {
        assert_eq!(code(&charge(&mut town, rule, unit)), "bad_field", "{rule}");
    }
    // It had it beyond its time, which shall not count; and its answer was no good.
    town.does(dispatcher, "finding.recall", finding, json!({ "reason": "换单位" }));
    town.does(dispatcher, "finding.dispatch", finding, json!({ "unit": unit }));
    town.clock("2026-12-20T09:00");
    town.does(dispatcher, "finding.exempt", finding, json!({ "exempt": "施工未完" }));
    town.replies(handler, finding);
    town.does(dispatcher, "finding.return", finding, json!({ "reason": "照片不实" }));
    town.does(dispatcher, "finding.recall", finding, json!({ "reason": "换单位" }));
    town.does(dispatcher, "finding.dispatch", finding, json!({ "unit": other }));
    assert_eq!(code(&charge(&mut town, "overdue", unit)), "bad_field");
    assert_eq!(code(&charge(&mut town, "falsified", unit)), "accept");
    assert_eq!(town.read(deduction_id(finding, "falsified", 0)).reference("unit"), Some(unit));
}

#[test]
fn a_unit_that_is_not_in_use_is_sent_nothing() {
    let (mut town, finding, _, _) = filed();
    let (dispatcher, unit) = (town.person(3, "dispatcher"), town.unit);
    town.person(4, "handler");
    town.world.own("unit.retire", Some(unit), json!({}));
    let no = town.no(dispatcher, "finding.dispatch", finding, json!({ "unit": unit }));
    assert_eq!(no, "bad_field unit: is retired");
}

#[test]
fn a_dispatcher_takes_back_what_went_to_the_wrong_unit() {
    let (mut town, finding, dispatcher, handler) = dispatched();
    town.does(dispatcher, "finding.recall", finding, json!({ "reason": "派错单位" }));
    assert_eq!((town.status(finding).as_str(), town.read(finding).reference("unit")), ("filed", None));
    assert!(town.no(handler, "finding.reply", finding, json!({ "reply": "已清理" })).starts_with("state_changed"));
    let other = town.other_unit;
    let member = town.person(7, "coordinator");
    town.joins(member, other);
    town.does(dispatcher, "finding.dispatch", finding, json!({ "unit": other }));
}

#[test]
fn of_two_who_extend_at_once_the_second_is_told() {
    let (mut town, finding, dispatcher, _) = dispatched();
    let supervisor = town.person(8, "supervision");
    let base = town.world.next;
    let mut extend = |pen: Pen, until: &str| {
        let mut op = town.op(pen, "finding.extend", finding, json!({ "deadline": at(until) }));
        op.base = Some(Version { epoch: town.world.moment.epoch, index: base });
        town.world.say(&op)
    };
    assert_eq!(code(&extend(dispatcher, "2026-12-03T17:30")), "accept");
    let Judgement::Refuse { code, detail } = extend(supervisor, "2026-12-09T17:30") else { panic!() };
    assert_eq!(code, Code::StateChanged);
    assert!(detail.starts_with("deadline was last written by op "), "{detail}");
}
