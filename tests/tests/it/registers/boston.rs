//! Real cases of one city, with the times of their life: what is on time and what is late follows from the times, and is what
//! the city itself said, row by row.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use xuncha_core::model::{Entity, Source, Time};
use xuncha_core::plan::{Standing, standing};
use xuncha_tests::harness::{shared, xuncha};

use super::super::boston::{FILES, records};
use super::Archive;

const MAP: &str = include_str!("boston-311.toml");

/// 2016-01-12 11:23:25 in Boston.
const AS_OF: &str = "2016-01-12T16:23:25.000Z";
/// The same, as the register writes it.
const AS_OF_THERE: &str = "01/12/2016 11:23:25 AM";

type Case = BTreeMap<String, String>;

/// For each department and month of opening: on time, late or overdue.
type Counts = BTreeMap<(String, String), (u64, u64)>;

#[test]
fn the_life_of_a_real_register_says_what_its_city_said_row_by_row() {
    let Some(folder) = shared("data/boston-311") else { return };
    let archive = Archive::new();
    let files = FILES.map(|file| folder.join(file).display().to_string());
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let cases: Vec<Case> = FILES.iter().flat_map(|file| table(&folder.join(file)).1).collect();
    let all = cases.len() as u64;

    let dry = archive.imports(MAP, &[&["--dry-run"], &files[..]].concat());
    assert_eq!((&dry["new"], &dry["bad"], archive.findings().len()), (&all.into(), &0.into(), 0));
    let taken = archive.imports(MAP, &files);
    assert_eq!((&taken["rows"], &taken["new"]), (&all.into(), &all.into()));
    let early =
        cases.iter().filter(|case| !case["CLOSED_DT"].is_empty() && at(&case["CLOSED_DT"]) < at(&case["OPEN_DT"]));
    let early = early.count() as u64;
    assert!(early > 0, "some were closed seconds before they were opened");
    assert_eq!(taken["closed_before_opened"], early, "they are kept, and it is said");

    let findings = by_case(&archive);
    assert_eq!(findings.len() as u64, all);
    for case in &cases {
        let (number, said) = (&case["CASE_ENQUIRY_ID"], case["OnTime_Status"].as_str());
        let finding = &findings[number];
        let stands = standing(finding, AS_OF.parse::<Time>().unwrap());
        let found = match stands {
            Standing::OnTime | Standing::Running => "ONTIME",
            Standing::Late | Standing::Overdue => "OVERDUE",
            other => panic!("{number}: {other:?}"),
        };
        assert_eq!(found, said, "{number}: {stands:?}");
        let open = case["CLOSED_DT"].is_empty();
        assert_eq!(finding.text("status"), Some(if open { "filed" } else { "closed" }), "{number}");
        for own in ["deadline", "closed", "replied"] {
            assert_eq!(finding.field(own), None, "{number}: the ledger was not there");
        }
    }
    let said = |case: &Case| case["OnTime_Status"] == "ONTIME";
    assert_eq!(counted(&archive), count(&cases, said), "by department and month, as the city said");

    // Doing it again changes nothing, in whatever order.
    let size = archive.office().size();
    let again = archive.imports(MAP, &files.iter().copied().rev().collect::<Vec<_>>());
    assert_eq!((&again["known"], &again["new"], archive.office().size()), (&all.into(), &0.into(), size));
    archive.verify();
}

#[test]
fn the_counts_follow_the_times_and_nothing_else() {
    let Some(folder) = shared("data/boston-311") else { return };
    let mut cases: Vec<Case> = Vec::new();
    let mut titles = Vec::new();
    for file in FILES {
        let (names, rows) = table(&folder.join(file));
        titles = names;
        cases.extend(rows);
    }
    let before = count(&cases, |case| case["OnTime_Status"] == "ONTIME");
    // Nothing is left of what the city said, and every fifth case is closed when another was, or never.
    cases.iter_mut().for_each(|case| drop(case.insert("OnTime_Status".into(), String::new())));
    let many = cases.len();
    for at in (0..many).step_by(5) {
        let other = (at * 7 + 311) % many;
        let closed = cases[at]["CLOSED_DT"].clone();
        let theirs = cases[other].insert("CLOSED_DT".into(), closed).unwrap();
        cases[at].insert("CLOSED_DT".into(), theirs);
    }
    let expected = count(&cases, |case| {
        let closed = if case["CLOSED_DT"].is_empty() { AS_OF_THERE } else { &case["CLOSED_DT"] };
        at(closed) <= at(&case["TARGET_DT"])
    });
    assert_ne!(expected, before, "that makes a difference");

    let archive = Archive::new();
    let altered = archive.file("altered.csv", written(&titles, &cases));
    let taken = archive.imports(MAP, &[&altered]);
    assert_eq!((&taken["new"], &taken["bad"]), (&(many as u64).into(), &0.into()));
    assert_eq!(counted(&archive), expected);
    // The true file says otherwise: told with its rows, and nothing is rewritten.
    let truth = folder.join(FILES[0]).display().to_string();
    let (code, faults) = archive.refuses(MAP, &[&truth]);
    assert_eq!((code.as_str(), faults.len()), ("bad_rows", table(Path::new(&truth)).1.len()));
    assert!(faults.iter().all(|fault| fault.ends_with(" differs")), "{faults:?}");
    assert_eq!(counted(&archive), expected);
    archive.verify();
}

/// Titles and rows of a CSV file.
fn table(file: &Path) -> (Vec<String>, Vec<Case>) {
    let mut rows = records(&std::fs::read_to_string(file).unwrap()).into_iter();
    let titles = rows.next().unwrap();
    let cases = rows.map(|row| titles.iter().cloned().zip(row).collect()).collect();
    (titles, cases)
}

fn written(titles: &[String], cases: &[Case]) -> String {
    let line = |cells: Vec<&String>| {
        let cells: Vec<_> = cells.into_iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
        format!("{}\r\n", cells.join(","))
    };
    let rows = cases.iter().map(|case| line(titles.iter().map(|title| &case[title]).collect()));
    line(titles.iter().collect()) + &rows.collect::<String>()
}

/// A time of the register as something that can be compared: year, month, day, 24-hour clock.
fn at(text: &str) -> (u32, u32, u32, u32, String) {
    let parts: Vec<&str> = text.split([' ', '/']).collect();
    let [month, day, year, clock, half] = parts[..] else { panic!("{text}") };
    let number = |text: &str| text.parse::<u32>().unwrap();
    let (hour, rest) = clock.split_once(':').unwrap();
    let hour = number(hour) % 12 + if half == "PM" { 12 } else { 0 };
    (number(year), number(month), number(day), hour, rest.to_owned())
}

/// What an independent reader of the file counts.
fn count(cases: &[Case], on_time: impl Fn(&Case) -> bool) -> Counts {
    let mut counts = Counts::new();
    for case in cases {
        let (year, month, ..) = at(&case["OPEN_DT"]);
        let group = counts.entry((case["Department"].clone(), format!("{year}-{month:02}"))).or_default();
        if on_time(case) { group.0 += 1 } else { group.1 += 1 }
    }
    counts
}

/// What the ledger counts.
fn counted(archive: &Archive) -> Counts {
    let arguments = [
        "case",
        "--data",
        &archive.data(),
        "standing",
        "--by",
        "department,month",
        "--as-of",
        AS_OF,
        "--system",
        "boston-311",
    ];
    let outcome = xuncha(arguments);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let number = |line: &Value, name: &str| line[name].as_u64().unwrap();
    let group = |line: &Value| {
        let name = |name: &str| line[name].as_str().unwrap().to_owned();
        let counts =
            (number(line, "on_time") + number(line, "running"), number(line, "late") + number(line, "overdue"));
        ((name("department"), name("month")), counts)
    };
    outcome.lines().iter().map(group).collect()
}

fn by_case(archive: &Archive) -> BTreeMap<String, Entity> {
    let findings = archive.findings().into_iter();
    findings.map(|finding| (Source::of(&finding).unwrap().case, finding)).collect()
}
