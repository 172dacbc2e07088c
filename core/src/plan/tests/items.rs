//! Items enforced: what may be answered, when a visit is over, what is fixed on the spot.

use super::*;
use crate::model::catalogue::load;
use crate::model::{Answer, Inspection, Is, Place};

/// A catalogue with one item of each manner.
fn catalogue() -> Arc<Catalogue> {
    let words = |text: &str| json!({ "zh": text, "en": text });
    let ask = |name: &str, kind: &str, required: &str| {
        let mut ask = json!({ "name": name, "label": words(name), "kind": kind, "required": required });
        if kind == "count" || kind == "length" {
            ask["unit"] = words("unit");
            ask["most"] = json!(1_000);
        }
        ask
    };
    let item = |id: &str, more: Value| {
        let mut item = json!({
            "id": id, "name": words(id), "filing": words("filing"), "closing": words("closing"), "tag": "default",
            "limits": [{ "amount": 1, "clock": "working_day", "tag": "default" }],
            "points": { "each": 20, "tag": "default" },
        });
        item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        item
    };
    let target = json!({ "part": "ads", "whole": "all", "least": { "part": 20, "whole": 100 }, "tag": "default" });
    let text = json!({
        "format": 1, "version": "1", "name": words("test"),
        "place_types": [{ "id": "street", "name": words("street"), "items": ["SAID", "COUNT", "SHARE"] }],
        "actions": [{ "id": "A", "name": words("A"), "organiser": words("office"), "items": [
            item("SAID", json!({ "asks": [ask("plate", "plate", "no")] })),
            item("COUNT", json!({
                "told": "count", "asks": [ask("count", "count", "always")],
                "points": { "each": 10, "by_count": true, "cap": 50, "tag": "default" },
            })),
            item("SHARE", json!({
                "told": "target", "asks": [ask("ads", "count", "always"), ask("all", "count", "always")], "target": target,
            })),
            item("OTHER", json!({})),
            item("PILE", json!({ "asks": [ask("length", "length", "no")] })),
            item("HOARDING", json!({ "asks": [ask("permit", "permit", "no")] })),
        ] }],
    });
    Arc::new(load(&[("test.json", &text.to_string())]).unwrap())
}

/// A street to be visited, and an inspector who has started.
struct Street {
    world: World,
    pen: Pen,
    catalogue: EntityId,
    visit: EntityId,
    n: u64,
}

impl Street {
    fn new() -> Street {
        let mut world = World::new();
        let (known, hash) = (catalogue(), Hash::of(b"catalogue"));
        world.documents.insert(hash, known);
        let file = json!({ "hash": hash, "len": 9 });
        let catalogue = world.own("catalogue.load", None, json!({ "version": "1", "file": file }));
        let street = json!({ "name": "解放路", "type": "street", "place": { "lat": 39.9, "lon": 116.4 } });
        let place = world.own("place.add", None, street);
        let pen = world.pen(1, "inspector");
        let mut street = Street { world, pen, catalogue, visit: place, n: 0 };
        let body = json!({ "type": "street", "catalogue": catalogue, "place": { "id": place } });
        let (visit, judgement) = street.say("inspection.start", None, None, body);
        assert!(matches!(judgement, Judgement::Accept(_)), "{judgement:?}");
        street.visit = visit;
        street
    }

    fn say(&mut self, kind: &str, entity: Option<EntityId>, from: Option<&str>, body: Value) -> (EntityId, Judgement) {
        self.n += 1;
        let base = entity.and_then(|id| self.world.entities.get(&id)).map(|entity| entity.index);
        let op = self.world.op(self.pen, self.n, kind, entity, base, body);
        let op = Op { from: from.map(str::to_owned), ..op };
        (op.entity, self.world.say(&op))
    }

    fn answer(&mut self, item: &str, answer: Value) -> Judgement {
        let visit = self.visit;
        self.say("inspection.answer", Some(visit), None, json!({ "answers": { item: answer } })).1
    }

    fn finish(&mut self) -> Judgement {
        let visit = self.visit;
        self.say("inspection.finish", Some(visit), Some("started"), json!({})).1
    }

    /// A finding with this many photos, of which the last so many were taken after.
    fn finding(&mut self, item: &str, before: u8, after: u8) -> EntityId {
        let photo = |n: u8| {
            let shows = if n < before { "wide" } else { "after" };
            (format!("p{n}"), json!({ "original": Hash::of(&[n]), "shows": shows }))
        };
        let photos: serde_json::Map<_, _> = (0..before + after).map(photo).collect();
        let (catalogue, visit) = (self.catalogue, self.visit);
        let body = json!({ "item": item, "catalogue": catalogue, "inspection": visit, "photos": photos });
        let (id, judgement) = self.say("finding.record", None, None, body);
        assert!(matches!(judgement, Judgement::Accept(_)), "{judgement:?}");
        id
    }
}

fn refused(judgement: &Judgement) -> (Code, String) {
    match judgement {
        Judgement::Refuse { code, detail } => (code.clone(), detail.clone()),
        other => panic!("{other:?}"),
    }
}

fn accepted(judgement: &Judgement) {
    assert!(matches!(judgement, Judgement::Accept(_)), "{judgement:?}");
}

#[test]
fn a_finding_fits_the_catalogue_it_names() {
    let mut street = Street::new();
    let catalogue = street.catalogue;
    let mut record = |body: Value| {
        let mut body = body;
        body["catalogue"] = json!(catalogue);
        street.say("finding.record", None, None, body).1
    };
    accepted(&record(json!({ "item": "COUNT", "values": { "count": 3 } })));
    for (body, detail) in [
        (json!({ "item": "NONE" }), "item: NONE is not in catalogue 1"),
        (json!({ "item": "COUNT", "values": { "count": 1.5 } }), "values/count: must be a whole number"),
        (json!({ "item": "COUNT", "values": { "count": 1_001 } }), "values/count: must be from 0 to 1000"),
        (json!({ "item": "COUNT", "values": { "plate": "鲁A12345" } }), "values/plate: is not asked by COUNT"),
        (
            json!({ "item": "SAID", "values": { "plate": "A12345" } }),
            "values/plate: is not the number plate of a vehicle",
        ),
    ] {
        assert_eq!(refused(&record(body)), (Code::BadField, detail.into()));
    }
}

#[test]
fn an_item_is_decided_for_only_among_those_there_are() {
    let mut street = Street::new();
    let finding = street.finding("SAID", 0, 0);
    let other = street.world.pen(2, "inspector");
    let judge = street.world.pen(3, "acceptor");
    let late = street.world.op(other, 1, "finding.amend", Some(finding), None, json!({ "item": "OTHER" }));
    assert_eq!(outcome(&street.world.say(&late), "item"), Outcome::Rival);
    let current = street.world.entity(finding).unwrap().stamps.of("item").op;
    let mut decide = |n, value: &str| {
        let body = json!({ "field": "item", "seen": [current, late.id], "value": value });
        let op = street.world.op(judge, n, "finding.resolve", Some(finding), None, body);
        street.world.say(&op)
    };
    assert_eq!(refused(&decide(1, "NOWHERE")).0, Code::BadField);
    accepted(&decide(2, "OTHER"));
}

#[test]
fn without_a_catalogue_an_item_is_taken_as_it_is_and_without_its_document_it_waits() {
    let mut street = Street::new();
    accepted(&street.say("finding.record", None, None, json!({ "item": "ANYTHING" })).1);
    street.world.documents.clear();
    let catalogue = street.catalogue;
    let held = street.say("finding.record", None, None, json!({ "item": "COUNT", "catalogue": catalogue })).1;
    assert_eq!(held, Judgement::Hold(vec![format!("document:{}", Hash::of(b"catalogue"))]));
    // A phone previews without it.
    street.world.moment.received = None;
    accepted(&street.say("finding.record", None, None, json!({ "item": "COUNT", "catalogue": catalogue })).1);
}

#[test]
fn plates_are_told_from_other_texts() {
    let mut street = Street::new();
    for (plate, fits) in [
        ("鲁A12345", true),
        ("京AD12345", true),
        ("粤B1234学", true),
        ("鲁A1234", false),
        ("鲁AO2345", false),
        ("A12345", false),
        ("鲁a12345", false),
        ("鲁A1234567", false),
        ("", false),
    ] {
        let judgement = street.answer("SAID", json!({ "is": "no", "values": { "plate": plate } }));
        assert_eq!(matches!(judgement, Judgement::Accept(_)), fits, "{plate}: {judgement:?}");
    }
}

#[test]
fn a_permit_has_a_number_of_some_length() {
    let catalogue = catalogue();
    let item = catalogue.item("HOARDING").unwrap();
    let long = "9".repeat(64);
    for (permit, fits) in [("占道2026-7", true), ("1234", true), (&long, true), ("123", false), (" 123 ", false)] {
        assert_eq!(check_value(item, "permit", &json!(permit)).is_ok(), fits, "{permit}");
    }
    for odd in [json!(format!("{long}9")), json!(2026), json!(null)] {
        assert!(check_value(item, "permit", &odd).is_err(), "{odd}");
    }
}

#[test]
fn answers_are_held_against_their_item() {
    let mut street = Street::new();
    for (item, answer, detail) in [
        ("OTHER", json!({ "is": "yes" }), "answers/OTHER: is not on this checklist"),
        ("SAID", json!({ "is": "no" }), "answers/SAID/plate: is missing"),
        ("COUNT", json!({ "is": "yes" }), "answers/COUNT/count: is missing"),
        (
            "COUNT",
            json!({ "is": "yes", "values": { "count": 2 } }),
            "answers/COUNT: the figures say no, the answer says yes",
        ),
        (
            "SHARE",
            json!({ "is": "no", "values": { "ads": 20, "all": 100 } }),
            "answers/SHARE: the figures say yes, the answer says no",
        ),
        (
            "SHARE",
            json!({ "is": "yes", "values": { "ads": 0, "all": 0 } }),
            "answers/SHARE: has no figures that it follows from",
        ),
    ] {
        assert_eq!(refused(&street.answer(item, answer)), (Code::BadField, detail.into()), "{item}");
    }
    // Half an answer is kept; nobody loses what was typed.
    accepted(&street.answer("SHARE", json!({ "values": { "ads": 3 } })));
    accepted(&street.answer("SHARE", json!({ "is": "no", "values": { "ads": 19, "all": 100 } })));
    accepted(&street.answer("SHARE", json!({ "is": "na" })));
}

#[test]
fn a_visit_is_over_when_everything_is_answered_and_shown_or_explained() {
    let mut street = Street::new();
    let bad = |detail: &str| (Code::BadField, detail.to_owned());
    assert_eq!(refused(&street.finish()), bad("answers/SAID: is not answered"));
    accepted(&street.answer("SAID", json!({ "is": "yes" })));
    accepted(&street.answer("SHARE", json!({ "is": "na" })));
    accepted(&street.answer("COUNT", json!({ "is": "no", "values": { "count": 7 } })));
    assert_eq!(refused(&street.finish()), bad("answers/COUNT: has 0 of 2 photos and no reason why"));
    let finding = street.finding("COUNT", 1, 1);
    let answer = json!({ "is": "no", "values": { "count": 7 }, "findings": [finding] });
    accepted(&street.answer("COUNT", answer.clone()));
    assert_eq!(refused(&street.finish()), bad("answers/COUNT: has 1 of 2 photos and no reason why"));
    let mut explained = answer;
    explained["why"] = json!("天黑，无法拍摄近景");
    accepted(&street.answer("COUNT", explained));
    accepted(&street.finish());
    let visit = Inspection::from_entity(&street.world.entities[&street.visit]);
    // Seven of ten points each, and never more than the cap of fifty.
    assert_eq!((visit.status.as_str(), visit.points), ("finished", Some(50)));
    assert_eq!(visit.answers["SAID"], Answer { is: Some(Is::Yes), ..Answer::default() });
    assert_eq!(refused(&street.answer("SAID", json!({ "is": "na" }))), (Code::StateChanged, "finished".into()));
}

#[test]
fn a_dispute_about_an_answer_is_settled_by_one_that_fits_and_the_points_follow() {
    let mut street = Street::new();
    let (visit, old) = (street.visit, street.world.next - 1);
    let counted = |count: u64| json!({ "is": "no", "values": { "count": count }, "why": "天黑" });
    accepted(&street.answer("COUNT", counted(1)));
    let (other, judge) = (street.world.pen(2, "inspector"), street.world.pen(3, "acceptor"));
    let body = json!({ "answers": { "COUNT": counted(3) } });
    let op = street.world.op(other, 1, "inspection.answer", Some(visit), Some(old), body);
    assert!(matches!(street.world.say(&op), Judgement::Accept(accepted) if accepted.task.is_some()));
    for item in ["SAID", "SHARE"] {
        accepted(&street.answer(item, json!({ "is": "na" })));
    }
    accepted(&street.finish());
    assert_eq!(street.world.entities[&visit].field("points"), Some(&json!(10)));
    let mut n = 0;
    let mut settle = |field: &str, value: Value| {
        n += 1;
        let seen = [street.world.entities[&visit].stamps.of(field).op, op.id];
        let body = json!({ "field": field, "seen": seen, "value": value });
        let resolve = street.world.op(judge, n, "inspection.resolve", Some(visit), None, body);
        street.world.say(&resolve)
    };
    for (value, detail) in [
        (json!({ "is": "yes", "values": { "count": 2 } }), "value: the figures say no, the answer says yes"),
        (json!({ "is": "no", "values": { "count": 2.5 } }), "value/count: must be a whole number"),
        (json!({ "values": { "count": 2 } }), "value: is no answer, and the inspection is finished"),
        (Value::Null, "value: is no answer, and the inspection is finished"),
    ] {
        assert_eq!(refused(&settle("answers/COUNT", value)), (Code::BadField, detail.into()));
    }
    assert_eq!(refused(&settle("answers/SAID", json!({ "is": "yes" }))).0, Code::NoConflict);
    accepted(&settle("answers/COUNT", counted(3)));
    let settled = &street.world.entities[&visit];
    assert_eq!((settled.field("points"), settled.rivals.len()), (Some(&json!(30)), 0));
}

#[test]
fn steps_of_a_visit_lead_only_where_they_may() {
    let mut street = Street::new();
    let visit = Some(street.visit);
    assert_eq!(
        refused(&street.say("inspection.resume", visit, Some("started"), json!({})).1),
        (Code::StateChanged, "started".into())
    );
    accepted(&street.say("inspection.pause", visit, Some("started"), json!({})).1);
    accepted(&street.answer("SAID", json!({ "is": "yes" })));
    accepted(&street.say("inspection.resume", visit, Some("paused"), json!({})).1);
    accepted(&street.say("inspection.cancel", visit, Some("started"), json!({ "reason": "封路" })).1);
    assert_eq!(refused(&street.finish()).0, Code::StateChanged);
    let other = street.world.pen(2, "handler");
    let op = street.world.op(other, 1, "inspection.start", None, None, json!({}));
    assert_eq!(refused(&street.world.say(&op)), (Code::NotAllowed, "inspection.record".into()));
}

#[test]
fn what_is_fixed_on_the_spot_shows_before_and_after_and_is_ones_own() {
    let mut street = Street::new();
    for (before, after, detail) in
        [(0, 1, "photos: none shows how it was before"), (1, 0, "photos: none shows how it is after")]
    {
        let finding = street.finding("SAID", before, after);
        let (_, judgement) = street.say("finding.fix", Some(finding), Some("reported"), json!({}));
        assert_eq!(refused(&judgement), (Code::BadField, detail.into()));
    }
    let finding = street.finding("SAID", 1, 1);
    let other = street.world.pen(2, "inspector");
    let op = street.world.op(other, 1, "finding.fix", Some(finding), None, json!({}));
    let op = Op { from: Some("reported".into()), ..op };
    assert_eq!(refused(&street.world.say(&op)), (Code::NotAllowed, "the finding is another user's".into()));
    accepted(&street.say("finding.fix", Some(finding), Some("reported"), json!({})).1);
    assert_eq!(street.world.entities[&finding].text("status"), Some("fixed_on_the_spot"));
    let (_, again) = street.say("finding.fix", Some(finding), Some("fixed_on_the_spot"), json!({}));
    assert_eq!(refused(&again).0, Code::StateChanged);
}

#[test]
fn one_op_brings_the_photos_from_afterwards_and_closes_the_finding() {
    let mut street = Street::new();
    let finding = street.finding("SAID", 1, 0);
    let photo = |of: u8, shows: &str| json!({ "original": Hash::of(&[of]), "shows": shows });
    let mut fix =
        |photos: Value| street.say("finding.fix", Some(finding), Some("reported"), json!({ "photos": photos })).1;
    for (photos, detail) in [
        (json!({ "a": photo(9, "wide") }), "photos: none shows how it is after"),
        // The very same bytes show the spot as it was, whatever is said of them.
        (json!({ "a": photo(0, "after") }), "photos/a: is the same picture as one from before"),
        (json!({ "a": photo(9, "after"), "p0": null }), "photos/p0: can only be added here"),
        (json!({ "p0": photo(9, "after") }), "photos/p0: can only be added here"),
        (json!({ "a": 1 }), "photos/a: must name the original by its hash, and show wide, close, reference or after"),
    ] {
        assert_eq!(refused(&fix(photos)), (Code::BadField, detail.into()));
    }
    accepted(&fix(json!({ "a": photo(9, "after") })));
    let fixed = &street.world.entities[&finding];
    assert_eq!(
        (fixed.text("status"), photos_showing(fixed, true), photos_showing(fixed, false)),
        (Some("fixed_on_the_spot"), 1, 1)
    );
    assert_eq!(fixed.stamps.of("photos/a").by, Some(street.pen.user));
}

#[test]
fn on_the_spot_is_within_a_day_by_the_authors_own_clock() {
    const HOUR: i64 = 60 * 60 * 1000;
    for (hours, in_time) in [(0, true), (24, true), (25, false), (-1, true), (-25, false), (24 * 400, false)] {
        let mut street = Street::new();
        let finding = street.finding("SAID", 1, 1);
        let base = Some(street.world.entities[&finding].index);
        let op = street.world.op(street.pen, 90, "finding.fix", Some(finding), base, json!({}));
        let at = At { wall: street.world.entities[&finding].at.plus_millis(hours * HOUR), ..op.at.clone() };
        let judgement = street.world.say(&Op { from: Some("reported".into()), at, ..op });
        if in_time {
            accepted(&judgement);
        } else {
            let detail = format!("at: lies {} hours from the record, and on the spot is within 24", i64::abs(hours));
            assert_eq!(refused(&judgement), (Code::BadField, detail));
        }
    }
}

#[test]
fn a_phone_knows_that_anothers_finding_is_not_its_own_to_fix() {
    let mut street = Street::new();
    let finding = street.finding("SAID", 1, 1);
    let other = street.world.pen(2, "inspector");
    street.world.moment.received = None;
    let op = street.world.op(other, 1, "finding.fix", Some(finding), None, json!({}));
    let refusal = street.world.say(&Op { from: Some("reported".into()), ..op });
    assert_eq!(refused(&refusal), (Code::NotAllowed, "the finding is another user's".into()));
}

#[test]
fn a_task_is_done_where_it_is_and_through_its_checklist() {
    let mut street = Street::new();
    let known = |world: &mut World, name: &str, kind: &str| {
        let body = json!({ "name": name, "type": kind, "place": { "lat": 39.9, "lon": 116.4 } });
        world.own("place.add", None, body)
    };
    let site = known(&mut street.world, "云台工地", "construction_site");
    let road = known(&mut street.world, "东区路", "street");
    let mut task = |more: Value| {
        let mut body = json!({ "name": "查", "place": { "words": "解放路" } });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        street.world.own("task.add", None, body)
    };
    let elsewhere = task(json!({ "place": { "id": site } }));
    let of_another_kind = task(json!({ "type": "public_toilet" }));
    let here = task(json!({ "place": { "id": road } }));
    let catalogue = street.catalogue;
    let at = |place: Value| json!({ "type": "street", "catalogue": catalogue, "place": place });
    let (visit, judgement) = street.say("inspection.start", None, None, at(json!({ "id": road })));
    accepted(&judgement);
    street.visit = visit;
    for item in ["SAID", "COUNT", "SHARE"] {
        accepted(&street.answer(item, json!({ "is": "na" })));
    }
    accepted(&street.finish());
    let mut done = |task| street.say("task.finish", Some(task), Some("open"), json!({ "inspection": visit })).1;
    let bad = |detail: &str| (Code::BadField, detail.to_owned());
    assert_eq!(refused(&done(elsewhere)), bad("inspection/place: the task is at 云台工地"));
    let of_type = "inspection/type: is street, and the task asks for public_toilet";
    assert_eq!(refused(&done(of_another_kind)), bad(of_type));
    accepted(&done(here));
}

#[test]
fn a_fix_of_a_visit_is_laid_over_the_place_of_its_task() {
    let known = EntityId(uuid::Uuid::from_u128(7));
    let task = Place { id: Some(known), lat: Some(1.0), lon: Some(2.0), ..Place::default() };
    let fix = Place { lat: Some(1.1), lon: Some(2.1), accuracy: Some(8.0), ..Place::default() };
    let words = Place { words: Some("东门".into()), ..Place::default() };
    let both = place_of_errand(Some(fix.clone()), Some(task.clone())).unwrap();
    assert_eq!(both, Place { id: Some(known), ..fix.clone() });
    let told = place_of_errand(Some(words.clone()), Some(task.clone())).unwrap();
    assert_eq!(told, Place { words: words.words, ..task.clone() });
    assert_eq!(place_of_errand(None, Some(task.clone())), Some(task));
    assert_eq!(place_of_errand(Some(fix.clone()), None), Some(fix));
    assert_eq!(place_of_errand(None, None), None);
}

#[test]
fn answers_that_contradict_themselves_are_none() {
    let mut street = Street::new();
    let place = Inspection::from_entity(&street.world.entities[&street.visit]).place.unwrap().id;
    street.world.own("place.amend", place, json!({ "items": { "PILE": true } }));
    let more = json!({ "is": "no", "values": { "ads": 11, "all": 10 } });
    assert_eq!(refused(&street.answer("SHARE", more)).1, "answers/SHARE/ads: is 11, more than all 10");
    let as_it_should_be = json!({ "is": "yes", "values": { "length": 3 } });
    assert_eq!(
        refused(&street.answer("PILE", as_it_should_be)).1,
        "answers/PILE/length: says how much is wrong, and the answer says yes"
    );
    accepted(&street.answer("PILE", json!({ "is": "yes", "values": { "length": 0 } })));
    // Something was found, so it is not as it should be, until the finding is declared void.
    let finding = street.finding("PILE", 1, 0);
    for is in ["yes", "na"] {
        let detail = format!("answers/PILE/findings: {finding} was found, and the answer is not no");
        assert_eq!(refused(&street.answer("PILE", json!({ "is": is, "findings": [finding] }))).1, detail);
    }
    accepted(&street.say("finding.void", Some(finding), Some("reported"), json!({ "reason": "看错" })).1);
    accepted(&street.answer("PILE", json!({ "is": "yes", "findings": [finding] })));
}

#[test]
fn a_task_is_done_by_those_it_is_for() {
    let mut street = Street::new();
    let (me, other) = (street.pen.user, street.world.pen(2, "inspector"));
    let place = json!({ "words": "解放路" });
    let task = |world: &mut World, to: EntityId| {
        world.own("task.add", None, json!({ "name": "查", "place": place, "to": { to.to_string(): true } }))
    };
    let (mine, theirs) = (task(&mut street.world, me), task(&mut street.world, other.user));
    let visit = street.visit;
    let (_, judgement) = street.say("task.finish", Some(theirs), Some("open"), json!({ "inspection": visit }));
    assert_eq!(refused(&judgement), (Code::NotAllowed, "the task is another user's".into()));
    let (_, early) = street.say("task.finish", Some(mine), Some("open"), json!({ "inspection": visit }));
    assert_eq!(refused(&early), (Code::StateChanged, "inspection: is started".into()));
    for item in ["SAID", "COUNT", "SHARE"] {
        accepted(&street.answer(item, json!({ "is": "na" })));
    }
    accepted(&street.finish());
    accepted(&street.say("task.finish", Some(mine), Some("open"), json!({ "inspection": visit })).1);
    assert_eq!(street.world.entities[&mine].text("status"), Some("done"));
}

#[test]
fn a_catalogue_is_the_document_that_it_says_it_is() {
    let mut street = Street::new();
    let load = |street: &mut Street, version: &str, of: &[u8]| {
        let body = json!({ "version": version, "file": { "hash": Hash::of(of), "len": 9 } });
        let id = street.world.id();
        let op = Op::parse(&street.world.draft(id, "catalogue.load", EntityId::from(id), body).to_text()).unwrap();
        street.world.say(&op)
    };
    assert_eq!(refused(&load(&mut street, "2", b"catalogue")), (Code::BadField, "version: the document says 1".into()));
    let nowhere = Hash::of(b"nowhere");
    assert_eq!(load(&mut street, "1", b"nowhere"), Judgement::Hold(vec![format!("document:{nowhere}")]));
    accepted(&load(&mut street, "1", b"catalogue"));
    // The one loaded last is in force.
    let catalogues = street.world.entities.values().filter(|entity| entity.kind == "catalogue");
    let newest = catalogues.clone().max_by_key(|entity| entity.index).unwrap().id;
    assert_eq!(in_force(catalogues.map(|entity| &**entity)).unwrap().id, newest);
}

#[test]
fn an_unannounced_visit_is_told_to_nobody_else() {
    let mut street = Street::new();
    let (me, place) = (street.pen.user, json!({ "lat": 1.0, "lon": 1.0 }));
    let mut scopes = |more: Value| {
        let mut body = json!({ "name": "查", "place": place, "to": { me.to_string(): true } });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let task = street.world.own("task.add", None, body);
        scopes_of(&street.world.entities[&task])
    };
    assert_eq!(scopes(json!({ "unannounced": true })), [Scope::user(me)]);
    assert_eq!(scopes(json!({})), [Scope::whole_city(), Scope::user(me)]);
}
