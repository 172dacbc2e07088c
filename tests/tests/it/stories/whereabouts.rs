//! Where something is, and what follows from it: areas, the unit on whose ground it lies, and what
//! may be the same thing, told without a network.

use serde_json::json;
use xuncha_core::model::{EntityId, FindingDraft, Place};
use xuncha_tests::harness::{Phone, TestServer, square};

use super::check;

fn at(lat: f64, lon: f64) -> Place {
    Place { lat: Some(lat), lon: Some(lon), provider: Some("gps".into()), ..Place::default() }
}

fn record(phone: &Phone, item: &str, place: Place) -> EntityId {
    let draft = FindingDraft { item: Some(item.into()), place: Some(place), ..FindingDraft::default() };
    phone.notebook.record(draft, Vec::new()).unwrap()
}

/// So many metres further north.
fn north(of: (f64, f64), metres: f64) -> (f64, f64) {
    (of.0 + metres / 111_195.0, of.1)
}

#[tokio::test]
async fn areas_and_unit_are_worked_out_alike_on_the_phone_and_at_the_server() {
    let server = TestServer::start().await;
    let office = &server.office;
    let unit = |name: &str| office.add("unit.add", json!({ "name": name }));
    let [district, street, market] = ["城北区", "解放路街道", "农贸市场"].map(unit);
    let area = |name: &str, low: f64, high: f64, unit: EntityId| {
        office.add("area.add", json!({ "name": name, "shape": square(low, high), "unit": unit }))
    };
    let large = area("区", 0.0, 10.0, district);
    let small = area("街道", 4.0, 6.0, street);
    let office_of = |body| office.add("place.add", body);
    let owned = office_of(json!({
        "name": "南门市场", "type": "market", "place": { "lat": 5.0, "lon": 5.0 }, "unit": market,
    }));
    let plain = office_of(json!({ "name": "解放路", "type": "street", "place": { "lat": 5.0, "lon": 5.0 } }));
    let (a, b) = (Phone::of(&server, "王敏", "inspector").await, Phone::of(&server, "李强", "inspector").await);
    a.sync().await;

    let known = |id| Place { id: Some(id), ..Place::default() };
    let mut both = vec![large, small];
    both.sort();
    let cases = [
        (at(1.0, 1.0), vec![large], Some(district)),
        (at(5.0, 5.0), both.clone(), Some(street)),
        (known(plain), both.clone(), Some(street)),
        (known(owned), both, Some(market)),
        // Seen from the other side of the road; still the market's.
        (Place { id: Some(owned), ..at(1.0, 1.0) }, vec![large], Some(market)),
        (Place { words: Some("桥下".into()), ..Place::default() }, vec![], None),
        (at(50.0, 50.0), vec![], None),
    ];
    let mut recorded = Vec::new();
    for (place, areas, unit) in &cases {
        let told = a.notebook.whereabouts(place).unwrap();
        assert_eq!((&told.areas, told.unit), (areas, *unit), "{place:?}");
        recorded.push(record(&a, "SR-1", place.clone()));
    }
    let shown = |phone: &Phone, id| {
        let entity = phone.notebook.entity(id).unwrap().unwrap();
        (entity.field("areas").cloned().unwrap_or_default(), entity.reference("duty_unit"))
    };
    let before: Vec<_> = recorded.iter().map(|id| shown(&a, *id)).collect();
    a.sync().await;
    b.sync().await;
    for ((id, before), (_, areas, unit)) in recorded.iter().zip(before).zip(&cases) {
        assert_eq!(before, (json!(areas), *unit));
        assert_eq!(shown(&a, *id), before);
        assert_eq!(shown(&b, *id), before);
        assert_eq!(server.office.entity(*id).reference("duty_unit"), *unit);
    }
    check(&server, &[&a, &b]);
}

#[tokio::test]
async fn what_may_be_the_same_thing_is_told_before_it_is_recorded() {
    let server = TestServer::start().await;
    let (a, b) = (Phone::of(&server, "王敏", "inspector").await, Phone::of(&server, "李强", "inspector").await);
    let here = (31.23, 121.47);
    let put = |item: &str, metres: f64| {
        let (lat, lon) = north(here, metres);
        record(&b, item, at(lat, lon))
    };
    // Much of another kind lies nearer than what is alike.
    let crowd: Vec<_> = (0..60).map(|_| put("HW-6", 1.0)).collect();
    let (near, far, void) = (put("SR-1", 29.0), put("SR-1", 31.0), put("SR-1", 5.0));
    let rubble = put("HW-2", 90.0);
    b.notebook.void(void, "看错了").unwrap();
    b.sync().await;
    a.sync().await;

    let alike = |phone: &Phone, item: &str, metres: f64| -> Vec<EntityId> {
        let (lat, lon) = north(here, metres);
        phone.notebook.look_alikes(item, &at(lat, lon)).unwrap().iter().map(|near| near.finding.id).collect()
    };
    // Within 30 m, nearest first; void ones are no longer there.
    assert_eq!(alike(&a, "SR-1", 0.0), [near]);
    assert_eq!(alike(&a, "SR-1", 29.5), [near, far]);
    // Another item with the same code (01-11), within the 100 m of the item that is asked for.
    assert_eq!(alike(&a, "CW-9", 0.0), [rubble]);
    assert!(alike(&a, "HW-2", 0.0).is_empty(), "its own radius is 50 m");
    assert!(alike(&a, "AD-1", 0.0).is_empty());
    assert_eq!(alike(&a, "HW-6", 0.0).len(), 50);
    assert!(alike(&a, "XX-1", 0.0).is_empty(), "what is not in the catalogue is like nothing");
    assert!(a.notebook.look_alikes("SR-1", &at(99.0, 0.0)).is_err());
    // What one has just written down oneself counts too, and a week later it does not.
    let own = {
        let (lat, lon) = north(here, 2.0);
        record(&a, "SR-1", at(lat, lon))
    };
    assert_eq!(alike(&a, "SR-1", 0.0), [own, near]);
    a.clock.pass_days(7);
    assert_eq!(alike(&a, "SR-1", 0.0), [own, near]);
    a.clock.pass(1);
    assert!(alike(&a, "SR-1", 0.0).is_empty());
    assert_eq!(alike(&a, "CW-9", 0.0), [rubble], "14 days");
    assert_eq!(crowd.len(), 60);
    check(&server, &[&a, &b]);
}

#[tokio::test]
async fn without_a_fix_what_may_be_the_same_is_looked_for_at_the_known_place() {
    let server = TestServer::start().await;
    let here = (5.0, 5.0);
    let market = server.office.place("南门市场", "market", here);
    let beside = server.office.place("南门桥", "point", north(here, 20.0));
    let far = server.office.place("北门市场", "market", north(here, 2_000.0));
    let (a, b) = (Phone::of(&server, "王敏", "inspector").await, Phone::of(&server, "李强", "inspector").await);
    b.sync().await;
    let known = |id| Place { id: Some(id), ..Place::default() };
    let typed = Place { words: Some("桥下".into()), ..Place::default() };
    let within = |metres| {
        let (lat, lon) = north(here, metres);
        at(lat, lon)
    };
    // Nobody of them has a fix, but one that has, at the side of the market.
    let [at_market, at_bridge, at_far, in_words, with_fix] =
        [known(market), known(beside), known(far), typed.clone(), within(10.0)].map(|place| record(&b, "SR-1", place));
    record(&b, "HW-6", known(market));
    b.sync().await;
    a.sync().await;
    let alike = |place: &Place| -> Vec<_> {
        let found = a.notebook.look_alikes("SR-1", place).unwrap();
        found.iter().map(|near| (near.finding.id, near.metres.round() as u32)).collect()
    };
    assert_eq!(alike(&known(market)), [(at_market, 0), (with_fix, 10), (at_bridge, 20)], "nearest first, within 30 m");
    assert_eq!(alike(&known(far)), [(at_far, 0)]);
    // With a fix, those without one are found where their places are.
    assert_eq!(alike(&within(5.0)), [(at_market, 5), (with_fix, 5), (at_bridge, 15)]);
    // A fix counts more than the name of the place.
    let aside = Place { id: Some(market), ..within(500.0) };
    assert_eq!(alike(&aside), []);
    // Of words nobody knows where they are, and they are taken for no other place.
    assert_eq!(alike(&typed), []);
    assert!(a.finding(in_words).place.is_some());
    a.clock.pass_days(8);
    assert_eq!(alike(&known(market)), [], "too long ago");
    check(&server, &[&a, &b]);
}

#[tokio::test]
async fn without_a_fix_a_place_is_told_in_words_by_a_pin_or_by_its_name() {
    let server = TestServer::start().await;
    let market = server.office.place("南门市场", "market", (5.0, 5.0));
    let (a, b) = (Phone::of(&server, "王敏", "inspector").await, Phone::of(&server, "李强", "inspector").await);
    a.sync().await;
    let typed =
        Place { words: Some("南门桥下第二根柱子".into()), provider: Some("typed".into()), ..Place::default() };
    let pin = Place { provider: Some("pin".into()), ..at(5.001, 5.0) };
    let known = Place { id: Some(market), ..Place::default() };
    let recorded: Vec<_> = [&typed, &pin, &known].map(|place| (record(&a, "SR-1", place.clone()), place)).into();
    assert_eq!(a.sync().await.refused, 0);
    b.sync().await;
    for (id, place) in recorded {
        for phone in [&a, &b] {
            assert_eq!(phone.finding(id).place.as_ref(), Some(place));
        }
    }
    let nowhere = FindingDraft { place: Some(Place::default()), item: Some("SR-1".into()), ..FindingDraft::default() };
    assert!(a.notebook.record(nowhere, Vec::new()).is_err(), "a place that says nothing is none");
    let near = a.notebook.places_near(5.001, 5.0, 200.0).unwrap();
    assert_eq!((near.len(), near[0].place.id), (1, market));
    assert!((near[0].metres - 111.0).abs() < 1.0);
    assert!(a.notebook.places_near(5.001, 5.0, 100.0).unwrap().is_empty());
    check(&server, &[&a, &b]);
}
