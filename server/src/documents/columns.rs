//! What is written about a finding: one list of columns for every format.

use std::borrow::Cow;

use serde_json::{Value, json};
use xuncha_core::model::{Entity, Time};
use xuncha_core::plan::standing;

use super::City;
use super::words;

/// One thing that is written about every finding.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name in files for programs.
    pub key: &'static str,
    /// Its title in tables for people.
    pub title: &'static str,
    /// How wide it is in a table, in characters.
    pub width: u32,
    /// What stands in it.
    pub cell: for<'a> fn(&'a Entity, &'a City) -> Cell<'a>,
}

/// What stands in a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// Nothing.
    Empty,
    /// Words, as they were said.
    Text(Cow<'a, str>),
    /// A number, which is finite.
    Number(f64),
}

/// The columns, in their order.
pub const COLUMNS: &[Column] = &[
    column("id", "编号", 38, |finding, _| Cell::Text(finding.id.to_string().into())),
    column("item", "项目代码", 10, |finding, _| text(finding.text("item"))),
    column("item_name", "问题类别", 28, |finding, city| text(city.item(finding))),
    column("codes", "标准代码", 28, |finding, city| text(city.codes(finding))),
    column("status", "状态", 10, |finding, _| text(Some(words::status(status_of(finding))))),
    column("status_code", "状态代码", 14, |finding, _| text(Some(status_of(finding)))),
    column("severity", "严重程度", 10, |finding, _| text(finding.text("severity").map(words::severity))),
    column("address", "位置", 30, |finding, _| text(place(finding, "words").and_then(Value::as_str))),
    column("lat", "纬度", 11, |finding, _| number(point(finding).map(|(lat, _)| lat))),
    column("lon", "经度", 11, |finding, _| number(point(finding).map(|(_, lon)| lon))),
    column("accuracy", "定位精度（米）", 14, |finding, _| {
        number(place(finding, "accuracy").and_then(Value::as_f64))
    }),
    column("note", "问题描述", 40, |finding, _| text(finding.text("note"))),
    column("unit", "责任单位", 20, |finding, city| {
        text(finding.reference("unit").and_then(|unit| city.unit(unit)))
    }),
    column("notice", "督办单编号", 20, |finding, city| text(city.notice(finding))),
    column("deadline", "整改时限", 20, |finding, city| time(finding, city, "deadline")),
    column("standing", "时限情况", 10, |finding, city| text(Some(standing_of(finding, city)))),
    column("recorded", "发现时间", 20, |finding, city| {
        Cell::Text(city.shown(claim(finding, "recorded").unwrap_or(finding.at)).into())
    }),
    column("filed", "立案时间", 20, |finding, city| time(finding, city, "filed")),
    column("dispatched", "派遣时间", 20, |finding, city| time(finding, city, "dispatched")),
    column("replied", "反馈时间", 20, |finding, city| time(finding, city, "replied")),
    column("closed", "结案时间", 20, |finding, city| time(finding, city, "closed")),
    column("points", "扣分", 8, |finding, city| number(city.points(finding.id).map(in_points))),
    column("source", "来源", 16, |finding, _| text(source(finding, "system"))),
    column("source_case", "来源编号", 20, |finding, _| text(source(finding, "case"))),
    column("source_department", "来源单位", 20, |finding, _| text(source(finding, "department"))),
    column("claimed", "取自来源的时间", 24, |finding, _| claimed(finding)),
    column("taken_over", "转入时间", 20, |finding, city| {
        finding.field("source").map_or(Cell::Empty, |_| Cell::Text(city.shown(finding.at).into()))
    }),
];

const fn column(
    key: &'static str,
    title: &'static str,
    width: u32,
    cell: for<'a> fn(&'a Entity, &'a City) -> Cell<'a>,
) -> Column {
    Column { key, title, width, cell }
}

/// The state that a finding is in.
pub fn status_of(finding: &Entity) -> &str {
    finding.text("status").unwrap_or("reported")
}

/// Where a finding is, in WGS-84 degrees; none without a fix or a pin.
pub(super) fn point(finding: &Entity) -> Option<(f64, f64)> {
    let degrees = |name| place(finding, name).and_then(Value::as_f64).filter(|degrees| degrees.is_finite());
    degrees("lat").zip(degrees("lon"))
}

/// How a finding stands against its deadline, in Chinese; nothing where it has none.
pub(super) fn standing_of(finding: &Entity, city: &City) -> &'static str {
    words::standing(standing(finding, city.now()))
}

fn place<'a>(finding: &'a Entity, name: &str) -> Option<&'a Value> {
    finding.field("place")?.get(name)
}

fn text(text: Option<&str>) -> Cell<'_> {
    text.filter(|text| !text.is_empty()).map_or(Cell::Empty, |text| Cell::Text(text.into()))
}

fn number<'a>(number: Option<f64>) -> Cell<'a> {
    number.filter(|number| number.is_finite()).map_or(Cell::Empty, Cell::Number)
}

/// Hundredths as points. No table has enough of them for a double to round.
#[expect(clippy::cast_precision_loss, reason = "hundredths of points stay far below 2^53")]
fn in_points(hundredths: i64) -> f64 {
    hundredths as f64 / 100.0
}

/// A time of this ledger, or else the claim of the register that the finding was taken over from.
fn time<'a>(finding: &'a Entity, city: &City, field: &str) -> Cell<'a> {
    let time = own(finding, field).or_else(|| claim(finding, field));
    time.map_or(Cell::Empty, |time| Cell::Text(city.shown(time).into()))
}

fn own(finding: &Entity, field: &str) -> Option<Time> {
    finding.text(field)?.parse().ok()
}

/// What the register says that a finding was taken over from.
fn source<'a>(finding: &'a Entity, member: &str) -> Option<&'a str> {
    finding.field("source")?.get(member)?.as_str()
}

/// The time that stands in a column by that register's word, because this ledger has none of its own.
fn claim(finding: &Entity, column: &str) -> Option<Time> {
    let member = match column {
        "recorded" => "opened",
        "deadline" if own(finding, "deadline").is_none() => "target",
        // One that is at work here again is not closed, whatever was said of it.
        "closed" if status_of(finding) == "closed" && own(finding, "closed").is_none() => "closed",
        _ => return None,
    };
    source(finding, member)?.parse().ok()
}

/// Titles of the columns whose times are claims: nobody here saw them pass.
fn claimed(finding: &Entity) -> Cell<'_> {
    let claims = COLUMNS.iter().filter(|column| claim(finding, column.key).is_some());
    let titles: Vec<_> = claims.map(|column| column.title).collect();
    if titles.is_empty() { Cell::Empty } else { Cell::Text(titles.join("、").into()) }
}

impl From<Cell<'_>> for Value {
    fn from(cell: Cell<'_>) -> Value {
        match cell {
            Cell::Empty => Value::Null,
            Cell::Text(text) => json!(text),
            Cell::Number(number) => json!(number),
        }
    }
}
