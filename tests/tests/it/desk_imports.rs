//! Cases of another register at a desk: listed by what they claim, as long as this ledger has no word of its own.

use serde_json::{Value, json};
use xuncha_core::model::EntityId;
use xuncha_server::ledger::OwnOp;
use xuncha_server::settings::Settings;
use xuncha_tests::harness::{TestServer, run_behind};

use super::desk::{City, Desk, city};
use super::desk_papers::file;

/// Takes a case over that was to be rectified so many days from now; gives its id.
fn takes_over(server: &TestServer, case: &str, days: i64, closed: bool) -> EntityId {
    let at = |days: i64| server.clock.now().plus_millis(days * 24 * 60 * 60 * 1000);
    let mut source = json!({
        "system": "某市数字城管", "case": case, "opened": at(-9), "target": at(days), "department": "园林处",
    });
    if closed {
        source["closed"] = json!(at(days - 1));
    }
    let entity = EntityId::of_source(server.office.ledger, "某市数字城管", case);
    let body = json!({ "source": source, "item": "SR-1", "note": case });
    let verdict = server.office.say(&OwnOp::making_once("import", "finding.import", entity, body)).into_final();
    assert!(matches!(verdict, Some(xuncha_core::protocol::Final::Accepted { .. })), "{verdict:?}");
    entity
}

/// The time in so many days, as an address bears it.
fn day(server: &TestServer, days: i64) -> String {
    server.clock.now().plus_millis(days * 24 * 60 * 60 * 1000).to_string().replace(':', "%3A")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_register_wanted_done_is_due_and_overdue_in_lists() {
    let City { mut server, unit, desk, .. } = city().await;
    let late = takes_over(&server, "早已超期", -3, false);
    takes_over(&server, "还有两天", 2, false);
    takes_over(&server, "按期办结", -4, true);
    let overdue = desk.get("findings?standing=overdue").await.body;
    let line = overdue["lines"][0].clone();
    assert_eq!((&line["id"], &line["standing"], &line["status"]), (&json!(late), &json!("overdue"), &json!("filed")));
    assert_eq!(desk.notes("findings?standing=overdue").await, ["早已超期"]);
    assert_eq!(desk.notes("findings?standing=running").await, ["还有两天"]);
    assert_eq!(desk.notes("findings?standing=on_time").await, ["按期办结"]);
    assert_eq!(desk.notes("findings?order=due").await, ["早已超期", "还有两天"]);
    assert_eq!(desk.notes(&format!("findings?due_before={}", day(&server, 1))).await, ["早已超期"]);
    // A time of this ledger goes before the claim.
    let body = json!({ "unit": unit, "limit": { "amount": 5, "clock": "calendar_day" } });
    let sent = desk.step(&json!({ "kind": "finding.dispatch", "entity": late, "body": body })).await;
    assert_eq!(sent.status, 200, "{}", sent.body);
    assert!(desk.notes("findings?standing=overdue").await.is_empty());
    assert_eq!(desk.notes("findings?order=due").await, ["还有两天", "早已超期"]);
    server.check_all();

    // A ledger whose lists were written by an older version.
    server.stop().await;
    let version = match Settings::of(server.data()).unwrap().database {
        Some(_) => "UPDATE schema SET version = 6",
        None => "PRAGMA user_version = 9",
    };
    run_behind(server.data(), "UPDATE listing SET due = NULL");
    run_behind(server.data(), version);
    server.resume().await;
    let desk = Desk::of(&server, server.office.user("吴强", &["supervision"], &[]));
    assert_eq!(desk.notes("findings?order=due").await, ["还有两天", "早已超期"]);
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_tells_what_is_claimed_and_by_which_register() {
    let City { server, desk, .. } = city().await;
    let closed = takes_over(&server, "按期办结", -4, true);
    let text = String::from_utf8(file(&desk, "findings.csv?q=办结").await.bytes).unwrap();
    let mut lines = text.trim_start_matches('\u{feff}').trim_end().split("\r\n");
    let (titles, row) = (lines.next().unwrap().split(','), lines.next().unwrap().split(','));
    let said: std::collections::BTreeMap<&str, &str> = titles.zip(row).collect();
    let known = ["编号", "时限情况", "来源", "来源编号", "来源单位", "取自来源的时间"].map(|title| said[title]);
    let id = closed.to_string();
    let wanted = [&id, "按期完成", "某市数字城管", "按期办结", "园林处", "整改时限、发现时间、结案时间"];
    assert_eq!(known, wanted, "{text}");
    assert!(said["发现时间"] < said["结案时间"] && said["结案时间"] < said["整改时限"], "{text}");
    assert!(said["整改时限"] < said["转入时间"], "{text}");
    let map: Value = serde_json::from_slice(&file(&desk, "findings.geojson?q=办结").await.bytes).unwrap();
    assert_eq!(map["features"][0]["properties"]["source_case"], "按期办结");
}
