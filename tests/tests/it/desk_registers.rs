//! Registers at a desk: who is entered, who reads what, and what is no business of a desk's.

use serde_json::{Value, json};
use xuncha_core::model::{EntityId, OpId};
use xuncha_core::protocol::PullRequest;
use xuncha_tests::harness::{RawPhone, TestServer};

use super::desk::{Desk, Reply};

/// An administrator's desk.
fn administrator(server: &TestServer) -> Desk {
    Desk::of(server, server.office.user("管理员", &["admin"], &[]))
}

async fn said(desk: &Desk, kind: &str, entity: Option<EntityId>, body: &Value) -> Reply {
    desk.step(&json!({ "kind": kind, "entity": entity, "body": body })).await
}

async fn enters(desk: &Desk, kind: &str, body: Value) -> (EntityId, Value) {
    let reply = said(desk, kind, None, &body).await;
    assert_eq!(reply.status, 200, "{kind}: {}", reply.body);
    (reply.body["now"]["id"].as_str().unwrap().parse().unwrap(), reply.body["now"].clone())
}

/// The lines of a register.
async fn lines(desk: &Desk, path: &str) -> Vec<Value> {
    let page = desk.get(&format!("register/{path}")).await;
    assert_eq!(page.status, 200, "{path}: {}", page.body);
    page.body["lines"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_enters_a_unit_a_role_and_a_person_who_then_works() {
    let server = TestServer::start().await;
    let admin = administrator(&server);
    let (unit, now) = enters(&admin, "unit.add", json!({ "name": "市容环卫处" })).await;
    assert_eq!((&now["kind"], &now["name"], &now["status"]), (&json!("unit"), &json!("市容环卫处"), &json!("active")));
    assert_eq!(now["open"], json!(["unit.amend", "unit.retire"]));
    let role = json!({ "name": "patrol", "sees": "area", "may": { "finding.review": true, "finding.note": true } });
    let (role, _) = enters(&admin, "role.add", role).await;
    assert_eq!(role, EntityId::of_role(server.office.ledger, "patrol"), "a role is found by its name");
    let body = json!({ "name": "赵敏", "roles": { "patrol": true, "leader": true } });
    let (user, now) = enters(&admin, "user.add", body).await;
    assert_eq!(now["roles"], json!(["leader", "patrol"]));
    let desk = Desk::of(&server, user);
    assert_eq!(desk.get("findings").await.status, 200);
    assert_eq!(
        desk.get("register/users").await.body["code"],
        "not_allowed",
        "names are in the city; the register is not"
    );

    // What is changed is changed; what a stranger sees is what they saw.
    let amended = said(&admin, "user.amend", Some(user), &json!({ "roles": { "leader": null }, "unit": unit })).await;
    assert_eq!((&amended.body["now"]["roles"], &amended.body["now"]["unit"]), (&json!(["patrol"]), &json!(unit)));
    let stale = desk_step_from(&admin, "unit.retire", unit, "retired").await;
    assert_eq!(stale.body["code"], "state_changed");
    let retired = said(&admin, "unit.retire", Some(unit), &json!({ "reason": "并入" })).await;
    assert_eq!(
        (&retired.body["now"]["status"], &retired.body["now"]["open"]),
        (&json!("retired"), &json!(["unit.amend"]))
    );
    assert_eq!(said(&desk, "unit.add", None, &json!({ "name": "x" })).await.body["code"], "not_allowed");
    server.check_all();
}

async fn desk_step_from(desk: &Desk, kind: &str, entity: EntityId, from: &str) -> Reply {
    desk.step(&json!({ "kind": kind, "entity": entity, "from": from })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_said_at_desks_is_turned_down_by_its_name() {
    let server = TestServer::start().await;
    let all: Vec<&str> = xuncha_core::plan::role_seeds().iter().map(|role| role.name).collect();
    let desk = Desk::of(&server, server.office.user("万能", &all, &[]));
    let size = server.office.size();
    for kind in [
        "finding.record",
        "inspection.start",
        "photo.preview",
        "ledger.amend",
        "device.add",
        "session.open",
        "catalogue.load",
        "blobs.kept",
    ] {
        let reply = said(&desk, kind, None, &json!({})).await;
        assert_eq!((reply.status, &reply.body["code"]), (400, &json!("bad_field")), "{kind}: {}", reply.body);
        assert!(reply.body["detail"].as_str().unwrap().starts_with("kind: "), "{}", reply.body);
    }
    for (kind, body, field) in [
        ("user.add", json!({ "name": "x", "roles": { "nobody": true } }), "roles"),
        ("unit.add", json!({}), "name"),
        ("area.add", json!({ "name": "x", "shape": { "type": "Point" } }), "shape"),
        ("calendar.add", json!({ "year": 2030, "hours": [] }), "hours"),
    ] {
        let reply = said(&desk, kind, None, &body).await;
        assert!(reply.body["detail"].as_str().unwrap().contains(field), "{kind}: {}", reply.body);
    }
    assert_eq!(server.office.size(), size, "what is turned down leaves no entry");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_register_is_read_page_by_page_by_those_who_may() {
    let server = TestServer::start().await;
    let admin = administrator(&server);
    let mut units = Vec::new();
    for number in 0..7 {
        units.push(enters(&admin, "unit.add", json!({ "name": format!("第{number}处") })).await.0);
    }
    units.sort();
    let (mut seen, mut path): (Vec<EntityId>, _) = (Vec::new(), "register/units?limit=3".to_owned());
    loop {
        let page = admin.get(&path).await.body;
        seen.extend(
            page["lines"]
                .as_array()
                .unwrap()
                .iter()
                .map(|line| line["id"].as_str().unwrap().parse::<EntityId>().unwrap()),
        );
        match page["next"].as_str() {
            Some(next) => path = format!("register/units?limit=3&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen, units);
    let coordinator = Desk::of(&server, server.office.user_of("孙丽", "coordinator", units[0]));
    let reviewer = Desk::of(&server, server.office.user("赵敏", &["acceptor"], &[]));
    for (register, staff) in [
        ("units", true),
        ("areas", true),
        ("roles", true),
        ("places", true),
        ("catalogues", true),
        ("calendars", true),
        ("users", false),
        ("devices", false),
    ] {
        let path = format!("register/{register}");
        assert_eq!(admin.get(&path).await.status, 200, "{register}");
        assert_eq!(reviewer.get(&path).await.status, if staff { 200 } else { 403 }, "{register}");
        assert_eq!(coordinator.get(&path).await.status, 403, "{register}");
    }
    assert_eq!(reviewer.get("register/tasks").await.status, 200, "a reviewer gives visits out");
    assert_eq!(admin.get("register/tasks").await.status, 403);
    assert_eq!(admin.get("register/findings").await.status, 404);
    for path in ["register/units?limit=0", "register/units?limit=501", "register/units?after=x", "register/units?q=1"] {
        assert_eq!(admin.get(path).await.body["code"], "bad_field", "{path}");
    }
    let current: Vec<_> = lines(&admin, "catalogues").await.iter().map(|line| line["in_force"].clone()).collect();
    assert_eq!(current, [json!(true)]);
    let years: Vec<_> = lines(&admin, "calendars").await.iter().map(|line| line["year"].as_u64().unwrap()).collect();
    assert!(years.contains(&2026), "{years:?}");
    let (calendar, _) = enters(&admin, "calendar.add", json!({ "year": 2031, "hours": [["09:00", "17:00"]] })).await;
    assert_eq!(calendar, EntityId::of_calendar(server.office.ledger, 2031));
    let twice = said(&admin, "calendar.add", None, &json!({ "year": 2031, "hours": [["09:00", "17:00"]] })).await;
    assert_eq!((twice.status, &twice.body["code"]), (409, &json!("exists")));
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_are_told_apart_by_what_was_heard_of_them() {
    let server = TestServer::start().await;
    let admin = administrator(&server);
    let mut phone = RawPhone::new(&server, "王敏", &["inspector"]).await;
    let device = |lines: &[Value]| lines.iter().find(|line| line["device"] == json!(phone.device)).unwrap().clone();
    let first = device(&lines(&admin, "devices").await);
    assert_eq!((&first["status"], first.get("last_seen"), &first["pending"]), (&json!("active"), None, &json!(0)));
    let at = server.clock.now();
    let id = phone.device;
    let mut draft = phone.draft("finding.record", None, &json!({ "item": "SR-1", "note": "堆物" }));
    draft.at.offset = Some(-1_500);
    let text = phone.say(&draft);
    phone.settle(&text).await;
    // One that waits for something nobody knows.
    let waits = phone.about("finding.amend", EntityId::from(OpId(server.host().uuid())), None, &json!({ "note": "x" }));
    phone.push_one(&waits).await;
    let line = |lines: &[Value]| lines.iter().find(|line| line["device"] == json!(id)).unwrap().clone();
    let heard = line(&lines(&admin, "devices").await);
    assert_eq!((&heard["last_seen"], &heard["pending"]), (&json!(at), &json!(1)), "{heard}");
    server.clock.pass(60_000);
    phone.pull(&PullRequest::default()).await;
    let pulled = line(&lines(&admin, "devices").await);
    assert_eq!(pulled["last_seen"], json!(server.clock.now()), "looking is being heard of");
    let entity: EntityId = pulled["id"].as_str().unwrap().parse().unwrap();
    let revoked = said(&admin, "device.revoke", Some(entity), &json!({ "reason": "丢失" })).await;
    assert_eq!((&revoked.body["now"]["status"], &revoked.body["now"]["reason"]), (&json!("revoked"), &json!("丢失")));
    assert_eq!(revoked.body["now"]["open"], json!([]));
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn unannounced_visits_are_told_to_those_who_make_them_alone() {
    let server = TestServer::start().await;
    let place = server.office.place("东河大街", "street", (31.23, 121.47));
    let (one, other) = (server.office.user("赵敏", &["acceptor"], &[]), server.office.user("周杰", &["acceptor"], &[]));
    let inspector = server.office.user("王敏", &["inspector"], &[]);
    let (mine, theirs) = (Desk::of(&server, one), Desk::of(&server, other));
    let visit = |name: &str| json!({ "name": name, "place": { "id": place }, "to": { inspector.to_string(): true } });
    enters(&mine, "task.add", visit("例行")).await;
    let mut hidden = visit("暗访");
    hidden["unannounced"] = json!(true);
    let (secret, _) = enters(&mine, "task.add", hidden).await;
    let names = async |desk: &Desk| -> Vec<String> {
        let lines = lines(desk, "tasks").await;
        let mut names: Vec<_> = lines.iter().map(|line| line["name"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&mine).await, ["例行", "暗访"]);
    assert_eq!(names(&theirs).await, ["例行"]);
    let cancelled = said(&mine, "task.cancel", Some(secret), &json!({ "reason": "改期" })).await;
    assert_eq!(
        (&cancelled.body["now"]["status"], &cancelled.body["now"]["open"]),
        (&json!("void"), &json!(["task.amend"]))
    );
    // Who draws at a desk draws by what nobody outside knows.
    let body = json!({
        "name": "抽查", "every": { "week": ["mon"] }, "from": "2026-11-30", "type": "street", "draw": 1, "unannounced": true,
    });
    let (schedule, now) = enters(&mine, "schedule.add", body).await;
    assert!(server.office.entity(schedule).text("seed").is_some_and(|seed| seed.len() > 16));
    assert!(now.get("seed").is_none() && now["draw"] == json!(1), "{now}");
    assert!(lines(&theirs, "schedules").await.is_empty());
    server.check_all();
}
