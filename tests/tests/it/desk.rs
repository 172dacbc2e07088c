//! People at a desk, over HTTP: lists, one case, its history, steps, and what changes meanwhile.

use reqwest::header::{ETAG, IF_NONE_MATCH};
use serde_json::{Value, json};
use xuncha_core::model::{EntityId, FindingDraft, Place, Time};
use xuncha_core::plan::Scope;
use xuncha_server::settings::Settings;
use xuncha_tests::harness::{Phone, TestServer, http_client, run_behind};

/// A desk of somebody's.
pub(super) struct Desk {
    pub(super) http: reqwest::Client,
    pub(super) url: String,
    pub(super) token: String,
}

pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) tag: Option<String>,
    pub(super) body: Value,
}

impl Desk {
    pub(super) fn of(server: &TestServer, user: EntityId) -> Desk {
        Desk { http: http_client(), url: server.url(), token: server.office.seat(user) }
    }

    pub(super) fn at(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.get(format!("{}/v1/{path}", self.url)).bearer_auth(&self.token)
    }

    pub(super) async fn send(request: reqwest::RequestBuilder) -> Reply {
        let response = request.send().await.unwrap();
        let tag = response.headers().get(ETAG).map(|tag| tag.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        let body = response.bytes().await.unwrap();
        Reply { status, tag, body: serde_json::from_slice(&body).unwrap_or_default() }
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        Desk::send(self.at(path)).await
    }

    /// The notes on a page, in its order.
    pub(super) async fn notes(&self, path: &str) -> Vec<String> {
        let page = self.get(path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        let lines = page.body["lines"].as_array().unwrap();
        lines.iter().map(|line| line["note"].as_str().unwrap().to_owned()).collect()
    }

    pub(super) async fn step(&self, step: &Value) -> Reply {
        let request = self.http.post(format!("{}/v1/steps", self.url)).bearer_auth(&self.token);
        Desk::send(request.body(step.to_string())).await
    }
}

/// Three inspectors' findings at a corner, at a bridge, and far away, and who works on them.
pub(super) struct City {
    pub(super) server: TestServer,
    pub(super) phone: Phone,
    pub(super) unit: EntityId,
    pub(super) coordinator: EntityId,
    pub(super) findings: Vec<EntityId>,
    pub(super) desk: Desk,
}

pub(super) const CORNER: (f64, f64) = (31.2304, 121.4737);

pub(super) async fn city() -> City {
    let server = TestServer::start().await;
    let phone = Phone::of(&server, "王敏", "inspector").await;
    let unit = server.office.add("unit.add", json!({ "name": "市容环卫处" }));
    let coordinator = server.office.user_of("孙丽", "coordinator", unit);
    phone.sync().await;
    let mut findings = Vec::new();
    for (item, note, lat) in [
        ("SR-1", "路口堆物，占道", CORNER.0),
        ("SR-1", "桥下堆物", CORNER.0 + 0.0002),
        ("SR-2", "路口油烟 No.12", CORNER.0),
        ("SR-1", "河边堆物", CORNER.0 + 0.5),
    ] {
        let place = Place { lat: Some(lat), lon: Some(CORNER.1), ..Place::default() };
        let draft = FindingDraft {
            item: Some(item.into()),
            note: Some(note.into()),
            place: Some(place),
            why: Some("夜间无法拍摄".into()),
            ..FindingDraft::default()
        };
        findings.push(phone.notebook.record(draft, Vec::new()).unwrap());
    }
    phone.sync().await;
    let chief = server.office.user("吴刚", &["supervision", "acceptor", "dispatcher"], &[]);
    let desk = Desk::of(&server, chief);
    City { server, phone, unit, coordinator, findings, desk }
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_are_listed_filtered_and_searched_page_by_page() {
    let City { desk, server: _server, .. } = city().await;
    assert_eq!(desk.notes("findings").await, ["河边堆物", "路口油烟 No.12", "桥下堆物", "路口堆物，占道"]);
    assert_eq!(desk.notes("findings?q=堆物").await, ["河边堆物", "桥下堆物", "路口堆物，占道"]);
    assert_eq!(desk.notes("findings?q=路口 占道").await, ["路口堆物，占道"]);
    assert_eq!(desk.notes("findings?q=桥").await, ["桥下堆物"]);
    assert_eq!(desk.notes("findings?q=no 12").await, ["路口油烟 No.12"]);
    assert!(desk.notes("findings?q=桥堆").await.is_empty(), "that stands nowhere side by side");
    assert_eq!(desk.notes("findings?item=SR-2,SR-9&status=reported").await, ["路口油烟 No.12"]);
    assert!(desk.notes("findings?status=filed").await.is_empty());

    // Page by page, whatever comes in meanwhile.
    let mut seen = Vec::new();
    let mut path = "findings?limit=3".to_owned();
    loop {
        let page = desk.get(&path).await.body;
        seen.extend(page["lines"].as_array().unwrap().iter().map(|line| line["note"].clone()));
        match page["next"].as_str() {
            Some(next) => path = format!("findings?limit=3&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 4);
    for (path, field) in [
        ("findings?limit=0", "limit"),
        ("findings?limit=501", "limit"),
        ("findings?after=x", "after"),
        ("findings?order=oldest", "order"),
        ("findings?standing=tired", "standing"),
        ("findings?has=legs", "has"),
        ("findings?q=!", "q"),
        ("findings?colour=red", ""),
    ] {
        let reply = desk.get(path).await;
        assert_eq!((reply.status, &reply.body["code"]), (400, &json!("bad_field")), "{path}");
        assert!(reply.body["detail"].as_str().unwrap().contains(field), "{path}: {}", reply.body);
    }
    assert_eq!(desk.get("nonsense").await.status, 404);
    assert_eq!(desk.get("findings/nonsense").await.status, 404);
    let strange = Desk { token: "no".into(), ..desk };
    assert_eq!(strange.get("findings").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn times_of_receipt_and_of_what_is_due_cut_a_list() {
    let City { mut server, phone, unit, findings, desk, .. } = city().await;
    server.clock.pass_days(2);
    let border = server.clock.now();
    phone.record_at("两天后", CORNER.0, CORNER.1);
    phone.sync().await;
    let day = |time: Time| format!("{time}").replace(':', "%3A");
    assert_eq!(desk.notes(&format!("findings?from={}", day(border))).await, ["两天后"]);
    assert_eq!(desk.notes(&format!("findings?before={}&q=堆物", day(border))).await.len(), 3);
    assert!(desk.notes(&format!("findings?from={}&q=堆物", day(border))).await.is_empty());

    for (finding, days) in [(findings[0], 3), (findings[3], 1)] {
        for (kind, body) in [
            ("finding.file", json!({})),
            ("finding.dispatch", json!({ "unit": unit, "limit": { "amount": days, "clock": "calendar_day" } })),
        ] {
            let reply = desk.step(&json!({ "kind": kind, "entity": finding, "body": body })).await;
            assert_eq!(reply.status, 200, "{kind}: {}", reply.body);
        }
    }
    assert_eq!(desk.notes("findings?order=due").await, ["河边堆物", "路口堆物，占道"]);
    assert_eq!(desk.notes("findings?standing=running").await.len(), 2);
    let first = desk.get("findings?order=due&limit=1").await.body;
    let next = first["next"].as_str().unwrap();
    assert_eq!(desk.notes(&format!("findings?order=due&limit=1&after={next}")).await, ["路口堆物，占道"]);
    assert_eq!(desk.get(&format!("findings?after={next}")).await.status, 400, "of another order");
    server.clock.pass_days(2);
    assert_eq!(desk.notes("findings?standing=overdue").await, ["河边堆物"]);
    assert_eq!(desk.notes("findings?standing=overdue&q=路口").await, Vec::<String>::new());
    assert_eq!(desk.get("findings?standing=overdue").await.body["lines"][0]["standing"], "overdue");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_sees_what_is_theirs_and_no_more() {
    let City { server, unit, coordinator, findings, desk, .. } = city().await;
    let of_unit = Desk::of(&server, coordinator);
    assert!(of_unit.notes("findings").await.is_empty());
    for (kind, body) in [("finding.file", json!({})), ("finding.dispatch", json!({ "unit": unit }))] {
        let step = json!({ "kind": kind, "entity": findings[0], "body": body });
        assert_eq!(desk.step(&step).await.status, 200);
    }
    assert_eq!(of_unit.notes("findings").await, ["路口堆物，占道"]);
    assert_eq!(of_unit.notes("findings?q=堆物").await, ["路口堆物，占道"]);
    let shown = of_unit.get(&format!("findings/{}", findings[0])).await;
    assert_eq!((shown.status, &shown.body["by"]), (200, &Value::Null), "no inspector's name");
    assert_eq!(of_unit.get(&format!("findings/{}", findings[1])).await.status, 404);
    assert_eq!(of_unit.get(&format!("findings/{}/history", findings[0])).await.status, 403);
    assert_eq!(of_unit.get("findings?by=x").await.status, 403);
    // A square around the bridge, and somebody who sees that alone.
    let square = |lat: f64| {
        let (south, north) = (lat - 0.01, lat + 0.01);
        let corner = |lat: f64, east: f64| json!([CORNER.1 + east, lat]);
        let ring = [
            corner(south, -0.01),
            corner(south, 0.01),
            corner(north, 0.01),
            corner(north, -0.01),
            corner(south, -0.01),
        ];
        json!({ "type": "Polygon", "coordinates": [ring] })
    };
    let area = server.office.area("河西", &square(CORNER.0 + 0.5));
    let phone = Phone::of(&server, "李强", "inspector").await;
    phone.sync().await;
    phone.record_at("河西新物", CORNER.0 + 0.5, CORNER.1);
    phone.sync().await;
    let local = server.office.user("周杰", &["acceptor"], &[area]);
    assert_eq!(Desk::of(&server, local).notes("findings").await, ["河西新物"]);
    assert_eq!(desk.notes(&format!("findings?area={area}")).await, ["河西新物"]);
    server.office.change("user.retire", local, json!({}));
    let left = Desk::of(&server, local).get("findings").await;
    assert_eq!((left.status, &left.body["code"]), (403, &json!("user_retired")));
    // A desk is left after its time.
    server.clock.pass_days(31);
    assert_eq!(desk.get("findings").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_is_taken_once_and_a_refused_one_leaves_nothing() {
    let City { server, coordinator, findings, desk, .. } = city().await;
    let (finding, size) = (findings[0], server.office.size());
    let refused = [
        (json!({ "kind": "finding.close", "entity": finding }), 409, "state_changed"),
        (json!({ "kind": "finding.decline", "entity": finding }), 400, "bad_field"),
        (json!({ "kind": "finding.file", "entity": finding, "from": "filed" }), 409, "state_changed"),
        (json!({ "kind": "finding.fly", "entity": finding }), 400, "bad_field"),
        (json!({ "kind": "finding.file" }), 400, "bad_field"),
        (json!({ "kind": "user.add", "body": { "name": "x" } }), 403, "not_allowed"),
        (json!({ "kind": "finding.file", "entity": coordinator }), 422, "wrong_kind"),
        (json!({ "kind": "finding.file", "entity": finding, "colour": "red" }), 400, "malformed"),
    ];
    for (step, status, code) in refused {
        let reply = desk.step(&step).await;
        assert_eq!((reply.status, &reply.body["code"]), (status, &json!(code)), "{step}: {}", reply.body);
    }
    let of_unit = Desk::of(&server, coordinator);
    let stolen = of_unit.step(&json!({ "kind": "finding.file", "entity": finding })).await;
    assert_eq!((stolen.status, &stolen.body["code"]), (403, &json!("not_allowed")));
    assert_eq!(server.office.size(), size, "what is turned down leaves no entry");

    let before = desk.get(&format!("findings/{finding}")).await.tag.unwrap();
    let step = json!({
        "id": "0190a000-0000-7000-8000-000000000001", "kind": "finding.file", "entity": finding,
        "from": "reported", "body": { "condition": "占用人行道" },
    });
    let done = desk.step(&step).await;
    assert_eq!((done.status, &done.body["verdict"]["verdict"]), (200, &json!("accepted")), "{}", done.body);
    assert_eq!(done.body["now"]["status"], "filed");
    assert_ne!(done.tag.as_ref(), Some(&before));
    let again = desk.step(&step).await;
    assert_eq!((again.status, &again.body["verdict"]["verdict"]), (200, &json!("duplicate")));
    assert_eq!(server.office.size(), size + 1, "twice said, once done");
    // Who has the newest version is told so.
    let known = desk.at(&format!("findings/{finding}")).header(IF_NONE_MATCH, done.tag.unwrap());
    assert_eq!(Desk::send(known).await.status, 304);
    let history = desk.get(&format!("findings/{finding}/history")).await.body;
    let kinds: Vec<_> = history["said"].as_array().unwrap().iter().map(|said| said["kind"].clone()).collect();
    assert_eq!(kinds, ["finding.record", "finding.file"]);
    assert_eq!(history["said"][1]["body"]["condition"], "占用人行道");
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_be_the_same_is_near_and_of_the_same_item() {
    let City { findings, desk, server: _server, .. } = city().await;
    assert_eq!(desk.notes(&format!("findings/{}/alike", findings[0])).await, ["桥下堆物"]);
    assert_eq!(desk.notes(&format!("findings/{}/alike", findings[1])).await, ["路口堆物，占道"]);
    assert!(desk.notes(&format!("findings/{}/alike", findings[3])).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_is_told_while_somebody_looks() {
    let City { mut server, findings, desk, .. } = city().await;
    let mut stream = desk.at("events").send().await.unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let step = json!({ "kind": "finding.file", "entity": findings[1] });
    assert_eq!(desk.step(&step).await.status, 200);
    let mut text = String::new();
    while !text.contains("\n\n") {
        text.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
    }
    let data = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    let change: Value = serde_json::from_str(data).unwrap();
    let last = server.office.size() - 1;
    let told = json!({ "index": last, "entity": findings[1], "kind": "finding", "gone": false });
    assert_eq!(change, told);
    assert!(text.contains(&format!("id: {last}\n")) && text.contains("event: change\n"), "{text}");
    // Who comes back says where they were.
    let mut again = desk.at("events").header("Last-Event-ID", last.to_string()).send().await.unwrap();
    let mut text = String::new();
    while !text.contains("\n\n") {
        text.push_str(std::str::from_utf8(&again.chunk().await.unwrap().unwrap()).unwrap());
    }
    assert!(text.contains(data), "{text}");
    // A server that stops ends it.
    drop(again);
    let (stopped, ended) = tokio::join!(server.stop(), async { while let Ok(Some(_)) = stream.chunk().await {} });
    assert_eq!((stopped, ended), ((), ()));
}

/// Records findings until the next one of the whole city is row `row` of its feed, and notes them at the ledger.
async fn fill_to(city: &City, row: usize) -> Vec<EntityId> {
    let store = &city.server.office.store;
    let rows = store.look(|snapshot| snapshot.feed(&Scope::whole_city(), 0, u64::MAX, u32::MAX)).unwrap().len();
    let (item, why) = (Some("SR-1".into()), Some("看不清".into()));
    let draft = FindingDraft { item, note: Some("堆物".into()), why, ..FindingDraft::default() };
    let made = (rows..row).map(|_| city.phone.notebook.record(draft.clone(), Vec::new()).unwrap()).collect();
    city.phone.sync().await;
    made
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_entry_moves_is_whole_where_a_page_of_the_feed_ends() {
    let city = city().await;
    // A page of live changes ends at 500 rows, one of the check at 1,000: a notice about 50 findings lies on each.
    let mut recorded: Vec<EntityId> = Vec::new();
    for row in [525, 1_025] {
        let made = fill_to(&city, row).await;
        recorded.extend(&made);
        let findings = &made[made.len() - 50..];
        for finding in findings {
            let filed = city.desk.step(&json!({ "kind": "finding.file", "entity": finding })).await;
            assert_eq!(filed.status, 200, "{}", filed.body);
        }
        let findings: serde_json::Map<_, _> = findings.iter().map(|id| (id.to_string(), json!(true))).collect();
        let body = json!({ "unit": city.unit, "findings": findings, "source": "on_site" });
        let made = city.desk.step(&json!({ "kind": "notice.draft", "body": body })).await;
        let issued = city.desk.step(&json!({ "kind": "notice.issue", "entity": made.body["now"]["id"] })).await;
        assert_eq!(issued.status, 200, "{}", issued.body);
    }
    city.server.check_all();
    // What moves one row ends it, so that nothing of the entries before is still on its way.
    assert_eq!(city.desk.step(&json!({ "kind": "finding.file", "entity": recorded[0] })).await.status, 200);
    let last = city.server.office.size() - 1;
    let mut stream = city.desk.at("events?from=0").send().await.unwrap();
    let mut text = String::new();
    while !text.contains(&format!("id: {last}\n")) || !text.ends_with("\n\n") {
        text.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
    }
    let changes = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let changes = changes.map(|data| serde_json::from_str::<Value>(data).unwrap());
    let told: Vec<_> = changes.map(|change| change["entity"].as_str().unwrap().to_owned()).collect();
    let each: std::collections::BTreeSet<_> = told.iter().collect();
    assert_eq!(told.len(), each.len(), "each is told of once, where it is now");
    let untold: Vec<_> = recorded.iter().filter(|finding| !each.contains(&finding.to_string())).collect();
    assert!(untold.is_empty(), "{} of {} were not told of: {untold:?}", untold.len(), recorded.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_or_an_area_that_is_no_id_is_refused() {
    let City { desk, server: _server, .. } = city().await;
    for (list, field) in [("findings?by=a%20b", "by"), ("findings?area=x/y", "area"), ("findings.csv?by=x", "by")] {
        let refused = desk.get(list).await;
        assert_eq!((refused.status, &refused.body["code"]), (400, &json!("bad_field")), "{list}");
        assert!(refused.body["detail"].as_str().unwrap().starts_with(field), "{}", refused.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_is_found_in_small_letters_too() {
    let City { desk, server: _server, .. } = city().await;
    let listed = desk.notes("findings?item=SR-1").await;
    assert!(!listed.is_empty());
    assert_eq!(desk.notes("findings?item=sr-1").await, listed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_without_a_single_space_is_kept_and_found_by_its_beginning() {
    let City { server, phone, desk, .. } = city().await;
    let note = "x".repeat(3_900);
    let (item, why) = (Some("SR-1".into()), Some("看不清".into()));
    let draft = FindingDraft { item, note: Some(note.clone()), why, ..FindingDraft::default() };
    phone.notebook.record(draft, Vec::new()).unwrap();
    phone.sync().await;
    assert_eq!(desk.notes(&format!("findings?q={}", &note[..32])).await, std::slice::from_ref(&note));
    assert_eq!(desk.notes(&format!("findings?q={}", &note[..200])).await, std::slice::from_ref(&note));
    assert!(desk.notes(&format!("findings?q={}", &note[..31])).await.is_empty());
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_that_says_late_is_neither_late_nor_disputed() {
    let City { server, phone, desk, .. } = city().await;
    let note = "late again, disputed by the shop".to_owned();
    let (item, why) = (Some("SR-1".into()), Some("看不清".into()));
    let draft = FindingDraft { item, note: Some(note.clone()), why, ..FindingDraft::default() };
    phone.notebook.record(draft, Vec::new()).unwrap();
    phone.sync().await;
    assert_eq!(desk.notes("findings?q=late disputed").await, [note]);
    for list in ["findings?standing=late", "findings?has=disputed"] {
        assert!(desk.notes(list).await.is_empty(), "{list}");
    }
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_that_are_behind_are_caught_up_with_before_anybody_looks() {
    let City { server, findings, desk, .. } = city().await;
    let all = desk.get("findings").await.body;
    for change in ["UPDATE head SET listed = 3", "DELETE FROM listing", "DELETE FROM trace"] {
        run_behind(server.data(), change);
    }
    // What an older process writes beside is not listed by it.
    desk.step(&json!({ "kind": "finding.note", "entity": findings[0], "body": { "notes": { "a": "看过" } } })).await;
    let again = desk.get("findings").await.body;
    let notes = |page: &Value| -> Vec<Value> {
        page["lines"].as_array().unwrap().iter().map(|line| line["note"].clone()).collect()
    };
    assert_eq!(notes(&again), notes(&all));
    assert_eq!(desk.notes("findings?q=桥下").await, ["桥下堆物"]);
    let history = desk.get(&format!("findings/{}/history", findings[0])).await.body;
    assert_eq!(history["said"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_of_an_older_version_gets_its_lists_at_the_next_start() {
    let City { mut server, findings, desk, .. } = city().await;
    let all = desk.notes("findings").await;
    server.stop().await;
    let (words, version) = match Settings::of(server.data()).unwrap().database {
        Some(_) => ("DROP TABLE IF EXISTS listing_words", "UPDATE schema SET version = 1"),
        None => ("DROP TABLE listing_words", "PRAGMA user_version = 4"),
    };
    for change in [
        words,
        "DROP INDEX entity_user_name",
        "DROP TABLE listing",
        "DROP TABLE trace",
        "DROP TABLE seat",
        "DROP TABLE webhook",
        "DROP TABLE dead_letter",
        "DROP TABLE password",
        "DROP TABLE link",
        "DROP TABLE session",
        "ALTER TABLE head DROP COLUMN listed",
        version,
    ] {
        run_behind(server.data(), change);
    }
    server.resume().await;
    let chief = server.office.user("吴强", &["supervision"], &[]);
    let desk = Desk::of(&server, chief);
    assert_eq!(desk.notes("findings").await, all);
    let history = desk.get(&format!("findings/{}/history", findings[0])).await.body;
    assert_eq!(history["said"].as_array().unwrap().len(), 1);
    server.check_all();
}
