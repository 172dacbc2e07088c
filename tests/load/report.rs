//! The table that people read and the JSON that programs read.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use serde::Serialize;

/// One promise and what came of it.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    /// What was measured.
    pub(crate) what: String,
    /// In which unit.
    pub(crate) unit: &'static str,
    /// What it came to.
    pub(crate) ours: f64,
    /// The bare limit, measured in the same run.
    pub(crate) raw: Option<f64>,
    /// The figure that is held against `wanted`: the ratio of the two, or `ours`.
    pub(crate) figure: f64,
    /// The promise, in words.
    pub(crate) wanted: String,
    /// Whether it is kept.
    pub(crate) reached: bool,
    /// The same of a peer.
    pub(crate) peer: String,
}

/// At which side of a bound the good figures are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    fn holds(self, figure: f64) -> bool {
        match self {
            Bound::AtMost(most) => figure <= most,
            Bound::AtLeast(least) => figure >= least,
        }
    }

    fn words(self, unit: &str) -> String {
        match self {
            Bound::AtMost(most) => format!("<= {most}{unit}"),
            Bound::AtLeast(least) => format!(">= {least}{unit}"),
        }
    }
}

impl Row {
    /// A figure that stands by itself.
    pub(crate) fn plain(what: &str, unit: &'static str, ours: f64, bound: Bound) -> Row {
        let wanted = bound.words(&format!(" {unit}"));
        Row::new(what, unit, ours, None, ours, wanted, bound.holds(ours))
    }

    /// A figure held against the bare limit.
    pub(crate) fn against(what: &str, unit: &'static str, ours: f64, raw: f64, bound: Bound) -> Row {
        let ratio = ours / raw;
        Row::new(what, unit, ours, Some(raw), ratio, bound.words(" x raw"), bound.holds(ratio))
    }

    /// A figure that stands by itself, with what the bare machine does printed beside it.
    pub(crate) fn over(self, raw: f64) -> Row {
        Row { raw: Some(raw), ..self }
    }

    /// A promise about something that does not exist yet.
    pub(crate) fn absent(what: &str, wanted: &str, why: &str) -> Row {
        Row::new(what, "", f64::NAN, None, f64::NAN, wanted.to_owned(), false).beside(why)
    }

    /// The same with a peer beside it.
    pub(crate) fn beside(self, peer: impl Into<String>) -> Row {
        Row { peer: peer.into(), ..self }
    }

    fn new(
        what: &str,
        unit: &'static str,
        ours: f64,
        raw: Option<f64>,
        figure: f64,
        wanted: String,
        reached: bool,
    ) -> Row {
        Row { what: what.to_owned(), unit, ours, raw, figure, wanted, reached, peer: "-".to_owned() }
    }

    fn cells(&self) -> [String; 7] {
        let raw = self.raw.map_or("-".to_owned(), number);
        let ratio = self.raw.map_or("-".to_owned(), |raw| format!("{:.2}", self.ours / raw));
        let reached = match self.reached {
            true => "yes",
            false if self.ours.is_nan() => "-",
            false => "NO",
        };
        let ours = format!("{} {}", number(self.ours), self.unit);
        [self.what.clone(), ours, raw, ratio, self.wanted.clone(), reached.to_owned(), self.peer.clone()]
    }
}

/// Two decimals below ten, none above, and nothing of a figure that was not taken.
fn number(value: f64) -> String {
    match value {
        value if value.is_nan() => "-".to_owned(),
        value if value < 10.0 => format!("{value:.2}"),
        value => format!("{value:.0}"),
    }
}

/// Prints the rows as a table that Markdown understands too.
pub(crate) fn print(rows: &[Row]) {
    let head = ["what", "ours", "raw limit", "ratio", "wanted", "reached", "peer"].map(str::to_owned);
    let lines: Vec<_> = std::iter::once(head).chain(rows.iter().map(Row::cells)).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<_> = (0..7).map(width).collect();
    for (number, line) in lines.iter().enumerate() {
        let cells: Vec<_> = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        println!("| {} |", cells.join(" | "));
        if number == 0 {
            let rule: Vec<_> = widths.iter().map(|width| "-".repeat(*width)).collect();
            println!("| {} |", rule.join(" | "));
        }
    }
}

/// Writes the rows as a JSON array.
pub(crate) fn write_json(path: &Path, rows: &[Row]) {
    let mut file = File::create(path).unwrap();
    serde_json::to_writer_pretty(&mut file, rows).unwrap();
    file.write_all(b"\n").unwrap();
}
