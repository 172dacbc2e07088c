//! What a desk is offered: the steps that are open to whoever sits there, and disputes side by side.

use serde_json::{Value, json};
use xuncha_tests::harness::{RawPhone, TestServer};

use super::desk::{City, Desk, city};

fn open(line: &Value) -> Vec<&str> {
    line["open"].as_array().unwrap().iter().map(|kind| kind.as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_bears_the_steps_that_are_open_to_whoever_looks() {
    let City { server, unit, coordinator, findings, desk, .. } = city().await;
    let path = format!("findings/{}", findings[0]);
    let one = desk.get(&path).await.body;
    assert!(open(&one).contains(&"finding.file") && !open(&one).contains(&"finding.dispatch"), "{one}");
    let listed = desk.get("findings?q=占道").await.body;
    assert_eq!(listed["lines"][0]["open"], one["open"], "in a list as by itself");
    assert_eq!(one["disputes"], Value::Null);
    let filed = desk.step(&json!({ "kind": "finding.file", "entity": findings[0] })).await.body;
    assert!(open(&filed["now"]).contains(&"finding.dispatch"), "the reply of a step says what comes next: {filed}");
    let sent = desk.step(&json!({ "kind": "finding.dispatch", "entity": findings[0], "body": { "unit": unit } })).await;
    assert!(open(&sent.body["now"]).contains(&"finding.suspend"), "{}", sent.body);

    let of_unit = Desk::of(&server, coordinator);
    let theirs = of_unit.get(&path).await.body;
    assert_eq!(
        open(&theirs),
        ["finding.assign", "finding.give_back", "finding.reply", "finding.request_extension"],
        "what is the unit's to do"
    );
    let leader = Desk::of(&server, server.office.user("陈局", &["leader"], &[]));
    assert_eq!(open(&leader.get(&path).await.body), ["finding.note"]);
    // What is open is taken by the law, and what is not is refused.
    for kind in ["finding.reply", "finding.close"] {
        let said = json!({ "kind": kind, "entity": findings[0], "body": if kind == "finding.reply" { json!({ "reply": "已清理" }) } else { json!({}) } });
        let taken = of_unit.step(&said).await.status;
        assert_eq!(taken == 200, open(&theirs).contains(&kind), "{kind}");
    }
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_people_wrote_stands_side_by_side_until_somebody_decides() {
    let server = TestServer::start().await;
    let mut inspector = RawPhone::new(&server, "李强", &["inspector"]).await;
    let mut acceptor = RawPhone::new(&server, "赵敏", &["acceptor"]).await;
    let unit = server.office.add("unit.add", json!({ "name": "市容环卫处" }));
    let coordinator = server.office.user_of("孙丽", "coordinator", unit);
    let (finding, record) = inspector.record("原话");
    let index = inspector.settle(&record).await;
    let desk = Desk::of(&server, server.office.user("吴刚", &["supervision", "dispatcher", "acceptor"], &[]));
    for kind in ["finding.file", "finding.dispatch"] {
        let limit = json!({ "amount": 3, "clock": "calendar_day" });
        let body = if kind == "finding.file" { json!({}) } else { json!({ "unit": unit, "limit": limit }) };
        assert_eq!(desk.step(&json!({ "kind": kind, "entity": finding, "body": body })).await.status, 200, "{kind}");
    }
    let first = acceptor.about("finding.amend", finding, Some(index), &json!({ "note": "验收员的话" }));
    acceptor.settle(&first).await;
    let second = inspector.about("finding.amend", finding, Some(index), &json!({ "note": "巡查员的话" }));
    inspector.push_one(&second).await;

    let line = desk.get("findings?has=disputed").await.body["lines"][0].clone();
    let dispute = &line["disputes"][0];
    assert_eq!((&dispute["field"], dispute["values"].as_array().unwrap().len()), (&json!("note"), 2), "{line}");
    let (stands, rival) = (&dispute["values"][0], &dispute["values"][1]);
    assert_eq!(
        (&stands["value"], &rival["value"]),
        (&json!("验收员的话"), &json!("巡查员的话")),
        "what stands is first"
    );
    assert_eq!((&stands["op"], &rival["op"]), (&json!(RawPhone::id_of(&first)), &json!(RawPhone::id_of(&second))));
    for (value, phone) in [(stands, &acceptor), (rival, &inspector)] {
        assert_eq!(value["device"], json!(phone.device), "{value}");
        assert!(value["by"].is_string() && value["at"].is_string() && value["index"].is_u64(), "{value}");
    }
    assert!(open(&line).contains(&"finding.resolve"));
    // The unit sees that there are two words for it, and not whose.
    let theirs = Desk::of(&server, coordinator).get(&format!("findings/{finding}")).await.body;
    let values = theirs["disputes"][0]["values"].as_array().unwrap();
    assert!(values.len() == 2 && values.iter().all(|value| value.get("by").is_none() && value.get("device").is_none()));
    assert!(!open(&theirs).contains(&"finding.resolve"));

    let seen = [stands, rival].map(|value| value["op"].clone());
    let body = json!({ "field": "note", "seen": seen, "value": "两人商定的话" });
    let decided = desk.step(&json!({ "kind": "finding.resolve", "entity": finding, "body": body })).await;
    assert_eq!((decided.status, &decided.body["now"]["note"]), (200, &json!("两人商定的话")), "{}", decided.body);
    assert_eq!(decided.body["now"]["disputes"], Value::Null);
    server.check_all();
}
