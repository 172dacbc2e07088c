//! The command line as scripts rely on it: JSON, exit codes, and no network where none is needed.

use std::process::Command;

use serde_json::Value;
use xuncha_tests::harness::{Process, binary, entries_of_a_new_ledger, run, run_behind, xuncha};

pub(super) struct Desk {
    pub(super) folder: tempfile::TempDir,
}

impl Desk {
    pub(super) fn new() -> Desk {
        Desk { folder: tempfile::tempdir().unwrap() }
    }

    pub(super) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    pub(super) fn admin(&self, arguments: &[&str]) -> Value {
        let data = self.path("data");
        xuncha(["admin", "--data", &data].iter().chain(arguments)).value()
    }

    pub(super) fn enrolled(&self, name: &str) -> String {
        self.admin(&["user", "add", "--name", name, "--role", "inspector"]);
        let url = self.admin(&["device", "invite", "--user", name])["url"].as_str().unwrap().to_owned();
        let home = self.path(name);
        assert_eq!(xuncha(["field", "--home", &home, "enrol", &url]).value()["name"], name);
        home
    }
}

/// What a command prints for people.
pub(super) fn plain(arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(binary());
    command.args(arguments);
    let outcome = run(command);
    (outcome.code, outcome.out)
}

#[test]
fn what_is_printed_for_people_is_lines_and_json_is_for_whoever_asks() {
    let desk = Desk::new();
    let server = Process::serve(&desk.folder.path().join("data"));
    let (data, home) = (desk.path("data"), desk.path("nobody"));
    let (code, told) = plain(&["field", "--home", &home, "status"]);
    assert!(code == 0 && told.starts_with("not enrolled: "), "{told}");
    let home = desk.enrolled("王敏");
    let field = |arguments: &[&str]| plain(&[&["field", "--home", &home], arguments].concat());
    xuncha(["field", "--home", &home, "sync"]).value();
    xuncha(["field", "--home", &home, "record", "--item", "SR-1", "--note", "占道堆物"]).value();
    let (_, told) = field(&["status"]);
    for line in ["王敏 in ", "1 ops wait to be sent or judged", "0 files wait to be sent, 0 bytes", "device sha256:"]
    {
        assert!(told.lines().any(|said| said.starts_with(line)), "{line}: {told}");
    }
    let (_, told) = field(&["catalogue", "AD-3"]);
    for line in ["AD-3  ", "  时限 within: 5 working days", "  target: ", "  扣分 points: 0.50", "  照片 photos: "]
    {
        assert!(told.lines().any(|said| said.starts_with(line)), "{line}: {told}");
    }
    desk.admin(&["place", "add", "--name", "南门市场", "--type", "market", "--at", "31.2,121.4"]);
    desk.admin(&["schedule", "add", "--name", "周查", "--every", "fri,mon", "--type", "market"]);
    let (_, told) = plain(&["admin", "--data", &data, "schedule", "list"]);
    assert!(told.contains("  active  mon,fri  周查"), "{told}");

    let (code, told) = plain(&["verify", "--data", &data]);
    let (first, last) = (told.lines().next().unwrap(), told.lines().last().unwrap());
    assert!(code == 0 && first.ends_with("and 0 files were checked") && last == "everything fits", "{told}");
    let change = "UPDATE ledger SET op = replace(op, '南门', '北门') WHERE op LIKE '%南门%'";
    assert_eq!(run_behind(data.as_ref(), change), 1);
    let (code, told) = plain(&["verify", "--data", &data]);
    let count = told.lines().filter(|line| line.starts_with("WRONG  ")).count();
    assert!(code == 1 && told.contains("\nWRONG  entry "), "{told}");
    assert!(told.lines().last().unwrap().starts_with(&count.to_string()), "{told}");
    for arguments in [vec!["verify", "--data", &data], vec!["field", "--home", &home, "status"]] {
        assert!(serde_json::from_str::<Value>(&plain(&arguments).1).is_err());
        assert_eq!(xuncha(arguments).lines().len(), 1);
    }
    server.stop();
}

#[test]
fn what_cannot_be_done_is_said_once_and_in_words_and_times_may_be_those_of_the_city() {
    let desk = Desk::new();
    let server = Process::serve(&desk.folder.path().join("data"));
    desk.admin(&["place", "add", "--name", "南门市场", "--type", "market", "--at", "31.2,121.4"]);
    let add = ["task", "add", "--name", "查市场", "--place", "南门市场", "--due", "2026-12-01T18:00:00+08:00"];
    desk.admin(&add);
    assert_eq!(desk.admin(&["task", "list"])["due"], "2026-12-01T10:00:00.000Z");
    let home = desk.enrolled("王敏");
    let field = |arguments: &[&str]| xuncha([&["field", "--home", &home], arguments].concat());
    let message = |arguments: &[&str]| field(arguments).lines()[0]["error"]["message"].as_str().unwrap().to_owned();
    field(&["sync"]).value();
    let start = ["inspect", "start", "--place", "南门市场"];
    let visit = field(&start).value()["inspection"].as_str().unwrap().to_owned();
    field(&["inspect", "pause", &visit]).value();
    assert_eq!(message(&["inspect", "pause", &visit]), "its state is paused by now");
    assert!(
        message(&["enrol", &format!("{}/enrol#nonsense", server.url)]).starts_with("the enrolment code is unknown")
    );
    let (code, told) = plain(&[&["field", "--home", &home], &start[..]].concat());
    let first = told.lines().next().unwrap();
    assert!(code == 0 && first.starts_with("under way here already: ") && first.contains(&visit), "{told}");
    server.stop();
}

/// The first day of a schedule that was added without one, in a city of this zone.
fn first_day_in(zone: &str) -> String {
    let desk = Desk::new();
    let data = desk.folder.path().join("data");
    xuncha_tests::harness::place(&data);
    let mut command = Command::new(binary());
    command.args(["--json", "serve", "--listen", "127.0.0.1:0", "--zone", zone, "--data"]).arg(&data);
    let server = Process::start(command);
    desk.admin(&["place", "add", "--name", "南门市场", "--type", "market", "--at", "31.2,121.4"]);
    desk.admin(&["schedule", "add", "--name", "周查", "--every", "fri", "--type", "market"]);
    let listed = desk.admin(&["schedule", "list"]);
    server.stop();
    listed["from"].as_str().unwrap().to_owned()
}

#[test]
fn a_schedule_begins_on_the_day_that_it_is_in_the_city() {
    // It is never the same day in both.
    let (west, east) = (first_day_in("Etc/GMT+12"), first_day_in("Etc/GMT-14"));
    assert!(west < east, "{west} {east}");
}

pub(super) fn id_of(value: &Value) -> String {
    value["finding"].as_str().unwrap().to_owned()
}

#[test]
fn a_day_on_the_command_line() {
    let desk = Desk::new();
    let server = Process::serve(&desk.folder.path().join("data"));
    let (a, b) = (desk.enrolled("王敏"), desk.enrolled("李强"));
    let record = ["record", "--item", "SR-1", "--at", "31.23,121.47", "--note", "占道堆物"];
    let finding = id_of(&xuncha(["field", "--home", &a].iter().chain(&record)).value());
    for home in [&a, &b] {
        xuncha(["field", "--home", home, "sync"]).value();
    }
    let shown = xuncha(["field", "--home", &b, "show", &finding]).value();
    assert_eq!((shown["note"].as_str(), shown["status"].as_str()), (Some("占道堆物"), Some("reported")));
    for (home, note) in [(&b, "乙"), (&a, "甲")] {
        xuncha(["field", "--home", home, "amend", &finding, "--note", note]).value();
        xuncha(["field", "--home", home, "sync"]).value();
    }
    let conflict = xuncha(["field", "--home", &a, "conflicts"]).value();
    assert_eq!((&conflict["current"]["value"], &conflict["rivals"][0]["value"]), (&"乙".into(), &"甲".into()));
    xuncha(["field", "--home", &b, "void", &finding, "--reason", "不是我的"]).value();
    xuncha(["field", "--home", &b, "sync"]).value();
    assert_eq!(xuncha(["field", "--home", &b, "refused"]).value()["code"], "not_allowed");
    assert_eq!(xuncha(["verify", "--data", &desk.path("data")]).value()["ok"], true);
    assert_eq!(server.stop(), 0);
    assert_eq!(xuncha(["verify", "--data", &desk.path("data")]).value()["ok"], true);
}

#[test]
fn recording_works_where_there_is_no_network_at_all() {
    let alone = |arguments: &[&str]| Command::new("unshare").arg("-rn").arg(binary()).args(arguments).output();
    if !Command::new("unshare").args(["-rn", "true"]).status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: unshare -rn is not permitted on this machine");
        return;
    }
    let desk = Desk::new();
    let server = Process::serve(&desk.folder.path().join("data"));
    let home = desk.enrolled("王敏");
    server.stop();
    let output = alone(&["--json", "field", "--home", &home, "record", "--item", "SR-1", "--note", "地下室"]).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let finding = id_of(&serde_json::from_slice(&output.stdout).unwrap());
    let listed = xuncha(["field", "--home", &home, "list"]).value();
    assert_eq!((&listed["finding"]["id"], &listed["pending"]), (&finding.into(), &true.into()));
    let sync = alone(&["--json", "field", "--home", &home, "sync"]).unwrap();
    assert!(!sync.status.success());
    let said: Value = serde_json::from_slice(&sync.stdout).unwrap();
    assert_eq!(said["error"]["code"], "offline");
}

#[test]
fn a_command_that_cannot_be_done_says_why_with_a_stable_code() {
    let desk = Desk::new();
    let data = desk.path("data");
    let code = |arguments: &[&str]| {
        let outcome = xuncha(arguments);
        assert_eq!(outcome.code, 1, "{outcome:?}");
        outcome.lines()[0]["error"]["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(code(&["verify", "--data", &data]), "no_ledger");
    let server = Process::serve(&desk.folder.path().join("data"));
    let home = desk.enrolled("王敏");
    assert_eq!(code(&["admin", "--data", &data, "user", "add", "--name", "x", "--role", "nobody"]), "bad_field");
    assert_eq!(code(&["admin", "--data", &data, "device", "invite", "--user", "谁"]), "not_found");
    let user = ["admin", "--data", &data, "user", "add", "--role", "inspector", "--id"];
    let id = "01976b2e-7c00-7000-8000-00000000000a";
    assert_eq!(xuncha(user.iter().chain(&[id, "--name", "李强"])).value()["id"], id);
    assert_eq!(code(&[&user[..], &[id, "--name", "赵倩"]].concat()), "id_reused");
    assert_eq!(code(&["field", "--home", &home, "record", "--item", "SR-1", "--note", ""]), "bad_field");
    assert_eq!(code(&["field", "--home", &home, "record", "--item", "SR-1", "--at", "99,1"]), "bad_field");
    assert_eq!(code(&["field", "--home", &home, "record", "--item", "SR-1", "--photo", "/nowhere.jpg"]), "io");
    assert_eq!(code(&["field", "--home", &home, "enrol", "nonsense"]), "bad_field");
    assert_eq!(code(&["field", "--home", &desk.path("new"), "record", "--item", "SR-1"]), "not_enrolled");
    let nowhere = "01976b2e-7c00-7000-8000-000000000001";
    assert_eq!(code(&["field", "--home", &home, "show", nowhere]), "not_found");
    assert_eq!(xuncha(["field", "--home", &home, "record", "--at", "here"]).code, 2, "not a command line");
    server.stop();
}

#[test]
fn two_people_take_turns_with_one_phone_on_the_command_line() {
    let desk = Desk::new();
    let server = Process::serve(&desk.folder.path().join("data"));
    let home = desk.enrolled("王敏");
    let field = |arguments: &[&str]| xuncha(["field", "--home", &home].iter().chain(arguments));
    let code = |arguments: &[&str]| {
        let outcome = field(arguments);
        assert_eq!(outcome.code, 1, "{outcome:?}");
        let error = outcome.lines()[0]["error"].clone();
        (error["code"].as_str().unwrap().to_owned(), error["message"].as_str().unwrap().to_owned())
    };
    assert_eq!(field(&["pin", "--pin", "8351"]).value()["has_pin"], true);
    desk.admin(&["user", "add", "--name", "李强", "--role", "inspector"]);
    let url = desk.admin(&["device", "invite", "--user", "李强"])["url"].as_str().unwrap().to_owned();
    assert_eq!(field(&["sign-in", &url]).value()["name"], "李强");
    field(&["record", "--item", "SR-1", "--note", "李强的"]).value();
    let (said, message) = code(&["pin", "--pin", "1234"]);
    assert!(said == "bad_field" && message.starts_with("pin:"), "{message}");
    assert!(code(&["lock"]).1.starts_with("pin:"));
    assert_eq!(code(&["switch", "谁", "--pin", "8351"]).0, "not_found");
    assert_eq!(code(&["switch", "王敏", "--pin", "8352"]).0, "wrong_pin");
    // From standard input, as a script hands it over.
    let mut command = Command::new(binary());
    command.args(["--json", "field", "--home", &home, "switch", "王敏"]).stdin(std::process::Stdio::piped());
    let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"8351\n").unwrap();
    assert!(child.wait().unwrap().success());
    field(&["record", "--item", "SR-1", "--note", "王敏的"]).value();
    assert_eq!(code(&["switch", "李强", "--pin", "8351"]).0, "sign_in_needed");

    let users = field(&["users"]).lines();
    let told: Vec<_> = users.iter().map(|user| (user["name"].as_str().unwrap(), &user["is_current"])).collect();
    assert_eq!(told, [("李强", &Value::Bool(false)), ("王敏", &Value::Bool(true))]);
    assert_eq!((&users[0]["unsent"], &users[0]["needs_sign_in"]), (&1.into(), &true.into()));
    assert_eq!(field(&["lock"]).value()["locked"], true);
    assert_eq!(code(&["record", "--item", "SR-1", "--note", "x"]).0, "locked");
    let status = field(&["status"]).value();
    assert_eq!((&status["user"], &status["locked"], &status["people"]), (&Value::Null, &true.into(), &2.into()));
    assert_eq!(field(&["sign-out", "李强"]).value()["unsent"], 1);
    assert_eq!(field(&["sync"]).value()["accepted"], 2);
    for _ in 0..5 {
        assert_eq!(code(&["switch", "王敏", "--pin", "8352"]).0, "wrong_pin");
    }
    assert_eq!(code(&["switch", "王敏", "--pin", "8351"]).0, "pin_locked");
    assert_eq!(xuncha(["verify", "--data", &desk.path("data")]).value()["ok"], true);
    server.stop();
}

#[test]
fn a_changed_ledger_makes_verify_exit_with_one_and_the_index() {
    let desk = Desk::new();
    Process::serve(&desk.folder.path().join("data")).stop();
    desk.admin(&["unit", "add", "--name", "城北环卫所"]);
    let change = "UPDATE ledger SET op = replace(op, '城北', '城南') WHERE op LIKE '%城北%'";
    assert_eq!(run_behind(&desk.folder.path().join("data"), change), 1);
    let outcome = xuncha(["verify", "--data", &desk.path("data")]);
    assert_eq!(outcome.code, 1);
    let report = &outcome.lines()[0];
    assert_eq!((&report["ok"], &report["problems"][0]["index"]), (&false.into(), &entries_of_a_new_ledger().into()));
}

#[test]
fn a_server_without_its_own_key_does_not_start_and_touches_nothing() {
    let desk = Desk::new();
    let data = desk.folder.path().join("data");
    Process::serve(&data).stop();
    let (key, aside) = (data.join("ledger.key"), data.join("aside"));
    let refusal = || {
        let outcome = xuncha(["serve", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()]);
        assert_eq!(outcome.code, 1, "{outcome:?}");
        outcome.lines()[0]["error"]["code"].as_str().unwrap().to_owned()
    };
    std::fs::rename(&key, &aside).unwrap();
    assert_eq!(refusal(), "key_missing");
    assert!(!key.exists(), "no new key was made");
    let mut bytes = std::fs::read(&aside).unwrap();
    bytes[0] ^= 1;
    std::io::Write::write_all(&mut std::fs::File::create(&key).unwrap(), &bytes).unwrap();
    assert_eq!(refusal(), "wrong_key");
    std::fs::rename(&aside, &key).unwrap();
    Process::serve(&data).stop();
    assert_eq!(xuncha(["verify", "--data", &desk.path("data")]).value()["ok"], true);
}
