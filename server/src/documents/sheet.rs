//! What a notice (督办单) says on paper, part by part: the same whether it is written as a page or as PDF.

use serde_json::Value;
use xuncha_core::model::{Entity, Notice, Photo, Time, Vote};

use super::City;
use super::code::Code;
use super::columns::standing_of;
use super::notice::Paper;
use super::{status_of, words};

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
        let known = registered(&notice, paper.findings, city);
        if !known.is_empty() {
            parts.push(Part::Tables { title: "登记信息".into(), tables: vec![known] });
        }
        let owned = |photos: &[&str]| photos.iter().map(|photo| (*photo).to_owned()).collect();
        let attached = notice.photos.values().map(|photo| photo.original.to_string()).collect();
        for (title, photos) in [
            ("现场照片", owned(&paper.face.photos)),
            ("整改后照片", taken_after(paper)),
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
fn say(table: &mut Table, name: impl Into<String>, value: Option<impl Into<String>>) {
    table.extend(value.map(|value| (name.into(), value.into())));
}

/// Each finding with the number that the face gives it; some may be absent.
fn numbered<'a>(notice: &Notice, findings: &'a [Entity]) -> impl Iterator<Item = (usize, &'a Entity)> {
    let place = |(at, finding): (usize, &'a Entity)| {
        (notice.findings.iter().position(|id| *id == finding.id).unwrap_or(at) + 1, finding)
    };
    findings.iter().enumerate().map(place)
}

/// What registers and catalogues say that the lines leave out.
fn registered(notice: &Notice, findings: &[Entity], city: &City) -> Table {
    let mut table = Table::new();
    say(&mut table, "责任单位代码", notice.unit.and_then(|unit| city.unit_code(unit)));
    say(&mut table, "前次督办单", notice.before.and_then(|before| city.number_of(before)));
    for (number, finding) in numbered(notice, findings) {
        say(&mut table, format!("第 {number} 项所属行动"), city.action(finding));
    }
    for (number, finding) in numbered(notice, findings) {
        let limit = finding.field("limit").and_then(|limit| serde_json::from_value(limit.clone()).ok());
        let limit = limit.or_else(|| notice.limits.get(&finding.id).copied());
        say(&mut table, format!("第 {number} 项时限类型"), limit.map(words::limit));
    }
    table
}

/// Photos of how it is now, of all findings, that were not on the face.
fn taken_after(paper: &Paper<'_>) -> Vec<String> {
    let photos = paper.findings.iter().flat_map(|finding| finding.members("photos"));
    let photos = photos.filter_map(|(_, photo)| serde_json::from_value::<Photo>(photo.clone()).ok());
    let after = photos.filter(|photo| photo.shows.as_deref() == Some("after"));
    after.map(|photo| photo.original.to_string()).filter(|hash| !paper.face.photos.contains(&hash.as_str())).collect()
}

/// What has become of each finding, and of the notice as a whole.
fn course<'a>(notice: &Notice, paper: &Paper<'_>, city: &City) -> Option<Part<'a>> {
    let mut tables: Vec<Table> =
        numbered(notice, paper.findings).map(|(number, finding)| became(number, finding, notice, city)).collect();
    if notice.appeal.is_some() || notice.reason.is_some() {
        tables.push(appeal(notice, paper, city));
    }
    let title = format!("办理情况（截至 {}）", city.shown(city.now()));
    (!tables.is_empty()).then_some(Part::Tables { title, tables })
}

/// What has become of one finding.
fn became(number: usize, finding: &Entity, notice: &Notice, city: &City) -> Table {
    let time = |name: &str| finding.text(name).and_then(|text| text.parse().ok());
    let shown = |time: Option<Time>| time.map(|time| city.shown(time));
    let mut table = Table::new();
    say(&mut table, format!("第 {number} 项"), Some(words::status(status_of(finding))));
    let (deadline, first) = (time("deadline"), notice.deadlines.get(&finding.id).copied());
    say(&mut table, "原定截止时间", shown(first.filter(|first| deadline.is_some_and(|now| now != *first))));
    say(&mut table, "截止时间", shown(deadline));
    say(&mut table, "时限情况", Some(standing_of(finding, city)).filter(|standing| !standing.is_empty()));
    say(&mut table, "申请延期至", shown(time("wanted")));
    say(&mut table, "延期理由", finding.text("wanted_because"));
    say(&mut table, "延期未准", shown(time("refused_at")));
    say(&mut table, "未准理由", finding.text("refused_because"));
    say(&mut table, "挂账理由", finding.text("suspended"));
    say(&mut table, "豁免理由", finding.text("exempt"));
    if let Some(reply) = finding.text("reply") {
        let stamp = finding.stamps.of("reply");
        say(&mut table, "整改情况", Some(reply));
        say(&mut table, "反馈人", stamp.by.and_then(|by| city.person(by)));
        say(&mut table, "反馈时间", shown(time("replied").or_else(|| city.moment(stamp.index))));
    }
    say(&mut table, "返工次数", finding.field("rework").and_then(Value::as_u64).map(|times| times.to_string()));
    checked(&mut table, finding, city);
    say(&mut table, "结案时间", shown(time("closed")));
    table
}

/// Who found what at the last check, and when: it was closed, or returned for rework at some time.
fn checked(table: &mut Table, finding: &Entity, city: &City) {
    let closed = status_of(finding) == "closed" && finding.field("closed").is_some();
    let (field, verdict) = if closed { ("closed", "通过") } else { ("rework", "不通过，返工") };
    if finding.field(field).is_none() {
        return;
    }
    let stamp = finding.stamps.of(field);
    // What a check says in words is of the same op as what it decides; what an older one said is not its own.
    let own = |name: &str| finding.text(name).filter(|_| finding.stamps.of(name).op == stamp.op);
    say(table, "核查结论", Some(verdict));
    say(table, "核查人", stamp.by.and_then(|by| city.person(by)));
    say(table, "核查时间", city.moment(stamp.index).map(|time| city.shown(time)));
    say(table, "核查意见", own("check").or_else(|| own("reason")));
    say(table, "原件不全的说明", own("override"));
}

/// The appeal, what was said about it, and why the notice ended otherwise.
fn appeal(notice: &Notice, paper: &Paper<'_>, city: &City) -> Table {
    let mut table = Table::new();
    let time = |time: Option<Time>| time.map(|time| city.shown(time));
    if let Some(appeal) = &notice.appeal {
        let numbers = numbered(notice, paper.findings).filter(|(_, finding)| notice.appeal_of.contains(&finding.id));
        let numbers: Vec<_> = numbers.map(|(number, _)| format!("第 {number} 项")).collect();
        say(&mut table, "申诉", Some(appeal));
        say(&mut table, "申诉范围", Some(if numbers.is_empty() { "全部".to_owned() } else { numbers.join("、") }));
        say(&mut table, "申诉时间", time(notice.appealed));
        for Vote { by, says, because, at } in &notice.votes {
            let who = by.and_then(|by| city.person(by)).unwrap_or("—");
            let because = because.as_deref().map(|because| format!("：{because}")).unwrap_or_default();
            let at = at.map(|at| city.shown(at)).unwrap_or_default();
            say(&mut table, "审议意见", Some(format!("{who} {at} {}{because}", words::vote(says))));
        }
        say(&mut table, "申诉结果", notice.appeal_result.as_deref().map(words::appeal));
        say(&mut table, "审结时间", time(notice.heard));
    }
    say(&mut table, "撤销理由", notice.reason.as_deref());
    table
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
    let signed = notice.signed.and_then(|_| entity.stamps.of("signed").by);
    let who = signed.and_then(|by| city.person(by)).unwrap_or_default();
    Part::Signing(vec![
        [format!("状态：{}", words::notice_status(&notice.status)), format!("签收时限：{}", shown(notice.sign_by))],
        [format!("签收人：{who}"), format!("签收时间：{}", shown(notice.signed))],
    ])
}
