//! Cases of another register: its times are claims, and what follows from them.

use super::*;

const OPENED: &str = "2026-03-02T01:00:00.000Z";
const TARGET: &str = "2026-03-09T01:00:00.000Z";

/// What the register says, with what is changed about it; null takes a member away.
fn claims(more: Value) -> Value {
    let mut source =
        json!({ "system": "12345", "case": "A-7", "opened": OPENED, "target": TARGET, "department": "城管" });
    for (name, value) in more.as_object().unwrap() {
        source[name] = value.clone();
    }
    source.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    json!({ "item": "SR-1", "source": source })
}

impl Town {
    /// What the ledger itself says of a case of another register.
    fn import(&mut self, body: Value) -> Op {
        let (system, case) = (body["source"]["system"].as_str(), body["source"]["case"].as_str());
        let entity = EntityId::of_source(LEDGER, system.unwrap_or_default(), case.unwrap_or_default());
        let id = self.world.id();
        Op::parse(&self.world.draft(id, "finding.import", entity, body).to_text()).unwrap()
    }

    fn takes_over(&mut self, body: Value) -> EntityId {
        let op = self.import(body);
        let judgement = self.world.say(&op);
        assert!(matches!(judgement, Judgement::Accept(_)), "{judgement:?}");
        op.entity
    }

    fn turns_down(&mut self, body: Value) -> String {
        let op = self.import(body);
        match self.world.say(&op) {
            Judgement::Refuse { code, detail } => format!("{code} {detail}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_case_taken_over_stands_as_its_own_times_say_and_has_none_of_this_ledgers() {
    let closed = |time: &str| json!({ "closed": time });
    let cases = [
        ("in time", closed("2026-03-08T01:00:00.000Z"), "closed", Standing::OnTime),
        ("to the second", closed(TARGET), "closed", Standing::OnTime),
        ("a second late", closed("2026-03-09T01:00:01.000Z"), "closed", Standing::Late),
        ("before it was opened", closed("2026-03-02T00:59:50.000Z"), "closed", Standing::OnTime),
        ("never", json!({}), "filed", Standing::Overdue),
        ("no target", json!({ "target": null, "closed": TARGET }), "closed", Standing::None),
    ];
    for (why, more, status, stands) in cases {
        let mut town = Town::new();
        let finding = town.takes_over(claims(more));
        assert_eq!((town.status(finding).as_str(), town.standing(finding)), (status, stands), "{why}");
        for own in ["deadline", "closed", "replied", "begun", "dispatched"] {
            assert_eq!(town.read(finding).field(own), None, "{why}: {own}");
        }
    }
    let mut town = Town::new();
    let finding = town.takes_over(claims(json!({})));
    let then = TARGET.parse::<Time>().unwrap().plus_millis(-1);
    assert_eq!(standing(&town.read(finding), then), Standing::Running, "judged as of another day");
}

#[test]
fn only_the_ledger_itself_takes_over_and_only_under_the_id_that_follows() {
    let mut town = Town::new();
    for (at, role) in ["supervision", "admin", "acceptor"].into_iter().enumerate() {
        let pen = town.person(10 + at as u128, role);
        let entity = EntityId::of_source(LEDGER, "12345", "A-7");
        assert_eq!(town.no(pen, "finding.import", entity, claims(json!({}))), "ledger_only finding.import", "{role}");
    }
    let id = town.world.id();
    let elsewhere = town.world.draft(id, "finding.import", EntityId::from(id), claims(json!({}))).to_text();
    let judgement = town.world.say(&Op::parse(&elsewhere).unwrap());
    assert_eq!(code(&judgement), "bad_field", "the id is not the case's");
    town.takes_over(claims(json!({})));
    assert!(town.turns_down(claims(json!({ "closed": TARGET }))).starts_with("exists "), "a case is taken over once");
    town.takes_over(claims(json!({ "case": "A-8" })));
}

#[test]
fn what_a_register_says_is_checked_member_by_member() {
    let mut town = Town::new();
    let many: serde_json::Map<_, _> = (0..51).map(|n| (format!("c{n}"), json!("x"))).collect();
    let cases = [
        (json!({ "system": "" }), "bad_field source.system: must be text of 1 to 64 characters"),
        (json!({ "case": "A\n7" }), "bad_field source.case: must be text of 1 to 100 characters"),
        (json!({ "department": " " }), "bad_field source.department: must be text of 1 to 200 characters"),
        (json!({ "says": { "ward": "" } }), "bad_field source.says.ward: must be text of 1 to 1000 characters"),
        (json!({ "says": many }), "bad_field source.says: has 51 members, at most 50 fit"),
    ];
    for (more, expected) in cases {
        assert_eq!(town.turns_down(claims(more)), expected);
    }
    for more in
        [json!({ "opened": null }), json!({ "closed": "03/09/2026" }), json!({ "target": "2026-03-09T09:00+08:00" })]
    {
        let told = town.turns_down(claims(more));
        assert!(told.starts_with("bad_field source: must have system, case and opened"), "{told}");
    }
    let mut other_item = claims(json!({}));
    (other_item["item"], other_item["catalogue"]) = (json!("XX-9"), json!(EntityId(Uuid::from_u128(0xCA7))));
    assert!(town.turns_down(other_item).starts_with("bad_field item: XX-9 is not in catalogue"));
}

#[test]
fn an_open_case_goes_on_here_against_its_old_target_until_it_is_given_a_time() {
    let mut town = Town::new();
    let (dispatcher, handler, inspector) =
        (town.person(3, "dispatcher"), town.person(4, "handler"), town.person(5, "inspector"));
    let mut body = claims(json!({ "target": "2026-12-01T02:00:00.000Z" }));
    (body["unit"], body["catalogue"]) = (json!(town.other_unit), json!(EntityId(Uuid::from_u128(0xCA7))));
    assert_eq!(town.turns_down(body.clone()), format!("unit_empty {}", town.other_unit));
    body["unit"] = json!(town.unit);
    let sent = town.takes_over(body);
    assert_eq!((town.status(sent).as_str(), town.standing(sent)), ("dispatched", Standing::Running));
    assert!(town.scopes(sent).contains(&format!("unit:{}", town.unit)));

    // Its clock stands for a day, and the target moves by that.
    town.clock("2026-11-27T09:00");
    town.does(dispatcher, "finding.suspend", sent, json!({ "suspended": "产权争议" }));
    town.clock("2026-11-28T09:00");
    town.does(dispatcher, "finding.resume", sent, json!({}));
    assert_eq!(town.time(sent, "deadline"), Some(at("2026-12-02T10:00")));
    town.clock("2026-12-02T10:01");
    town.replies(handler, sent);
    assert_eq!((town.status(sent).as_str(), town.standing(sent)), ("replied", Standing::Late));
    town.does(inspector, "finding.close", sent, json!({}));
    assert_eq!(town.standing(sent), Standing::Late);

    // One that nobody has is dispatched, and has a time of this ledger from then on.
    let waits = town.takes_over(claims(json!({ "case": "A-8" })));
    assert_eq!(town.standing(waits), Standing::Overdue);
    let unit = town.unit;
    let limit = json!({ "amount": 1, "clock": "working_day" });
    town.does(dispatcher, "finding.dispatch", waits, json!({ "unit": unit, "limit": limit }));
    assert_eq!(town.standing(waits), Standing::Running);
}

#[test]
fn what_another_register_claims_costs_nobody_points() {
    let mut town = Town::new();
    let organiser = town.person(6, "organiser");
    let dispatcher = town.person(7, "dispatcher");
    town.person(8, "handler");
    let mut open = claims(json!({ "case": "A-9" }));
    open["unit"] = json!(town.unit);
    let open = town.takes_over(open);
    town.does(dispatcher, "finding.suspend", open, json!({ "suspended": "产权争议" }));
    town.does(dispatcher, "finding.resume", open, json!({}));
    assert_eq!((town.standing(open), town.read(open).field("deadline")), (Standing::Overdue, None));
    let mut body = claims(json!({ "closed": "2026-04-01T00:00:00.000Z" }));
    body["unit"] = json!(town.unit);
    let finding = town.takes_over(body);
    assert_eq!(town.standing(finding), Standing::Late);
    let row = deduction_id(finding, "overdue", 0);
    assert_eq!(
        town.no(organiser, "deduction.add", row, json!({ "rule": "overdue", "finding": finding })),
        "bad_field rule: the deadline is another register's claim"
    );
}
