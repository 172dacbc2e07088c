//! A notice (督办单) as a page that is made for A4: what was issued, word for word, how it went on, and room to sign.
//!
//! The page needs nothing but itself: no script, no font from elsewhere, and no picture that the caller did not give.

use std::io::{self, Write};

use serde_json::Value;
use xuncha_core::model::{Entity, Notice, Time};

use super::columns::standing_of;
use super::{City, status_of, words};

/// What an issued notice says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Face<'a> {
    /// Its lines; the first is the heading.
    pub lines: Vec<&'a str>,
    /// Hashes of its photos' originals, in their order.
    pub photos: Vec<&'a str>,
}

impl<'a> Face<'a> {
    /// The face of `notice`; none before it is issued.
    pub fn of(notice: &'a Entity) -> Option<Face<'a>> {
        let face = notice.field("face")?;
        let texts = |name: &str| -> Vec<&'a str> {
            face.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
        };
        let (lines, photos) = (texts("lines"), texts("photos"));
        (!lines.is_empty()).then_some(Face { lines, photos })
    }
}

/// What goes on paper.
#[derive(Debug, Clone, Copy)]
pub struct Paper<'a> {
    /// The notice.
    pub notice: &'a Entity,
    /// What it said when it was issued.
    pub face: &'a Face<'a>,
    /// The findings on it as they are now, in the order of the face; those that left it may be absent.
    pub findings: &'a [Entity],
}

/// Where the picture of the photo with this original is found: `/v1/blobs/<hash>`, or the picture itself as a `data:`
/// address. With none, the hash alone is printed.
pub type Picture<'a> = dyn FnMut(&str) -> io::Result<Option<String>> + 'a;

const STYLE: &str = "
@page { size: A4; margin: 22mm 20mm 20mm 24mm; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 166mm; color: #000; background: #fff;
  font: 12pt/1.75 \"SimSun\", \"Songti SC\", \"Noto Serif CJK SC\", \"Source Han Serif SC\", serif; }
h1 { margin: 0 0 6mm; font-size: 22pt; line-height: 1.4; text-align: center; letter-spacing: .1em; }
h2 { margin: 4mm 0 0; font-size: 12pt; font-weight: bold; break-after: avoid; }
p { margin: 0; }
h1, h2, p, td, figcaption { white-space: pre-wrap; overflow-wrap: anywhere; }
section { break-inside: avoid; }
.photos, .course, .sign { margin-top: 6mm; padding-top: 3mm; border-top: .3mm solid #000; }
.photos { display: flex; flex-wrap: wrap; gap: 4mm; font-size: 9pt; }
.photos h2, .course h2 { flex-basis: 100%; margin: 0; }
figure { margin: 0; width: 78mm; break-inside: avoid; }
figure img { display: block; max-width: 100%; max-height: 80mm; }
figcaption { font-family: monospace; font-size: 7pt; line-height: 1.4; }
table { width: 100%; border-collapse: collapse; font-size: 10pt; margin-top: 2mm; break-inside: avoid; }
th, td { border: .2mm solid #000; padding: 1mm 2mm; text-align: left; vertical-align: top; }
th { width: 28mm; font-weight: normal; white-space: nowrap; }
.sign { break-inside: avoid; }
.sign p { display: flex; gap: 10mm; }
.sign p span { flex: 1; }
@media screen { body { padding: 20mm 4mm; } }
";

/// Pictures may be the page's own or those of the server that it came from; nothing else is loaded, and nothing runs.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'";

/// The style of the page, word for word, so that a policy can allow it and no other.
pub fn notice_style() -> &'static str {
    STYLE
}

/// Writes a notice as an HTML page. Pictures are asked for one at a time.
///
/// # Errors
/// The output's, and those of `picture`.
pub fn write_notice(out: &mut dyn Write, paper: Paper<'_>, city: &City, picture: &mut Picture<'_>) -> io::Result<()> {
    let Paper { notice, face, findings } = paper;
    let heading = face.lines.first().copied().unwrap_or_default();
    let notice = Notice::from_entity(notice);
    let title = notice.number.as_deref().map_or_else(|| heading.to_owned(), |number| format!("{heading} {number}"));
    writeln!(out, "<!DOCTYPE html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">", escaped(POLICY))?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width\">")?;
    writeln!(out, "<title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>", escaped(&title))?;
    writeln!(out, "<h1>{}</h1>\n<section>", escaped(heading))?;
    for line in face.lines.iter().skip(1) {
        if begins_finding(line) {
            writeln!(out, "</section>\n<section>\n<h2>{}</h2>", escaped(line))?;
        } else {
            writeln!(out, "<p>{}</p>", escaped(line))?;
        }
    }
    writeln!(out, "</section>")?;
    photos(out, "现场照片", &face.photos, picture)?;
    let attached: Vec<_> = notice.photos.values().map(|photo| photo.original.to_string()).collect();
    photos(out, "附件（盖章扫描件等）", &attached.iter().map(String::as_str).collect::<Vec<_>>(), picture)?;
    course(out, &notice, findings, city)?;
    signatures(out, &notice, city)?;
    writeln!(out, "</body>\n</html>")
}

fn photos(out: &mut dyn Write, title: &str, photos: &[&str], picture: &mut Picture<'_>) -> io::Result<()> {
    if photos.is_empty() {
        return Ok(());
    }
    writeln!(out, "<div class=\"photos\">\n<h2>{title} {} 张，附原件的哈希值</h2>", photos.len())?;
    for (photo, number) in photos.iter().zip(1..) {
        writeln!(out, "<figure>")?;
        if let Some(address) = picture(photo)? {
            writeln!(out, "<img src=\"{}\" alt=\"{title} {number}\">", escaped(&address))?;
        }
        writeln!(out, "<figcaption>{number}. {}</figcaption>\n</figure>", escaped(photo))?;
    }
    writeln!(out, "</div>")
}

/// What has become of each finding, and of the notice as a whole.
fn course(out: &mut dyn Write, notice: &Notice, findings: &[Entity], city: &City) -> io::Result<()> {
    if findings.is_empty() && notice.appeal.is_none() && notice.reason.is_none() {
        return Ok(());
    }
    writeln!(out, "<div class=\"course\">\n<h2>办理情况（截至 {}）</h2>", escaped(&city.shown(city.now())))?;
    for (finding, number) in findings.iter().zip(1..) {
        writeln!(out, "<table>")?;
        row(out, &format!("第 {number} 项"), Some(words::status(status_of(finding))))?;
        let time = |name: &str| finding.text(name).and_then(|text| text.parse().ok()).map(|time| city.shown(time));
        row(out, "截止时间", time("deadline").as_deref())?;
        row(out, "时限情况", Some(standing_of(finding, city)).filter(|standing| !standing.is_empty()))?;
        row(out, "申请延期至", time("wanted").as_deref())?;
        row(out, "延期理由", finding.text("wanted_because"))?;
        row(out, "挂账理由", finding.text("suspended"))?;
        row(out, "豁免理由", finding.text("exempt"))?;
        row(out, "整改情况", finding.text("reply"))?;
        row(out, "反馈时间", time("replied").as_deref())?;
        row(
            out,
            "返工次数",
            finding.field("rework").and_then(Value::as_u64).map(|times| times.to_string()).as_deref(),
        )?;
        row(out, "核查意见", finding.text("check"))?;
        row(out, "结案时间", time("closed").as_deref())?;
        writeln!(out, "</table>")?;
    }
    if notice.appeal.is_some() || notice.reason.is_some() {
        writeln!(out, "<table>")?;
        row(out, "申诉", notice.appeal.as_deref())?;
        row(out, "申诉结果", notice.appeal_result.as_deref().map(words::appeal))?;
        row(out, "撤销理由", notice.reason.as_deref())?;
        writeln!(out, "</table>")?;
    }
    writeln!(out, "</div>")
}

fn row(out: &mut dyn Write, name: &str, value: Option<&str>) -> io::Result<()> {
    let Some(value) = value else { return Ok(()) };
    writeln!(out, "<tr><th>{}</th><td>{}</td></tr>", escaped(name), escaped(value))
}

/// Where it stands now, and where the unit signs by hand.
fn signatures(out: &mut dyn Write, notice: &Notice, city: &City) -> io::Result<()> {
    let shown = |time: Option<Time>| time.map(|time| city.shown(time)).unwrap_or_default();
    let (status, by, signed) = (words::notice_status(&notice.status), shown(notice.sign_by), shown(notice.signed));
    writeln!(out, "<div class=\"sign\">")?;
    writeln!(out, "<p><span>状态：{}</span><span>签收时限：{}</span></p>", escaped(status), escaped(&by))?;
    writeln!(out, "<p><span>签收人：</span><span>签收时间：{}</span></p>\n</div>", escaped(&signed))
}

/// True for the first line about a finding, such as `2. 占道堆物`.
fn begins_finding(line: &str) -> bool {
    line.split_once(". ").is_some_and(|(number, _)| !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit()))
}

/// Words as HTML shows them; characters that no page may hold are left out.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' | '\t' => safe.push(character),
            control if control.is_control() => {}
            other => safe.push(other),
        }
    }
    safe
}
