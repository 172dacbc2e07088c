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
mod edges;
mod files;
mod items;
mod open;
mod schedule;

/// A city with roles, a unit, and two inspectors' notebooks; every op accepted goes in at once.
struct World {
    entities: BTreeMap<EntityId, Arc<Entity>>,
    kept: BTreeMap<Hash, u64>,
    documents: BTreeMap<Hash, Arc<Catalogue>>,
    next: u64,
    moment: Moment,
    /// What the authors' clocks show.
    wall: Time,
}

impl View for World {
    fn entity(&self, id: EntityId) -> Option<Arc<Entity>> {
        self.entities.get(&id).cloned()
    }

    fn areas_at(&self, lat: f64, lon: f64) -> Vec<EntityId> {
        let holds = |area: &Entity| {
            area.field("shape").and_then(Shape::from_geojson).is_some_and(|shape| contains(&shape, lat, lon))
        };
        let areas = self.entities.values().filter(|entity| entity.kind == "area");
        areas.filter(|area| holds(area)).map(|area| area.id).collect()
    }

    fn kept(&self, hash: &Hash) -> Option<u64> {
        self.kept.get(hash).copied()
    }

    fn referring(&self, hash: &Hash) -> Vec<EntityId> {
        let refers = |entity: &&Arc<Entity>| entity.files().iter().any(|file| file.hash == *hash);
        self.entities.values().filter(refers).map(|entity| entity.id).collect()
    }

    fn has_members(&self, unit: EntityId) -> bool {
        self.entities.values().any(|user| user.kind == "user" && user.reference("unit") == Some(unit))
    }

    fn catalogue(&self, file: &Hash) -> Option<Arc<Catalogue>> {
        self.documents.get(file).cloned()
    }
}

#[derive(Clone, Copy)]
struct Pen {
    who: u128,
    user: EntityId,
    session: EntityId,
}

const LEDGER: LedgerId = LedgerId(Uuid::from_u128(0x1ed6e4));

impl World {
    fn new() -> World {
        let wall = Time::from_millis(1_800_000_000_000);
        let received = Some(wall);
        let moment = Moment { ledger: LEDGER, epoch: 1, floors: BTreeMap::new(), size: None, received };
        let mut world = World {
            entities: BTreeMap::new(),
            kept: BTreeMap::new(),
            documents: BTreeMap::new(),
            next: 0,
            moment,
            wall,
        };
        for role in role_seeds() {
            let may: serde_json::Map<_, _> = role.may.iter().map(|right| ((*right).into(), true.into())).collect();
            let body = json!({ "name": role.name, "sees": role.sees, "may": may });
            world.own("role.add", Some(EntityId::of_role(LEDGER, role.name)), body);
        }
        world
    }

    /// An op of the ledger itself, which must be accepted.
    fn own(&mut self, kind: &str, entity: Option<EntityId>, body: Value) -> EntityId {
        let id = self.id();
        let draft = self.draft(id, kind, entity.unwrap_or(EntityId::from(id)), body);
        let op = Op::parse(&draft.to_text()).unwrap();
        assert!(matches!(self.say(&op), Judgement::Accept(_)), "{op:?}");
        op.entity
    }

    fn pen(&mut self, who: u128, role: &str) -> Pen {
        let user = self.own("user.add", None, json!({ "name": format!("user {who}"), "roles": { role: true } }));
        let key = crate::op::DeviceKey::from_seed(&zeroize::Zeroizing::new([who as u8; 32])).public();
        let device = EntityId::of_device(LEDGER, &key.device());
        let line = LineId(Uuid::from_u128(who));
        self.own("device.add", Some(device), json!({ "key": key, "user": user, "line": line }));
        let session = self.own("session.open", None, json!({ "user": user, "line": line, "roles": { role: true } }));
        Pen { who, user, session }
    }

    fn id(&mut self) -> OpId {
        self.next += 1;
        OpId(Uuid::from_u128(0xF00D_0000 + u128::from(self.next)))
    }

    fn draft(&self, id: OpId, kind: &str, entity: EntityId, body: Value) -> OpDraft {
        let wall = self.wall;
        OpDraft {
            id,
            ledger: LEDGER,
            chain: None,
            user: None,
            session: None,
            origin: None,
            kind: kind.into(),
            v: 1,
            entity,
            body: RawValue::from_string(body.to_string()).unwrap(),
            base: None,
            from: None,
            at: At { wall, zone: "Asia/Shanghai".into(), mono: None, offset: None },
            seen: None,
            blobs: Vec::new(),
            salt: Salt([0; 16]),
            supersedes: None,
        }
    }

    /// What `pen` says as its `n`th op, having seen `base`.
    fn op(&mut self, pen: Pen, n: u64, kind: &str, entity: Option<EntityId>, base: Option<u64>, body: Value) -> Op {
        let mut draft = self.said(pen, n, kind, entity, body);
        draft.base = base.map(|index| Version { epoch: 1, index });
        draft.from = (kind == "finding.void").then(|| "reported".into());
        Op::parse(&draft.to_text()).unwrap()
    }

    /// What `pen` says as its `n`th op, having seen nothing.
    fn said(&mut self, pen: Pen, n: u64, kind: &str, entity: Option<EntityId>, body: Value) -> OpDraft {
        let id = self.id();
        let key = crate::op::DeviceKey::from_seed(&zeroize::Zeroizing::new([pen.who as u8; 32])).public();
        let prev = (n > 1).then_some(Hash([0; 32]));
        let chain = Chain { device: key.device(), seq: n, prev, line: LineId(Uuid::from_u128(pen.who)), n };
        let mut draft = self.draft(id, kind, entity.unwrap_or(EntityId::from(id)), body);
        (draft.chain, draft.user, draft.session) = (Some(chain), Some(pen.user), Some(pen.session));
        draft
    }

    /// Judges, and carries out what counts.
    fn say(&mut self, op: &Op) -> Judgement {
        let judgement = plan(self, &self.moment.clone(), op);
        if let Judgement::Accept(accepted) = &judgement {
            let received = Time::from_millis(1_800_000_000_000);
            let facts = Facts::accepted(1, accepted.clone(), received, Salt([0; 16]));
            let after = changed(self, op, self.next, &facts).unwrap();
            self.entities.extend(after.into_iter().map(|after| (after.id, Arc::new(after))));
            for hash in files_kept(op).into_keys() {
                self.kept.entry(hash).or_insert(self.next);
            }
        }
        judgement
    }

    fn note(&self, finding: EntityId) -> String {
        self.entity(finding).unwrap().text("note").unwrap_or("-").to_owned()
    }

    fn rivals(&self, finding: EntityId) -> Vec<String> {
        let entity = self.entity(finding).unwrap();
        let rivals = entity.rivals.get("note").into_iter().flatten();
        rivals.map(|rival| rival.value.as_str().unwrap_or("-").to_owned()).collect()
    }
}

fn outcome(judgement: &Judgement, field: &str) -> Outcome {
    match judgement {
        Judgement::Accept(accepted) => accepted.fields.get(field).copied().unwrap_or(Outcome::Set),
        other => panic!("{other:?}"),
    }
}

fn code(judgement: &Judgement) -> String {
    match judgement {
        Judgement::Refuse { code, .. } => code.to_string(),
        Judgement::Hold(missing) => format!("hold {}", missing.join(",")),
        Judgement::Accept(_) => "accept".into(),
    }
}

fn two_pens() -> (World, Pen, Pen, EntityId, u64) {
    let mut world = World::new();
    let (a, b) = (world.pen(1, "inspector"), world.pen(2, "inspector"));
    let record = world.op(a, 1, "finding.record", None, None, json!({ "item": "SR-1", "note": "first" }));
    assert_eq!(code(&world.say(&record)), "accept");
    let index = world.next;
    (world, a, b, record.entity, index)
}

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
    world.moment.received = world.moment.received.map(|time| time.plus_millis(31 * 24 * 3600 * 1000));
    let late = world.op(a, 4, "finding.amend", Some(finding), Some(world.next), json!({ "note": "too late" }));
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
    for (years, doubt) in [(10, Some("ahead")), (-10, Some("behind")), (0, None)] {
        let mut op = world.op(a, 2, "finding.record", None, None, json!({ "item": "SR-1" }));
        op.at.wall = op.at.wall.plus_millis(years * 365 * 24 * 3600 * 1000);
        let Judgement::Accept(accepted) = world.say(&op) else { panic!() };
        assert_eq!(accepted.clock.as_deref(), doubt, "{years} years");
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
