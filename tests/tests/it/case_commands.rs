//! A case through the built binary: the office at its command line, a unit and a re-checker with their phones.

use serde_json::{Value, json};
use xuncha_tests::harness::{Process, SeededRandom, picture, put_bytes, xuncha};

use super::commands::Desk;

/// One command of a phone.
fn field(home: &str, words: &[&str]) -> Vec<Value> {
    let outcome = xuncha([&["field", "--home", home], words].concat());
    assert_eq!(outcome.code, 0, "{words:?}: {outcome:?}");
    outcome.lines()
}

impl Desk {
    /// A step that somebody takes at the office.
    fn says(&self, who: &str, kind: &str, id: Option<&str>, body: &Value) -> Value {
        let (data, body) = (self.path("data"), body.to_string());
        let about = ["case", "--data", &data, "say", kind].into_iter().chain(id);
        xuncha(about.chain(["--as", who, "--body", &body])).value()
    }

    fn phone_of(&self, name: &str) -> String {
        let invited = self.admin(&["device", "invite", "--user", name]);
        let home = self.path(name);
        field(&home, &["enrol", invited["url"].as_str().unwrap()]);
        home
    }
}

#[test]
fn a_unit_and_a_re_checker_work_on_a_case_offline() {
    let (desk, random) = (Desk::new(), SeededRandom::new());
    let server = Process::serve(&desk.folder.path().join("data"));
    let unit = desk.admin(&["unit", "add", "--name", "市容环卫处"])["id"].as_str().unwrap().to_owned();
    desk.admin(&["user", "add", "--name", "孙丽", "--role", "coordinator", "--unit", &unit]);
    desk.admin(&["user", "add", "--name", "吴刚", "--role", "supervision", "--role", "acceptor"]);
    let photos: Vec<String> = (0..4).map(|number| desk.path(&format!("{number}.png"))).collect();
    for photo in &photos {
        put_bytes(photo, picture(&random, 320, 240));
    }
    let inspector = desk.enrolled("王敏");
    let record = ["record", "--item", "SR-1", "--at", "31.23,121.47", "--note", "占道堆物", "--photo", &photos[0]];
    let finding = field(&inspector, &record)[0]["finding"].as_str().unwrap().to_owned();
    field(&inspector, &["sync"]);

    desk.says("吴刚", "finding.file", Some(&finding), &json!({}));
    let draft = json!({
        "unit": unit, "findings": { &finding: true }, "limits": { &finding: { "amount": 2, "clock": "working_day" } },
        "source": "on_site", "demand": "限期清理",
    });
    let notice = desk.says("吴刚", "notice.draft", None, &draft)["id"].as_str().unwrap().to_owned();
    desk.says("吴刚", "notice.issue", Some(&notice), &json!({}));

    // The unit has the notice on its phone, and answers where there is no network.
    let of_unit = desk.phone_of("孙丽");
    field(&of_unit, &["sync"]);
    let shown = field(&of_unit, &["case", "notices"]);
    assert_eq!((shown.len(), &shown[0]["id"], &shown[0]["status"]), (1, &json!(notice), &json!("issued")));
    field(&of_unit, &["case", "sign", &notice]);
    let until = "2099-12-01T17:30:00+08:00";
    field(&of_unit, &["case", "extend", &finding, "--until", until, "--reason", "需协调车辆"]);
    field(&of_unit, &["case", "reply", &finding, "已清理", "--photo", &photos[1], "--camera"]);
    let again = xuncha(["field", "--home", &of_unit, "case", "sign", &notice]);
    assert_eq!((again.code, &again.lines()[0]["error"]["code"]), (1, &json!("state_changed")));
    assert_eq!(field(&of_unit, &["show", &finding])[0]["status"], "replied", "what the phone says itself counts there");
    let sent = field(&of_unit, &["sync"]);
    assert_eq!(
        (&sent[0]["accepted"], &sent[0]["refused"]),
        (&json!(4), &json!(0)),
        "with the previews of its photo: {}",
        sent[0]
    );

    // The re-checker finds it undone, and done the second time.
    field(&inspector, &["sync"]);
    field(&inspector, &["case", "return", &finding, "--reason", "仍有堆物", "--photo", &photos[2]]);
    field(&inspector, &["sync"]);
    field(&of_unit, &["sync"]);
    field(&of_unit, &["case", "reply", &finding, "已全部清理", "--photo", &photos[3], "--camera"]);
    field(&of_unit, &["sync"]);
    field(&inspector, &["sync"]);
    field(&inspector, &["case", "close", &finding, "--check", "现场已清"]);
    let sent = field(&inspector, &["sync"]);
    assert_eq!((&sent[0]["accepted"], &sent[0]["refused"]), (&json!(1), &json!(0)), "{}", sent[0]);

    let data = desk.path("data");
    let listed = xuncha(["case", "--data", &data, "list", "finding"]).value();
    assert_eq!((&listed["status"], &listed["rework"]), (&json!("closed"), &json!(1)), "{listed}");
    let listed = xuncha(["case", "--data", &data, "list", "notice"]).value();
    assert_eq!((&listed["id"], &listed["status"]), (&json!(notice), &json!("closed")));
    assert_eq!(xuncha(["verify", "--data", &data]).value()["ok"], true);
    assert_eq!(server.stop(), 0);
}
