//! What each writer does with ordinary findings, with those that lack things, and with words that mean harm.

use std::io::{Cursor, Write};
use std::sync::Mutex;

use calamine::{Data, Reader as _, Xlsx};
use serde_json::{Value, json};
use xuncha_core::model::catalogue::seed_catalogue;
use xuncha_core::model::{Entity, EntityId, Time};

use super::*;

const UNIT: &str = "019abc00-0000-7000-8000-00000000000a";
const CATALOGUE: &str = "019abc00-0000-7000-8000-00000000000c";
const NOTICE: &str = "019abc00-0000-7000-8000-00000000000d";

pub(super) fn id(number: u64) -> String {
    format!("019abc00-0000-7000-8000-{number:012x}")
}

pub(super) fn entity(kind: &str, id: &str, fields: Value) -> Entity {
    let stamps = json!({ "*": [id, 7, null, 0, null] });
    serde_json::from_value(json!({
        "id": id, "kind": kind, "index": 7, "at": "2026-11-26T01:00:00.000Z", "fields": fields, "stamps": stamps,
    }))
    .unwrap()
}

fn finding(number: u64, fields: Value) -> Entity {
    entity("finding", &id(number), fields)
}

pub(super) fn city() -> City {
    let now: Time = "2026-11-30T04:00:00.000Z".parse().unwrap();
    let mut city = City::new(Some("Asia/Shanghai"), now);
    city.add_unit(&entity("unit", UNIT, json!({ "name": "市容环卫处", "code": "12320000MB0000000X" })));
    for (user, name) in [(0xB1, "孙丽"), (0xB2, "赵敏")] {
        city.add_person(&entity("user", &id(user), json!({ "name": name })));
    }
    city.add_moment(9, "2026-11-27T07:00:00.000Z".parse().unwrap());
    city.add_moment(10, "2026-11-27T07:30:00.000Z".parse().unwrap());
    city.add_catalogue(CATALOGUE.parse().unwrap(), &seed_catalogue());
    city.add_notice(&entity("notice", NOTICE, json!({ "number": "督〔2026〕第0001号" })));
    for (row, points) in [(0xE1, 50), (0xE2, -20)] {
        city.add_deduction(&entity("deduction", &id(row), json!({ "finding": id(1), "points": points })));
    }
    city
}

/// A case with everything, one with almost nothing, and one whose words are formulas.
fn findings() -> Vec<Entity> {
    let whole = json!({
        "status": "noticed", "item": "SR-1", "catalogue": CATALOGUE, "severity": "high", "note": "占道堆物，\"三车\"\n已拍照",
        "place": { "lat": 31.230_416, "lon": 121.473_7, "accuracy": 8.5, "words": "中山路 12 号" }, "unit": UNIT,
        "notice": NOTICE, "filed": "2026-11-26T01:30:00.000Z", "dispatched": "2026-11-26T02:00:00.000Z",
        "deadline": "2026-11-27T09:30:00.000Z",
    });
    let formulas =
        json!({ "note": "=HYPERLINK(\"http://x\",\"看\")", "place": { "words": "@SUM(A1:A9)" }, "item": "+1" });
    vec![finding(1, whole), finding(2, json!({})), finding(3, formulas)]
}

/// What is written can be looked at after the listing is done with it.
#[derive(Default)]
struct Page(Mutex<Vec<u8>>);

impl Write for &Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn written(format: Format, findings: &[Entity]) -> Vec<u8> {
    let page = Page::default();
    let mut listing = listing(format, &page).unwrap();
    for finding in findings {
        listing.add(finding, &city()).unwrap();
    }
    listing.end().unwrap();
    page.0.into_inner().unwrap()
}

fn column(key: &str) -> usize {
    COLUMNS.iter().position(|column| column.key == key).unwrap()
}

#[test]
fn a_table_begins_with_a_mark_and_is_read_back_as_it_was_meant() {
    let bytes = written(Format::Csv, &findings());
    let text = std::str::from_utf8(&bytes).unwrap().strip_prefix('\u{feff}').expect("a byte order mark");
    assert!(text.starts_with("编号,项目代码,问题类别,标准代码,状态,"), "{text}");
    assert!(text.contains("\"占道堆物，\"\"三车\"\"\n已拍照\""), "quotes are doubled, and the cell is quoted: {text}");
    assert!(text.ends_with("\r\n"));

    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<::csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let cell = |row: usize, key: &str| rows[row].get(column(key)).unwrap().to_owned();
    assert_eq!(rows.len(), 3);
    assert_eq!((cell(0, "id"), cell(0, "item")), (id(1), "SR-1".to_owned()));
    assert_eq!(cell(0, "item_name"), seed_catalogue().item("SR-1").unwrap().name.zh);
    assert_eq!((cell(0, "status").as_str(), cell(0, "status_code").as_str()), ("已督办", "noticed"));
    assert_eq!((cell(0, "severity").as_str(), cell(0, "unit").as_str()), ("高", "市容环卫处"));
    assert_eq!((cell(0, "lat").as_str(), cell(0, "lon").as_str()), ("31.230416", "121.4737"));
    assert_eq!(cell(0, "note"), "占道堆物，\"三车\"\n已拍照");
    assert_eq!(
        (cell(0, "filed").as_str(), cell(0, "closed").as_str()),
        ("2026-11-26 09:30:00", ""),
        "the city's clocks"
    );
    assert_eq!((cell(0, "deadline").as_str(), cell(0, "standing").as_str()), ("2026-11-27 17:30:00", "超期"));
    assert_eq!((cell(0, "points").as_str(), cell(0, "notice").as_str()), ("0.3", "督〔2026〕第0001号"));
    assert_eq!((cell(1, "status").as_str(), cell(1, "lat").as_str(), cell(1, "points").as_str()), ("已上报", "", ""));
}

#[test]
fn what_another_register_claims_is_written_and_said_to_be_a_claim() {
    let source = json!({
        "system": "某市数字城管", "case": "A-1", "opened": "2026-03-02T01:00:00.000Z",
        "target": "2026-03-04T09:30:00.000Z", "closed": "2026-03-03T02:00:00.000Z", "department": "园林处",
    });
    let cases = [
        finding(1, json!({ "status": "closed", "source": source })),
        finding(2, json!({ "status": "returned", "source": source, "deadline": "2026-12-04T09:30:00.000Z" })),
        finding(3, json!({ "status": "filed" })),
    ];
    let bytes = written(Format::Csv, &cases);
    let mut reader = ::csv::Reader::from_reader(&bytes["\u{feff}".len()..]);
    let rows: Vec<::csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let cells = |row: usize, keys: &[&str]| -> Vec<&str> {
        keys.iter().map(|key| rows[row].get(column(key)).unwrap()).collect()
    };
    let times = ["recorded", "deadline", "closed", "standing", "claimed", "taken_over"];
    assert_eq!(
        cells(0, &times),
        [
            "2026-03-02 09:00:00",
            "2026-03-04 17:30:00",
            "2026-03-03 10:00:00",
            "按期完成",
            "整改时限、发现时间、结案时间",
            "2026-11-26 09:00:00"
        ]
    );
    let at_work = ["2026-03-02 09:00:00", "2026-12-04 17:30:00", "", "时限内", "发现时间", "2026-11-26 09:00:00"];
    assert_eq!(cells(1, &times), at_work, "what this ledger says itself goes first");
    assert_eq!(cells(2, &times), ["2026-11-26 09:00:00", "", "", "", "", ""]);
    let from = ["source", "source_case", "source_department"];
    assert_eq!((cells(0, &from), cells(2, &from)), (vec!["某市数字城管", "A-1", "园林处"], vec!["", "", ""]));
    let map: Value = serde_json::from_slice(&written(Format::Geojson, &cases)).unwrap();
    let said = &map["features"][0]["properties"];
    assert_eq!((&said["closed"], &said["source_case"]), (&json!("2026-03-03 10:00:00"), &json!("A-1")));
}

#[test]
fn what_a_spreadsheet_would_work_out_stays_words() {
    let bytes = written(Format::Csv, &findings());
    let mut reader = ::csv::Reader::from_reader(&bytes["\u{feff}".len()..]);
    let row = reader.records().nth(2).unwrap().unwrap();
    let cell = |key: &str| row.get(column(key)).unwrap();
    assert_eq!(cell("note"), "'=HYPERLINK(\"http://x\",\"看\")");
    assert_eq!((cell("address"), cell("item")), ("'@SUM(A1:A9)", "'+1"));
    for first in ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"] {
        let word = format!("{first}1");
        assert_eq!(csv::harmless(word.as_str().into()), format!("'{word}"));
    }
    for word in ["", "1=2", " =1", "'=1", "堆物"] {
        assert_eq!(csv::harmless(word.into()), word);
    }
    // Numbers are numbers: a point in the west is no formula.
    let west = finding(4, json!({ "place": { "lat": -1.5, "lon": -70.25 } }));
    let text = String::from_utf8(written(Format::Csv, &[west])).unwrap();
    assert!(text.contains(",-1.5,-70.25,"), "{text}");
}

#[test]
fn a_workbook_is_read_back_by_another_program_and_holds_no_formula() {
    let mut book = Xlsx::new(Cursor::new(written(Format::Xlsx, &findings()))).unwrap();
    assert_eq!(book.sheet_names(), ["问题"]);
    let sheet = book.worksheet_range("问题").unwrap();
    let cell = |row: u32, key: &str| sheet.get_value((row, u32::try_from(column(key)).unwrap())).unwrap().clone();
    assert_eq!(sheet.height(), 4);
    assert_eq!(cell(0, "note"), Data::String("问题描述".into()));
    assert_eq!(cell(1, "note"), Data::String("占道堆物，\"三车\"\n已拍照".into()));
    assert_eq!((cell(1, "lat"), cell(1, "points")), (Data::Float(31.230_416), Data::Float(0.3)));
    assert_eq!(cell(2, "lat"), Data::Empty);
    assert_eq!(cell(3, "note"), Data::String("=HYPERLINK(\"http://x\",\"看\")".into()));
    assert!(book.worksheet_formula("问题").unwrap().is_empty());
}

#[test]
fn a_workbook_goes_on_in_a_second_sheet_where_the_first_is_full() {
    let page = Page::default();
    let mut listing = Box::new(xlsx::Xlsx::with_rows(&page, 3).unwrap());
    for number in 1..=5 {
        listing.add(&finding(number, json!({ "note": format!("第{number}处") })), &city()).unwrap();
    }
    listing.end().unwrap();
    let mut book = Xlsx::new(Cursor::new(page.0.into_inner().unwrap())).unwrap();
    let heights: Vec<_> = book.sheet_names().iter().map(|name| book.worksheet_range(name).unwrap().height()).collect();
    assert_eq!((book.sheet_names().len(), heights), (3, vec![3, 3, 2]), "each with its header");
    let third = book.worksheet_range("问题3").unwrap();
    let note = third.get_value((1, u32::try_from(column("note")).unwrap()));
    assert_eq!(note, Some(&Data::String("第5处".into())));
}

#[test]
fn a_map_is_a_collection_of_points_and_of_findings_without_one() {
    let map: Value = serde_json::from_slice(&written(Format::Geojson, &findings())).unwrap();
    assert_eq!(map["type"], "FeatureCollection");
    let features = map["features"].as_array().unwrap();
    assert_eq!(features.len(), 3);
    let first = &features[0];
    assert_eq!((&first["type"], &first["id"]), (&json!("Feature"), &json!(id(1))));
    assert_eq!(first["geometry"], json!({ "type": "Point", "coordinates": [121.473_7, 31.230_416] }));
    assert_eq!(first["properties"]["standing"], "超期");
    assert_eq!(first["properties"]["accuracy"], 8.5);
    assert!(first["properties"].get("lat").is_none(), "the point is said once");
    assert!(features[1]["geometry"].is_null());
    // A collection of none is one too.
    let none: Value = serde_json::from_slice(&written(Format::Geojson, &[])).unwrap();
    assert_eq!(none["features"], json!([]));
}

#[test]
fn every_column_has_one_name_and_one_title() {
    let unique = |names: Vec<&str>| names.iter().collect::<std::collections::BTreeSet<_>>().len();
    assert_eq!(unique(COLUMNS.iter().map(|column| column.key).collect()), COLUMNS.len());
    assert_eq!(unique(COLUMNS.iter().map(|column| column.title).collect()), COLUMNS.len());
    assert_eq!(statuses().count(), 11);
    assert!(statuses().all(|code| status(code) != code), "each state has a word");
    assert_eq!(status("of_tomorrow"), "of_tomorrow");
}

pub(super) fn notice() -> Entity {
    let lines = [
        "某市督办单",
        "编号：督〔2026〕第0001号",
        "责任单位：市容环卫处 <b>&amp;</b>",
        "来源：现场考核　督办级别：1",
        "签发时间：2026-11-26 10:00　签发人：吴刚",
        "整改要求：立即清理\n不得反复",
        "1. 占道堆物（GB/T 30428.2-2013 01-36）",
        "问题描述：<script>alert('x')</script>\"",
        "位置：中山路 12 号（31.230416, 121.4737）",
        "发现时间：2026-11-26 09:00　整改时限：2026-11-27 17:30　扣分：0.50",
        "2. 积存垃圾",
        "位置：—",
        "发现时间：2026-11-26 09:00　整改时限：2026-11-27 17:30",
    ];
    let photos = ["sha256:aa".to_owned() + &"0".repeat(62), "sha256:bb".to_owned() + &"0".repeat(62)];
    entity(
        "notice",
        NOTICE,
        json!({
            "status": "replied", "number": "督〔2026〕第0001号", "unit": UNIT, "face": { "lines": lines, "photos": photos },
            format!("deadlines/{}", id(1)): "2026-11-27T09:00:00.000Z", "appealed": "2026-11-26T06:00:00.000Z",
            "votes/019abc00-0000-7000-8000-0000000000b2": { "says": "reject", "because": "属该路段", "at": "2026-11-26T07:00:00.000Z" },
            "sign_by": "2026-11-26T08:00:00.000Z", "signed": "2026-11-26T05:00:00.000Z", "appeal": "不在我方路段",
            "appeal_result": "rejected", "photos/sealed": { "original": format!("sha256:{}", "A".repeat(43)) },
        }),
    )
}

fn page(notice: &Entity, findings: &[Entity]) -> String {
    page_of(notice, findings, None)
}

pub(super) fn page_in(notice: &Entity, findings: &[Entity], city: &City) -> String {
    let (face, mut page) = (Face::of(notice).unwrap(), Vec::new());
    write_notice(&mut page, Paper { notice, face: &face, findings, server: None }, city, &mut |_| Ok(None)).unwrap();
    String::from_utf8(page).unwrap()
}

fn page_of(notice: &Entity, findings: &[Entity], server: Option<&str>) -> String {
    let face = Face::of(notice).unwrap();
    let (mut page, mut asked) = (Vec::new(), 0);
    let mut picture = |photo: &str| {
        asked += 1;
        Ok(photo.starts_with("sha256:aa").then(|| format!("/v1/blobs/{photo}")))
    };
    write_notice(&mut page, Paper { notice, face: &face, findings, server }, &city(), &mut picture).unwrap();
    let after = findings.iter().flat_map(|finding| finding.members("photos")).count();
    assert_eq!(asked, face.photos.len() + after + notice.members("photos").count());
    String::from_utf8(page).unwrap()
}

/// A case that came back once and was answered again: by whom and when is in the stamps.
pub(super) fn case_with_reply() -> Entity {
    let mut case = findings().remove(0);
    let photo = json!({ "original": format!("sha256:{}", "Q".repeat(43)), "shows": "after" });
    for (field, value, index, by) in [
        ("rework", json!(1), 9, 0xB2),
        ("reason", json!("没清完"), 9, 0xB2),
        ("status", json!("replied"), 10, 0xB1),
        ("reply", json!("已清理 <img src=x>"), 10, 0xB1),
        ("replied", json!("2026-11-27T08:00:00.000Z"), 10, 0xB1),
        ("limit", json!({ "amount": 1, "clock": "working_day" }), 10, 0xB1),
        ("photos/after", photo, 10, 0xB1),
    ] {
        case.fields.insert(field.to_owned(), value);
        let stamp = serde_json::from_value(json!([id(index), index, null, 0, id(by)])).unwrap();
        case.stamps.later.insert(field.to_owned(), stamp);
    }
    case
}

#[test]
fn a_page_holds_every_line_of_the_face_and_runs_nothing() {
    let notice = notice();
    let page = page(&notice, &[case_with_reply()]);
    for line in Face::of(&notice).unwrap().lines {
        assert!(page.contains(&notice::escaped(line)), "{line}");
    }
    for harm in ["<script", "<img src=x", "<b>", "javascript:", "http:", "https:", "@import", "url("] {
        assert!(!page.contains(harm), "{harm}");
    }
    insta::assert_snapshot!("notice_page", page);
}

#[test]
fn an_issued_notice_bears_a_code_that_leads_to_it_and_a_draft_bears_none() {
    let (notice, server) = (notice(), Some("https://xuncha.example.cn/"));
    let issued = page_of(&notice, &[], server);
    let address = format!("https://xuncha.example.cn/notices/{NOTICE}");
    let code = code::Code::of(&address).unwrap();
    assert!(issued.contains(&code.svg()) && issued.contains(&format!("<p>{address}</p>")), "{issued}");
    let mut draft = notice;
    draft.fields.remove("number");
    let draft = page_of(&draft, &[], server);
    assert!(!draft.contains("<svg") && !draft.contains("xuncha.example.cn"), "{draft}");
}

#[test]
fn what_a_page_says_of_people_is_what_its_reader_may_see() {
    let (mut case, mut notice) = (case_with_reply(), notice());
    let whole = page(&notice, std::slice::from_ref(&case));
    for said in ["<td>孙丽</td>", "<td>赵敏</td>", "赵敏 2026-11-26 15:00:00 驳回：属该路段", "2026-11-27 15:00:00"]
    {
        assert!(whole.contains(said), "{said}: {whole}");
    }
    let unit = xuncha_core::plan::Scope::unit(UNIT.parse().unwrap());
    (case, notice) = (xuncha_core::plan::project(&case, &unit), xuncha_core::plan::project(&notice, &unit));
    let theirs = page(&notice, &[case]);
    for hidden in ["孙丽", "赵敏", "属该路段"] {
        assert!(!theirs.contains(hidden), "{hidden}: {theirs}");
    }
    for said in ["没清完", "2026-11-27 15:00:00", "A2 市容秩序专项整治行动", "12320000MB0000000X", "1 个工作日"]
    {
        assert!(theirs.contains(said), "{said}: {theirs}");
    }
}

#[test]
fn a_draft_has_no_face_and_a_notice_without_photos_no_place_for_them() {
    let draft = entity("notice", NOTICE, json!({ "status": "draft" }));
    assert_eq!(Face::of(&draft), None);
    let bare = entity("notice", NOTICE, json!({ "status": "issued", "face": { "lines": ["督办单"], "photos": [] } }));
    let page = page(&bare, &[]);
    assert!(!page.contains("<figure>") && !page.contains("办理情况") && page.contains("状态：已签发"), "{page}");
    let unknown: EntityId = UNIT.parse().unwrap();
    assert_eq!(city().units_called("市容环卫处"), [unknown]);
    assert_eq!(city().units_called("nobody"), []);
}
