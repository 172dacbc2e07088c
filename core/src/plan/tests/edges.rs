//! Single rules at their edges.

use super::*;
use crate::model::Place;
use crate::model::catalogue::Item;

/// A conflict about `note`, and somebody who may decide it; gives the two ops and the finding.
fn disputed() -> (World, Pen, EntityId, [OpId; 2]) {
    let (mut world, a, b, finding, old) = two_pens();
    let judge = world.pen(3, "acceptor");
    let theirs = world.op(b, 5, "finding.amend", Some(finding), Some(old), json!({ "note": "theirs" }));
    let mine = world.op(a, 2, "finding.amend", Some(finding), Some(old), json!({ "note": "mine" }));
    world.say(&theirs);
    world.say(&mine);
    (world, judge, finding, [theirs.id, mine.id])
}

#[test]
fn an_op_over_what_it_made_itself_changes_nothing() {
    let mut world = World::new();
    let pen = world.pen(1, "inspector");
    let record = world.op(pen, 1, "finding.record", None, None, json!({ "item": "SR-1", "tags": { "夜间": true } }));
    world.say(&record);
    let again = plan(&world, &world.moment.clone(), &record);
    assert_eq!(["item", "tags/夜间"].map(|field| outcome(&again, field)), [Outcome::Same; 2]);

    let void = world.op(pen, 2, "finding.void", Some(record.entity), None, json!({ "reason": "twice" }));
    world.say(&void);
    let again = plan(&world, &world.moment.clone(), &void);
    assert_eq!(outcome(&again, "status"), Outcome::Same);

    let (mut world, judge, finding, seen) = disputed();
    let body = json!({ "field": "note", "seen": seen, "value": "mine" });
    let decided = world.op(judge, 1, "finding.resolve", Some(finding), None, body);
    world.say(&decided);
    let again = plan(&world, &world.moment.clone(), &decided);
    assert_eq!(outcome(&again, "note"), Outcome::Same);
}

#[test]
fn the_smaller_of_two_areas_at_one_place_says_whose_ground_it_is() {
    let square =
        |size: f64| json!({ "type": "Polygon", "coordinates": [[[0, 0], [size, 0], [size, size], [0, size], [0, 0]]] });
    for sizes in [[1.0, 8.0], [8.0, 1.0]] {
        let mut world = World::new();
        let owners = ["甲", "乙"].map(|name| world.own("unit.add", None, json!({ "name": name })));
        let areas: Vec<EntityId> = std::iter::zip(sizes, owners)
            .map(|(size, unit)| {
                world.own("area.add", None, json!({ "name": "片区", "shape": square(size), "unit": unit }))
            })
            .collect();
        let place = Place { lat: Some(0.5), lon: Some(0.5), ..Place::default() };
        let smaller = if sizes[0] < sizes[1] { owners[0] } else { owners[1] };
        assert_eq!(unit_of(&world, &place, &areas), Some(smaller), "{sizes:?}");
    }
}

#[test]
fn a_set_has_so_many_members_and_no_more() {
    let (mut world, a, _, finding, _) = two_pens();
    let tags = |count: usize| -> Value {
        (0..count).map(|n| (n.to_string(), Value::Bool(true))).collect::<serde_json::Map<_, _>>().into()
    };
    for (n, count, expected) in [(2, 102, "bad_field"), (3, 101, "bad_field"), (4, 100, "accept")] {
        let op = world.op(a, n, "finding.amend", Some(finding), Some(world.next), json!({ "tags": tags(count) }));
        assert_eq!(code(&world.say(&op)), expected, "{count} members");
    }
}

#[test]
fn a_schedule_comes_again_on_days_that_there_are() {
    let mut world = World::new();
    let mut add = |recurs: Value| {
        let id = world.id();
        let body = json!({ "name": "巡查", "every": recurs, "from": "2026-11-27", "type": "street" });
        let op = world.draft(id, "schedule.add", EntityId::from(id), body).to_text();
        let judged = world.say(&Op::parse(&op).unwrap());
        code(&judged)
    };
    let cases = [
        (json!({ "month": [1, 31] }), "accept"),
        (json!({ "month": [] }), "bad_field"),
        (json!({ "month": [0] }), "bad_field"),
        (json!({ "month": [15, 32] }), "bad_field"),
        (json!({ "week": [] }), "bad_field"),
        (json!({ "week": ["fri"] }), "accept"),
    ];
    for (recurs, expected) in cases {
        assert_eq!(add(recurs.clone()), expected, "{recurs}");
    }
}

#[test]
fn a_decision_about_words_leaves_the_place_alone() {
    let (mut world, judge, finding, seen) = disputed();
    let square = json!({ "type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]]] });
    let area = world.own("area.add", None, json!({ "name": "片区", "shape": square }));
    let pen = world.pen(9, "inspector");
    let place = json!({ "place": { "lat": 5.0, "lon": 5.0 } });
    let put = world.op(pen, 1, "finding.amend", Some(finding), Some(world.next), place);
    world.say(&put);
    let areas = |world: &World| world.entity(finding).unwrap().field("areas").cloned();
    assert_eq!(areas(&world), Some(json!([area])));
    let body = json!({ "field": "note", "seen": seen, "value": "mine" });
    let decided = world.op(judge, 1, "finding.resolve", Some(finding), None, body);
    assert_eq!(code(&world.say(&decided)), "accept");
    assert_eq!(areas(&world), Some(json!([area])));
}

#[test]
fn phones_and_logins_are_seen_by_their_user_alone() {
    let mut world = World::new();
    let pen = world.pen(1, "inspector");
    let session = world.entity(pen.session).unwrap();
    let device = world.entities.values().find(|entity| entity.kind == "device").unwrap();
    for entity in [&session, device] {
        assert_eq!(scopes_of(entity), [Scope::user(pen.user)], "{}", entity.kind);
    }
}

#[test]
fn a_user_is_seen_by_staff_by_the_user_and_by_the_unit() {
    let mut world = World::new();
    let pen = world.pen(1, "inspector");
    let mut user = Entity::clone(&world.entity(pen.user).unwrap());
    let unit = EntityId(Uuid::from_u128(9));
    for (field, unit) in [(Value::Null, None), (json!(unit), Some(Scope::unit(unit)))] {
        user.fields.insert("unit".into(), field);
        let mut seen_in: Vec<_> = [Scope::staff(), Scope::user(pen.user)].into_iter().chain(unit).collect();
        seen_in.sort();
        assert_eq!(scopes_of(&user), seen_in);
    }
}

#[test]
fn only_units_do_not_read_who_inspected() {
    let id = EntityId(Uuid::from_u128(5));
    assert!(!Scope::unit(id).shows_all());
    assert!([Scope::org(), Scope::staff(), Scope::area(id), Scope::user(id)].iter().all(Scope::shows_all));
}

#[test]
fn a_place_without_a_fix_is_where_the_known_place_is_and_two_without_any_point_are_together_by_name_alone() {
    let (mut world, ..) = two_pens();
    let admin = world.pen(9, "admin");
    let mut add = |n, place: serde_json::Value| {
        let mut body = json!({ "name": "南门市场", "type": "market" });
        if !place.is_null() {
            body["place"] = place;
        }
        let op = world.op(admin, n, "place.add", None, None, body);
        assert_eq!(code(&world.say(&op)), "accept");
        op.entity
    };
    let (on_map, in_words) = (add(1, json!({ "lat": 5.0, "lon": 5.0 })), add(2, json!({ "words": "桥下" })));
    let named = |id| Place { id: Some(id), ..Place::default() };
    let fix = Place { lat: Some(5.0), lon: Some(6.0), ..Place::default() };
    assert_eq!(point_of(&world, &named(on_map)), Some((5.0, 5.0)));
    assert_eq!(point_of(&world, &Place { id: Some(on_map), ..fix.clone() }), Some((5.0, 6.0)), "its own comes first");
    assert_eq!(point_of(&world, &named(in_words)), None);
    let degree = metres_apart(&world, &named(on_map), &fix).unwrap();
    assert!((degree - 110_772.0).abs() < 50.0, "{degree}");
    assert_eq!(metres_apart(&world, &named(in_words), &named(in_words)), Some(0.0));
    assert_eq!(metres_apart(&world, &named(in_words), &named(on_map)), None);
    assert_eq!(metres_apart(&world, &named(in_words), &fix), None);
    assert_eq!(metres_apart(&world, &Place::default(), &Place::default()), None);
}

#[test]
fn what_looks_alike_is_the_same_thing_near_and_lately_and_open() {
    let catalogue = crate::model::catalogue::seed_catalogue();
    let items: Vec<&Item> = catalogue.items().collect();
    let item = items[0];
    let stranger = items.iter().find(|other| other.id != item.id).unwrap();
    let (mut world, a, ..) = two_pens();
    let record = world.op(a, 2, "finding.record", None, None, json!({ "item": item.id }));
    world.say(&record);
    let other = world.entity(record.entity).unwrap();
    let near = f64::from(item.near.metres);
    let lately = other.at.plus_millis(i64::from(item.near.days) * 24 * 60 * 60 * 1000);
    let alike = |item: &Item, metres, now| looks_alike(item, &other, None, metres, now);
    assert!(alike(item, near, lately));
    assert!(!alike(item, near + 1.0, lately), "too far away");
    assert!(!alike(item, near, lately.plus_millis(1)), "too long ago");
    assert!(!alike(stranger, 0.0, other.at), "something else");
    let void = world.op(a, 3, "finding.void", Some(record.entity), None, json!({ "reason": "twice" }));
    assert_eq!(code(&world.say(&void)), "accept");
    let other = world.entity(record.entity).unwrap();
    assert!(!looks_alike(item, &other, None, 0.0, other.at), "void");
}
