//! The lines below the header, one after another: blank cells take what stands above, classes and
//! kinds are put together, and every cell that cannot be used is named.

use std::collections::BTreeMap;

use xuncha_core::model::catalogue::{CatalogueFault, Clock};

use super::grid::{Cell, Grid, letters};
use super::header::{Column, Header};
use super::limit::{self, narrow};

/// One 大类.
#[derive(Debug)]
pub(super) struct Class {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) authority: String,
    pub(super) kinds: Vec<Kind>,
}

/// One 小类.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) unit: String,
    pub(super) authority: String,
    /// One for each line that it takes; never empty.
    pub(super) cases: Vec<Case>,
}

/// When it is filed, when it is closed, and within what time.
#[derive(Debug, PartialEq)]
pub(super) struct Case {
    pub(super) filing: String,
    pub(super) closing: String,
    pub(super) limit: (u32, Clock),
}

/// Reads all lines below `header`.
///
/// # Errors
/// Every cell that is wrong, up to a hundred.
pub(super) fn read(file: &str, grid: &Grid, header: &Header) -> Result<Vec<Class>, Vec<CatalogueFault>> {
    let mut reading = Reading {
        file,
        header,
        above: BTreeMap::new(),
        classes: Vec::new(),
        seen: BTreeMap::new(),
        faults: Vec::new(),
    };
    for (row, cells) in grid.rows.range(header.row + 1..) {
        let line = Line::of(*row, cells, header);
        if !line.cells.is_empty() && !line.is_remark() {
            reading.take(line);
        }
        if reading.faults.len() >= MOST_FAULTS {
            break;
        }
    }
    if reading.faults.is_empty() { Ok(reading.classes) } else { Err(reading.faults) }
}

/// The cells of one row that belong to one of the columns.
struct Line<'a> {
    row: u32,
    cells: BTreeMap<Column, &'a Cell>,
}

impl<'a> Line<'a> {
    fn of(row: u32, cells: &'a BTreeMap<u32, Cell>, header: &Header) -> Line<'a> {
        let here = |(column, at): (&Column, &u32)| cells.get(at).map(|cell| (*column, cell));
        Line { row, cells: header.columns.iter().filter_map(here).collect() }
    }

    /// Whether it is a note under the table: it says so, and nothing else stands there.
    fn is_remark(&self) -> bool {
        let mut cells = self.cells.values();
        match (cells.next(), cells.next()) {
            (Some(Cell::Text(text)), None) => ["注", "备注", "说明"].iter().any(|word| text.starts_with(word)),
            _ => false,
        }
    }

    fn has(&self, column: Column) -> bool {
        self.cells.contains_key(&column)
    }
}

struct Reading<'a> {
    file: &'a str,
    header: &'a Header,
    above: BTreeMap<Column, String>,
    classes: Vec<Class>,
    /// Where each 小类 was read first.
    seen: BTreeMap<String, u32>,
    faults: Vec<CatalogueFault>,
}

impl Reading<'_> {
    fn take(&mut self, line: Line<'_>) {
        let before = self.faults.len();
        let new_class = self.carry(&line);
        let class = self.class(&line, new_class);
        let more = !new_class && !line.has(Column::Kind) && !line.has(Column::KindName);
        let case = self.case(&line);
        let kind = if more { None } else { self.kind(&line) };
        let (Some(at), Some(case)) = (class, case) else { return };
        if self.faults.len() > before {
            return;
        }
        match (kind, self.classes[at].kinds.last_mut()) {
            (Some(kind), _) => self.classes[at].kinds.push(Kind { cases: vec![case], ..kind }),
            (None, Some(kind)) => {
                let clash = kind.cases.iter().any(|one| one.filing == case.filing && one.limit != case.limit);
                kind.cases.push(case);
                if clash {
                    self.say(line.row, Column::Limit, None, "is another limit for the same 立案条件");
                }
            }
            (None, None) => {}
        }
    }

    /// Puts what the line says over what stood above; true when another 大类 begins.
    fn carry(&mut self, line: &Line<'_>) -> bool {
        let old = self.above.get(&Column::Class).cloned();
        for (column, cell) in &line.cells {
            match said(*column, cell) {
                Ok(text) => drop(self.above.insert(*column, text)),
                Err(why) => self.say(line.row, *column, None, why),
            }
        }
        let new = self.above.get(&Column::Class).cloned();
        if new != old && !line.has(Column::ClassName) {
            self.above.remove(&Column::ClassName);
        }
        new != old
    }

    /// What stands in the column, here or above; a fault when nothing does.
    fn text(&mut self, line: &Line<'_>, column: Column) -> Option<String> {
        let text = self.above.get(&column).cloned();
        match &text {
            None if line.has(column) => {}
            None => self.say(line.row, column, None, "is missing, here and above"),
            Some(text) if text.chars().count() > 1_000 => {
                self.say(line.row, column, None, "is longer than 1000 characters");
                return None;
            }
            Some(_) => {}
        }
        text
    }

    fn class(&mut self, line: &Line<'_>, new: bool) -> Option<usize> {
        let Some(code) = self.text(line, Column::Class) else {
            self.text(line, Column::ClassName);
            return None;
        };
        let known = self.classes.iter().position(|class| class.code == code);
        if let Some(at) = known {
            let name = &self.classes[at].name;
            if line.has(Column::ClassName) && self.above.get(&Column::ClassName) != Some(name) {
                let detail = format!("differs from `{name}`, the name of {code} above");
                self.say(line.row, Column::ClassName, Some(line), detail);
            }
            if new {
                let name = self.classes[at].name.clone();
                self.above.insert(Column::ClassName, name);
            }
            return known;
        }
        if !is_code(&code) {
            self.say(line.row, Column::Class, Some(line), NO_CODE);
        }
        let (name, authority) = (self.text(line, Column::ClassName), self.text(line, Column::Authority));
        self.classes.push(Class { code, name: name?, authority: authority?, kinds: Vec::new() });
        Some(self.classes.len() - 1)
    }

    fn kind(&mut self, line: &Line<'_>) -> Option<Kind> {
        for column in [Column::Kind, Column::KindName] {
            if !line.has(column) {
                self.say(line.row, column, None, "is missing");
            }
        }
        let (unit, authority) = (self.text(line, Column::Unit), self.text(line, Column::Authority));
        if !line.has(Column::Kind) || !line.has(Column::KindName) {
            return None;
        }
        let (class, code) = (self.text(line, Column::Class)?, self.text(line, Column::Kind)?);
        let id = id_of(&class, &code, matches!(line.cells.get(&Column::Kind), Some(Cell::Number(_))));
        if !is_code(&id) {
            self.say(line.row, Column::Kind, Some(line), NO_CODE);
        }
        if let Some(first) = self.seen.get(&id) {
            let detail = format!("is {id}, which is there already in row {}", first + 1);
            self.say(line.row, Column::Kind, Some(line), detail);
        }
        self.seen.entry(id.clone()).or_insert(line.row);
        let name = self.text(line, Column::KindName)?;
        Some(Kind { id, name, unit: unit?, authority: authority?, cases: Vec::new() })
    }

    fn case(&mut self, line: &Line<'_>) -> Option<Case> {
        let (filing, closing) = (self.text(line, Column::Filing), self.text(line, Column::Closing));
        let limit = self.text(line, Column::Limit)?;
        match limit::read(&limit) {
            Ok(limit) => Some(Case { filing: filing?, closing: closing?, limit }),
            Err(why) => {
                self.say(line.row, Column::Limit, Some(line), why);
                None
            }
        }
    }

    /// `line` when its own cell is to be quoted.
    fn say(&mut self, row: u32, column: Column, line: Option<&Line<'_>>, why: impl Into<String>) {
        let at = self.header.columns.get(&column).copied().unwrap_or_default();
        let why = why.into();
        let detail = match line.and_then(|_| self.above.get(&column)) {
            Some(value) => format!("`{}` {why}", value.chars().take(40).collect::<String>()),
            None => why,
        };
        let field = format!("row {}, column {} ({})", row + 1, letters(at), column.title());
        let fault = CatalogueFault { file: self.file.to_owned(), item: None, field, detail };
        // Class and kind may want the same cell.
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }
}

/// What a cell says: codes with the zero that a spreadsheet takes off a number, other text as it is.
fn said(column: Column, cell: &Cell) -> Result<String, &'static str> {
    match (column, cell) {
        (_, Cell::Other(why)) => Err(why),
        (Column::Class, Cell::Number(number)) => Ok(format!("{number:0>2}")),
        (Column::Class | Column::Kind, Cell::Number(code) | Cell::Text(code)) => {
            Ok(narrow(code).chars().filter(|c| !c.is_whitespace()).collect())
        }
        (_, Cell::Number(text) | Cell::Text(text)) => Ok(text.clone()),
    }
}

/// The code of a 小类 as the name of an item: one of two digits counts within its 大类 only, so that
/// goes before it.
fn id_of(class: &str, code: &str, number: bool) -> String {
    if code.len() <= 2 && code.bytes().all(|byte| byte.is_ascii_digit()) {
        return format!("{class}-{code:0>2}");
    }
    let padded = format!("0{code}");
    let lost_zero = number && !code.starts_with(class) && padded.starts_with(class);
    if lost_zero { padded } else { code.to_owned() }
}

fn is_code(code: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' || byte == b'.';
    !code.is_empty() && code.len() <= 64 && code.bytes().all(plain)
}

const NO_CODE: &str = "is no code: up to 64 letters, digits, - _ .";
const MOST_FAULTS: usize = 100;
