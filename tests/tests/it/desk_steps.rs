//! Steps at a desk that are refused for how they are written, ids that follow from the state, and what waits for a person.

use serde_json::{Value, json};
use xuncha_core::model::EntityId;
use xuncha_tests::harness::Phone;

use super::desk::{City, Desk, city};
use super::desk_papers::{draft, file};

/// Files a finding and sends it to the unit, to be done within a day.
async fn dispatched(city: &City, finding: EntityId) {
    let limit = json!({ "amount": 1, "clock": "calendar_day" });
    for (kind, body) in
        [("finding.file", json!({})), ("finding.dispatch", json!({ "unit": city.unit, "limit": limit }))]
    {
        done(&city.desk, &json!({ "kind": kind, "entity": finding, "body": body })).await;
    }
}

async fn done(desk: &Desk, step: &Value) -> Value {
    let reply = desk.step(step).await;
    assert_eq!(reply.status, 200, "{step}: {}", reply.body);
    reply.body
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_op_may_hold_is_the_callers_fault_and_leaves_nothing() {
    let City { server, findings, desk, .. } = city().await;
    let (finding, size) = (findings[0], server.office.size());
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let file = format!("\"kind\":\"finding.file\",\"entity\":\"{finding}\"");
    for (text, code) in [
        (format!(r#"{{{file},"body":{{"condition":"a\u0000b"}}}}"#), "nul"),
        (format!(r#"{{{file},"body":{{"condition":"\ud800"}}}}"#), "malformed"),
        (format!(r#"{{{file},"body":{{"condition":{}}}}}"#, nested(33)), "too_deep"),
        (format!(r#"{{{file},"body":{{"condition":{}}}}}"#, nested(5_000)), "malformed"),
        (format!(r#"{{{file},"body":{{"condition":"a","condition":"b"}}}}"#), "duplicate_key"),
        (format!(r#"{{{file},"body":{{"x":[{{"a":1,"\u0061":2}}]}}}}"#), "duplicate_key"),
        (format!(r#"{{{file},"body":{{}},"body":{{}}}}"#), "malformed"),
    ] {
        let request = desk.http.post(format!("{}/v1/steps", desk.url)).bearer_auth(&desk.token).body(text.clone());
        let reply = Desk::send(request).await;
        assert_eq!((reply.status, &reply.body["code"]), (400, &json!(code)), "{text:.200}: {}", reply.body);
        assert!(reply.body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{}", reply.body);
    }
    assert_eq!(server.office.size(), size, "what cannot be read leaves no entry");
}

#[tokio::test(flavor = "multi_thread")]
async fn rework_costs_points_once_each_time_that_it_came_back() {
    let city = city().await;
    let (finding, unit) = (city.findings[0], Desk::of(&city.server, city.coordinator));
    dispatched(&city, finding).await;
    let deduct = json!({ "kind": "deduction.add", "body": { "finding": finding, "rule": "rework" } });
    let early = city.desk.step(&deduct).await;
    assert_eq!((early.status, &early.body["detail"]), (400, &json!("rule: the finding never came back")));
    for times in 1..=2 {
        done(&unit, &json!({ "kind": "finding.reply", "entity": finding, "body": { "reply": "已清理" } })).await;
        let reason = json!({ "reason": "没清完" });
        done(&city.desk, &json!({ "kind": "finding.return", "entity": finding, "body": reason })).await;
        done(&city.desk, &deduct).await;
        let again = city.desk.step(&deduct).await;
        assert_eq!(again.status, 409, "{}", again.body);
        let rows = city.desk.get(&format!("deductions?finding={finding}&rule=rework")).await.body;
        assert_eq!(rows["lines"].as_array().unwrap().len(), times, "{rows}");
    }
    // Returned twice more before anybody scores: each of them costs, and said again it is the same row.
    for _ in 0..2 {
        done(&unit, &json!({ "kind": "finding.reply", "entity": finding, "body": { "reply": "已清理" } })).await;
        let reason = json!({ "reason": "没清完" });
        done(&city.desk, &json!({ "kind": "finding.return", "entity": finding, "body": reason })).await;
    }
    let mut rows = std::collections::BTreeSet::new();
    for _ in 0..2 {
        let mut named = deduct.clone();
        named["id"] = json!(city.server.host().uuid());
        let first = done(&city.desk, &named).await;
        let again = done(&city.desk, &named).await;
        assert_eq!(first["now"]["id"], again["now"]["id"]);
        rows.insert(first["now"]["id"].to_string());
    }
    assert_eq!((rows.len(), city.desk.step(&deduct).await.status), (2, 409));
    city.server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_in_time_and_heard_late_and_what_more_is_asked_for_are_lists() {
    let city = city().await;
    let phone = Phone::of_user(&city.server, city.coordinator).await;
    let (finding, asked) = (city.findings[0], city.findings[2]);
    dispatched(&city, finding).await;
    phone.sync().await;
    phone.notebook.reply(finding, "已清理", Vec::new()).unwrap();
    city.server.clock.pass_days(3);
    assert!(city.desk.notes("findings?has=claimed").await.is_empty());
    phone.sync().await;
    assert_eq!(city.desk.notes("findings?has=claimed").await, ["路口堆物，占道"]);
    assert_eq!(city.desk.notes("findings?has=claimed&standing=late").await, ["路口堆物，占道"]);

    assert!(city.desk.notes("findings?has=asked").await.is_empty());
    done(&city.desk, &json!({ "kind": "finding.ask", "entity": asked, "body": { "asked": "缺全景" } })).await;
    assert_eq!(city.desk.notes("findings?has=asked").await, ["路口油烟 No.12"]);
    let unit = Desk::of(&city.server, city.coordinator);
    let refused = unit.get("findings?has=asked").await;
    assert_eq!((refused.status, &refused.body["code"]), (403, &json!("not_allowed")), "a unit is not told");
    assert_eq!(unit.notes("findings?has=claimed").await.len(), 1);
    done(&city.desk, &json!({ "kind": "finding.file", "entity": asked })).await;
    assert!(city.desk.notes("findings?has=asked").await.is_empty(), "it was decided");
    city.server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_left_a_notice_takes_its_later_life_with_it() {
    let city = city().await;
    let notice = draft(&city).await;
    done(&city.desk, &json!({ "kind": "notice.issue", "entity": notice })).await;
    let (unit, gone) = (Desk::of(&city.server, city.coordinator), city.findings[0]);
    done(&unit, &json!({ "kind": "notice.sign", "entity": notice })).await;
    let appeal = json!({ "appeal": "不在辖区", "appeal_of": { gone.to_string(): true } });
    done(&unit, &json!({ "kind": "notice.appeal", "entity": notice, "body": appeal })).await;
    for (name, role) in [("马局", "leader"), ("创办", "creation_office")] {
        let hears = Desk::of(&city.server, city.server.office.user(name, &[role], &[]));
        let says = json!({ "says": "grant", "because": "核对了辖区图" });
        done(&hears, &json!({ "kind": "notice.hear", "entity": notice, "body": says })).await;
    }
    // It goes to another unit, which has another limit and says something.
    let other = city.server.office.add("unit.add", json!({ "name": "园林处" }));
    let theirs = Desk::of(&city.server, city.server.office.user_of("钱进", "coordinator", other));
    let body = json!({ "unit": other, "limit": { "amount": 77, "clock": "calendar_day" } });
    done(&city.desk, &json!({ "kind": "finding.dispatch", "entity": gone, "body": body })).await;
    done(&theirs, &json!({ "kind": "finding.reply", "entity": gone, "body": { "reply": "树枝已清运" } })).await;

    let path = format!("notices/{notice}/page");
    let copy = format!("{path}?copy=unit");
    for (desk, path) in [(&city.desk, &path), (&city.desk, &copy), (&unit, &path), (&unit, &copy)] {
        let page = String::from_utf8(file(desk, path).await.bytes).unwrap();
        for said in ["已移出本督办单", "申诉成立", "签收人：孙丽", "签发单位"] {
            assert!(page.contains(said), "{path}: {said}: {page}");
        }
        for later in ["树枝已清运", "77 个自然日", "钱进", "园林处"] {
            assert!(!page.contains(later), "{path}: {later}: {page}");
        }
    }
    assert_eq!(theirs.get(&path).await.status, 404, "the notice was never theirs");
}
