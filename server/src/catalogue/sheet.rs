//! A workbook read as a catalogue: each 大类 becomes an action, each 小类 an item.
//!
//! Such sheets have neither points nor photo rules nor English: points are 0, photos the usual ones,
//! and the Chinese stands in both places until somebody edits the catalogue.

use std::path::Path;

use xuncha_core::model::catalogue::{
    Action, Catalogue, CatalogueFault, DeductionRules, Item, Limit, Near, Photos, PlaceType, Points, Tag, Told, Words,
    load,
};

use super::grid::{Grid, Workbook};
use super::header::{Column, Header};
use super::rows::{self, Class, Kind};

/// Reads the sheet 立结案标准 of a workbook, or the first whose header fits, as a catalogue.
///
/// A line without 小类代码 and 小类名称 is a further case of the kind above it, with its own limit. The
/// catalogue is called after the file, and has one kind of place, `all`, with every item.
///
/// # Errors
/// Everything that is wrong, each with the file, the row and column from 1 and A, and the value.
pub fn read_sheet(path: &Path) -> Result<Catalogue, Vec<CatalogueFault>> {
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let (grid, header) = find(path).map_err(|detail| vec![fault(&file, detail)])?;
    let mut faults = Vec::new();
    for title in header.missing() {
        faults.push(in_header(&file, &header, format!("there is no column {title}")));
    }
    for column in &header.twice {
        faults.push(in_header(&file, &header, format!("there are two columns {}", column.title())));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let classes = rows::read(&file, &grid, &header)?;
    if classes.is_empty() {
        return Err(vec![in_header(&file, &header, "nothing stands below it".to_owned())]);
    }
    let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy();
    let catalogue = catalogue_of(&name, classes);
    load(&[(&file, &catalogue.to_text())])
}

fn fault(file: &str, detail: String) -> CatalogueFault {
    CatalogueFault { file: file.to_owned(), item: None, field: "file".to_owned(), detail }
}

fn in_header(file: &str, header: &Header, detail: String) -> CatalogueFault {
    CatalogueFault { field: format!("row {}", header.row + 1), ..fault(file, detail) }
}

/// The sheet and its header; the one with the usual name comes first.
fn find(path: &Path) -> Result<(Grid, Header), String> {
    let mut book = Workbook::open(path)?;
    let mut sheets = book.sheets();
    sheets.sort_by_key(|name| name.trim() != NAME);
    let mut blank = true;
    for sheet in sheets {
        let grid = book.grid(&sheet)?;
        blank &= grid.is_blank();
        if let Some(header) = Header::find(&grid) {
            return Ok((grid, header));
        }
    }
    let titles: Vec<_> = Column::ALL.into_iter().map(Column::title).collect();
    match blank {
        true => Err("is empty".to_owned()),
        false => Err(format!("has no sheet with a header row of {}", titles.join("、"))),
    }
}

fn catalogue_of(name: &str, classes: Vec<Class>) -> Catalogue {
    let actions: Vec<Action> = classes.into_iter().map(action_of).collect();
    let items = actions.iter().flat_map(|action| &action.items).map(|item| item.id.clone()).collect();
    let all = PlaceType { id: "all".to_owned(), name: Words { zh: "全部".into(), en: "All".into() }, items };
    let version: String = name.chars().take(64).collect();
    Catalogue {
        format: 1,
        version: if version.trim().is_empty() { NAME.to_owned() } else { version },
        name: same(if name.trim().is_empty() { NAME } else { name }),
        standards: Vec::new(),
        place_types: vec![all],
        actions,
        deductions: DeductionRules::default(),
    }
}

fn action_of(class: Class) -> Action {
    let Class { code, name, authority, kinds } = class;
    let items = kinds.into_iter().map(|kind| item_of(kind, &authority)).collect();
    Action { id: code, name: same(&name), organiser: same(&authority), items }
}

fn item_of(kind: Kind, organiser: &str) -> Item {
    let filing: Vec<&str> = kind.cases.iter().map(|case| case.filing.as_str()).collect();
    let closing: Vec<&str> = kind.cases.iter().map(|case| case.closing.as_str()).collect();
    let authority = (kind.authority != organiser).then(|| format!("；主管部门：{}", kind.authority));
    Item {
        name: same(&kind.name),
        hint: Some(same(&format!("处置单位：{}{}", kind.unit, authority.unwrap_or_default()))),
        codes: Vec::new(),
        by_finding: Vec::new(),
        limits: limits_of(&kind),
        every: None,
        hand_over: None,
        points: Points { each: 0, by_count: false, cap: None, later: None, tag: Tag::Default },
        filing: same(&joined(&filing)),
        closing: same(&joined(&closing)),
        photos: Photos::default(),
        told: Told::Said,
        asks: Vec::new(),
        target: None,
        near: Near::default(),
        tag: Tag::Standard,
        id: kind.id,
    }
}

/// One limit, or one for each case where they differ.
fn limits_of(kind: &Kind) -> Vec<Limit> {
    let one = kind.cases.iter().all(|case| case.limit == kind.cases[0].limit);
    let cases = if one { &kind.cases[..1] } else { &kind.cases[..] };
    let limits = cases.iter().map(|case| {
        let (amount, clock) = case.limit;
        Limit { amount, clock, case: (!one).then(|| same(&case.filing)), tag: Tag::Standard }
    });
    limits.collect()
}

/// The texts one after another, each once.
fn joined(texts: &[&str]) -> String {
    let first = texts.iter().enumerate().filter(|(at, text)| !texts[..*at].contains(text));
    let first: Vec<&str> = first.map(|(_, text)| text.trim_end_matches(['。', '；', ';'])).collect();
    if first.len() == 1 { texts[0].to_owned() } else { first.join("；") }
}

fn same(text: &str) -> Words {
    Words { zh: text.to_owned(), en: text.to_owned() }
}

const NAME: &str = "立结案标准";
