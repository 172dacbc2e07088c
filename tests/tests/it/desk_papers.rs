//! What leaves a desk: a notice as a page, findings as tables and points; and how the ledger is.

use serde_json::{Value, json};
use xuncha_core::model::EntityId;
use xuncha_tests::harness::xuncha;

use super::desk::{CORNER, City, Desk, city};

pub(super) struct File {
    pub(super) status: u16,
    pub(super) kind: String,
    pub(super) policy: String,
    pub(super) bytes: Vec<u8>,
}

pub(super) async fn file(desk: &Desk, path: &str) -> File {
    let response = desk.at(path).send().await.unwrap();
    let line =
        |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    let (status, kind, policy) = (response.status().as_u16(), line("content-type"), line("content-security-policy"));
    File { status, kind, policy, bytes: response.bytes().await.unwrap().to_vec() }
}

/// A notice to the unit about the first two findings, drafted.
pub(super) async fn draft(city: &City) -> EntityId {
    for finding in &city.findings[..2] {
        let filed = city.desk.step(&json!({ "kind": "finding.file", "entity": finding })).await;
        assert_eq!(filed.status, 200, "{}", filed.body);
    }
    let findings: Value =
        city.findings[..2].iter().map(|id| (id.to_string(), json!(true))).collect::<serde_json::Map<_, _>>().into();
    let body = json!({
        "unit": city.unit, "findings": findings, "source": "on_site", "demand": "立即清理 <b>",
        "points": { city.findings[0].to_string(): 50 },
    });
    let made = city.desk.step(&json!({ "kind": "notice.draft", "body": body })).await;
    made.body["now"]["id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_is_looked_at_as_it_would_be_printed_before_and_after_it_is_issued() {
    let city = city().await;
    let notice = draft(&city).await;
    let path = format!("notices/{notice}/page?lang=zh");
    let of_unit = Desk::of(&city.server, city.coordinator);
    let page = file(&city.desk, &path).await;
    assert_eq!((page.status, page.kind.as_str()), (200, "text/html; charset=utf-8"));
    let text = String::from_utf8(page.bytes).unwrap();
    for said in ["草稿，未签发", "市容环卫处", "桥下堆物", "立即清理 &lt;b&gt;", "扣分：0.50", "状态：拟稿"]
    {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(page.policy.contains("style-src 'sha256-") && !page.policy.contains("script-src"), "{}", page.policy);
    assert_eq!(of_unit.get(&path).await.status, 404, "a draft is nobody's business outside");

    assert_eq!(city.desk.step(&json!({ "kind": "notice.issue", "entity": notice })).await.status, 200);
    let issued = String::from_utf8(file(&city.desk, &path).await.bytes).unwrap();
    assert!(issued.contains("督〔2026〕第0001号") && !issued.contains("草稿"), "{issued}");
    let theirs = String::from_utf8(file(&of_unit, &path).await.bytes).unwrap();
    assert!(theirs.contains("督〔2026〕第0001号") && !theirs.contains("王敏"), "no inspector's name: {theirs}");
    assert_eq!(city.desk.get(&format!("notices/{notice}/page?lang=en")).await.body["code"], "bad_field");
    assert_eq!(city.desk.get(&format!("notices/{}/page", city.unit)).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_leave_a_desk_as_tables_and_maps_with_the_filters_of_the_list() {
    let city = city().await;
    let notice = draft(&city).await;
    assert_eq!(city.desk.step(&json!({ "kind": "notice.issue", "entity": notice })).await.status, 200);
    let table = file(&city.desk, "findings.csv").await;
    assert_eq!((table.status, table.kind.as_str()), (200, "text/csv; charset=utf-8"));
    let text = String::from_utf8(table.bytes).unwrap();
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').trim_end().split("\r\n").collect();
    assert_eq!(lines.len(), 5, "{text}");
    assert!(lines[0].starts_with("编号,") && text.contains("督〔2026〕第0001号") && text.contains(",0.5"), "{text}");
    let some = String::from_utf8(file(&city.desk, "findings.csv?q=堆物&status=reported").await.bytes).unwrap();
    assert!(some.contains("河边堆物") && some.trim_end().split("\r\n").count() == 2, "{some}");
    let map: Value = serde_json::from_slice(&file(&city.desk, "findings.geojson").await.bytes).unwrap();
    assert_eq!(map["features"].as_array().unwrap().len(), 4);
    let book = file(&city.desk, "findings.xlsx").await;
    assert!(book.bytes.starts_with(b"PK") && book.kind.contains("spreadsheetml"));
    // A unit takes home what is its own.
    let theirs =
        String::from_utf8(file(&Desk::of(&city.server, city.coordinator), "findings.csv").await.bytes).unwrap();
    assert_eq!(theirs.trim_end().split("\r\n").count(), 3, "{theirs}");
    for path in
        ["findings.csv?limit=5", "findings.xlsx?after=3", "findings.geojson?colour=red", "points?standing=tired"]
    {
        assert_eq!(city.desk.get(path).await.body["code"], "bad_field", "{path}");
    }
    let strange = Desk { token: "no".into(), ..city.desk };
    assert_eq!((strange.get("findings.csv").await.status, strange.get("points").await.status), (401, 401));
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_are_points_on_a_map_with_their_states() {
    let City { server, unit, coordinator, findings, desk, phone, .. } = city().await;
    phone.record("无处");
    phone.sync().await;
    let limit = json!({ "amount": 1, "clock": "calendar_day" });
    for (kind, body) in [("finding.file", json!({})), ("finding.dispatch", json!({ "unit": unit, "limit": limit }))] {
        assert_eq!(desk.step(&json!({ "kind": kind, "entity": findings[0], "body": body })).await.status, 200);
    }
    server.clock.pass_days(3);
    let reply = desk.get("points").await.body;
    assert_eq!((&reply["states"], &reply["more"]), (&json!(["reported", "dispatched"]), &json!(false)), "{reply}");
    let points = reply["points"].as_array().unwrap();
    assert_eq!(points.len(), 4, "one has no place");
    assert_eq!(points[3], json!([CORNER.1, CORNER.0, 1, 1, findings[0]]), "the newest first, the oldest overdue");
    assert_eq!(points[0], json!([CORNER.1, CORNER.0 + 0.5, 0, 0, findings[3]]));
    assert_eq!(desk.get("points?item=SR-2").await.body["points"].as_array().unwrap().len(), 1);
    let theirs = Desk::of(&server, coordinator).get("points").await.body;
    assert_eq!(theirs["points"].as_array().unwrap().len(), 1, "what was sent to the unit: {theirs}");
    // Compressed for who understands it.
    let small = desk.at("points").header("accept-encoding", "zstd").send().await.unwrap();
    assert_eq!(small.headers()["content-encoding"], "zstd");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_cut_by_when_things_are_due() {
    let City { server, unit, findings, desk, .. } = city().await;
    for (finding, days) in [(findings[0], 1), (findings[1], 3), (findings[3], 5)] {
        let limit = json!({ "amount": days, "clock": "calendar_day" });
        for (kind, body) in [("finding.file", json!({})), ("finding.dispatch", json!({ "unit": unit, "limit": limit }))]
        {
            assert_eq!(desk.step(&json!({ "kind": kind, "entity": finding, "body": body })).await.status, 200);
        }
    }
    let at = |days: i64| {
        let time = server.clock.now().plus_millis(days * 24 * 60 * 60 * 1000);
        time.to_string().replace(':', "%3A")
    };
    assert_eq!(desk.notes(&format!("findings?due_before={}", at(2))).await, ["路口堆物，占道"]);
    assert_eq!(
        desk.notes(&format!("findings?due_from={}&due_before={}&order=due", at(2), at(7))).await,
        ["桥下堆物", "河边堆物"]
    );
    assert_eq!(desk.notes(&format!("findings?due_from={}", at(5))).await, ["河边堆物"]);
    let (border, later) = (at(4), at(6));
    server.clock.pass_days(4);
    assert_eq!(desk.notes("findings?standing=overdue").await, ["路口堆物，占道", "桥下堆物"]);
    assert_eq!(desk.notes(&format!("findings?standing=overdue&due_from={border}")).await, Vec::<String>::new());
    assert_eq!(desk.notes(&format!("findings?standing=running&due_before={later}")).await, ["河边堆物"]);
    assert_eq!(desk.get("findings?due_from=gestern").await.body["code"], "bad_field");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_looks_after_the_ledger_sees_how_it_is() {
    let City { server, desk, .. } = city().await;
    let refused = desk.get("ledger/health").await;
    assert_eq!((refused.status, &refused.body["detail"]), (403, &json!("ledger.manage")));
    let admin = Desk::of(&server, server.office.user("管理员", &["admin"], &[]));
    let health = admin.get("ledger/health").await.body;
    let size = json!(server.office.size());
    assert_eq!(
        (&health["size"], &health["checkpoint"]["size"], &health["ready"]),
        (&size, &size, &json!(true)),
        "{health}"
    );
    assert!(health["checkpoint"]["time"].is_string() && health["free_bytes"].is_u64(), "{health}");
    assert_eq!((&health["durable_size"], health.get("backup"), health.get("webhook")), (&json!(0), None, None));
    assert_eq!((&health["held"], &health["forks"], &health["guard"]), (&json!(0), &json!(0), &json!("none")));
    let places = tempfile::tempdir().unwrap();
    let (data, target) = (server.data().display().to_string(), places.path().join("backup").display().to_string());
    assert_eq!(xuncha(["backup", "--data", &data, &target]).code, 0);
    let after = admin.get("ledger/health").await.body;
    assert_eq!(after["durable_size"], size);
    assert!(after["backup"]["time"].is_string() && after["backup"]["age_ms"].is_i64(), "{after}");
    xuncha_server::webhook::set_webhook(&*server.office.store, &server.host(), "http://127.0.0.1:1/", None)
        .unwrap()
        .unwrap();
    let told = admin.get("ledger/health").await.body["webhook"].clone();
    assert_eq!((&told["url"], &told["dead"]), (&json!("http://127.0.0.1:1/"), &json!(0)), "{told}");
}
