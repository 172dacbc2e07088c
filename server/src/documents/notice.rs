//! A notice (督办单) as a page that is made for A4: what was issued, word for word, how it went on, and room to sign.
//!
//! The page needs nothing but itself: no script, no font from elsewhere, and no picture that the caller did not give.

use std::io::{self, Write};

use serde_json::Value;
use xuncha_core::model::Entity;

use super::City;
use super::code::Code;
use super::sheet::{Part, Sheet, Table};

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
    /// The address at which people reach this server, such as `https://xuncha.example.cn`: an issued notice then bears a
    /// code to scan that leads to it. Without one it bears none.
    pub server: Option<&'a str>,
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
.code { display: flex; gap: 5mm; align-items: center; margin-top: 4mm; break-inside: avoid; font-size: 9pt; }
.code svg { width: 30mm; flex: none; }
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
    let sheet = Sheet::of(&paper, city);
    writeln!(out, "<!DOCTYPE html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">", escaped(POLICY))?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width\">")?;
    writeln!(out, "<title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>", escaped(&sheet.title))?;
    writeln!(out, "<h1>{}</h1>", escaped(sheet.heading))?;
    for part in &sheet.parts {
        match part {
            Part::Lines { head, lines } => section(out, *head, lines)?,
            Part::Tables { title, tables } => self::tables(out, title, tables)?,
            Part::Photos { title, photos } => self::photos(out, title, photos, picture)?,
            Part::Signing(rows) => signing(out, rows)?,
            Part::Code { code, words } => scanned(out, code, words)?,
        }
    }
    writeln!(out, "</body>\n</html>")
}

fn section(out: &mut dyn Write, head: Option<&str>, lines: &[&str]) -> io::Result<()> {
    writeln!(out, "<section>")?;
    if let Some(head) = head {
        writeln!(out, "<h2>{}</h2>", escaped(head))?;
    }
    lines.iter().try_for_each(|line| writeln!(out, "<p>{}</p>", escaped(line)))?;
    writeln!(out, "</section>")
}

fn tables(out: &mut dyn Write, title: &str, tables: &[Table]) -> io::Result<()> {
    writeln!(out, "<div class=\"course\">\n<h2>{}</h2>", escaped(title))?;
    for table in tables {
        writeln!(out, "<table>")?;
        for (name, value) in table {
            writeln!(out, "<tr><th>{}</th><td>{}</td></tr>", escaped(name), escaped(value))?;
        }
        writeln!(out, "</table>")?;
    }
    writeln!(out, "</div>")
}

fn photos(out: &mut dyn Write, title: &str, photos: &[String], picture: &mut Picture<'_>) -> io::Result<()> {
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

fn signing(out: &mut dyn Write, rows: &[[String; 2]]) -> io::Result<()> {
    writeln!(out, "<div class=\"sign\">")?;
    for [left, right] in rows {
        writeln!(out, "<p><span>{}</span><span>{}</span></p>", escaped(left), escaped(right))?;
    }
    writeln!(out, "</div>")
}

fn scanned(out: &mut dyn Write, code: &Code, words: &[String]) -> io::Result<()> {
    writeln!(out, "<div class=\"code\">\n{}\n<div>", code.svg())?;
    words.iter().try_for_each(|line| writeln!(out, "<p>{}</p>", escaped(line)))?;
    writeln!(out, "</div>\n</div>")
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
