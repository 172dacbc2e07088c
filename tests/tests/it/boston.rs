//! Real cases of one city: every row of its register goes in as a finding, through several phones,
//! and the ledger holds exactly what an independent count of the files says.

use std::collections::BTreeMap;
use std::path::Path;

use xuncha_core::model::{FindingDraft, Place};
use xuncha_tests::harness::{Phone, TestServer, shared};

pub(super) const FILES: [&str; 5] = [
    "construction-debris.csv",
    "illegal-dumping.csv",
    "illegal-posting-of-signs.csv",
    "improper-storage-of-trash.csv",
    "pwd-graffiti.csv",
];

#[tokio::test]
async fn every_case_of_a_real_register_becomes_one_finding() {
    let Some(folder) = shared("data/boston-311") else { return };
    let server = TestServer::start().await;
    let mut phones = Vec::new();
    for name in ["甲", "乙", "丙", "丁"] {
        phones.push(Phone::of(&server, name, "inspector").await);
    }
    let mut expected: BTreeMap<String, usize> = BTreeMap::new();
    let mut number = 0;
    for file in FILES {
        for case in read(&std::fs::read_to_string(folder.join(file)).unwrap()) {
            let note = format!("{} {}", case["CASE_ENQUIRY_ID"], case["CASE_TITLE"]);
            *expected.entry(note.clone()).or_default() += 1;
            let phone = &phones[number % phones.len()];
            phone.notebook.record(draft(&case, item_of(file), note), Vec::new()).unwrap();
            number += 1;
            if number % 97 == 0 {
                phone.sync().await;
            }
        }
    }
    for _ in 0..2 {
        for phone in &phones {
            phone.sync().await;
        }
    }
    assert_eq!(number, independent_count(&folder), "rows read here and counted by another reader");
    for phone in &phones {
        let mut found: BTreeMap<String, usize> = BTreeMap::new();
        for finding in phone.findings() {
            *found.entry(finding.note.unwrap()).or_default() += 1;
        }
        assert_eq!(found, expected);
        phone.check();
    }
    server.check_all();
}

/// The item of the catalogue that the cases of a file are examples of.
fn item_of(file: &str) -> &'static str {
    match file {
        "construction-debris.csv" => "CW-12",
        "illegal-dumping.csv" => "CW-9",
        "illegal-posting-of-signs.csv" => "SR-7",
        "improper-storage-of-trash.csv" => "HW-1",
        "pwd-graffiti.csv" => "SR-11",
        other => panic!("{other} is of no item"),
    }
}

fn draft(case: &BTreeMap<String, String>, item: &str, note: String) -> FindingDraft {
    let number = |name: &str| case[name].parse::<f64>().ok();
    let (lat, lon) = (number("LATITUDE"), number("LONGITUDE"));
    let words = Some(case["Location"].clone()).filter(|words| !words.trim().is_empty());
    let place = Place { lat, lon, accuracy: None, provider: None, words, ..Place::default() };
    let somewhere = (place.lat.is_some() && place.lon.is_some()) || place.words.is_some();
    FindingDraft {
        item: Some(item.to_owned()),
        note: Some(note),
        place: somewhere.then_some(place),
        ..Default::default()
    }
}

/// What Python's own CSV reader counts.
fn independent_count(folder: &Path) -> usize {
    let program = "import csv,sys\nprint(sum(1 for f in sys.argv[1:] for _ in csv.DictReader(open(f,newline='',encoding='utf-8'))))";
    let files = FILES.map(|file| folder.join(file));
    let output = std::process::Command::new("python3").arg("-c").arg(program).args(files).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

/// Rows of a CSV file (RFC 4180) by their column names.
fn read(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut rows = records(text).into_iter();
    let names = rows.next().unwrap();
    rows.map(|row| names.iter().cloned().zip(row).collect()).collect()
}

pub(super) fn records(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (quoted, c) {
            (true, '"') if chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            (_, '"') => quoted = !quoted,
            (false, ',') => record.push(std::mem::take(&mut field)),
            (false, '\r') => {}
            (false, '\n') => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            (_, c) => field.push(c),
        }
    }
    if !field.is_empty() || !record.is_empty() {
        record.push(field);
        records.push(record);
    }
    records
}
