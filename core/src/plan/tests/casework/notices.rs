//! Notices, from the draft to the end.

use super::*;

/// A supervisor, a coordinator of the unit, and two findings of its that were filed.
fn ready() -> (Town, Pen, Pen, [EntityId; 2]) {
    let (mut town, first, inspector, acceptor) = filed();
    let second = town.finding(inspector, "SR-7");
    town.does(acceptor, "finding.file", second, json!({}));
    let (supervisor, coordinator) = (town.person(3, "supervision"), town.person(4, "coordinator"));
    (town, supervisor, coordinator, [first, second])
}

fn body(unit: EntityId, findings: &[EntityId]) -> Value {
    let members: serde_json::Map<_, _> = findings.iter().map(|id| (id.to_string(), json!(true))).collect();
    json!({ "unit": unit, "findings": members, "source": "special_inspection", "demand": "立即清理" })
}

fn draft(town: &mut Town, supervisor: Pen, findings: &[EntityId]) -> EntityId {
    let body = body(town.unit, findings);
    town.makes(supervisor, "notice.draft", body)
}

fn issued() -> (Town, Pen, Pen, [EntityId; 2], EntityId) {
    let (mut town, supervisor, coordinator, findings) = ready();
    let mut said = body(town.unit, &findings);
    said["limits"] = json!({ findings[0].to_string(): { "amount": 24, "clock": "urgent_hour" } });
    said["points"] = json!({ findings[0].to_string(): 50, findings[1].to_string(): 0 });
    let notice = town.makes(supervisor, "notice.draft", said);
    town.does(supervisor, "notice.issue", notice, json!({}));
    (town, supervisor, coordinator, findings, notice)
}

fn notice(town: &Town, id: EntityId) -> Notice {
    Notice::from_entity(&town.read(id))
}

fn taken(town: &Town, unit: EntityId) -> Vec<i64> {
    let rows = town.world.entities.values().filter(|entity| entity.kind == "deduction");
    rows.map(|row| Deduction::from_entity(row)).filter(|row| row.unit == Some(unit)).map(|row| row.points).collect()
}

#[test]
fn issuing_gives_a_number_and_moves_everything_on_it_at_once() {
    let (town, _, _, [first, second], id) = issued();
    let notice = notice(&town, id);
    assert_eq!(notice.number.as_deref(), Some("督〔2026〕第0001号"));
    assert_eq!((notice.status.as_str(), notice.sign_by), ("issued", Some(at("2026-11-26T15:00"))));
    assert_eq!(notice.deadlines, [(first, at("2026-11-27T09:00")), (second, at("2026-11-27T17:30"))].into());
    for finding in [first, second] {
        let row = town.read(finding);
        assert_eq!((row.text("status"), row.reference("notice")), (Some("noticed"), Some(id)));
        assert_eq!(town.time(finding, "deadline"), Some(notice.deadlines[&finding]));
        assert!(town.scopes(finding).contains(&format!("unit:{}", town.unit)));
    }
    let row = town.read(id.following(&format!("deduction:{first}")));
    let row = Deduction::from_entity(&row);
    assert_eq!((row.points, row.month.as_str(), row.action.as_deref()), (50, "2026-11", Some("A2")));
    assert_eq!(taken(&town, town.unit), [50], "no row for what costs nothing");
}

#[test]
fn what_is_printed_is_in_the_face_word_for_word() {
    let (town, _, _, [first, _], id) = issued();
    let face = town.read(id).field("face").cloned().unwrap();
    let lines: Vec<&str> = face["lines"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(
        lines[..5],
        [
            "示范市督办单",
            "编号：督〔2026〕第0001号",
            "责任单位：市容环卫处",
            "来源：专项督查　督办级别：1",
            "签发时间：2026-11-26 09:00　签发人：user 3",
        ]
    );
    assert!(lines.contains(&"整改要求：立即清理") && lines.contains(&"问题描述：路口堆物"), "{lines:?}");
    assert!(lines.contains(&"位置：东河大街12号（31.230400, 121.473700）"), "{lines:?}");
    let times = "发现时间：2026-11-26 09:00　整改时限：2026-11-27 09:00　扣分：0.50";
    assert!(lines.contains(&times), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("user 1")), "the inspector is not named");
    let original = town.read(first).field("photos/p").unwrap()["original"].clone();
    assert!(face["photos"].as_array().unwrap().contains(&original));
}

#[test]
fn a_paper_says_where_it_is_by_whatever_is_known() {
    let (mut town, _, _, [first, _], id) = issued();
    for (place, said) in [
        (json!({ "lat": 31.230_4, "lon": 121.473_7 }), "位置：31.230400, 121.473700"),
        (json!({ "words": "桥下" }), "位置：桥下"),
        (json!({}), "位置：—"),
    ] {
        Arc::make_mut(town.world.entities.get_mut(&first).unwrap()).fields.insert("place".into(), place);
        let face = draft_face(&town.world, LEDGER, &notice(&town, id), at("2026-11-26T09:00"));
        assert!(face["lines"].as_array().unwrap().contains(&json!(said)), "{said}: {face}");
    }
}

#[test]
fn numbers_have_no_gap_and_begin_anew_each_year() {
    let (mut town, supervisor, _, [first, second]) = ready();
    let (a, b) = (draft(&mut town, supervisor, &[first]), draft(&mut town, supervisor, &[first]));
    let c = draft(&mut town, supervisor, &[second]);
    town.does(supervisor, "notice.issue", a, json!({}));
    assert_eq!(
        town.no(supervisor, "notice.issue", b, json!({})),
        format!("state_changed findings/{first}: is noticed")
    );
    town.does(supervisor, "notice.discard", b, json!({ "reason": "已在另一单" }));
    town.does(supervisor, "notice.issue", c, json!({}));
    assert_eq!(notice(&town, c).number.as_deref(), Some("督〔2026〕第0002号"), "what was refused took none");
    town.does(supervisor, "notice.withdraw", c, json!({ "reason": "重开" }));
    let hours = json!({ "year": 2027, "hours": [["09:00", "17:00"]] });
    town.world.own("calendar.add", Some(EntityId::of_calendar(LEDGER, 2027)), hours);
    town.clock("2027-01-04T00:30");
    let d = draft(&mut town, supervisor, &[second]);
    town.does(supervisor, "notice.issue", d, json!({}));
    assert_eq!(notice(&town, d).number.as_deref(), Some("督〔2027〕第0001号"), "the year is the city's");
}

#[test]
fn a_notice_cannot_be_issued_without_a_calendar_and_nothing_of_it_happens() {
    let (mut town, supervisor, _, [first, _]) = ready();
    town.clock("2026-12-31T17:00");
    let id = draft(&mut town, supervisor, &[first]);
    assert_eq!(town.no(supervisor, "notice.issue", id, json!({})), "no_calendar 2027");
    assert_eq!((town.status(id).as_str(), town.status(first).as_str()), ("draft", "filed"));
    assert!(town.world.entity(EntityId::of_register(LEDGER, 2026)).is_none());
}

#[test]
fn a_draft_is_nobodys_business_outside_and_its_author_may_change_it() {
    let (mut town, supervisor, coordinator, [first, second]) = ready();
    let id = draft(&mut town, supervisor, &[first]);
    assert_eq!(town.scopes(id), ["staff"]);
    assert_eq!(town.no(coordinator, "notice.sign", id, json!({})), "state_changed draft");
    let more = json!({ "findings": { second.to_string(): true }, "basis": "条例第十五条" });
    town.does(supervisor, "notice.amend", id, more);
    town.does(supervisor, "notice.issue", id, json!({}));
    assert_eq!(notice(&town, id).findings.len(), 2);
    assert_eq!(town.scopes(id), ["staff".to_owned(), format!("unit:{}", town.unit)]);
    assert_eq!(town.no(supervisor, "notice.amend", id, json!({ "demand": "x" })), "state_changed issued");
}

#[test]
fn who_is_of_the_unit_does_not_issue_against_it_and_a_unit_without_people_gets_none() {
    let (mut town, supervisor, _, [first, _]) = ready();
    let (unit, other_unit) = (town.unit, town.other_unit);
    let empty = body(other_unit, &[first]);
    let id = town.makes(supervisor, "notice.draft", empty);
    assert_eq!(town.no(supervisor, "notice.issue", id, json!({})), format!("unit_empty {other_unit}"));
    let id = draft(&mut town, supervisor, &[first]);
    town.joins(supervisor, unit);
    assert_eq!(town.no(supervisor, "notice.issue", id, json!({})), "own_case it is about the user's own unit");
}

#[test]
fn the_notice_is_what_its_findings_come_to() {
    let (mut town, supervisor, coordinator, [first, second], id) = issued();
    let inspector = town.person(5, "inspector");
    town.does(coordinator, "notice.sign", id, json!({}));
    assert_eq!((town.status(id).as_str(), notice(&town, id).signed), ("signed_for", Some(at("2026-11-26T09:00"))));
    town.replies(coordinator, first);
    assert_eq!(town.status(id), "signed_for", "one is still to be rectified");
    town.replies(coordinator, second);
    assert_eq!(town.status(id), "replied");
    town.does(inspector, "finding.return", first, json!({ "reason": "没清完" }));
    assert_eq!(town.status(id), "returned");
    town.does(inspector, "finding.close", second, json!({}));
    assert_eq!(town.status(id), "returned");
    town.replies(coordinator, first);
    assert_eq!((town.status(id).as_str(), notice(&town, id).closed), ("replied", None));
    town.does(supervisor, "finding.close", first, json!({}));
    assert_eq!((town.status(id).as_str(), notice(&town, id).closed), ("closed", Some(at("2026-11-26T09:00"))));
}

#[test]
fn a_reply_to_a_notice_signs_for_it() {
    let (mut town, _, coordinator, [first, _], id) = issued();
    town.replies(coordinator, first);
    assert_eq!((town.status(id).as_str(), notice(&town, id).signed), ("signed_for", Some(at("2026-11-26T09:00"))));
}

#[test]
fn a_finding_on_a_notice_is_not_declared_void_beside_it() {
    let (mut town, supervisor, _, [first, _], id) = issued();
    let op = town.op(supervisor, "finding.void", first, json!({ "reason": "错录" }));
    let Judgement::Refuse { code, detail } = town.world.say(&op) else { panic!() };
    assert_eq!((code, detail), (Code::OnNotice, id.to_string()));
}

#[test]
fn withdrawing_gives_the_points_back_and_leaves_no_finding_behind() {
    let (mut town, supervisor, _, [first, second], id) = issued();
    town.does(supervisor, "notice.withdraw", id, json!({ "reason": "单位有误" }));
    assert_eq!(town.status(id), "withdrawn");
    let mut rows = taken(&town, town.unit);
    rows.sort_unstable();
    assert_eq!(rows, [-50, 50]);
    for finding in [first, second] {
        assert_eq!((town.status(finding).as_str(), town.read(finding).field("deadline")), ("filed", None));
    }
    let again = draft(&mut town, supervisor, &[first, second]);
    town.does(supervisor, "notice.issue", again, json!({}));
    assert_eq!(notice(&town, again).number.as_deref(), Some("督〔2026〕第0002号"));
}

#[test]
fn what_was_missed_on_a_notice_that_is_withdrawn_stays_missed_with_its_unit() {
    let (mut town, supervisor, _, [first, second], id) = issued();
    let deadline = town.time(first, "deadline").unwrap();
    town.clock("2026-12-10T09:00");
    town.does(supervisor, "finding.exempt", second, json!({ "exempt": "施工未完" }));
    town.does(supervisor, "notice.withdraw", id, json!({ "reason": "印错了" }));
    assert_eq!(town.read(first).field("missed"), None);
    let again = draft(&mut town, supervisor, &[first, second]);
    town.does(supervisor, "notice.issue", again, json!({}));
    assert_eq!(town.time(first, "missed"), Some(deadline));
    assert_eq!(town.read(second).text("exempt"), Some("施工未完"));
}

#[test]
fn a_unit_cannot_take_a_finding_off_its_notice_by_itself() {
    let (mut town, _, coordinator, [first, _], id) = issued();
    let refused = town.no(coordinator, "finding.give_back", first, json!({ "reason": "不归我" }));
    assert_eq!(refused, "state_changed noticed", "that is what appeals are for");
    assert_eq!((town.status(first).as_str(), town.status(id).as_str()), ("noticed", "issued"));
}

#[test]
fn what_was_returned_on_a_notice_is_not_recalled_beside_it() {
    let (mut town, supervisor, coordinator, [first, _], id) = issued();
    let dispatcher = town.person(5, "dispatcher");
    town.replies(coordinator, first);
    town.does(supervisor, "finding.return", first, json!({ "reason": "没清完" }));
    let refused = town.no(dispatcher, "finding.recall", first, json!({ "reason": "换单位" }));
    assert_eq!(refused, format!("on_notice {id}"));
}

#[test]
fn a_notice_is_not_repeated_while_an_appeal_against_it_waits() {
    let (mut town, supervisor, coordinator, [first, second], id) = issued();
    town.does(coordinator, "notice.appeal", id, json!({ "appeal": "不属实" }));
    let body = json!({
        "unit": town.unit, "findings": { first.to_string(): true, second.to_string(): true }, "source": "on_site",
        "level": 2, "before": id,
    });
    let next = town.makes(supervisor, "notice.draft", body);
    let waits = "state_changed before: nobody has decided yet about the appeal against it";
    assert_eq!(town.no(supervisor, "notice.issue", next, json!({})), waits);
    for (number, role) in [(5, "leader"), (6, "creation_office")] {
        let says = json!({ "says": "reject", "because": "核对了现场" });
        let hears = town.person(number, role);
        town.does(hears, "notice.hear", id, says);
    }
    town.does(supervisor, "notice.issue", next, json!({}));
    assert_eq!(town.status(id), "repeated");
}

#[test]
fn an_appeal_takes_two_people_who_agree_and_can_be_made_once() {
    let (mut town, supervisor, coordinator, [first, second], id) = issued();
    let (leader, office) = (town.person(5, "leader"), town.person(6, "creation_office"));
    let hear = |says: &str| json!({ "says": says, "because": "核对了现场" });
    assert_eq!(town.no(leader, "notice.hear", id, hear("grant")), "state_changed nobody appeals");
    let stranger = json!({ "appeal": "不属实", "appeal_of": { id.to_string(): true } });
    assert!(town.no(coordinator, "notice.appeal", id, stranger).starts_with("bad_field appeal_of/"));
    town.does(
        coordinator,
        "notice.appeal",
        id,
        json!({ "appeal": "不属实", "appeal_of": { first.to_string(): true } }),
    );
    town.does(leader, "notice.hear", id, hear("grant"));
    assert_eq!(notice(&town, id).appeal_result, None, "one alone does not decide");
    let again = town.no(leader, "notice.hear", id, hear("grant"));
    assert_eq!(again, "own_case the user has been heard; another must decide too");
    town.world.own("user.amend", Some(supervisor.user), json!({ "roles": { "leader": true } }));
    let issuer = town.no(supervisor, "notice.hear", id, hear("reject"));
    assert_eq!(issuer, "own_case who issued it does not hear the appeal");
    town.does(office, "notice.hear", id, hear("reject"));
    assert_eq!(notice(&town, id).appeal_result, None, "they disagree");
    let third = town.person(7, "leader");
    town.does(third, "notice.hear", id, hear("grant"));
    assert_eq!(notice(&town, id).appeal_result.as_deref(), Some("granted"));
    assert_eq!((town.status(first).as_str(), town.status(second).as_str()), ("filed", "noticed"));
    assert_eq!((town.status(id).as_str(), taken(&town, town.unit).iter().sum::<i64>()), ("issued", 0));
    assert!(town.no(coordinator, "notice.appeal", id, json!({ "appeal": "再申诉" })).starts_with("appealed_before "));
    let fourth = town.person(8, "leader");
    assert_eq!(town.no(fourth, "notice.hear", id, hear("grant")), "state_changed the appeal is decided");
    let shown = project(&town.read(id), &Scope::unit(town.unit));
    assert!(shown.members("votes").next().is_none(), "who said what is not for the unit");
}

/// Two leaders say the same.
fn heard_by_two(town: &mut Town, notice: EntityId, says: &str) {
    for who in [5, 6] {
        let leader = town.person(who, "leader");
        town.does(leader, "notice.hear", notice, json!({ "says": says, "because": "核对了现场" }));
    }
}

#[test]
fn a_rejected_appeal_changes_nothing() {
    let (mut town, _, coordinator, [first, _], id) = issued();
    town.does(coordinator, "notice.appeal", id, json!({ "appeal": "不属实" }));
    heard_by_two(&mut town, id, "reject");
    assert_eq!(notice(&town, id).appeal_result.as_deref(), Some("rejected"));
    assert_eq!((town.status(id).as_str(), town.status(first).as_str()), ("issued", "noticed"));
    assert_eq!(taken(&town, town.unit), [50]);
}

#[test]
fn an_appeal_against_all_of_a_notice_leaves_none_of_it() {
    let (mut town, _, coordinator, [first, second], id) = issued();
    town.does(coordinator, "notice.appeal", id, json!({ "appeal": "不属实" }));
    heard_by_two(&mut town, id, "grant");
    assert_eq!(town.status(id), "withdrawn");
    assert_eq!((town.status(first).as_str(), town.status(second).as_str()), ("filed", "filed"));
}

#[test]
fn a_second_notice_takes_over_what_was_not_rectified() {
    let (mut town, supervisor, coordinator, [first, second], id) = issued();
    town.replies(coordinator, second);
    town.clock("2026-11-28T10:00");
    let unit = town.unit;
    let second_notice = |level: u64, before: EntityId, findings: &[EntityId]| {
        let mut said = body(unit, findings);
        (said["level"], said["before"]) = (json!(level), json!(before));
        said
    };
    let no_before = {
        let mut said = body(unit, &[first]);
        said["level"] = json!(2);
        town.world.said(supervisor, 900, "notice.draft", None, said)
    };
    let Judgement::Refuse { detail, .. } = town.world.say(&Op::parse(&no_before.to_text()).unwrap()) else { panic!() };
    assert_eq!(detail, "before: is missing: a second or third notice repeats one");
    let level_zero = town.world.op(supervisor, 901, "notice.draft", None, None, second_notice(0, id, &[first]));
    let Judgement::Refuse { detail, .. } = town.world.say(&level_zero) else { panic!() };
    assert_eq!(detail, "level: must be 1, 2 or 3");
    let wrong = town.makes(supervisor, "notice.draft", second_notice(3, id, &[first]));
    let no = town.no(supervisor, "notice.issue", wrong, json!({}));
    assert_eq!(no, "bad_field level: must be 2: one above the notice that it repeats");
    let done = town.makes(supervisor, "notice.draft", second_notice(2, id, &[second]));
    let no = town.no(supervisor, "notice.issue", done, json!({}));
    assert_eq!(no, format!("state_changed findings/{second}: is replied"));
    let later = json!({ "wanted": at("2026-12-05T17:30"), "wanted_because": "等候设备" });
    town.does(coordinator, "finding.request_extension", first, later);
    let next = town.makes(supervisor, "notice.draft", second_notice(2, id, &[first]));
    town.does(supervisor, "notice.issue", next, json!({}));
    assert_eq!(town.time(first, "wanted"), None, "more time was asked for under the notice before");
    assert_eq!(town.read(first).reference("notice"), Some(next));
    assert_eq!((town.status(id).as_str(), notice(&town, id).struck), ("replied", vec![first]));
    assert_eq!(town.read(id).reference("next"), Some(next));
    let third = town.makes(supervisor, "notice.draft", second_notice(3, next, &[first]));
    town.does(supervisor, "notice.issue", third, json!({}));
    assert_eq!((town.status(next).as_str(), notice(&town, third).level), ("repeated", 3));
    assert_eq!(taken(&town, unit), [50], "what the first took stays taken");
}

#[test]
fn two_supervisors_cannot_put_one_finding_on_two_notices() {
    let (mut town, supervisor, _, [first, _]) = ready();
    let other = town.person(8, "supervision");
    let (a, b) = (draft(&mut town, supervisor, &[first]), draft(&mut town, other, &[first]));
    let (one, two) = (town.op(supervisor, "notice.issue", a, json!({})), town.op(other, "notice.issue", b, json!({})));
    assert_eq!(code(&town.world.say(&two)), "accept");
    assert_eq!(code(&town.world.say(&one)), "state_changed");
    assert_eq!(town.read(first).reference("notice"), Some(b));
}
