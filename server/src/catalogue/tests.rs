//! Small workbooks as offices keep them, and broken ones.

use std::path::{Path, PathBuf};

use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet};
use tempfile::TempDir;
use xuncha_core::model::catalogue::{Catalogue, Clock, Tag};

use super::read_sheet;

const TITLES: [&str; 9] =
    ["大类代码", "大类名称", "小类代码", "小类名称", "处置单位", "主管部门", "立案条件", "结案条件", "处置时限"];

const PILES: [&str; 9] =
    ["01", "市容环境", "36", "乱堆物堆料", "城管中队", "市城管局", "占地超过半平方米", "清走", "1工作日"];

/// A workbook of one sheet.
fn book(fill: impl FnOnce(&mut Worksheet)) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("某市标准.xlsx");
    let mut book = Workbook::new();
    fill(book.add_worksheet());
    book.save(&path).unwrap();
    (folder, path)
}

fn line(sheet: &mut Worksheet, row: u32, cells: &[&str]) {
    for (at, text) in (0..).zip(cells) {
        if !text.is_empty() {
            sheet.write_string(row, at, *text).unwrap();
        }
    }
}

/// The sheet with the usual header and these lines below it.
fn lines(lines: &[[&str; 9]]) -> Result<Catalogue, Vec<String>> {
    let (_folder, path) = book(|sheet| {
        line(sheet, 0, &TITLES);
        for (row, cells) in (1..).zip(lines) {
            line(sheet, row, cells);
        }
    });
    read(&path)
}

fn read(path: &Path) -> Result<Catalogue, Vec<String>> {
    read_sheet(path).map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

fn faults(of: &[[&str; 9]]) -> Vec<String> {
    lines(of).unwrap_err()
}

fn with(column: usize, text: &'static str) -> [&'static str; 9] {
    let mut cells = PILES;
    cells[column] = text;
    cells
}

#[test]
fn a_line_becomes_an_item_of_its_action() {
    let catalogue = lines(&[PILES]).unwrap();
    assert_eq!((catalogue.version.as_str(), catalogue.name.en.as_str()), ("某市标准", "某市标准"));
    let action = &catalogue.actions[0];
    assert_eq!(
        (action.id.as_str(), action.name.zh.as_str(), action.organiser.zh.as_str()),
        ("01", "市容环境", "市城管局")
    );
    let item = catalogue.item("01-36").unwrap();
    assert_eq!((item.name.zh.as_str(), item.name.en.as_str()), ("乱堆物堆料", "乱堆物堆料"));
    assert_eq!((item.filing.zh.as_str(), item.closing.zh.as_str()), ("占地超过半平方米", "清走"));
    assert_eq!(item.hint.as_ref().unwrap().zh, "处置单位：城管中队");
    assert_eq!((item.limits[0].amount, item.limits[0].clock), (1, Clock::WorkingDay));
    assert_eq!((item.points.each, item.points.tag, item.tag), (0, Tag::Default, Tag::Standard));
    assert_eq!(catalogue.checklist("all").len(), 1);
    assert_eq!(Catalogue::read(&catalogue.to_text()).unwrap(), catalogue);
}

#[test]
fn the_header_is_found_by_its_words_in_any_order() {
    let (_folder, path) = book(|sheet| {
        sheet.merge_range(0, 0, 0, 8, "某市数字化城市管理立案、结案标准（试行）", &Format::new()).unwrap();
        let titles = [
            "处置时限\n（工作时/日）",
            "结案 条件",
            "立案\n条件*",
            "主管部门",
            " 处置单位",
            "小类\r\n名称",
            "小类　代码",
            "大类名称",
            "大类代码",
            "备注",
        ];
        line(sheet, 2, &titles);
        let mut cells = PILES;
        cells.reverse();
        line(sheet, 3, &cells);
        sheet.write_string(3, 9, "本市增加").unwrap();
        sheet.write_string(5, 8, "注：本表自发布之日起执行。").unwrap();
    });
    let catalogue = read(&path).unwrap();
    assert_eq!(catalogue.item("01-36").unwrap().closing.zh, "清走");
    assert_eq!(catalogue.items().count(), 1);
}

#[test]
fn merged_cells_hold_for_all_their_rows() {
    let (_folder, path) = book(|sheet| {
        line(sheet, 0, &TITLES);
        let plain = Format::new();
        for (column, text) in [(0, "03"), (1, "施工管理"), (5, "市城管局")] {
            sheet.merge_range(1, column, 4, column, text, &plain).unwrap();
        }
        for (column, text) in [(2, "07"), (3, "围挡不规范"), (4, "施工单位"), (7, "围挡完好")] {
            sheet.merge_range(1, column, 3, column, text, &plain).unwrap();
        }
        for (row, filing, limit) in
            [(1, "未设围挡。", "3工作日"), (2, "围挡破损。", "2工作日"), (3, "围挡不洁。", "1天")]
        {
            sheet.write_string(row, 6, filing).unwrap();
            sheet.write_string(row, 8, limit).unwrap();
        }
        line(sheet, 4, &["", "", "04", "施工扬尘", "施工单位", "", "无喷淋", "已喷淋", "２工作时"]);
        line(sheet, 6, &["04", "街面秩序", "05", "店外经营", "中队", "区城管局", "越线", "收回", "2紧急工作时"]);
    });
    let catalogue = read(&path).unwrap();
    let ids: Vec<_> = catalogue.items().map(|item| item.id.as_str()).collect();
    assert_eq!(ids, ["03-07", "03-04", "04-05"]);
    assert_eq!(catalogue.actions[1].organiser.zh, "区城管局");
    let fence = catalogue.item("03-07").unwrap();
    let limits = fence.limits.iter().map(|limit| (limit.amount, limit.case.as_ref().unwrap().zh.as_str()));
    assert_eq!(limits.collect::<Vec<_>>(), [(3, "未设围挡。"), (2, "围挡破损。"), (1, "围挡不洁。")]);
    assert_eq!(fence.filing.zh, "未设围挡；围挡破损；围挡不洁");
    assert_eq!(fence.closing.zh, "围挡完好");
}

#[test]
fn cases_with_one_limit_have_one_limit() {
    let more = ["", "", "", "", "", "", "挡住盲道", "", ""];
    let catalogue = lines(&[PILES, more]).unwrap();
    let item = catalogue.item("01-36").unwrap();
    assert_eq!((item.limits.len(), item.limits[0].case.as_ref()), (1, None));
    assert_eq!(item.filing.zh, "占地超过半平方米；挡住盲道");

    let clash = ["", "", "", "", "", "", "", "", "3天"];
    assert_eq!(
        faults(&[PILES, clash]),
        ["某市标准.xlsx: row 3, column I (处置时限): is another limit for the same 立案条件"]
    );
}

#[test]
fn codes_keep_the_zero_that_a_spreadsheet_takes_off() {
    let (_folder, path) = book(|sheet| {
        line(sheet, 0, &TITLES);
        for (row, code) in [(1, 36.0), (2, 6042.0), (3, 199.0)] {
            line(sheet, row, &PILES);
            sheet.write_number(row, 0, if row == 2 { 6.0 } else { 1.0 }).unwrap();
            sheet.write_string(row, 1, if row == 2 { "市容" } else { "市容环境" }).unwrap();
            sheet.write_number(row, 2, code).unwrap();
        }
        line(sheet, 4, &with(2, "０１－07"));
        line(sheet, 5, &with(2, "0108"));
    });
    let catalogue = read(&path).unwrap();
    let ids: Vec<_> = catalogue.items().map(|item| item.id.as_str()).collect();
    assert_eq!(ids, ["01-36", "0199", "01-07", "0108", "06042"], "a class that comes again is one action");
}

#[test]
fn another_authority_is_kept_with_its_item() {
    let mut other = with(2, "37");
    other[5] = "市住建局";
    let catalogue = lines(&[PILES, other]).unwrap();
    assert_eq!(catalogue.actions[0].organiser.zh, "市城管局");
    assert_eq!(catalogue.item("01-37").unwrap().hint.as_ref().unwrap().zh, "处置单位：城管中队；主管部门：市住建局");
}

#[test]
fn a_cell_that_cannot_be_used_is_named_with_row_column_and_value() {
    let at = |row: u32, what: &str| format!("某市标准.xlsx: row {row}, column {what}");
    let expected = "is no time limit: write it like 2紧急工作时, 4工作时, 5工作日, 2紧急工作日 or 1自然日";
    assert_eq!(faults(&[with(8, "尽快")]), [at(2, &format!("I (处置时限): `尽快` {expected}"))]);
    assert_eq!(faults(&[with(8, "5")]), [at(2, "I (处置时限): `5` does not say hours or days")]);
    assert_eq!(
        faults(&[with(0, "一 类")]),
        [
            at(2, "A (大类代码): `一类` is no code: up to 64 letters, digits, - _ ."),
            at(2, "C (小类代码): `36` is no code: up to 64 letters, digits, - _ .")
        ]
    );
    assert_eq!(faults(&[with(7, "")]), [at(2, "H (结案条件): is missing, here and above")]);
    assert_eq!(faults(&[with(3, "")]), [at(2, "D (小类名称): is missing")]);
    assert_eq!(faults(&[with(2, "")]), [at(2, "C (小类代码): is missing")]);
    assert_eq!(faults(&[PILES, PILES]), [at(3, "C (小类代码): `36` is 01-36, which is there already in row 2")]);
    let mut renamed = with(2, "37");
    renamed[1] = "市容";
    assert_eq!(
        faults(&[PILES, renamed]),
        [at(3, "B (大类名称): `市容` differs from `市容环境`, the name of 01 above")]
    );
    let mut unnamed = with(0, "02");
    unnamed[1] = "";
    assert_eq!(faults(&[PILES, unnamed]), [at(3, "B (大类名称): is missing, here and above")]);
    let long: &'static str = "长".repeat(1_001).leak();
    assert_eq!(faults(&[with(6, long)]), [at(2, "G (立案条件): is longer than 1000 characters")]);

    let several = faults(&[with(8, "尽快"), with(7, "x"), with(2, "")]);
    assert_eq!(several.len(), 3, "{several:?}");
    let cells = |line: &String| line.split("column ").nth(1).unwrap().chars().next().unwrap();
    let mut empty: Vec<_> = faults(&[["", "", "x", "", "", "", "", "", "x"]]).iter().map(cells).collect();
    empty.sort_unstable();
    assert_eq!(String::from_iter(empty), "ABDEFGHI", "every cell of a line, once");
}

#[test]
fn a_date_in_place_of_a_code_is_told() {
    let (_folder, path) = book(|sheet| {
        line(sheet, 0, &TITLES);
        line(sheet, 1, &PILES);
        let date = ExcelDateTime::from_ymd(2026, 1, 7).unwrap();
        sheet.write_datetime_with_format(1, 2, &date, &Format::new().set_num_format("m-d")).unwrap();
    });
    let said = read(&path).unwrap_err();
    assert!(said[0].contains("row 2, column C (小类代码): was made a date or time"), "{said:?}");
}

#[test]
fn missing_and_double_columns_are_all_named() {
    let (_folder, path) = book(|sheet| {
        line(
            sheet,
            1,
            &["大类代码", "大类名称", "小类代码", "小类名称", "小类名称", "主管部门", "立案条件", "结案条件"],
        );
        line(sheet, 2, &PILES);
    });
    let wanted = [
        "某市标准.xlsx: row 2: there is no column 处置单位",
        "某市标准.xlsx: row 2: there is no column 处置时限",
        "某市标准.xlsx: row 2: there are two columns 小类名称",
    ];
    assert_eq!(read(&path).unwrap_err(), wanted);
}

#[test]
fn what_is_no_such_sheet_is_told() {
    let (_folder, path) = book(|_| {});
    assert_eq!(read(&path).unwrap_err(), ["某市标准.xlsx: file: is empty"]);

    let (_folder, path) = book(|sheet| line(sheet, 0, &["姓名", "电话"]));
    assert!(read(&path).unwrap_err()[0].contains("has no sheet with a header row of 大类代码、大类名称"));

    assert_eq!(faults(&[]), ["某市标准.xlsx: row 1: nothing stands below it"]);

    let folder = TempDir::new().unwrap();
    let text = folder.path().join("标准.csv");
    std::io::Write::write_all(&mut std::fs::File::create(&text).unwrap(), b"a,b").unwrap();
    assert!(read(&text).unwrap_err()[0].contains("标准.csv: file: is not an XLSX workbook"));
    assert!(read(&folder.path().join("无.xlsx")).unwrap_err()[0].contains("file: cannot be read"));
}

#[test]
fn a_huge_sheet_is_refused() {
    let (_folder, path) = book(|sheet| {
        line(sheet, 0, &TITLES);
        line(sheet, 1, &PILES);
        line(sheet, 10_000, &with(2, "37"));
    });
    assert_eq!(read(&path).unwrap_err(), ["某市标准.xlsx: file: the sheet Sheet1 has more than 10000 rows"]);
}

#[test]
fn the_sheet_with_the_usual_name_comes_first() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("b.xlsx");
    let mut book = Workbook::new();
    for (name, code) in [("说明", ""), ("部件", "11"), ("立结案标准", "36")] {
        let sheet = book.add_worksheet();
        sheet.set_name(name).unwrap();
        if code.is_empty() {
            line(sheet, 0, &["本工作簿的用法"]);
        } else {
            line(sheet, 0, &TITLES);
            line(sheet, 1, &with(2, code));
        }
    }
    book.save(&path).unwrap();
    assert!(read(&path).unwrap().item("01-36").is_some());
}
