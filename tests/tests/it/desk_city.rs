//! The city in names: what a console puts in place of ids, and what it tells to whom.

use reqwest::header::IF_NONE_MATCH;
use serde_json::{Value, json};
use xuncha_core::model::EntityId;
use xuncha_tests::harness::{TestServer, put_bytes, square, street_list};

use super::desk::{City, Desk, city};

fn named(list: &Value, id: EntityId) -> Option<&Value> {
    list.as_array().unwrap().iter().find(|one| one["id"] == json!(id))
}

#[tokio::test(flavor = "multi_thread")]
async fn units_areas_people_and_items_have_names() {
    let City { server, unit, coordinator, desk, .. } = city().await;
    let area = server.office.area("东河", &square(30.0, 31.0));
    server.office.change("area.amend", area, json!({ "unit": unit }));
    let reply = desk.get("city").await.body;
    assert_eq!((&reply["name"], &reply["zone"]), (&json!("测试市"), &json!("Asia/Shanghai")));
    assert_eq!(reply["size"], json!(server.office.size()));
    assert_eq!(reply["map"], json!({ "shift": "none" }));
    assert_eq!(named(&reply["units"], unit).unwrap(), &json!({ "id": unit, "name": "市容环卫处", "status": "active" }));
    let area = named(&reply["areas"], area).unwrap();
    assert_eq!((&area["name"], &area["unit"]), (&json!("东河"), &json!(unit)));
    let bounds: Vec<f64> = area["box"].as_array().unwrap().iter().map(|side| side.as_f64().unwrap()).collect();
    assert!(bounds.len() == 4 && bounds[0] < bounds[2] && bounds[1] < bounds[3], "{bounds:?}");
    let person =
        json!({ "id": coordinator, "name": "孙丽", "roles": ["coordinator"], "unit": unit, "status": "active" });
    assert_eq!(named(&reply["people"], coordinator).unwrap(), &person);
    let item = reply["items"].as_array().unwrap().iter().find(|item| item["id"] == "SR-1").unwrap();
    assert!(item["zh"].is_string() && item["filing"]["zh"].is_string() && item["limits"].is_array(), "{item}");
    assert!(item.get("retired").is_none() && item["photos"]["after"].is_u64() && item["points"]["each"].is_u64());
    let actions = reply["actions"].as_array().unwrap();
    assert!(actions.iter().any(|action| action["id"] == item["action"]), "{actions:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_of_a_unit_learns_of_the_people_of_the_unit_alone() {
    let City { server, unit, coordinator, desk, .. } = city().await;
    let colleague = server.office.user_of("周杰", "handler", unit);
    let other = server.office.add("unit.add", json!({ "name": "园林处" }));
    let stranger = server.office.user_of("郑爽", "coordinator", other);
    let theirs = Desk::of(&server, coordinator).get("city").await.body;
    let people: Vec<_> = theirs["people"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert!(people.len() == 2 && people.contains(&json!("孙丽")) && people.contains(&json!("周杰")), "{people:?}");
    assert!(named(&theirs["units"], other).is_some(), "units are no secret");
    let all = desk.get("city").await.body;
    assert!([colleague, stranger].iter().all(|one| named(&all["people"], *one).is_some()));
    // An administrator sees no cases, and everybody whom they manage.
    let admin = Desk::of(&server, server.office.user("管理员", &["admin"], &[])).get("city").await.body;
    assert!(named(&admin["people"], stranger).is_some());
    server.office.change("user.retire", stranger, json!({}));
    let all = desk.get("city").await.body;
    assert_eq!(named(&all["people"], stranger).unwrap()["status"], "retired", "old cases name them still");
    assert_eq!(Desk::of(&server, stranger).get("city").await.body["code"], "user_retired");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_did_not_change_is_not_sent_again() {
    let City { server, findings, desk, .. } = city().await;
    let first = desk.get("city").await;
    let tag = first.tag.unwrap();
    let again = async |tag: &str| Desk::send(desk.at("city").header(IF_NONE_MATCH, tag)).await;
    assert_eq!(again(&tag).await.status, 304);
    desk.step(&json!({ "kind": "finding.file", "entity": findings[0] })).await;
    assert_eq!(again(&tag).await.status, 304, "a case changes no name");
    server.office.add("unit.add", json!({ "name": "园林处" }));
    let changed = again(&tag).await;
    assert_eq!(changed.status, 200);
    assert_ne!(changed.tag.unwrap(), tag);
}

#[tokio::test(flavor = "multi_thread")]
async fn items_of_older_catalogues_keep_their_names() {
    let server = TestServer::start().await;
    let mut next = street_list("2027", &["SR-1"]);
    let dropped = next.actions[0].items.pop().unwrap();
    next.place_types.iter_mut().for_each(|kind| kind.items.retain(|item| *item != dropped.id));
    let changed = next.actions[0].items[0].id.clone();
    next.actions[0].items[0].name.zh = "新名字".into();
    server.office.load_catalogue(&next);
    let desk = Desk::of(&server, server.office.user("吴刚", &["supervision"], &[]));
    let items = desk.get("city").await.body["items"].clone();
    let item = |id: &str| items.as_array().unwrap().iter().find(|item| item["id"] == json!(id)).unwrap();
    assert_eq!((&item(&dropped.id)["zh"], &item(&dropped.id)["retired"]), (&json!(dropped.name.zh), &json!(true)));
    assert_eq!((&item(&changed)["zh"], item(&changed).get("retired")), (&json!("新名字"), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_map_is_where_the_settings_say() {
    let mut server = TestServer::start().await;
    let chief = server.office.user("吴刚", &["supervision"], &[]);
    let settings = server.data().join(xuncha_server::settings::FILE);
    let before = std::fs::read_to_string(&settings).unwrap_or_default();
    let say = |map: &str| put_bytes(&settings, format!("{before}\n[map]\n{map}\n"));
    say(
        "tiles = \"https://tiles.example.cn/{z}/{x}/{y}.png\"\nattribution = \"审图号 GS(2026)0001\"\nshift = \"gcj02\"",
    );
    server.restart().await;
    let map = Desk::of(&server, chief).get("city").await.body["map"].clone();
    let wanted = json!({
        "tiles": "https://tiles.example.cn/{z}/{x}/{y}.png", "attribution": "审图号 GS(2026)0001", "shift": "gcj02",
    });
    assert_eq!(map, wanted);
    server.stop().await;
    for (map, fault) in [
        ("style = \"javascript:alert(1)\"", "map.style"),
        ("tiles = \"//elsewhere/{z}\"", "map.tiles"),
        ("shift = \"bd09\"", "bd09"),
        ("colour = \"red\"", "colour"),
    ] {
        say(map);
        let refused = server.try_resume().await.err().unwrap().to_string();
        assert!(refused.contains(fault), "{map}: {refused}");
    }
}
