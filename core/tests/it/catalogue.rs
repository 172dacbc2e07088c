//! The built-in catalogue against the table that it was written from, and what loading says about
//! one with slips in it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use xuncha_core::model::catalogue::{Catalogue, CatalogueFault, Clock, Every, Item, Tag, Told, load, seed_catalogue};

/// Each row: id, code of 2013, code of 2026, limits, hundredths of a point, tag of the item.
///
/// `*` marks a local code, `c` that of a component. Limits: 急时 urgent hours, 时 working hours,
/// 日 working days, 自 calendar days, each with its tag (`s` a city's sheet, `e` the city's plan,
/// `d` our own); or how often it is looked at; or `by` for a heading; or `over` for what is handed on.
const TABLE: &str = "
931-1  -           -            by            20  seed
931-2  -           -            by            20  seed
931-3  -           -            by            20  seed
931-4  -           -            by            20  seed
931-5  01-13       06013        5日s          20  seed
931-6  01-25       06025        2日s          20  seed
931-7  05-06       -            2急时s        50  seed
931-8  -           -            by            0   seed
931-9  04-98*      09020        2日s          20  seed
931-10 04-06       09006        2急时s        20  seed
931-11 04-09/04-10 09009/09010  2时s/2时d     10  seed
931-12 02-03       07003        by            20  seed
931-13 -           -            month         50  seed
SR-1   01-36       06036        1日s          20  seed
SR-2   01-01       06001        2自s/15日s    100 seed
SR-3   04-01       09001        2急时s        20  seed
SR-4   04-05       09005        2急时s        20  seed
SR-5   04-06       09006        2急时s        20  seed
SR-6   04-02       09002        2急时s        10  seed
SR-7   02-01       07001        1日s          10  seed
SR-8   02-07       07007        1日s          10  seed
SR-9   -           -            2日d          10  seed
SR-10  04-10       09010        2时s          10  seed
SR-11  01-04       06004        1日s/3日s     20  seed
SR-12  01-05       06005        2日s          10  standard
SR-13  01-07       06007        2急时s        10  standard
SR-14  06-04*      -            4时s          20  seed
HW-1   01-10       06010        4时s          20  seed
HW-2   01-11       06011        5日s          50  seed
HW-3   01-12       06012        2时s          10  seed
HW-4   01-25       06025        2日s          20  seed
HW-5   01-93*      06041        2日s          10  seed
HW-6   01-92*      06042        4时s          20  seed
HW-7   -           03001        3日d          20  seed
HW-8   -           03004        3日d          20  seed
HW-9   01-10       06010/06042  0自e          50  seed
HW-10  01-17       06017        4时s          10  seed
AD-1   02-03       07003        1日s/5日s     50  seed
AD-2   02-06       07006        2日s          20  seed
AD-3   02-99*      07008        5日s          50  seed
AD-4   03-07       08007        3日s          50  seed
AD-5   02-99*      -            5日d          10  seed
AD-6   02-04       07004        5日s          10  default
CW-1   -           -            5日d          20  seed
CW-2   03-07       08007        3日s/2日s/1日s 20 seed
CW-3   03-08       08008        5日s          50  seed
CW-4   03-12/03-09 08012/08009  1日s/5日s     50  seed
CW-5   03-11       08011        2日s          50  seed
CW-6   -           -            5日d          20  seed
CW-7   01-14       06014        4时s          50  seed
CW-8   03-12       08012        1日s          50  seed
CW-9   01-11       06011        5日s          100 seed
CW-10  -           -            over          20  seed
CW-11  03-04       08004        2时s          50  seed
CW-12  03-05/03-10 08005/08010  2日s          20  standard
OC-1   04-92*      01040c/01043c 4时s         20  seed
OC-2   04-92*      01040/01043  4时s          10  seed
OC-3   02-01       07001        1日s          10  seed
OC-4   -           -            3日d          20  seed
OC-5   04-95*      09022        2急时s        20  seed
OC-6   03-02       08002        1日s          20  seed
OC-7   -           09019        15日d         20  seed
IC-1   01-01       06001        2自s          100 seed
IC-2   01-01       06001        15日s         100 seed
IC-3   -           -            month         50  seed
IC-4   -           -            week          20  seed
IC-5   -           08016        2自d          100 default
PF-1   -           -            milestone     50  seed
PF-2   -           -            milestone     50  seed
PF-3   -           -            milestone     50  seed
PF-4   -           -            milestone     50  seed
PF-5   -           -            milestone     50  seed
PF-6   -           -            milestone     50  seed
PF-7   -           -            milestone     50  seed
PF-8   -           -            milestone     50  seed
CQ-1   -           -            month         5   seed
CQ-2   -           -            month         5   seed
CQ-3   -           -            month         5   seed
CQ-4   -           -            month         5   seed
CQ-5   -           -            month         5   seed
CQ-6   -           -            month         20  seed
CQ-7   -           -            month         20  seed
CC-1   -           -            month         20  seed
CC-2   -           -            month         20  seed
CC-3   -           -            month         20  seed
CC-4   -           -            month         20  seed
CC-5   -           -            month         20  seed
";

#[test]
fn the_built_in_catalogue_says_what_the_table_says() {
    let catalogue = seed_catalogue();
    let told: Vec<String> = catalogue.items().map(row_of).collect();
    let table: Vec<String> =
        TABLE.trim().lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(told, table);
}

fn row_of(item: &Item) -> String {
    let codes = |standard: &str| {
        let these = item.codes.iter().filter(|code| code.standard == standard);
        let marked = these.map(|code| {
            let mark = if code.local { "*" } else { "" };
            let kind = if code.kind == "component" { "c" } else { "" };
            format!("{}{mark}{kind}", code.code)
        });
        let marked: Vec<_> = marked.collect();
        if marked.is_empty() { "-".to_owned() } else { marked.join("/") }
    };
    let (old, new) = (codes("GB/T 30428.2-2013"), codes("GB/T 47678.5-2026"));
    format!("{} {old} {new} {} {} {}", item.id, limits_of(item), item.points.each, tag_of(item.tag))
}

fn limits_of(item: &Item) -> String {
    let limits = item.limits.iter().map(|limit| {
        let clock = match limit.clock {
            Clock::UrgentHour => "急时",
            Clock::WorkingHour => "时",
            Clock::WorkingDay => "日",
            Clock::CalendarDay => "自",
        };
        let tag = match limit.tag {
            Tag::Standard => "s",
            Tag::Seed => "e",
            Tag::Default => "d",
        };
        format!("{}{clock}{tag}", limit.amount)
    });
    let mut told: Vec<String> = limits.collect();
    told.extend(item.every.map(|every| {
        match every {
            Every::Week => "week",
            Every::Month => "month",
            Every::Milestone => "milestone",
        }
        .to_owned()
    }));
    told.extend((!item.by_finding.is_empty()).then(|| "by".to_owned()));
    told.extend(item.hand_over.as_ref().map(|_| "over".to_owned()));
    told.join("/")
}

fn tag_of(tag: Tag) -> &'static str {
    match tag {
        Tag::Seed => "seed",
        Tag::Standard => "standard",
        Tag::Default => "default",
    }
}

#[test]
fn points_with_a_cap_a_count_or_a_later_month_are_those_of_the_table() {
    let catalogue = seed_catalogue();
    let special = catalogue.items().filter(|item| {
        let points = item.points;
        points.by_count || points.cap.is_some() || points.later.is_some()
    });
    let special: Vec<_> =
        special.map(|item| (item.id.as_str(), item.points.by_count, item.points.cap, item.points.later)).collect();
    let mut wanted = vec![("SR-7", true, Some(50), None)];
    let milestones = ["PF-1", "PF-2", "PF-3", "PF-4", "PF-5", "PF-6", "PF-7", "PF-8"];
    wanted.extend(milestones.map(|id| (id, false, Some(200), Some(20))));
    wanted.extend(["CQ-1", "CQ-2", "CQ-3", "CQ-4", "CQ-5"].map(|id| (id, true, Some(50), None)));
    assert_eq!(special, wanted);
    assert!(catalogue.items().all(|item| item.points.tag == Tag::Default), "nobody else gives points");
}

#[test]
fn shares_that_must_be_reached_are_those_of_the_plan() {
    let catalogue = seed_catalogue();
    let targets: Vec<_> = catalogue
        .items()
        .filter_map(|item| item.target.as_ref().map(|target| (item, target)))
        .map(|(item, target)| {
            assert_eq!(item.told, Told::Target);
            (item.id.as_str(), target.least.part, target.least.whole, target.tag)
        })
        .collect();
    let wanted = [
        ("AD-3", 20, 100, Tag::Seed),
        ("AD-4", 30, 100, Tag::Seed),
        ("AD-5", 1, 500, Tag::Seed),
        ("IC-4", 100, 100, Tag::Default),
    ];
    assert_eq!(targets, wanted);
}

#[test]
fn every_item_has_what_an_inspector_needs() {
    let catalogue = seed_catalogue();
    let listed: BTreeSet<&str> =
        catalogue.place_types.iter().flat_map(|kind| &kind.items).map(String::as_str).collect();
    for item in catalogue.items() {
        let id = &item.id;
        let asks_people = [&item.name, &item.filing, &item.closing].into_iter().chain(&item.hint);
        for words in asks_people {
            assert!(words.zh.chars().any(|c| ('一'..='龥').contains(&c)), "{id}: {} is not Chinese", words.zh);
            assert!(words.en.is_ascii(), "{id}: {} is not English", words.en);
        }
        assert!(item.filing.zh.ends_with('。') && item.closing.zh.ends_with('。'), "{id}: ends without a full stop");
        assert!(item.filing.en.ends_with('.') && item.closing.en.ends_with('.'), "{id}: ends without a full stop");
        assert!(listed.contains(id.as_str()), "{id} is on no checklist");
        let counted = item.told == Told::Count;
        assert!(counted || item.photos.before() > 0 && item.photos.after > 0, "{id} asks for no photo");
    }
    assert_eq!(catalogue.actions.len(), 10);
    assert_eq!(catalogue.action_of("CW-5").unwrap().id, "A5");
    for words in catalogue.actions.iter().flat_map(|action| [&action.name, &action.organiser]) {
        assert!(words.en.is_ascii() && !words.zh.is_ascii());
    }
}

#[test]
fn other_items_named_in_the_texts_are_there() {
    let catalogue = seed_catalogue();
    let prefixes = ["931", "SR", "HW", "AD", "CW", "OC", "IC", "PF", "CQ", "CC"];
    for item in catalogue.items() {
        for words in [&item.filing, &item.closing].into_iter().chain(&item.hint) {
            let named = |text: &str| -> BTreeSet<String> {
                let split = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
                let named =
                    split.filter(|word| word.split_once('-').is_some_and(|(prefix, _)| prefixes.contains(&prefix)));
                named.map(str::to_owned).collect()
            };
            assert_eq!(named(&words.zh), named(&words.en), "{}: the two languages differ", item.id);
            for id in named(&words.zh) {
                assert!(catalogue.item(&id).is_some_and(|other| other.id != item.id), "{}: names {id}", item.id);
            }
        }
    }
}

#[test]
fn each_kind_of_place_has_its_checklist() {
    let catalogue = seed_catalogue();
    let nine = [
        ("urban_fringe", "931-1"),
        ("urban_village", "931-2"),
        ("shanty_area", "931-3"),
        ("old_estate", "931-4"),
        ("back_street", "931-5"),
        ("river", "931-6"),
        ("flood_area", "931-7"),
        ("construction_site", "931-8"),
        ("market", "931-9"),
    ];
    for (kind, first) in nine {
        assert_eq!(catalogue.checklist(kind)[0].id, first);
    }
    for kind in &catalogue.place_types {
        assert!(kind.items.len() >= 4, "{} has next to nothing on its list", kind.id);
    }
    let ids = |items: Vec<&Item>| items.into_iter().map(|item| item.id.clone()).collect::<Vec<_>>();
    let heading = |id: &str| catalogue.item(id).unwrap().by_finding.clone();
    let of = |action: &str| ids(catalogue.actions.iter().find(|one| one.id == action).unwrap().items.iter().collect());
    assert_eq!(heading("931-8"), of("A5"));
    assert_eq!(heading("931-12"), of("A4"));
    assert!(catalogue.checklist("nowhere").is_empty());
}

#[test]
fn a_catalogue_survives_its_text() {
    let catalogue = seed_catalogue();
    let text = catalogue.to_text();
    assert_eq!(Catalogue::read(&text).unwrap(), *catalogue);
    assert_eq!(load(&[("whole.json", &text)]).unwrap(), *catalogue, "one file does as well as eleven");
    assert_eq!(Catalogue::read(&text).unwrap().to_text(), text);
}

#[test]
fn an_older_app_reads_a_newer_catalogue() {
    let mut newer = small();
    newer["colour"] = json!("red");
    newer["actions"][0]["items"][0]["sound"] = json!({ "loud": true });
    newer["actions"][0]["items"][0]["limits"][0]["grace"] = json!(3);
    let read = Catalogue::read(&newer.to_string()).unwrap();
    assert_eq!(read, Catalogue::read(&small().to_string()).unwrap());
    assert_eq!(faults(&newer).len(), 3, "whoever writes one is told");

    newer["format"] = json!(2);
    newer["place_types"] = json!("elsewhere");
    let fault = Catalogue::read(&newer.to_string()).unwrap_err();
    assert_eq!(fault.to_string(), "catalogue: format: is 2, this version reads 1");
    assert_eq!(Catalogue::read("[]").unwrap_err().field, "format");
}

/// A catalogue of one item in which nothing is wrong.
fn small() -> Value {
    let words = json!({ "zh": "字", "en": "word" });
    json!({
        "format": 1,
        "version": "1",
        "name": words,
        "standards": [{ "id": "S", "name": words }],
        "place_types": [{ "id": "street", "name": words, "items": ["X-1"] }],
        "actions": [{ "id": "X", "name": words, "organiser": words, "items": [{
            "id": "X-1",
            "name": words,
            "codes": [{ "standard": "S", "kind": "event", "code": "01-01" }],
            "limits": [{ "amount": 1, "clock": "working_day", "tag": "default" }],
            "points": { "each": 20, "tag": "default" },
            "filing": words,
            "closing": words,
            "asks": [{
                "name": "count", "label": words, "kind": "count", "unit": words, "least": 0, "most": 9
            }],
            "tag": "default"
        }] }]
    })
}

fn faults(catalogue: &Value) -> Vec<String> {
    said(load(&[("x.json", &catalogue.to_string())]))
}

fn said(loaded: Result<Catalogue, Vec<CatalogueFault>>) -> Vec<String> {
    loaded.err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

/// What is said when the one item has `value` in the place of its member at `path`; null removes it.
fn item_with(path: &str, value: Value) -> String {
    whole_with(&format!("/actions/0/items/0{path}"), value)
}

fn whole_with(path: &str, value: Value) -> String {
    let mut catalogue = small();
    let (parent, name) = path.rsplit_once('/').unwrap();
    match catalogue.pointer_mut(parent).unwrap() {
        Value::Object(members) if value.is_null() => {
            members.remove(name);
        }
        Value::Object(members) => {
            members.insert(name.to_owned(), value);
        }
        other => other[name.parse::<usize>().unwrap()] = value,
    }
    faults(&catalogue).join("; ")
}

#[test]
fn a_slip_in_the_form_is_named_with_file_item_and_field() {
    assert_eq!(faults(&small()), Vec::<String>::new());
    assert_eq!(item_with("/fling", json!("x")), "x.json: X-1: fling: is not known");
    assert_eq!(item_with("/points/ech", json!(1)), "x.json: X-1: points.ech: is not known");
    assert_eq!(item_with("/limits/0/hours", json!(1)), "x.json: X-1: limits[0].hours: is not known");
    assert_eq!(item_with("/filing", Value::Null), "x.json: X-1: filing: is missing");
    assert_eq!(item_with("/limits/0/clock", Value::Null), "x.json: X-1: limits[0].clock: is missing");
    assert_eq!(item_with("/id", Value::Null), "x.json: X[0]: id: is missing");
    assert!(item_with("/limits/0/clock", json!("fortnight")).starts_with("x.json: X-1: limits[0].clock: unknown"));
    assert!(item_with("/points/each", json!(-1)).starts_with("x.json: X-1: points.each: invalid value"));
    assert!(item_with("/points/each", json!(0.2)).starts_with("x.json: X-1: points.each: invalid type"));
    assert_eq!(whole_with("/actions/0/organiser", Value::Null), "x.json: X: organiser: is missing");
    assert_eq!(whole_with("/place_types", Value::Null), "x.json: place_types: is missing");
    assert_eq!(whole_with("/place_types/0/order", json!(1)), "x.json: place_types[0].order: is not known");
    assert_eq!(whole_with("/format", json!(2)), "x.json: format: is 2, this version reads 1");
    assert!(said(load(&[("x.json", "{")]))[0].starts_with("x.json: file: is not JSON"));
    assert_eq!(said(load(&[])), ["catalogue: file: there is none"]);
}

#[test]
fn what_makes_no_sense_is_named_with_item_and_field() {
    let words = json!({ "zh": "字", "en": "word" });
    let limit = json!({ "amount": 1, "clock": "working_day", "tag": "default" });
    let target = json!({ "part": "count", "whole": "all", "least": { "part": 1, "whole": 0 }, "tag": "default" });
    let rows = [
        ("/id", json!("X 1"), "X 1: id: must be 1 to 64 of letters, digits, - _ ."),
        ("/name/zh", json!(" "), "X-1: name.zh: must be text of 1 to 1000 characters"),
        ("/hint", json!({ "zh": "字", "en": "" }), "X-1: hint.en: must be text of 1 to 1000 characters"),
        ("/codes/0/standard", json!("T"), "X-1: codes[0].standard: T is not listed"),
        ("/codes/0/kind", json!("thing"), "X-1: codes[0].kind: must be event, matter or component"),
        ("/codes/0/code", json!("01.1"), "X-1: codes[0].code: must be digits"),
        ("/by_finding", json!(["X-9"]), "X-1: by_finding: X-9 is not an item"),
        ("/by_finding", json!(["X-1"]), "X-1: by_finding: X-1 is a heading itself"),
        ("/limits", Value::Null, "X-1: limits: there is no limit, and neither every, hand_over nor by_finding"),
        ("/limits/0/amount", json!(1_001), "X-1: limits[0].amount: is out of range"),
        (
            "/limits/0",
            json!({ "amount": 0, "clock": "urgent_hour", "tag": "seed" }),
            "X-1: limits[0].amount: is out of range",
        ),
        ("/limits", json!([limit, limit]), "X-1: limits[0].case: is needed where there are several"),
        ("/every", json!("milestone"), "X-1: points.later: belongs to milestones, and every milestone has it"),
        ("/points/later", json!(1), "X-1: points.later: belongs to milestones, and every milestone has it"),
        ("/points/each", json!(10_001), "X-1: points: are hundredths, at most 10000, and the cap is not below each"),
        ("/points/cap", json!(19), "X-1: points: are hundredths, at most 10000, and the cap is not below each"),
        ("/photos", json!({ "wide": 20, "close": 1, "after": 1 }), "X-1: photos: are too many"),
        ("/near", json!({ "metres": 30, "days": 367 }), "X-1: near: is at most 100000 metres and 366 days"),
        ("/asks/0/name", json!("Count"), "X-1: asks[0].name: must be a short snake_case word"),
        ("/asks/0/unit", Value::Null, "X-1: asks[0].unit: is missing"),
        ("/asks/0/label/en", json!(""), "X-1: asks[0].label.en: must be text of 1 to 1000 characters"),
        ("/asks/0/kind", json!("plate"), "X-1: asks[0].kind: takes neither unit nor range"),
        ("/asks/0/least", json!(10), "X-1: asks[0].most: is no range"),
        ("/asks/0/least", json!(-1), "X-1: asks[0].most: is no range"),
        ("/told", json!("target"), "X-1: target: and told `target` belong together"),
        ("/target", target, "X-1: target: and told `target` belong together"),
    ];
    for (path, value, wanted) in rows {
        let said = item_with(path, value);
        assert!(said.contains(&format!("x.json: {wanted}")), "{path}: {said}");
    }
    assert_eq!(whole_with("/version", json!("")), "x.json: version: must be text of 1 to 64 characters");
    assert_eq!(whole_with("/place_types/0/items", json!(["X-1", "X-1"])), "x.json: street: items: X-1 is there twice");
    assert_eq!(whole_with("/place_types/0/items", json!(["X-2"])), "x.json: street: items: X-2 is not an item");
    assert_eq!(
        whole_with("/standards", json!([{ "id": "S", "name": words }, { "id": "S", "name": words }])),
        "x.json: S: id: is there twice"
    );
}

#[test]
fn counts_and_targets_need_their_asks() {
    let mut catalogue = small();
    let item = &mut catalogue["actions"][0]["items"][0];
    item["asks"] = json!([]);
    item["told"] = json!("count");
    assert_eq!(faults(&catalogue), ["x.json: X-1: asks: there is no ask `count` that counts"]);

    let item = &mut catalogue["actions"][0]["items"][0];
    item["told"] = json!("target");
    item["target"] =
        json!({ "part": "plates", "whole": "length", "least": { "part": 0, "whole": 500 }, "tag": "seed" });
    let wanted = [
        "x.json: X-1: target.part: there is no ask `plates` that counts or measures",
        "x.json: X-1: target.whole: there is no ask `length` that counts or measures",
        "x.json: X-1: target.least: must be above 0",
    ];
    assert_eq!(faults(&catalogue), wanted);

    let mut catalogue = small();
    let asks = &mut catalogue["actions"][0]["items"][0]["asks"];
    *asks = json!([asks[0], asks[0]]);
    assert_eq!(faults(&catalogue), ["x.json: X-1: asks[1].name: is there twice"]);
}

#[test]
fn what_is_there_twice_is_named_where_it_is_the_second_time() {
    let mut head = small();
    let action = head["actions"][0].clone();
    head["actions"] = json!([]);
    head["place_types"] = json!([head["place_types"][0], head["place_types"][0]]);
    let action = action.to_string();
    let loaded = load(&[("head.json", &head.to_string()), ("a.json", &action), ("b.json", &action)]);
    let wanted =
        ["b.json: X: id: is there twice", "b.json: X-1: id: is there twice", "head.json: street: id: is there twice"];
    assert_eq!(said(loaded), wanted);
}

#[test]
fn all_slips_of_a_kind_are_told_at_once() {
    let mut head = small();
    let mut action = head["actions"][0].clone();
    head["actions"] = json!([]);
    head["nam"] = json!("x");
    action["items"][0]["filling"] = json!("x");
    action["items"].as_array_mut().unwrap().push(json!({ "id": "X-2" }));
    let loaded = load(&[("head.json", &head.to_string()), ("a.json", "nothing"), ("b.json", &action.to_string())]);
    let said = said(loaded);
    assert_eq!(said[0], "head.json: nam: is not known");
    assert!(said[1].starts_with("a.json: file: is not JSON"));
    let missing = ["name", "points", "filing", "closing", "tag"].map(|name| format!("b.json: X-2: {name}: is missing"));
    assert_eq!(said[2], "b.json: X-1: filling: is not known");
    assert_eq!(said[3..], missing, "every slip of an item, not its first alone");

    // What has the right form is looked through beside what has not, and that says nothing for its author.
    let mut catalogue = small();
    let mut second = catalogue["actions"][0]["items"][0].clone();
    second["id"] = json!("X-2");
    second["limits"][0]["clock"] = json!("fortnight");
    second["points"]["each"] = json!("many");
    second["photos"] = json!({ "wide": 1, "close": 1 });
    second["codes"][0]["standard"] = json!("T");
    catalogue["actions"][0]["items"][0]["limits"] = json!([]);
    catalogue["actions"][0]["items"].as_array_mut().unwrap().push(second);
    catalogue["place_types"][0]["items"] = json!(["X-1", "X-2", "Y-1"]);
    let mut said = faults(&catalogue);
    said.sort();
    let mut wanted =
        ["X-2: limits[0].clock:", "X-2: points.each:", "X-2: photos.after:", "X-1: limits:", "street: items: Y-1"];
    wanted.sort_unstable();
    let told = |(line, wanted): (&String, &&str)| line.starts_with(&format!("x.json: {wanted}"));
    assert!(said.len() == wanted.len() && said.iter().zip(&wanted).all(told), "{said:?}");
    // Where it is not known what items there are, nobody is told that one is not among them.
    catalogue["actions"][0]["items"][0].as_object_mut().unwrap().remove("id");
    assert!(!faults(&catalogue).iter().any(|line| line.contains("is not an item")));

    let mut catalogue = small();
    catalogue["version"] = json!("");
    catalogue["actions"][0]["items"][0]["limits"] = json!([]);
    catalogue["place_types"][0]["items"] = json!(["Y-1"]);
    assert_eq!(faults(&catalogue).len(), 3);
}
