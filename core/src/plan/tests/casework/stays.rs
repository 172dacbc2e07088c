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
