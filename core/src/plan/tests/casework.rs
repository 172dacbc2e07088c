//! What follows a finding, step by step.

use super::calendar::{at, office};
use super::*;
use crate::model::{Deduction, Notice};

mod duty;
mod notices;
mod open;
mod points;
mod stays;
mod taken_over;

/// A city with one person for each role, two responsible units, and a clock that the tests set.
struct Town {
    world: World,
    said: u64,
    unit: EntityId,
    other_unit: EntityId,
}

impl Town {
    fn new() -> Town {
        let mut world = office();
        (world.wall, world.moment.received) = (at("2026-11-26T09:00"), Some(at("2026-11-26T09:00")));
        let unit = world.own("unit.add", None, json!({ "name": "市容环卫处" }));
        let other_unit = world.own("unit.add", None, json!({ "name": "园林处" }));
        let file = Hash::of(b"catalogue");
        world.documents.insert(file, crate::model::catalogue::seed_catalogue());
        let mut town = Town { world, said: 0, unit, other_unit };
        let version = crate::model::catalogue::seed_catalogue().version.clone();
        let body = json!({ "version": version, "file": { "hash": file, "len": 9 } });
        let catalogue = EntityId(Uuid::from_u128(0xCA7));
        let draft =
            OpDraft { entity: catalogue, ..town.world.draft(OpId(catalogue.0), "catalogue.load", catalogue, body) };
        assert_eq!(code(&town.world.say(&Op::parse(&draft.to_text()).unwrap())), "accept");
        town
    }

    /// Somebody with a role; of a unit where the role is a unit's.
    fn person(&mut self, who: u128, role: &str) -> Pen {
        let pen = self.world.pen(who, role);
        if matches!(role, "coordinator" | "handler") {
            self.joins(pen, self.unit);
        }
        pen
    }

    fn joins(&mut self, pen: Pen, unit: EntityId) {
        self.world.own("user.amend", Some(pen.user), json!({ "unit": unit }));
    }

    fn clock(&mut self, local: &str) {
        (self.world.wall, self.world.moment.received) = (at(local), Some(at(local)));
    }

    /// What `pen` says about `entity`, from the state that it is in.
    fn op(&mut self, pen: Pen, kind: &str, entity: EntityId, body: Value) -> Op {
        self.said += 1;
        let mut draft = self.world.said(pen, self.said, kind, Some(entity), body);
        if matches!(law_of(kind).unwrap().act, Act::Step { .. }) {
            draft.from = self.world.entity(entity).and_then(|entity| entity.text("status").map(str::to_owned));
        }
        Op::parse(&draft.to_text()).unwrap()
    }

    fn says(&mut self, pen: Pen, kind: &str, entity: EntityId, body: Value) -> Judgement {
        let op = self.op(pen, kind, entity, body);
        self.world.say(&op)
    }

    fn does(&mut self, pen: Pen, kind: &str, entity: EntityId, body: Value) {
        let judgement = self.says(pen, kind, entity, body);
        assert!(matches!(judgement, Judgement::Accept(_)), "{kind}: {judgement:?}");
    }

    fn no(&mut self, pen: Pen, kind: &str, entity: EntityId, body: Value) -> String {
        match self.says(pen, kind, entity, body) {
            Judgement::Refuse { code, detail } => format!("{code} {detail}"),
            other => panic!("{kind}: {other:?}"),
        }
    }

    fn makes(&mut self, pen: Pen, kind: &str, body: Value) -> EntityId {
        self.said += 1;
        let op = self.world.op(pen, self.said, kind, None, None, body);
        let judgement = self.world.say(&op);
        assert!(matches!(judgement, Judgement::Accept(_)), "{kind}: {judgement:?}");
        op.entity
    }

    /// A finding of the item with a photo that everybody can look at.
    fn finding(&mut self, pen: Pen, item: &str) -> EntityId {
        let catalogue = EntityId(Uuid::from_u128(0xCA7));
        let photo = self.photo("close");
        let place = json!({ "lat": 31.230_400_04, "lon": 121.473_7, "words": "东河大街12号" });
        let body = json!({
            "item": item, "catalogue": catalogue, "note": "路口堆物", "place": place, "photos": { "p": photo },
        });
        let finding = self.makes(pen, "finding.record", body);
        self.previews(pen, finding, "p");
        self.arrive(finding);
        finding
    }

    fn photo(&mut self, shows: &str) -> Value {
        self.said += 1;
        json!({ "original": Hash::of(format!("photo {}", self.said).as_bytes()), "shows": shows })
    }

    fn previews(&mut self, pen: Pen, finding: EntityId, photo: &str) {
        let original =
            self.world.entity(finding).unwrap().field(&format!("photos/{photo}")).unwrap()["original"].clone();
        let name = original.as_str().unwrap();
        let (display, thumbnail) = (Hash::of(format!("{name} d").as_bytes()), Hash::of(format!("{name} t").as_bytes()));
        let preview = json!({ "original": original, "display": display, "thumbnail": thumbnail, "width": 1, "height": 1, "stamped": false });
        self.does(pen, "photo.preview", finding, json!({ "previews": { photo: preview } }));
    }

    /// Every file of it arrives.
    fn arrive(&mut self, finding: EntityId) {
        let files: serde_json::Map<String, Value> = self
            .world
            .entity(finding)
            .unwrap()
            .files()
            .iter()
            .map(|file| (file.hash.to_string(), json!({ "len": 1, "type": "image/jpeg" })))
            .collect();
        self.world.own("blobs.kept", None, json!({ "blobs": files }));
    }

    fn read(&self, finding: EntityId) -> Arc<Entity> {
        self.world.entity(finding).unwrap()
    }

    fn status(&self, id: EntityId) -> String {
        self.read(id).text("status").unwrap().to_owned()
    }

    fn time(&self, id: EntityId, field: &str) -> Option<Time> {
        self.read(id).text(field).and_then(|text| text.parse().ok())
    }

    fn standing(&self, finding: EntityId) -> Standing {
        standing(&self.read(finding), self.world.moment.received.unwrap())
    }

    fn scopes(&self, id: EntityId) -> Vec<String> {
        scopes_of(&self.read(id)).iter().map(ToString::to_string).collect()
    }

    /// Reply with a photo from afterwards that arrives.
    fn replies(&mut self, pen: Pen, finding: EntityId) {
        let photo = self.photo("after");
        let name = format!("after{}", self.said);
        self.does(pen, "finding.reply", finding, json!({ "reply": "已清理", "photos": { &name: photo } }));
        self.previews(pen, finding, &name);
        self.arrive(finding);
    }
}

/// A town with a finding that was filed, and the people who did it.
fn filed() -> (Town, EntityId, Pen, Pen) {
    let mut town = Town::new();
    let (inspector, acceptor) = (town.person(1, "inspector"), town.person(2, "acceptor"));
    let finding = town.finding(inspector, "SR-1");
    town.does(acceptor, "finding.file", finding, json!({ "condition": "占用人行道" }));
    (town, finding, inspector, acceptor)
}

/// The same, sent to the unit by a dispatcher; and somebody of the unit.
fn dispatched() -> (Town, EntityId, Pen, Pen) {
    let (mut town, finding, _, _) = filed();
    let (dispatcher, handler) = (town.person(3, "dispatcher"), town.person(4, "handler"));
    let unit = town.unit;
    town.does(dispatcher, "finding.dispatch", finding, json!({ "unit": unit }));
    (town, finding, dispatcher, handler)
}

#[test]
fn a_finding_is_reviewed_once_and_only_when_it_can_be_looked_at() {
    let mut town = Town::new();
    let (inspector, acceptor) = (town.person(1, "inspector"), town.person(2, "acceptor"));
    let (first, second) = (town.finding(inspector, "SR-1"), town.finding(inspector, "SR-1"));
    let photo = town.photo("wide");
    town.does(inspector, "finding.amend", first, json!({ "photos": { "q": photo } }));
    assert_eq!(
        town.no(acceptor, "finding.file", first, json!({})),
        "evidence_missing photos: 1 of 2 photos can be seen"
    );
    town.does(acceptor, "finding.ask", first, json!({ "asked": "缺全景" }));
    assert_eq!(town.status(first), "reported", "asking for more does not move it");
    town.previews(inspector, first, "q");
    town.arrive(first);
    town.does(acceptor, "finding.file", first, json!({ "condition": "占用人行道" }));
    assert_eq!(town.time(first, "filed"), Some(at("2026-11-26T09:00")));
    assert_eq!(town.no(acceptor, "finding.decline", first, json!({ "reason": "x" })), "state_changed filed");

    assert_eq!(
        town.no(acceptor, "finding.duplicate", second, json!({ "of": second })),
        "bad_field of: is the finding itself"
    );
    town.does(acceptor, "finding.duplicate", second, json!({ "of": first }));
    let third = town.finding(inspector, "SR-1");
    assert_eq!(town.no(acceptor, "finding.duplicate", third, json!({ "of": second })), "bad_field of: is duplicate");
    town.does(acceptor, "finding.reopen", second, json!({ "reason": "看错了" }));
    assert_eq!((town.status(second), town.read(second).field("of")), ("reported".to_owned(), None));
    assert_eq!(town.no(acceptor, "finding.decline", second, json!({})), "bad_field reason: is missing");
    town.does(acceptor, "finding.reopen", first, json!({ "reason": "看错了" }));
    assert_eq!(town.time(first, "filed"), None, "it counts from when it is filed again");
}

#[test]
fn a_photo_that_can_never_be_seen_does_not_block_a_case_for_ever() {
    let mut town = Town::new();
    let (inspector, acceptor) = (town.person(1, "inspector"), town.person(2, "acceptor"));
    let finding = town.finding(inspector, "SR-1");
    let photo = town.photo("wide");
    town.does(inspector, "finding.amend", finding, json!({ "photos": { "q": photo } }));
    town.does(acceptor, "finding.file", finding, json!({ "unseen": "第二张原图损坏" }));
    assert_eq!(town.read(finding).text("unseen"), Some("第二张原图损坏"));
}

#[test]
fn a_dispute_is_decided_before_a_case_is_filed() {
    let mut town = Town::new();
    let (inspector, other, acceptor) =
        (town.person(1, "inspector"), town.person(2, "inspector"), town.person(3, "acceptor"));
    let finding = town.finding(inspector, "SR-1");
    town.does(other, "finding.amend", finding, json!({ "note": "another's words" }));
    assert_eq!(town.no(acceptor, "finding.file", finding, json!({})), "disputed note");
}

#[test]
fn a_dispatched_case_runs_against_the_limit_of_its_item_and_is_seen_by_its_unit_alone() {
    let (mut town, finding, inspector, _) = filed();
    let dispatcher = town.person(3, "dispatcher");
    let (unit, other_unit) = (town.unit, town.other_unit);
    assert_eq!(
        town.no(dispatcher, "finding.dispatch", finding, json!({ "unit": other_unit })),
        format!("unit_empty {other_unit}")
    );
    let handler = town.person(4, "handler");
    let person = json!({ "unit": unit, "person": inspector.user });
    assert_eq!(town.no(dispatcher, "finding.dispatch", finding, person), "bad_field person: is not of the unit");
    town.does(dispatcher, "finding.dispatch", finding, json!({ "unit": unit, "person": handler.user }));
    // SR-1: one working day.
    assert_eq!(town.time(finding, "deadline"), Some(at("2026-11-27T17:30")));
    assert!(town.scopes(finding).contains(&format!("unit:{unit}")));
    assert_eq!(town.standing(finding), Standing::Running);
    town.clock("2026-11-27T17:31");
    assert_eq!(town.standing(finding), Standing::Overdue);
    let shown = project(&town.read(finding), &Scope::unit(unit));
    assert_eq!((shown.by, shown.stamps.first.by), (None, None), "a unit does not learn who found it");
}

#[test]
fn within_a_unit_a_case_goes_to_somebody_of_it() {
    let (mut town, finding, dispatcher, handler) = dispatched();
    let coordinator = town.person(5, "coordinator");
    let stranger = json!({ "person": dispatcher.user });
    assert_eq!(town.no(coordinator, "finding.assign", finding, stranger), "bad_field person: is not of the unit");
    town.does(coordinator, "finding.assign", finding, json!({ "person": handler.user }));
    assert_eq!(town.read(finding).reference("person"), Some(handler.user));
}

#[test]
fn a_case_is_closed_by_another_than_replied_and_only_with_a_photo_from_afterwards() {
    let (mut town, finding, dispatcher, handler) = dispatched();
    let inspector = town.person(5, "inspector");
    town.does(handler, "finding.reply", finding, json!({ "reply": "已清理" }));
    let no = town.no(inspector, "finding.close", finding, json!({}));
    assert_eq!(no, "evidence_missing photos: none that came since it was sent shows how it is now");
    town.does(dispatcher, "finding.return", finding, json!({ "reason": "没有照片" }));
    assert_eq!(town.read(finding).field("rework"), Some(&json!(1)));
    town.replies(handler, finding);
    assert_eq!(town.no(handler, "finding.close", finding, json!({})), "not_allowed finding.check");
    // Given the role, the same person still does not check their own reply; nor does a colleague.
    town.world.own("user.amend", Some(handler.user), json!({ "roles": { "inspector": true } }));
    assert_eq!(town.no(handler, "finding.close", finding, json!({})), "own_case who replied does not check");
    let colleague = town.person(6, "inspector");
    let unit = town.unit;
    town.joins(colleague, unit);
    assert_eq!(town.no(colleague, "finding.close", finding, json!({})), "own_case it is about the user's own unit");
    town.does(inspector, "finding.close", finding, json!({ "check": "现场复核合格" }));
    assert_eq!((town.status(finding).as_str(), town.standing(finding)), ("closed", Standing::OnTime));
}

#[test]
fn a_re_checkers_own_photo_closes_and_a_missing_original_is_overridden_in_words() {
    let (mut town, finding, _, handler) = dispatched();
    let inspector = town.person(5, "inspector");
    town.does(handler, "finding.reply", finding, json!({ "reply": "已清理" }));
    let photo = town.photo("after");
    let lost = json!({ "photos": { "lost": { "original": Hash::of(b"lost with the phone"), "shows": "close" } } });
    let seen = town.world.next;
    let lost = town.world.op(inspector, 1, "finding.amend", Some(finding), Some(seen), lost);
    assert_eq!(code(&town.world.say(&lost)), "accept");
    let close = json!({ "photos": { "check": photo } });
    assert_eq!(
        town.no(inspector, "finding.close", finding, close.clone()),
        "evidence_missing photos: 1 of 2 originals are here"
    );
    let mut close = close;
    close["override"] = json!("手机损坏，原图无法取得");
    town.does(inspector, "finding.close", finding, close);
    assert_eq!(town.read(finding).text("override"), Some("手机损坏，原图无法取得"));
}

#[test]
fn who_gives_back_its_own_bears_the_time_and_another_unit_begins_anew() {
    let (mut town, finding, dispatcher, _) = dispatched();
    let (coordinator, other) = (town.person(5, "coordinator"), town.person(6, "coordinator"));
    let (unit, other_unit) = (town.unit, town.other_unit);
    town.joins(other, other_unit);
    assert_eq!(
        town.no(other, "finding.give_back", finding, json!({ "reason": "不归我" })),
        "not_allowed unit: is another's"
    );
    town.clock("2026-11-27T10:00");
    town.does(coordinator, "finding.give_back", finding, json!({ "reason": "不归我" }));
    assert_eq!((town.status(finding).as_str(), town.read(finding).field("unit")), ("filed", None));
    assert!(!town.scopes(finding).iter().any(|scope| scope.starts_with("unit:")));
    assert_eq!(town.standing(finding), Standing::None);
    town.does(dispatcher, "finding.dispatch", finding, json!({ "unit": other_unit }));
    assert_eq!(town.time(finding, "deadline"), Some(at("2026-11-30T17:30")));
    town.does(other, "finding.give_back", finding, json!({ "reason": "也不归我" }));
    town.clock("2026-11-30T10:00");
    town.does(dispatcher, "finding.dispatch", finding, json!({ "unit": unit }));
    assert_eq!(town.time(finding, "deadline"), Some(at("2026-11-27T17:30")), "as if it had never been given back");
    assert_eq!(town.standing(finding), Standing::Overdue);
}

#[test]
fn an_extension_is_asked_for_and_given_once_and_never_into_the_past() {
    let (mut town, finding, dispatcher, _) = dispatched();
    let coordinator = town.person(5, "coordinator");
    let want = |until: &str| json!({ "wanted": at(until), "wanted_because": "设备在修" });
    let late = "deadline_passed wanted: is not later than what there is";
    assert_eq!(town.no(coordinator, "finding.request_extension", finding, want("2026-11-27T17:30")), late);
    town.does(coordinator, "finding.request_extension", finding, want("2026-12-02T17:30"));
    town.clock("2026-11-26T09:00");
    town.does(dispatcher, "finding.refuse_extension", finding, json!({ "reason": "不同意" }));
    // The unit reads why, until it asks again.
    assert_eq!(town.read(finding).text("refused_because"), Some("不同意"));
    assert_eq!(town.time(finding, "refused_at"), Some(at("2026-11-26T09:00")));
    assert_eq!(
        town.no(dispatcher, "finding.refuse_extension", finding, json!({ "reason": "x" })),
        "state_changed nobody asks for an extension"
    );
    town.does(coordinator, "finding.request_extension", finding, want("2026-12-01T17:30"));
    assert_eq!(town.read(finding).field("refused_because").or(town.read(finding).field("refused_at")), None);
    let late = "deadline_passed deadline: is not later than what there is";
    assert_eq!(town.no(dispatcher, "finding.extend", finding, json!({ "deadline": at("2026-11-20T00:00") })), late);
    town.does(dispatcher, "finding.extend", finding, json!({ "deadline": at("2026-12-01T17:30") }));
    assert_eq!(town.time(finding, "deadline"), Some(at("2026-12-01T17:30")));
    assert_eq!(town.read(finding).field("wanted"), None);
}

#[test]
fn while_a_case_is_suspended_its_clock_stands() {
    let (mut town, finding, dispatcher, handler) = dispatched();
    town.clock("2026-11-27T09:00");
    town.does(dispatcher, "finding.suspend", finding, json!({ "suspended": "产权争议" }));
    assert_eq!(town.no(dispatcher, "finding.suspend", finding, json!({ "suspended": "x" })), "state_changed suspended");
    town.clock("2026-12-10T09:00");
    assert_eq!(town.standing(finding), Standing::Suspended);
    town.does(dispatcher, "finding.resume", finding, json!({}));
    assert_eq!(
        town.time(finding, "deadline"),
        Some(at("2026-12-11T17:30")),
        "the day of the stop and that of going on do not count"
    );
    assert_eq!(town.no(dispatcher, "finding.resume", finding, json!({})), "state_changed is not suspended");
    // Suspended again, a reply ends it.
    town.does(dispatcher, "finding.suspend", finding, json!({ "suspended": "产权争议" }));
    town.replies(handler, finding);
    assert_eq!((town.read(finding).field("stopped"), town.standing(finding)), (None, Standing::OnTime));
}

#[test]
fn a_reply_said_in_time_and_heard_late_is_late_and_says_so() {
    let (mut town, finding, dispatcher, handler) = dispatched();
    town.world.wall = at("2026-11-27T16:00");
    town.world.moment.received = Some(at("2026-11-28T10:00"));
    town.does(handler, "finding.reply", finding, json!({ "reply": "已清理" }));
    assert_eq!(town.standing(finding), Standing::Late);
    assert_eq!(town.time(finding, "claimed"), Some(at("2026-11-27T16:00")));
    town.does(dispatcher, "finding.exempt", finding, json!({ "exempt": "隧道内无信号" }));
    assert_eq!(town.standing(finding), Standing::Late, "the raw lateness stays");
}

/// What the law says to the ledger's own word that a time is over.
fn told_overdue(town: &mut Town, finding: EntityId, deadline: Time, id: OpId) -> String {
    let body = json!({ "deadline": deadline, "level": 1 });
    let draft = OpDraft { id, ..town.world.draft(id, "finding.overdue", finding, body) };
    match town.world.say(&Op::parse(&draft.to_text()).unwrap()) {
        Judgement::Refuse { code, detail } => format!("{code} {detail}"),
        other => code(&other),
    }
}

#[test]
fn that_a_time_is_over_is_said_by_the_ledger_alone_and_only_when_it_is() {
    let (mut town, finding, dispatcher, handler) = dispatched();
    let first = town.time(finding, "deadline").unwrap();
    let id = overdue_id(finding, first, 1);
    assert_eq!(told_overdue(&mut town, finding, first, id), "state_changed it is not overdue");
    town.clock("2026-12-20T10:00");
    let body = json!({ "deadline": first, "level": 1 });
    assert!(town.no(dispatcher, "finding.overdue", finding, body).starts_with("ledger_only"));
    let another = town.world.id();
    assert!(told_overdue(&mut town, finding, first, another).starts_with("bad_field id: "));
    let early = first.plus_millis(-1);
    let of_early = overdue_id(finding, early, 1);
    assert_eq!(told_overdue(&mut town, finding, early, of_early), format!("state_changed deadline: {first}"));
    assert_eq!(told_overdue(&mut town, finding, first, id), "accept");
    let said = json!({ "level": 1, "at": at("2026-12-20T10:00") });
    assert_eq!(town.read(finding).field(&format!("overdue/{first}")), Some(&said));
    assert_eq!((town.status(finding).as_str(), town.time(finding, "deadline")), ("dispatched", Some(first)));

    // Another deadline is another matter; what is done is none any more.
    town.does(dispatcher, "finding.extend", finding, json!({ "deadline": at("2026-12-22T17:30") }));
    town.clock("2026-12-23T10:00");
    let second = at("2026-12-22T17:30");
    assert_eq!(told_overdue(&mut town, finding, second, overdue_id(finding, second, 1)), "accept");
    town.replies(handler, finding);
    let late = overdue_id(finding, second, 2);
    assert!(told_overdue(&mut town, finding, second, late).starts_with("state_changed"));
}

#[test]
fn a_phone_previews_the_step_and_leaves_the_times_to_the_server() {
    let (mut town, finding, _, handler) = dispatched();
    town.world.moment.received = None;
    let reply = town.op(handler, "finding.reply", finding, json!({ "reply": "已清理" }));
    assert_eq!(plan(&town.world, &town.world.moment, &reply), Judgement::Accept(Accepted::default()));
}

#[test]
fn a_newer_apps_words_never_become_what_the_law_keeps() {
    let mut town = Town::new();
    let inspector = town.person(1, "inspector");
    for name in [
        "deadline",
        "unit",
        "notice",
        "rework",
        "also",
        "exempt",
        "reply",
        "closed",
        "sent",
        "source",
        "missed",
        "extended",
        "refused_because",
        "refused_at",
    ] {
        let op = town.world.op(inspector, 1, "finding.record", None, None, json!({ "item": "SR-1", name: "x" }));
        match town.world.say(&op) {
            Judgement::Refuse { code: Code::BadField, detail } => {
                assert!(detail.starts_with(&format!("{name}: ")), "{detail}")
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}
