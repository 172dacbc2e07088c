//! A row read as a case of another register.

use std::collections::BTreeMap;

use serde_json::{Map as Members, Value, json};
use xuncha_core::model::{EntityId, LedgerId, Source, Time};

use super::intake::Known;
use super::layout::Layout;
use super::map::Map;
use super::row::{Cell, Row, RowFault};
use super::time::End;

/// A case to be taken over: what the op says about it, and which finding it will be.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedCase {
    /// Which finding it will be.
    pub entity: EntityId,
    /// The body of `finding.import`.
    pub body: Value,
    /// It is said to be closed before it was opened.
    pub early: bool,
}

/// Reads `row` of `file` as a case of the register that `map` is about.
///
/// # Errors
/// Everything that is wrong with the row.
pub fn read_case(
    row: &Row,
    layout: &Layout,
    map: &Map,
    ledger: LedgerId,
    known: &Known,
    file: &str,
) -> Result<ImportedCase, Vec<RowFault>> {
    let mut reading = Reading { row, layout, map, file, faults: Vec::new() };
    if layout.is_misfit(row) {
        let detail = format!("has {} cells, the header has {}", row.cells.len(), layout.width());
        return Err(vec![reading.fault(None, "bad_row", detail)]);
    }
    let (source, item) = (reading.source(), reading.item());
    let (place, note) = (reading.place(), reading.text("note"));
    let (Some(source), Some(item), true) = (source, item, reading.faults.is_empty()) else {
        return Err(reading.faults);
    };
    let entity = EntityId::of_source(ledger, &source.system, &source.case);
    let unit = source.department.as_ref().and_then(|department| known.units.get(department));
    let early = source.closed.is_some_and(|closed| closed < source.opened);
    let tags: Members<_, _> = map.fixed.tags.iter().map(|tag| (tag.clone(), Value::Bool(true))).collect();
    let more = [
        ("place", place),
        ("note", note.map(Value::from)),
        ("unit", unit.map(|unit| json!(unit))),
        ("catalogue", known.catalogue.map(|catalogue| json!(catalogue))),
        ("tags", (!tags.is_empty()).then_some(Value::Object(tags))),
    ];
    let mut body = json!({ "source": source, "item": item });
    for (name, value) in more {
        value.into_iter().for_each(|value| body[name] = value);
    }
    Ok(ImportedCase { entity, body, early })
}

struct Reading<'a> {
    row: &'a Row,
    layout: &'a Layout,
    map: &'a Map,
    file: &'a str,
    faults: Vec<RowFault>,
}

impl Reading<'_> {
    fn source(&mut self) -> Option<Source> {
        let case = self.needed("case", |reading| reading.text("case"));
        if case.as_deref().is_some_and(is_rounded) {
            self.wrong("case", "bad_number", "was rounded by a spreadsheet; format the column as text");
        }
        let opened = self.needed("opened", |reading| reading.time("opened", End::First));
        let (target, closed) = (self.time("target", End::Last), self.time("closed", End::First));
        let department = self.text("department").or_else(|| self.map.fixed.department.clone());
        let (status, outcome) = (self.text("status"), self.text("outcome"));
        let says: BTreeMap<_, _> =
            self.map.says.keys().map(|name| (name, self.text(&format!("says.{name}")))).collect();
        let says = says.into_iter().filter_map(|(name, text)| Some((name.clone(), text?))).collect();
        let (system, zone) = (self.map.system.clone(), Some(self.map.zone.clone()));
        Some(Source { system, case: case?, opened: opened?, target, closed, zone, department, status, outcome, says })
    }

    fn item(&mut self) -> Option<String> {
        let Some(said) = self.text("item") else {
            let fixed = self.map.fixed.item.clone();
            return self.needed("item", |_| fixed);
        };
        let items = &self.map.items;
        if items.is_empty() {
            return Some(said);
        }
        let found = items.get(&said).or_else(|| items.get("*")).cloned();
        if found.is_none() {
            self.wrong("item", "unknown_item", format!("{said:?} stands for no item in the map"));
        }
        found
    }

    fn place(&mut self) -> Option<Value> {
        let (lat, lon) = (self.degrees("lat"), self.degrees("lon"));
        let mut place = Members::new();
        for (name, degrees) in [("lat", lat), ("lon", lon)] {
            place.extend(degrees.map(|degrees| (name.to_owned(), json!(degrees))));
        }
        place.extend(self.text("address").map(|words| ("words".to_owned(), json!(words))));
        (!place.is_empty()).then_some(Value::Object(place))
    }

    fn degrees(&mut self, name: &str) -> Option<f64> {
        let text = self.text(name)?;
        let degrees = text.parse::<f64>().ok().filter(|degrees| degrees.is_finite());
        if degrees.is_none() {
            self.wrong(name, "bad_number", format!("{text:?} is no number of degrees"));
        }
        degrees
    }

    fn time(&mut self, name: &str, end: End) -> Option<Time> {
        let times = self.map.times()?;
        let read = match self.layout.cell(self.row, name)? {
            Cell::Moment(moment) => times.moment(*moment, end).ok_or_else(|| format!("{moment} is out of range")),
            _ => times.read(&self.text(name)?, end),
        };
        read.map_err(|detail| self.wrong(name, "bad_time", detail)).ok()
    }

    /// What `read` finds; that it finds nothing is wrong, unless something was wrong with it already.
    fn needed<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let before = self.faults.len();
        let found = read(self);
        if found.is_none() && self.faults.len() == before {
            self.wrong(name, "missing", "is missing");
        }
        found
    }

    /// What stands in the column; none when it is blank, or not there, or wrong.
    fn text(&mut self, name: &str) -> Option<String> {
        match self.layout.cell(self.row, name)? {
            Cell::Text(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            Cell::Moment(moment) => Some(moment.to_string()),
            Cell::Wrong(code, detail) => {
                self.wrong(name, code, detail.clone());
                None
            }
        }
    }

    fn wrong(&mut self, name: &str, code: &str, detail: impl Into<String>) {
        let fault = self.fault(Some(name), code, detail.into());
        self.faults.push(fault);
    }

    fn fault(&self, name: Option<&str>, code: &str, detail: String) -> RowFault {
        RowFault {
            file: self.file.to_owned(),
            row: self.row.number,
            line: self.row.line,
            column: name.and_then(|name| self.layout.title(name)).map(str::to_owned),
            code: code.to_owned(),
            detail,
        }
    }
}

/// True for a number as spreadsheets write one that was too long for them: 1.01E+11.
fn is_rounded(case: &str) -> bool {
    let Some((number, power)) = case.split_once("E+") else { return false };
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    digits(power) && number.split('.').all(digits)
}
