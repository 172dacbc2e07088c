//! What a notice (督办单) says on paper, part by part: the same whether it is written as a page or as PDF.

use xuncha_core::model::{Entity, Notice, Time, TimeLimit};

use super::City;
use super::code::Code;
use super::course::{course, taken_after};
use super::notice::Paper;
use super::words;

/// A notice as it stands on paper.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sheet<'a> {
    /// What it is headed with.
    pub(super) heading: &'a str,
    /// What it is called.
    pub(super) title: String,
    /// The rest, in its order.
    pub(super) parts: Vec<Part<'a>>,
}

/// One part of a sheet.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part<'a> {
    /// Lines of the face, word for word; those about one finding have a head.
    Lines {
        /// The first line about a finding.
        head: Option<&'a str>,
        /// The lines.
        lines: Vec<&'a str>,
    },
    /// What the ledger knows besides, each in a table of names and values.
    Tables {
        /// What stands above them.
        title: String,
        /// The tables.
        tables: Vec<Table>,
    },
    /// Photos, by the hashes of their originals.
    Photos {
        /// What they are photos of.
        title: &'static str,
        /// The hashes.
        photos: Vec<String>,
    },
    /// Where somebody signs by hand: two things side by side.
    Signing(Vec<[String; 2]>),
    /// A code to scan, and what stands beside it.
    Code {
        /// The code.
        code: Code,
        /// Where it leads, and what for.
        words: Vec<String>,
    },
}

/// Names and values, one under another.
pub(super) type Table = Vec<(String, String)>;

impl<'a> Sheet<'a> {
    /// What is on `paper`, as the city has it now.
    pub(super) fn of(paper: &Paper<'a>, city: &City) -> Sheet<'a> {
        let notice = Notice::from_entity(paper.notice);
        let heading = paper.face.lines.first().copied().unwrap_or_default();
        let title = format!("{heading} {}", notice.number.as_deref().unwrap_or_default()).trim_end().to_owned();
        let mut parts = vec![Part::Lines { head: None, lines: Vec::new() }];
        for line in paper.face.lines.iter().skip(1).copied() {
            match parts.last_mut() {
                Some(Part::Lines { lines, .. }) if !begins_finding(line) => lines.push(line),
                _ => parts.push(Part::Lines { head: Some(line), lines: Vec::new() }),
            }
        }
        let known = registered(&notice, paper, city);
        if !known.is_empty() {
            parts.push(Part::Tables { title: "登记信息".into(), tables: vec![known] });
        }
        let owned = |photos: &[&str]| photos.iter().map(|photo| (*photo).to_owned()).collect();
        let attached = notice.photos.values().map(|photo| photo.original.to_string()).collect();
        for (title, photos) in [
            ("现场照片", owned(&paper.face.photos)),
            ("整改后照片", taken_after(&notice, paper)),
            ("附件（盖章扫描件等）", attached),
        ] {
            if !Vec::is_empty(&photos) {
                parts.push(Part::Photos { title, photos });
            }
        }
        parts.extend(course(&notice, paper, city));
        parts.push(signing(&notice, paper.notice, city));
        parts.extend(code(&notice, paper));
        Sheet { heading, title, parts }
    }
}

/// True for the first line about a finding, such as `2. 占道堆物`.
fn begins_finding(line: &str) -> bool {
    line.split_once(". ").is_some_and(|(number, _)| !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit()))
}

/// Adds a line where there is a value.
pub(super) fn say(table: &mut Table, name: impl Into<String>, value: Option<impl Into<String>>) {
    table.extend(value.map(|value| (name.into(), value.into())));
}

/// Each finding with the number that the face gives it; some may be absent.
pub(super) fn numbered<'a>(notice: &Notice, findings: &'a [Entity]) -> impl Iterator<Item = (usize, &'a Entity)> {
    let place = |(at, finding): (usize, &'a Entity)| {
        (notice.findings.iter().position(|id| *id == finding.id).unwrap_or(at) + 1, finding)
    };
    findings.iter().enumerate().map(place)
}

/// What registers and catalogues say that the lines leave out, as it was when the notice was issued.
fn registered(notice: &Notice, paper: &Paper<'_>, city: &City) -> Table {
    let mut table = Table::new();
    // The face names the city's office and no other: whoever signed did so in its name.
    let office = paper.face.lines.first().and_then(|heading| heading.strip_suffix("督办单"));
    say(&mut table, "签发单位", office.filter(|office| !office.is_empty()));
    say(&mut table, "责任单位代码", notice.unit.and_then(|unit| city.unit_code(unit)));
    say(&mut table, "前次督办单", notice.before.and_then(|before| city.number_of(before)));
    for (number, finding) in numbered(notice, paper.findings) {
        let action = city.action(finding).filter(|_| is_as_issued(paper.notice, finding, "item"));
        say(&mut table, format!("第 {number} 项所属行动"), action);
    }
    for (number, finding) in numbered(notice, paper.findings) {
        let limit = limit_issued(notice, paper.notice, finding, city);
        say(&mut table, format!("第 {number} 项时限类型"), limit.map(words::limit));
    }
    table
}

/// The limit that the notice set: its own; or else what it wrote into the finding, until something else stands there; or
/// else that of the item, from which it took it.
fn limit_issued(notice: &Notice, entity: &Entity, finding: &Entity, city: &City) -> Option<TimeLimit> {
    let written = || {
        let of_issue = notice.issued.is_some() && finding.stamps.of("limit").op == entity.stamps.of("issued").op;
        let limit = finding.field("limit").filter(|_| of_issue)?;
        serde_json::from_value(limit.clone()).ok()
    };
    let of_item = || city.limit(finding).filter(|_| is_as_issued(entity, finding, "item"));
    notice.limits.get(&finding.id).copied().or_else(written).or_else(of_item)
}

/// True while a field of a finding says what it said when the notice was issued.
fn is_as_issued(notice: &Entity, finding: &Entity, field: &str) -> bool {
    notice.field("issued").is_none() || finding.stamps.of(field).index <= notice.stamps.of("issued").index
}

/// Leads to the notice itself; a draft has nobody yet who would answer it.
fn code<'a>(notice: &Notice, paper: &Paper<'_>) -> Option<Part<'a>> {
    notice.number.as_ref()?;
    let address = format!("{}/notices/{}", paper.server?.trim_end_matches('/'), paper.notice.id);
    let code = Code::of(&address)?;
    let words = vec!["扫码登录后办理：签收、反馈、申请延期、申诉".to_owned(), address];
    Some(Part::Code { code, words })
}

/// Where it stands now, and where the unit signs by hand.
fn signing<'a>(notice: &Notice, entity: &Entity, city: &City) -> Part<'a> {
    let shown = |time: Option<Time>| time.map(|time| city.shown(time)).unwrap_or_default();
    let who = notice.signed.and_then(|_| city.signer(entity.id)).unwrap_or_default();
    Part::Signing(vec![
        [format!("状态：{}", words::notice_status(&notice.status)), format!("签收时限：{}", shown(notice.sign_by))],
        [format!("签收人：{who}"), format!("签收时间：{}", shown(notice.signed))],
    ])
}
