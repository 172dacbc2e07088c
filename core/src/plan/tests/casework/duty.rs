//! Every role, every kind of op, every state: who may take which step from where, by hand.

use super::*;

/// Kind; roles that may; states from which it leads somewhere; a body that has all it needs.
type Rule = (&'static str, &'static str, &'static str, fn(&Town) -> Value);

const ROLES: &[&str] = &[
    "inspector",
    "acceptor",
    "dispatcher",
    "organiser",
    "supervision",
    "creation_office",
    "coordinator",
    "handler",
    "leader",
    "admin",
];

const FINDING_STATES: &[&str] = &[
    "reported",
    "filed",
    "declined",
    "duplicate",
    "dispatched",
    "noticed",
    "replied",
    "returned",
    "closed",
    "fixed_on_the_spot",
    "void",
];

const NOTICE_STATES: &[&str] =
    &["draft", "issued", "signed_for", "replied", "returned", "closed", "withdrawn", "repeated", "void"];

fn reason(_: &Town) -> Value {
    json!({ "reason": "x" })
}

fn nothing(_: &Town) -> Value {
    json!({})
}

const FINDING: &[Rule] = &[
    ("finding.ask", "acceptor supervision", "reported", |_| json!({ "asked": "x" })),
    ("finding.assign", "coordinator", "dispatched noticed returned", |_| json!({ "section": "x" })),
    ("finding.close", "inspector acceptor dispatcher organiser supervision", "replied", nothing),
    ("finding.decline", "acceptor supervision", "reported", reason),
    ("finding.dispatch", "dispatcher", "filed", |town| json!({ "unit": town.unit })),
    // Of itself, which it is not.
    (
        "finding.duplicate",
        "acceptor supervision",
        "reported",
        |town| json!({ "of": town.world.entities.values().find(|entity| entity.kind == "finding").unwrap().id }),
    ),
    (
        "finding.exempt",
        "dispatcher supervision",
        "reported filed declined duplicate dispatched noticed replied returned closed fixed_on_the_spot void",
        |_| json!({ "exempt": "x" }),
    ),
    (
        "finding.extend",
        "dispatcher supervision",
        "dispatched noticed returned",
        |_| json!({ "deadline": at("2027-06-01T00:00") }),
    ),
    ("finding.file", "acceptor supervision", "reported", nothing),
    ("finding.give_back", "coordinator", "dispatched", reason),
    ("finding.recall", "dispatcher", "dispatched returned", reason),
    ("finding.refuse_extension", "dispatcher supervision", "dispatched noticed returned", reason),
    ("finding.reopen", "acceptor supervision", "declined duplicate filed", reason),
    ("finding.reply", "coordinator handler", "dispatched noticed returned", |_| json!({ "reply": "x" })),
    (
        "finding.request_extension",
        "coordinator",
        "dispatched noticed returned",
        |_| json!({ "wanted": at("2027-06-01T00:00"), "wanted_because": "x" }),
    ),
    ("finding.resume", "dispatcher supervision", "dispatched noticed returned", nothing),
    ("finding.return", "inspector acceptor dispatcher organiser supervision", "replied", reason),
    ("finding.suspend", "dispatcher supervision", "dispatched noticed returned", |_| json!({ "suspended": "x" })),
    ("finding.void", "inspector", "reported fixed_on_the_spot", reason),
    (
        "finding.void",
        "acceptor supervision",
        "reported filed declined duplicate dispatched noticed replied returned closed fixed_on_the_spot",
        reason,
    ),
];

const NOTICE: &[Rule] = &[
    ("notice.appeal", "coordinator", "issued signed_for replied returned closed", |_| json!({ "appeal": "x" })),
    ("notice.discard", "supervision", "draft", nothing),
    (
        "notice.hear",
        "creation_office leader",
        "issued signed_for replied returned closed",
        |_| json!({ "says": "grant", "because": "x" }),
    ),
    ("notice.issue", "supervision", "draft", nothing),
    ("notice.sign", "coordinator", "issued", nothing),
    ("notice.withdraw", "supervision", "issued signed_for replied returned", reason),
];

/// What the law says to `kind` by `role` about an entity of the unit in `state`, and whether it is open to them.
fn asked(town: &mut Town, pen: Pen, kind: &str, entity: EntityId, state: &str, body: Value) -> (String, bool) {
    let mut case = Entity::clone(&town.read(entity));
    case.fields.insert("status".into(), json!(state));
    case.fields.insert("unit".into(), json!(town.unit));
    // Its own, so that only the role decides; whose case it is has tests of its own.
    case.by = Some(pen.user);
    let actor = Actor::of(&town.world, LEDGER, &town.read(pen.user));
    let open = actor.open_in(&case).contains(&kind);
    let before = town.world.entities.insert(entity, Arc::new(case)).unwrap();
    let op = town.op(pen, kind, entity, body);
    let judgement = plan(&town.world, &town.world.moment.clone(), &op);
    town.world.entities.insert(entity, before);
    (code(&judgement), open)
}

fn walk(rules: &[Rule], states: &[&str], of: fn(&mut Town, Pen) -> EntityId) {
    let mut town = Town::new();
    let supervisor = town.person(91, "supervision");
    let entity = of(&mut town, supervisor);
    for (at, role) in ROLES.iter().enumerate() {
        let pen = town.person(100 + at as u128, role);
        for (kind, roles, from, body) in rules {
            let named = |list: &str, name: &str| list.split(' ').any(|one| one == name);
            // Some roles take the same step from more states than others.
            if !named(roles, role) && rules.iter().any(|other| other.0 == *kind && named(other.1, role)) {
                continue;
            }
            for state in states {
                let said = body(&town);
                let (found, open) = asked(&mut town, pen, kind, entity, state, said);
                let closed = matches!(found.as_str(), "not_allowed" | "own_case" | "state_changed" | "on_notice");
                assert_eq!(open, !closed, "{role} {kind} from {state}: {found}");
                if !named(roles, role) {
                    assert_eq!(found, "not_allowed", "{role} {kind} from {state}");
                } else if !named(from, state) {
                    assert_eq!(found, "state_changed", "{role} {kind} from {state}");
                } else {
                    let possible = ["accept", "evidence_missing", "unit_empty", "on_notice", "bad_field"];
                    let asked_first = matches!(*kind, "finding.resume" | "finding.refuse_extension" | "notice.hear");
                    let fits = possible.contains(&found.as_str()) || (asked_first && found == "state_changed");
                    assert!(fits, "{role} {kind} from {state}: {found}");
                }
            }
        }
    }
}

#[test]
fn every_role_takes_its_own_steps_of_a_finding_and_no_other() {
    walk(FINDING, FINDING_STATES, |town, pen| town.finding(pen, "SR-1"));
}

#[test]
fn every_role_takes_its_own_steps_of_a_notice_and_no_other() {
    walk(NOTICE, NOTICE_STATES, |town, pen| {
        let finding = town.finding(pen, "SR-1");
        let body = json!({ "unit": town.unit, "findings": { finding.to_string(): true }, "source": "on_site" });
        town.makes(pen, "notice.draft", body)
    });
}

/// Every step of the two is in the tables above: a new kind of op cannot be forgotten here.
#[test]
fn no_step_is_left_out() {
    let walked: Vec<&str> = FINDING.iter().chain(NOTICE).map(|rule| rule.0).collect();
    let steps = law_table().iter().filter(|law| matches!(law.act, Act::Step { .. }));
    let steps: Vec<&str> = steps.filter(|law| matches!(law.of, "finding" | "notice")).map(|law| law.kind).collect();
    let left: Vec<_> = steps.into_iter().filter(|kind| !walked.contains(kind)).collect();
    assert_eq!(
        left,
        ["finding.fix", "finding.overdue"],
        "即查即改 and what the ledger alone says have tests of their own"
    );
}

/// What is made or changed without a step, by hand.
#[test]
fn who_may_draft_note_and_deduct() {
    let rules: &[(&str, &str)] = &[
        ("finding.note", "inspector acceptor dispatcher organiser supervision leader"),
        ("notice.draft", "supervision"),
        ("notice.amend", "supervision"),
        ("notice.attach", "supervision"),
        ("notice.resolve", "supervision"),
        ("finding.resolve", "acceptor supervision"),
        ("deduction.add", "organiser supervision"),
        ("deduction.return", "organiser supervision"),
        ("calendar.add", "admin"),
        ("calendar.amend", "admin"),
    ];
    for (kind, roles) in rules {
        let right = law_of(kind).unwrap().right;
        let may: Vec<&str> =
            role_seeds().iter().filter(|role| role.may.contains(&right)).map(|role| role.name).collect();
        assert_eq!(may.join(" "), *roles, "{kind}");
    }
    let admin = role_seeds().iter().find(|role| role.name == "admin").unwrap();
    let business = |right: &&&str| {
        right.starts_with("finding.") || right.starts_with("notice.") || right.starts_with("deduction.")
    };
    assert_eq!(admin.may.iter().find(business), None, "an administrator makes no business decisions");
}
