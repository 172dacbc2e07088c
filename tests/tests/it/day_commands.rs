//! An inspector's day through the built binary: catalogues, places and tasks at the office, visits on
//! the phone, and what is said about bad input.

use rust_xlsxwriter::Workbook;
use serde_json::{Value, json};
use xuncha_core::host::Host;
use xuncha_tests::harness::{Office, Process, SeededRandom, binary, picture, put_bytes, run, street_list, xuncha};

use super::commands::Desk;

/// Code and message of a command that cannot be done.
fn refused(arguments: &[&str]) -> (String, String) {
    let outcome = xuncha(arguments);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    let error = outcome.lines()[0]["error"].clone();
    (error["code"].as_str().unwrap().to_owned(), error["message"].as_str().unwrap().to_owned())
}

/// The id that a command gave under this name.
fn id<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

impl Desk {
    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        put_bytes(self.path(name), bytes);
        self.path(name)
    }

    /// What the office is told when this cannot be done.
    fn office_refused(&self, arguments: &[&str]) -> (String, String) {
        refused(&[&["admin", "--data", &self.path("data")], arguments].concat())
    }

    /// It is told that a field is bad, and which.
    fn office_says_bad(&self, arguments: &[&str], wanted: &str) {
        let (code, message) = self.office_refused(arguments);
        assert!(code == "bad_field" && message.contains(wanted), "{code}: {message}");
    }

    fn office_lines(&self, arguments: &[&str]) -> Vec<Value> {
        let outcome = xuncha([&["admin", "--data", &self.path("data")], arguments].concat());
        assert_eq!(outcome.code, 0, "{outcome:?}");
        outcome.lines()
    }
}

/// A phone on the command line.
struct Pocket(String);

impl Pocket {
    fn lines(&self, arguments: &[&str]) -> Vec<Value> {
        let outcome = xuncha([&["field", "--home", &self.0], arguments].concat());
        assert_eq!(outcome.code, 0, "{outcome:?}");
        outcome.lines()
    }

    fn value(&self, arguments: &[&str]) -> Value {
        xuncha([&["field", "--home", &self.0], arguments].concat()).value()
    }

    fn refused(&self, arguments: &[&str]) -> (String, String) {
        refused(&[&["field", "--home", &self.0], arguments].concat())
    }
}

#[test]
fn a_catalogue_that_was_retired_does_not_come_back_by_being_loaded_again() {
    let desk = Desk::new();
    let _server = Process::serve(&desk.folder.path().join("data"));
    let file = desk.file("street.json", street_list("2026.2", &["SR-7"]).to_text());
    let loaded = desk.admin(&["catalogue", "load", &file]);
    let office = Office::open(desk.path("data").as_ref(), Host::system());
    office.change("catalogue.retire", id(&loaded, "id").parse().unwrap(), json!({}));
    for more in [&[][..], &["--check"]] {
        let (code, message) = desk.office_refused(&[&["catalogue", "load", &file], more].concat());
        assert!(code == "exists" && message.contains("retired"), "{code}: {message}");
    }
}

#[test]
fn a_catalogue_is_put_in_force_listed_and_written_out_again() {
    let desk = Desk::new();
    let server = Process::serve(&desk.folder.path().join("data"));
    let built_in = desk.admin(&["catalogue", "list"]);
    assert_eq!((&built_in["version"], &built_in["in_force"]), (&json!("2026.1"), &json!(true)));
    let street = street_list("2026.2", &["SR-7", "AD-3", "HW-1"]);
    let file = desk.file("street.json", street.to_text());
    assert_eq!(desk.admin(&["catalogue", "load", &file, "--check"])["version"], "2026.2");
    assert_eq!(desk.office_lines(&["catalogue", "list"]).len(), 1, "only checked");
    let loaded = desk.admin(&["catalogue", "load", &file]);
    assert_eq!((&loaded["version"], &loaded["items"]), (&json!("2026.2"), &json!(street.items().count())));
    let (code, message) = desk.office_refused(&["catalogue", "load", &file]);
    assert!(code == "exists" && message.starts_with("version:"), "{code}: {message}");
    let in_force: Vec<_> = desk.office_lines(&["catalogue", "list"]);
    let in_force: Vec<_> = in_force.iter().filter(|line| line["in_force"] == true).map(|line| &line["id"]).collect();
    assert_eq!(in_force, [&loaded["id"]]);
    let written = desk.admin(&["catalogue", "export"]);
    assert_eq!(written, serde_json::to_value(&street).unwrap());
    let first = desk.admin(&["catalogue", "export", id(&built_in, "id")]);
    assert_eq!(first["version"], "2026.1");
    assert_eq!(desk.office_refused(&["catalogue", "export", "01976b2e-7c00-7000-8000-000000000001"]).0, "not_found");

    // All slips are told at once, each with its place.
    let mut faulty = written;
    faulty["version"] = json!("2026.3");
    faulty["actions"][0]["items"][0]["filling"] = json!("x");
    faulty["actions"][1]["items"][0].as_object_mut().unwrap().remove("name");
    faulty["actions"][1]["items"][0]["points"]["each"] = json!("x");
    faulty["place_types"][0]["items"][0] = json!("XX-1");
    let file = desk.file("faulty.json", faulty.to_string());
    let (code, message) = desk.office_refused(&["catalogue", "load", &file]);
    let wanted = [
        "faulty.json: 931-1: filling: is not known",
        "faulty.json: SR-1: points.each: invalid type: string \"x\", expected u32",
        "faulty.json: SR-1: name: is missing",
        "faulty.json: street: items: XX-1 is not an item",
    ];
    assert_eq!((code.as_str(), message.lines().collect::<Vec<_>>()), ("bad_field", wanted.to_vec()));
    // A check says what loading would say, also that the version is here already.
    let (code, message) = desk.office_refused(&["catalogue", "load", &desk.path("street.json"), "--check"]);
    assert!(code == "exists" && message.starts_with("version:"), "{code}: {message}");
    assert_eq!(desk.office_refused(&["catalogue", "load", "/nowhere.json"]).0, "io");
    assert_eq!(desk.office_lines(&["catalogue", "list"]).len(), 2);

    let sheet = desk.path("某市标准.xlsx");
    let mut book = Workbook::new();
    let titles =
        ["大类代码", "大类名称", "小类代码", "小类名称", "处置单位", "主管部门", "立案条件", "结案条件", "处置时限"];
    let piles = ["01", "市容环境", "36", "乱堆物堆料", "城管中队", "市城管局", "占地超过半平方米", "清走", "1工作日"];
    let page = book.add_worksheet();
    for (row, cells) in (0..).zip([titles, piles]) {
        for (column, text) in (0..).zip(cells) {
            page.write_string(row, column, text).unwrap();
        }
    }
    book.save(&sheet).unwrap();
    let loaded = desk.admin(&["catalogue", "load", &sheet]);
    assert_eq!((&loaded["version"], &loaded["items"]), (&json!("某市标准"), &json!(1)));
    let lost = loaded["dropped"].as_array().unwrap();
    assert!(lost.contains(&json!("street")), "kinds of places without a checklist are said: {lost:?}");
    assert_eq!(desk.admin(&["catalogue", "export"])["actions"][0]["items"][0]["id"], "01-36");
    assert_eq!(desk.office_refused(&["catalogue", "load", &desk.file("no.xlsx", b"no workbook")]).0, "bad_field");
    assert_eq!(xuncha(["verify", "--data", &desk.path("data")]).value()["ok"], true);
    server.stop();
}

/// A point as GeoJSON.
fn feature(name: &Value, kind: &str, point: Value) -> Value {
    json!({ "type": "Feature", "properties": { "name": name, "type": kind },
            "geometry": { "type": "Point", "coordinates": point } })
}

fn features(of: &[Value]) -> String {
    json!({ "type": "FeatureCollection", "features": of }).to_string()
}

/// A street of the street's office, a market and a park.
fn three_places(desk: &Desk) -> (Value, Value) {
    let unit = desk.admin(&["unit", "add", "--name", "解放路街道办"]);
    let place = ["place", "add", "--name", "解放路", "--type", "street", "--at", "31.23,121.47"];
    let street = desk.admin(&[&place[..], &["--unit", id(&unit, "id"), "--length", "850", "--item", "CW-1"]].concat());
    assert_eq!(desk.office_lines(&["place", "import", &desk.file("two.json", features(&two()))]).len(), 2);
    (street, unit)
}

fn two() -> Vec<Value> {
    vec![
        feature(&json!("南门市场"), "market", json!([121.471, 31.231])),
        feature(&json!("人民公园"), "square_park", json!([121.48, 31.24])),
    ]
}

#[test]
fn places_are_added_one_by_one_or_from_a_map_and_whole_or_not_at_all() {
    let desk = Desk::new();
    let server = Process::serve(&desk.folder.path().join("data"));
    let home = Pocket(desk.enrolled("王敏"));
    let (street, unit) = three_places(&desk);
    let bad: [(&[&str], &str); 4] = [
        (&["--type", "moon", "--at", "31,121"], "place 1: type: moon has no checklist"),
        (&["--type", "street", "--at", "31,121", "--item", "XX-1"], "place 1: item: XX-1 is not in catalogue"),
        (&["--type", "street"], "place: must have lat and lon"),
        (&["--type", "street", "--at", "31,121", "--length=-1"], "length: must be metres"),
    ];
    for (arguments, wanted) in bad {
        desk.office_says_bad(&[&["place", "add", "--name", "x"], arguments].concat(), wanted);
    }
    for (broken, wanted) in [
        (feature(&Value::Null, "market", json!([1, 2])), "geojson: feature 3: name is missing"),
        (feature(&json!("x"), "moon", json!([1, 2])), "place 3: type: moon"),
        (feature(&json!("x"), "market", json!([1, 99])), "number 3: place: must have lat and lon"),
    ] {
        let file = desk.file("broken.json", features(&[two(), vec![broken]].concat()));
        desk.office_says_bad(&["place", "import", &file], wanted);
    }
    desk.office_says_bad(&["place", "import", &desk.file("bad.json", "{")], "geojson:");
    assert_eq!(desk.office_lines(&["place", "list"]).len(), 3, "nothing of what was broken");

    home.value(&["sync"]);
    let near = home.lines(&["places", "--near", "31.23,121.47"]);
    assert_eq!(near.iter().map(|near| &near["place"]["name"]).collect::<Vec<_>>(), ["解放路", "南门市场", "人民公园"]);
    assert_eq!((&near[0]["place"]["unit"], &near[0]["place"]["id"]), (&unit["id"], &street["id"]));
    desk.admin(&["place", "retire", "人民公园"]);
    home.value(&["sync"]);
    assert_eq!(home.lines(&["places"]).len(), 2);
    server.stop();
}

#[test]
fn visits_are_given_out_once_or_by_the_calendar() {
    let desk = Desk::new();
    let server = Process::serve(&desk.folder.path().join("data"));
    let home = Pocket(desk.enrolled("王敏"));
    three_places(&desk);
    let add = ["task", "add", "--name", "查解放路", "--place", "解放路", "--user"];
    let task = desk.admin(&[&add[..], &["王敏"]].concat());
    assert_eq!(desk.office_refused(&["task", "add", "--name", "x", "--place", "月亮"]).0, "not_found");
    assert_eq!(desk.office_refused(&[&add[..], &["谁"]].concat()).0, "not_found");
    let market = ["task", "add", "--name", "查市场", "--place", "南门市场", "--due", "2030-01-01T00:00:00Z"];
    let other = desk.admin(&market);
    desk.admin(&["task", "cancel", id(&other, "id"), "--reason", "市场停业"]);

    let every: Vec<_> = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].iter().flat_map(|d| ["--every", d]).collect();
    let drawn = ["schedule", "add", "--name", "每日", "--type", "market", "--draw", "1", "--user", "王敏"];
    desk.admin(&[&drawn[..], &every].concat());
    let add = ["schedule", "add", "--name", "x", "--every"];
    let bad: [(&[&str], &str); 9] = [
        (&["someday", "--type", "market"], "every: someday"),
        (&["32", "--type", "market"], "every: 32"),
        (&["fri"], "place: name places"),
        (&["fri", "--type", "market", "--until", "friday"], "until: must be a day"),
        (&["15", "--every", "fri", "--type", "market"], "every: wanted days of the week or of the month, not both"),
        (&["fri", "--type", "nosuch"], "type: nosuch has no checklist in catalogue 2026.1"),
        (&["fri", "--type", "market", "--draw", "0"], "draw: of nothing nothing comes"),
        (&["fri", "--type", "market", "--draw", "5"], "draw: 5 of 1 places cannot be drawn"),
        (&["fri", "--type", "market", "--from", "2026-12-01", "--until", "2026-11-01"], "until: lies before from"),
    ];
    for (arguments, wanted) in bad {
        desk.office_says_bad(&[&add[..], arguments].concat(), wanted);
    }
    assert_eq!(desk.admin(&["schedule", "run"])["made"], 1);
    assert_eq!(desk.admin(&["schedule", "run"])["made"], 0);
    assert_eq!(desk.admin(&["schedule", "list"])["name"], "每日");
    assert_eq!(desk.admin(&["schedule", "retire", "每日"])["status"], "retired");

    home.value(&["sync"]);
    let told: Vec<_> = home.lines(&["tasks"]).iter().map(|task| task["name"].clone()).collect();
    assert_eq!((told.len(), told.contains(&json!("查解放路"))), (2, true), "{told:?}");
    assert_eq!(home.lines(&["tasks", "--all"]).len(), 3);
    assert_eq!(home.value(&["inspect", "start", "--task", id(&task, "id")])["items"], 31, "the list, and its own item");
    server.stop();
}

/// Bad answers to the items of [`a_visit_on_the_command_line_from_the_task_to_the_points`].
fn answers_that_do_not_fit_are_named(phone: &Pocket, visit: &str) {
    let bad: [(&str, &[&str], &str); 10] = [
        ("XX-1", &["--is", "yes"], "item: XX-1"),
        ("SR-7", &[], "is: nothing is said of SR-7"),
        ("SR-7", &["--is", "yes", "--value", "count=3"], "answers/SR-7/count: says how much is wrong"),
        ("SR-7", &["--value", "count=-3"], "value: count=-3: must be from"),
        ("AD-3", &["--value", "public_ads=11", "--value", "all_ads=10"], "answers/AD-3/public_ads: is 11, more than"),
        ("AD-3", &["--value", "all_ads"], "value: all_ads"),
        ("AD-3", &["--value", "all_ads=many"], "value: all_ads=many: is not a number"),
        ("AD-3", &["--value", "trees=3"], "answers/AD-3/trees"),
        ("931-11", &["--is", "no", "--value", "count=2", "--value", "plate=123"], "answers/931-11/plate"),
        ("AD-3", &["--is", "yes", "--value", "public_ads=1", "--value", "all_ads=9"], "answers/AD-3"),
    ];
    for (item, more, wanted) in bad {
        let (code, message) = phone.refused(&[&["inspect", "answer", visit, item], more].concat());
        assert!(code == "bad_field" && message.contains(wanted), "{code}: {message}");
    }
}

/// The finding of SR-7 in [`a_visit_on_the_command_line_from_the_task_to_the_points`].
fn what_nobody_said_is_not_written_down(a: &Pocket, visit: &str, finding: &str, place: &Value) {
    // Nobody said where on the road, or that the photos are of just now; so neither is written down.
    let shown = a.value(&["show", finding]);
    let photos = shown["photos"].as_object().unwrap();
    assert!(photos.len() == 2 && photos.values().all(|photo| photo["source"] == "gallery"), "{photos:?}");
    assert_eq!((&shown["place"]["lat"], &shown["place"]["id"]), (&Value::Null, place));
    let (code, message) = a.refused(&["inspect", "answer", visit, "SR-7", "--is", "yes"]);
    assert!(code == "bad_field" && message.contains("answers/SR-7/findings"), "{code}: {message}");
}

#[test]
fn a_visit_on_the_command_line_from_the_task_to_the_points() {
    let (desk, random) = (Desk::new(), SeededRandom::new());
    let server = Process::serve(&desk.folder.path().join("data"));
    let street = street_list("day", &["SR-7", "AD-3", "931-11"]).to_text();
    desk.admin(&["catalogue", "load", &desk.file("day.json", street)]);
    let place = ["place", "add", "--name", "解放路", "--type", "street", "--at", "31.23,121.47", "--item", "CW-1"];
    desk.admin(&place);
    let (a, b) = (Pocket(desk.enrolled("王敏")), Pocket(desk.enrolled("李强")));
    let task = desk.admin(&["task", "add", "--name", "查解放路", "--place", "解放路", "--user", "王敏"]);
    assert_eq!(a.refused(&["catalogue"]).0, "not_found", "before the first sync there is none");
    for phone in [&a, &b] {
        assert_eq!(phone.value(&["sync"])["documents"], 1);
    }
    assert_eq!(a.value(&["catalogue", "SR-7"])["points"]["by_count"], true);
    assert_eq!(a.refused(&["catalogue", "XX-1"]).0, "not_found");

    assert_eq!(a.refused(&["inspect", "start", "--place", "月亮"]).0, "not_found");
    let (code, message) = a.refused(&["inspect", "start"]);
    assert!(code == "bad_field" && message.starts_with("place:"), "{code}: {message}");
    let started = a.value(&["inspect", "start", "--task", id(&task, "id"), "--at", "31.2301,121.4701"]);
    let visit = id(&started, "inspection").to_owned();
    assert_eq!(started["items"], 4, "a fix takes the known place's own item away from nobody");
    let place = a.value(&["inspect", "show", &visit])["place"].clone();
    assert_eq!((&place["lat"], place["id"].is_string(), &place["provider"]), (&json!(31.2301), true, &json!("pin")));
    let say = |item: &str, more: &[&str]| a.value(&[&["inspect", "answer", &visit, item], more].concat());
    answers_that_do_not_fit_are_named(&a, &visit);
    say("AD-3", &["--value", "public_ads=3", "--value", "all_ads=12"]);
    let (wide, close) = (desk.file("1.png", picture(&random, 60, 40)), desk.file("2.png", picture(&random, 60, 40)));
    let found = say("SR-7", &["--value", "count=2", "--note", "电线杆", "--photo", &wide, "--photo", &close]);
    let finding = id(&found, "finding").to_owned();
    say("CW-1", &["--is", "yes"]);
    what_nobody_said_is_not_written_down(&a, &visit, &finding, &place["id"]);
    let (code, message) = a.refused(&["inspect", "finish", &visit]);
    assert!(code == "bad_field" && message.contains("answers/931-11"), "{code}: {message}");
    assert_eq!(a.value(&["inspect", "pause", &visit])["status"], "paused");
    assert_eq!(a.value(&["inspect", "list", "--open"])["status"], "paused");
    assert_eq!(a.value(&["inspect", "resume", &visit])["status"], "started");
    say("931-11", &["--is", "no", "--value", "count=2", "--value", "plate=鲁A12345", "--why", "车已驶离"]);
    let shown = a.value(&["inspect", "show", &visit]);
    assert!(shown["checklist"].as_array().unwrap().iter().all(|line| line["missing"].is_null()), "{shown}");
    let finished = a.value(&["inspect", "finish", &visit]);
    assert_eq!((&finished["status"], &finished["points"]), (&json!("finished"), &json!(30)));
    assert_eq!(a.refused(&["inspect", "answer", &visit, "AD-3", "--is", "na"]).0, "state_changed");

    let after = desk.file("3.png", picture(&random, 60, 40));
    assert_eq!(xuncha(["field", "--home", &a.0, "fix", &finding]).code, 2, "no photo, no fix");
    let (code, message) = a.refused(&["fix", &finding, "--photo", &wide]);
    assert!(code == "bad_field" && message.contains("is the same picture"), "{code}: {message}");
    a.value(&["fix", &finding, "--photo", &after, "--camera", "--at", "31.2302,121.4702", "--accuracy", "5"]);
    let photos = a.value(&["show", &finding])["photos"].clone();
    let now = photos.as_object().unwrap().values().find(|photo| photo["shows"] == "after").unwrap();
    assert_eq!((&now["source"], &now["place"]["accuracy"]), (&json!("camera"), &json!(5.0)));
    assert_eq!(a.value(&["sync"])["refused"], 0);
    b.value(&["sync"]);
    assert_eq!(b.value(&["show", &finding])["status"], "fixed_on_the_spot");
    assert_eq!(b.value(&["inspect", "show", &visit])["points"], 30);
    assert_eq!(b.value(&["tasks", "--all"])["status"], "done");
    assert_eq!(xuncha(["field", "--home", &a.0, "inspect", "cancel", &visit]).code, 2, "not without a reason");
    server.stop();
    assert_eq!(xuncha(["verify", "--data", &desk.path("data")]).value()["ok"], true);
}

#[test]
fn what_is_refused_leaves_no_photo_behind_and_a_figure_that_is_none_is_named() {
    let (desk, random) = (Desk::new(), SeededRandom::new());
    let server = Process::serve(&desk.folder.path().join("data"));
    let a = Pocket(desk.enrolled("王敏"));
    a.value(&["sync"]);
    let file = desk.file("1.png", picture(&random, 60, 40));
    let note = "长".repeat(4_001);
    let nowhere = desk.path("nowhere.png");
    let record = ["record", "--item", "SR-1", "--photo", &file];
    for more in [&["--note", &note][..], &["--photo", &nowhere], &["--item", "XX-1"]] {
        let item = if more[0] == "--item" { &["record", "--photo", &file][..] } else { &record[..] };
        a.refused(&[item, more].concat());
        assert_eq!(a.lines(&["recovered"]).len(), 0, "{}", more[0]);
    }
    let finding = a.value(&record);
    let before = id(&finding, "finding").to_owned();
    assert!(a.refused(&["fix", &before, "--photo", &file]).1.contains("same picture"));
    assert_eq!(a.value(&["show", &before])["photos"].as_object().unwrap().len(), 1, "its photo is still its own");
    assert_eq!(a.lines(&["recovered"]).len(), 0);

    let at = ["record", "--item", "SR-1", "--at", "31.23,121.47"];
    for accuracy in ["NaN", "inf", "-5", "1e300"] {
        let outcome = xuncha([&["field", "--home", &a.0], &at[..], &["--accuracy", accuracy]].concat());
        assert!(outcome.code == 2 && outcome.err.contains("--accuracy"), "{accuracy}: {outcome:?}");
    }
    let outcome = xuncha([&["field", "--home", &a.0], &at[..], &["--provider", "satellite"]].concat());
    assert!(outcome.code == 2 && outcome.err.contains("--provider"), "{outcome:?}");
    let outcome = xuncha(["field", "--home", &a.0, "record", "--item", "SR-1", "--at", "NaN,121.47"]);
    assert!(outcome.code == 2 && outcome.err.contains("--at"), "{outcome:?}");
    assert_eq!(a.lines(&["list"]).len(), 1);
    // A path is a path, whatever is done with it.
    assert_eq!(a.refused(&["export", &format!("{nowhere}/x")]).0, "io");
    assert_eq!(Pocket(format!("{file}/home")).refused(&["list"]).0, "io");
    server.stop();
}

/// The list and a failure as people read them, after [`a_finding_at_a_known_place_and_what_may_be_the_same`] recorded one.
fn what_people_read(a: &Pocket) {
    // Where a finding is that has no fix of its own is said by its place's name.
    let plain = |arguments: &[&str]| {
        let mut command = std::process::Command::new(binary());
        command.args(["field", "--home", &a.0]).args(arguments);
        run(command)
    };
    let listed = plain(&["list"]);
    assert!(listed.out.contains("  解放路  "), "{listed:?}");
    let failed = xuncha(["field", "--home", &a.0, "show", "01976b2e-7c00-7000-8000-000000000001"]);
    assert_eq!((failed.code, failed.err.as_str()), (1, ""), "a failure is told once");
}

#[test]
fn a_finding_at_a_known_place_and_what_may_be_the_same() {
    let desk = Desk::new();
    let server = Process::serve(&desk.folder.path().join("data"));
    desk.admin(&["place", "add", "--name", "解放路", "--type", "street", "--at", "31.23,121.47"]);
    let (a, b) = (Pocket(desk.enrolled("王敏")), Pocket(desk.enrolled("李强")));
    let (code, message) = a.refused(&["record", "--item", "SR-7", "--value", "count=3"]);
    assert!(code == "bad_field" && message.starts_with("value:"), "{code}: {message}");
    a.value(&["sync"]);
    let recorded = a.value(&["record", "--item", "SR-7", "--known", "解放路", "--value", "count=3"]);
    let shown = a.value(&["show", id(&recorded, "finding")]);
    assert_eq!((&shown["values"]["count"], shown["place"]["id"].is_string()), (&json!(3), true), "{shown}");
    for (value, wanted) in
        [("count=many", "value: count=many"), ("count=0", "value: count=0: must be from 1"), ("x=1", "values/x")]
    {
        let (code, message) = a.refused(&["record", "--item", "SR-7", "--known", "解放路", "--value", value]);
        assert!(code == "bad_field" && message.contains(wanted), "{code}: {message}");
    }
    assert_eq!(a.refused(&["record", "--item", "SR-7", "--known", "月亮"]).0, "not_found");
    let (code, message) = a.refused(&["record", "--item", "XX-1"]);
    assert!(code == "bad_field" && message.starts_with("item:"), "{code}: {message}");

    what_people_read(&a);

    let record = ["record", "--item", "SR-1", "--at", "31.23,121.47", "--note", "纸箱"];
    let first = a.value(&record);
    assert_eq!(first["alike"], json!([]));
    a.value(&["sync"]);
    b.value(&["sync"]);
    let second = b.value(&["record", "--item", "SR-1", "--at", "31.2301,121.47"]);
    assert_eq!(second["alike"], json!([first["finding"]]), "told, and recorded all the same");
    let there = b.value(&["record", "--item", "SR-1", "--known", "解放路"]);
    assert!(there["alike"].as_array().unwrap().contains(&first["finding"]), "{there}");

    // Two answers to one item, settled at the command line.
    desk.admin(&["user", "add", "--name", "赵受理", "--role", "acceptor"]);
    let url = desk.admin(&["device", "invite", "--user", "赵受理"])["url"].as_str().unwrap().to_owned();
    let judge = Pocket(desk.path("judge"));
    judge.value(&["enrol", &url]);
    let visit = id(&a.value(&["inspect", "start", "--place", "解放路"]), "inspection").to_owned();
    for phone in [&a, &b] {
        phone.value(&["sync"]);
    }
    let again = a.value(&["inspect", "answer", &visit, "SR-1", "--is", "no", "--note", "纸箱", "--at", "31.23,121.47"]);
    assert!(again["alike"].as_array().unwrap().contains(&first["finding"]), "{again}");
    assert_eq!(a.value(&["show", id(&again, "finding")])["place"]["lat"], 31.23, "where it was seen");
    a.value(&["inspect", "answer", &visit, "HW-1", "--is", "yes"]);
    b.value(&["inspect", "answer", &visit, "HW-1", "--is", "na"]);
    for phone in [&a, &b, &judge] {
        phone.value(&["sync"]);
    }
    let conflict = judge.value(&["conflicts"]);
    let said = (&conflict["entity"], &conflict["kind"], &conflict["field"]);
    assert_eq!(said, (&json!(visit), &json!("inspection"), &json!("answers/HW-1")));
    assert_eq!(judge.value(&["status"])["conflicts"], 1);
    let choice = conflict["rivals"][0]["op"].as_str().unwrap();
    assert_eq!(judge.value(&["resolve", &visit, "answers/HW-1", choice])["entity"], json!(visit));
    judge.value(&["sync"]);
    a.value(&["sync"]);
    assert_eq!(a.value(&["inspect", "list"])["answers"]["HW-1"]["is"], "na");
    assert_eq!(a.lines(&["conflicts"]).len(), 0);
    server.stop();
    assert_eq!(xuncha(["verify", "--data", &desk.path("data")]).value()["ok"], true);
}
