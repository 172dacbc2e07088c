//! Registers in the shapes that offices keep them in, and everything that can be wrong with one.

use std::path::Path;
use std::process::{Command, Stdio};

use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use serde_json::json;
use xuncha_core::host::Host;
use xuncha_core::model::Source;
use xuncha_tests::harness::{Office, binary, until, xuncha};

use super::{Archive, faults};

const MAP: &str = r#"
system = "某市数字城管"
zone = "Asia/Shanghai"

[columns]
case = "案卷号"
opened = "立案时间"
target = "截止时间"
closed = "结案时间"
department = "处置单位"
item = "问题类型"
note = "问题描述"
address = "位置"
lat = "纬度"
lon = "经度"

[items]
"乱堆物" = "SR-1"
"小广告" = "SR-7"

[units]
"市容环卫处" = "市容环卫处"
"#;

const TITLES: &str = "案卷号,立案时间,截止时间,结案时间,处置单位,问题类型,问题描述,位置,纬度,经度";

fn gb(text: &str) -> Vec<u8> {
    encoding_rs::GB18030.encode(text).0.into_owned()
}

/// An archive of a city with the unit that the map names, and somebody in it.
fn city() -> Archive {
    let archive = Archive::new();
    let office = archive.office();
    let unit = office.add("unit.add", json!({ "name": "市容环卫处" }));
    office.user_of("孙丽", "coordinator", unit);
    archive
}

#[test]
fn a_register_in_gb18030_is_tried_told_row_by_row_and_taken_over() {
    let archive = city();
    let rows = [
        "A-1,2026-03-02 09:00,2026-03-04 17:30,2026-03-03 10:00,市容环卫处,乱堆物,\"占道,堆物\",解放路1号,31.23,121.47",
        "A-2,2026-03-02 9:00,2026-03-04 17:30,,市容环卫处,小广告,电线杆,解放路2号,31.23,121.47",
        "A-3,昨天,2026-03-04 17:30,2026年3月,园林处,种树,x,解放路3号,北纬31,121.47",
        "A-1,2026-03-05 09:00,2026-03-06,,园林处,乱堆物,又堆了,解放路1号,,",
        ",,,,,,,,,",
        "A-5,2026-03-05 09:00,2026-03-06,2026-03-06 23:00,园林处,乱堆物,𠂇右,解放路5号,,",
        "A-6,,,,园林处,,,,31.23,",
        "A-7,2026-03-05,只有三格",
        "1.01E+11,2026-03-05,,,园林处,乱堆物,,,,",
        "A-8,2026-03-05 09:00,,2026-03-05 08:59,园林处,乱堆物,先结后立,,,",
        "A-9,2026-03-05 09:00,,,园林处,乱堆物,无处可寻,,123.4,121.47",
    ];
    let file = archive.file("register.csv", gb(&[&[TITLES], &rows[..]].concat().join("\r\n")));
    let wrong = [
        "4 立案时间 bad_time",
        "4 结案时间 bad_time",
        "4 问题类型 unknown_item",
        "4 纬度 bad_number",
        "5 - twice",
        "8 立案时间 missing",
        "8 问题类型 missing",
        "9 - bad_row",
        "10 案卷号 bad_number",
        "12 - bad_field",
    ];
    let dry = archive.import(MAP, &["--dry-run", &file]);
    let mut told = faults(&dry.lines());
    told.sort_by_key(|fault| fault.split(' ').next().unwrap().parse::<u32>().unwrap());
    assert_eq!((dry.code, told), (1, wrong.map(str::to_owned).to_vec()));
    let summary = dry.lines().pop().unwrap();
    let expected =
        json!({ "rows": 10, "new": 4, "known": 0, "bad": 6, "differs": 0, "closed_before_opened": 1, "dry_run": true });
    assert_eq!(summary, expected, "a blank row is none");
    assert_eq!(archive.refuses(MAP, &[&file]).0, "bad_rows");
    assert!(archive.findings().is_empty(), "nothing was taken");

    let taken = archive.imports(MAP, &["--skip-bad", &file]);
    assert_eq!((&taken["new"], &taken["bad"]), (&4.into(), &6.into()));
    let findings = archive.findings();
    let of = |case: &str| findings.iter().find(|finding| Source::of(finding).unwrap().case == case).unwrap();
    assert_eq!((of("A-1").text("note"), of("A-1").text("status")), (Some("占道,堆物"), Some("closed")));
    assert_eq!((of("A-2").text("status"), of("A-5").text("status")), (Some("dispatched"), Some("closed")));
    assert_eq!(of("A-5").text("note"), Some("𠂇右"), "a letter of four bytes");
    let source = Source::of(of("A-5")).unwrap();
    assert_eq!(source.target.unwrap().to_string(), "2026-03-06T15:59:59.999Z", "a day is over at its end");
    assert_eq!(archive.imports(MAP, &["--skip-bad", &file])["known"], 4, "again");

    // Mended in a spreadsheet, and one case has moved on meanwhile.
    let rows = [
        rows[0],
        "A-2,2026-03-02 09:00,2026-03-04 17:30,2026-03-04 10:00,市容环卫处,小广告,电线杆,解放路2号,31.23,121.47",
    ];
    let file = archive.file("register.csv", [&[TITLES], &rows[..]].concat().join("\n"));
    let outcome = archive.import(MAP, &[&file]);
    assert_eq!(faults(&outcome.lines()), ["3 - differs"]);
    assert!(outcome.out.contains("where source.closed said otherwise"), "{outcome:?}");
    assert_eq!(archive.office().entity(of("A-2").id).text("status"), Some("dispatched"));
    archive.verify();
}

#[test]
fn a_workbook_is_the_same_register() {
    let archive = city();
    let rows = [
        [
            "7",
            "2026-03-02 09:00",
            "2026-03-04",
            "2026-03-04 10:00",
            "市容环卫处",
            "乱堆物",
            "占道",
            "解放路1号",
            "31.23",
            "121.47",
        ],
        ["8", "2026-03-02 09:05", "2026-03-04", "", "园林处", "小广告", "", "解放路2号", "", ""],
    ];
    let csv: Vec<String> = rows.iter().map(|row| row.join(",")).collect();
    let csv = archive.file("register.csv", format!("\u{FEFF}{TITLES}\n{}\n", csv.join("\n")));
    assert_eq!(archive.imports(MAP, &[&csv])["new"], 2);

    let mut book = Workbook::new();
    let (day, time) = (Format::new().set_num_format("yyyy-mm-dd"), Format::new().set_num_format("yyyy-mm-dd hh:mm"));
    book.add_worksheet().write_string(0, 0, "说明").unwrap();
    let sheet = book.add_worksheet().set_name("台账").unwrap();
    for (title, column) in TITLES.split(',').zip(0..) {
        sheet.write_string(1, column, title).unwrap();
    }
    for (row, line) in (2..).zip(rows) {
        for (column, cell) in (0..).zip(line).filter(|(_, cell)| !cell.is_empty()) {
            match column {
                0 | 8 | 9 => sheet.write_number(row, column, cell.parse::<f64>().unwrap()).unwrap(),
                1..=3 => {
                    let format = if cell.contains(' ') { &time } else { &day };
                    sheet
                        .write_datetime_with_format(row, column, ExcelDateTime::parse_from_str(cell).unwrap(), format)
                        .unwrap()
                }
                _ => sheet.write_string(row, column, cell).unwrap(),
            };
        }
    }
    sheet
        .write_number(4, 0, 1.01e17)
        .unwrap()
        .write_string(4, 1, "2026-03-02")
        .unwrap()
        .write_string(4, 5, "乱堆物")
        .unwrap();
    let file = archive.desk.path("register.xlsx");
    book.save(&file).unwrap();
    let map = format!("sheet = \"台账\"\n{MAP}");
    assert_eq!(archive.refuses(&map, &[&file]), ("bad_rows".into(), vec!["5 案卷号 bad_number".into()]));
    let again = archive.imports(&map, &["--skip-bad", &file]);
    assert_eq!((&again["known"], &again["new"], &again["bad"]), (&2.into(), &0.into(), &1.into()));
    assert_eq!(archive.refuses(MAP, &[&file]).0, "unknown_column", "the first sheet is another");
    assert_eq!(archive.refuses(&map.replace("台账", "台帐"), &[&file]).0, "unknown_sheet");
}

#[test]
fn what_is_no_register_is_told_before_anything_is_taken() {
    let archive = city();
    let good = "B-1,2026-03-02,,,园林处,乱堆物,,,,";
    let csv = |titles: &str| archive.file("register.csv", format!("{titles}\n{good}\n"));
    let told = |map: &str, file: &str| {
        let outcome = archive.import(map, &[file]);
        assert_eq!(outcome.code, 1, "{outcome:?}");
        let error = outcome.lines().pop().unwrap()["error"].clone();
        (error["code"].as_str().unwrap().to_owned(), error["message"].as_str().unwrap().to_owned())
    };
    let (code, message) = told(MAP, &csv(&TITLES.replace("截止时间", "期限").replace("经度", "东经")));
    assert!(code == "unknown_column" && message.ends_with("there is no column 截止时间, 经度"), "{message}");
    assert_eq!(told(MAP, &csv(&TITLES.replace("位置", "案卷号"))).0, "unknown_column");
    let twice = archive.file("twice.csv", format!("{TITLES},位置\n{good},\n"));
    assert_eq!(told(MAP, &twice), ("ambiguous_column".into(), format!("{twice}: several are called 位置")));
    assert_eq!(told(MAP, "/nowhere/register.csv").0, "io");
    assert_eq!(told(MAP, &archive.file("empty.csv", "\n\n")).0, "empty");
    assert_eq!(told(MAP, &archive.file("old.xls", "x")).0, "not_xlsx");
    assert_eq!(told(MAP, &archive.file("no.xlsx", "x")).0, "not_xlsx");

    let file = csv(TITLES);
    let maps = [
        ("colums", MAP.replace("[columns]", "[colums]")),
        ("unknown field `opend`", MAP.replace("opened =", "opend =")),
        ("zone: ", MAP.replace("Asia/Shanghai", "Asia/Shanghi")),
        ("times: %H:%M: does not say which day it is", format!("times = [\"%H:%M\"]\n{MAP}")),
        ("as_of: \"soon\" is no time", format!("as_of = \"soon\"\n{MAP}")),
        ("columns.item: is missing", MAP.replace("item = \"问题类型\"\n", "")),
        ("columns.lat: and lon go together", MAP.replace("lon = \"经度\"\n", "")),
    ];
    for (wanted, map) in maps {
        let (code, message) = told(&map, &file);
        assert!(code == "bad_map" && message.contains(wanted), "{wanted}: {message}");
    }
    assert_eq!(told(&MAP.replace("\"市容环卫处\"\n", "\"没有的处\"\n"), &file).0, "not_found");
    assert_eq!(told(&format!("catalogue = \"2020\"\n{MAP}"), &file).0, "not_found");

    // Bytes that are no text, in one cell of one row.
    let broken =
        [gb(&format!("{TITLES}\n{good}\nB-2,2026-03-02,,,园林处,乱堆物,")), vec![0xFF, 0xFF], gb(",,,\n")].concat();
    let broken = archive.file("broken.csv", broken);
    assert_eq!(archive.refuses(MAP, &[&broken]).1, ["3 问题描述 bad_encoding"]);
    let utf8 = format!("encoding = \"utf-8\"\n{MAP}");
    assert_eq!(
        archive.refuses(&utf8, &[&archive.file("gb.csv", gb(&format!("{TITLES}\n{good}\n")))]).0,
        "unknown_column"
    );
    assert!(archive.findings().is_empty());
    assert_eq!(archive.imports(MAP, &[&file])["new"], 1);
}

#[tokio::test]
async fn an_import_that_is_killed_is_gone_on_with_by_doing_it_again() {
    const ROWS: u64 = 6_000;
    let archive = city();
    let row = |n: u64| format!("K-{n},2026-03-02 09:00,2026-03-04,,园林处,乱堆物,第{n}件,解放路{n}号,31.23,121.47\n");
    let file = archive.file("register.csv", format!("{TITLES}\n{}", (0..ROWS).map(row).collect::<String>()));
    let map = archive.file("map.toml", MAP);
    let office = Office::open(Path::new(&archive.data()), Host::system());
    let before = office.size();
    let mut command = Command::new(binary());
    command.args(["import", "findings", "--skip-bad", "--data", &archive.data(), "--map", &map, &file]);
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    until(|| office.size() > before).await;
    child.kill().unwrap();
    child.wait().unwrap();

    let there = office.size() - before;
    assert!(there > 0 && there < ROWS, "{there} cases were there when it was killed");
    let rest = archive.imports(MAP, &[&file]);
    assert_eq!((&rest["known"], &rest["new"]), (&there.into(), &(ROWS - there).into()));
    assert_eq!(office.size() - before, ROWS);
    archive.verify();
}

#[test]
fn cases_are_counted_by_what_is_asked_for() {
    let archive = city();
    let rows = [
        "C-1,2026-03-31 23:59,2026-04-04,2026-04-03 10:00,园林处,乱堆物,,,,",
        "C-2,2026-04-01 00:00,2026-04-04,2026-04-05 00:00,园林处,乱堆物,,,,",
        "C-3,2026-04-01 00:00,2026-04-04,,园林处,小广告,,,,",
        "C-4,2026-04-01 00:00,,,,小广告,,,,",
    ];
    let file = archive.file("register.csv", [&[TITLES], &rows[..]].concat().join("\n"));
    archive.imports(MAP, &[&file]);
    let counts = |by: &str, as_of: &str| {
        let outcome = xuncha(["case", "--data", &archive.data(), "standing", "--by", by, "--as-of", as_of]);
        let words = |line: &serde_json::Value| {
            let counted = ["on_time", "late", "overdue", "running", "none"].map(|name| line[name].to_string());
            let keys = by.split(',').map(|by| line[by].as_str().unwrap_or("-")).collect::<Vec<_>>();
            format!("{} {}", keys.join(" "), counted.join(""))
        };
        outcome.lines().iter().map(words).collect::<Vec<_>>()
    };
    let soon = "2026-04-04T12:00:00+08:00";
    assert_eq!(counts("month", soon), ["2026-03 10000", "2026-04 01011"]);
    assert_eq!(counts("month", "2026-04-05T00:00:00+08:00"), ["2026-03 10000", "2026-04 01101"]);
    assert_eq!(counts("department,item", soon), ["- SR-7 00001", "园林处 SR-1 11000", "园林处 SR-7 00010"]);
    assert_eq!(counts("system", soon), ["某市数字城管 11011"]);
    let listed = xuncha(["case", "--data", &archive.data(), "list", "--status", "closed"]).lines();
    assert_eq!((listed.len(), &listed[0]["source"]["department"]), (2, &json!("园林处")));
    let bad = xuncha(["case", "--data", &archive.data(), "standing", "--as-of", "soon"]);
    assert_eq!(bad.code, 2);
}
