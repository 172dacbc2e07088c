//! By what a finding, a notice or a deduction is found: words that stand for its fields, and those of its texts.

use std::collections::BTreeSet;

use xuncha_core::model::{Entity, Place, Source, Time};
use xuncha_core::plan::{Standing, hears_appeals, scopes_of, standing};

use crate::store::ListedRow;

/// Kinds that are listed.
pub(super) const LISTED: &[&str] = &["finding", "notice", "deduction"];

/// Most words that one thing is found by; what a text has beyond them is not.
const MOST: usize = 4_000;

/// Characters of a word that count: longer ones no index takes, and nobody types them.
const LONGEST: usize = 32;

/// Side of a cell of the map, in degrees of latitude: about 500 metres.
const CELL: f64 = 0.0045;

/// Fields of which each value is a word, with the word's beginning.
const FIELDS: &[(&str, &str)] = &[
    ("status", "s:"),
    ("item", "i:"),
    ("unit", "u:"),
    ("duty_unit", "du:"),
    ("person", "p:"),
    ("severity", "v:"),
    ("notice", "nt:"),
    ("month", "m:"),
    ("rule", "r:"),
    ("action", "a:"),
    ("finding", "f:"),
];

/// Texts that are searched; what reviewers say among themselves is none of them.
const TEXTS: &[&str] = &["note", "reply", "number", "demand", "basis", "leader", "reason"];

/// How `entity` is listed, made by an op that the server received at `received`; none when it is of no kind that is.
pub fn listed(entity: &Entity, received: Time) -> Option<ListedRow> {
    if !LISTED.contains(&entity.kind.as_str()) {
        return None;
    }
    let mut words: Vec<String> = scopes_of(entity).iter().map(|scope| in_scope(scope.as_str())).collect();
    words.extend(FIELDS.iter().filter_map(|(field, begins)| Some(format!("{begins}{}", plain(entity.text(field)?)))));
    words.extend(entity.by.map(|by| format!("b:{by}")));
    words.extend((!entity.rivals.is_empty()).then(|| "is:disputed".to_owned()));
    for field in ["wanted", "exempt", "stopped", "claimed"] {
        words.extend(entity.field(field).filter(|value| !value.is_null()).map(|_| format!("has:{field}")));
    }
    words.extend(asked(entity).map(str::to_owned));
    words.extend(appeal(entity).map(str::to_owned));
    // What is done in time stays so; what is not done yet is a matter of the hour, and of `due`.
    let standing = standing(entity, received);
    match standing {
        Standing::OnTime => words.push("is:on_time".to_owned()),
        Standing::Late => words.push("is:late".to_owned()),
        _ => {}
    }
    let place: Option<Place> = entity.field("place").and_then(|place| serde_json::from_value(place.clone()).ok());
    let place = place.unwrap_or_default();
    words.extend(place.lat.zip(place.lon).map(|(lat, lon)| cell(lat, lon)));
    words.sort_unstable();
    words.dedup();
    let mut said = Said::default();
    TEXTS.iter().filter_map(|field| entity.text(field)).chain(place.words.as_deref()).for_each(|text| said.add(text));
    let mut words = words.join(" ");
    said.write(&mut words);
    Some(ListedRow { entity: entity.id, kind: entity.kind.clone(), received, due: due(entity, standing), words })
}

/// An appeal that waits to be heard, or one that was decided. Where the notice counts no more, neither.
fn appeal(entity: &Entity) -> Option<&'static str> {
    if entity.kind != "notice" || entity.field("appealed").is_none() {
        return None;
    }
    if entity.field("appeal_result").is_some() {
        return Some("has:appealed");
    }
    entity.text("status").is_some_and(hears_appeals).then_some("has:appeal")
}

/// More evidence that is waited for. What was asked for stays with the finding; it counts until somebody decides.
fn asked(entity: &Entity) -> Option<&'static str> {
    (entity.field("asked").is_some() && entity.text("status") == Some("reported")).then_some("has:asked")
}

/// By when somebody has to do something. A finding runs while its `standing` says so, whatever the hour; so what is overdue
/// in a list is what stands so, also where the target is another register's claim.
fn due(entity: &Entity, standing: Standing) -> Option<Time> {
    let time = |field: &str| entity.text(field).and_then(|text| text.parse().ok());
    match (entity.kind.as_str(), standing) {
        ("finding", Standing::Running | Standing::Overdue) => time("deadline").or_else(|| Source::of(entity)?.target),
        ("notice", _) if entity.text("status") == Some("issued") => time("sign_by"),
        _ => None,
    }
}

/// The word of what is seen in a scope.
pub(crate) fn in_scope(scope: &str) -> String {
    format!("@{scope}")
}

/// The word of the cell of the map that a point lies in.
fn cell(lat: f64, lon: f64) -> String {
    let (row, column) = cell_of(lat, lon);
    format!("g:{row}_{column}")
}

/// The words of the cell of a point and of those around it.
pub(crate) fn cells_around(lat: f64, lon: f64, metres: f64) -> Vec<String> {
    let (row, column) = cell_of(lat, lon);
    let rows = (metres / 111_000.0 / CELL).ceil().clamp(1.0, 10.0) as i64;
    let columns = (metres / 111_000.0 / CELL / lat.to_radians().cos().max(0.05)).ceil().clamp(1.0, 10.0) as i64;
    let beside = |row: i64| (column - columns..=column + columns).map(move |column| format!("g:{row}_{column}"));
    (row - rows..=row + rows).flat_map(beside).collect()
}

fn cell_of(lat: f64, lon: f64) -> (i64, i64) {
    ((lat / CELL).floor() as i64, (lon / CELL).floor() as i64)
}

/// The word that `begins` so and stands for `value`.
pub(crate) fn stands_for(field: &str, value: &str) -> Option<String> {
    FIELDS.iter().find(|(known, _)| *known == field).map(|(_, begins)| format!("{begins}{}", plain(value)))
}

/// Without what would end a word, and in small letters: one of the stores does not tell them from large ones, and the other does.
fn plain(value: &str) -> String {
    let kept = value.chars().filter(|char| char.is_alphanumeric() || "_-.:".contains(*char));
    kept.map(|char| char.to_ascii_lowercase()).collect()
}

/// The words of texts. Chinese is not written with spaces: each two characters that stand side by side are a word, and so
/// is the last one, so that each character begins one. Anything else is cut where letters and digits end.
///
/// A batch waits for this: a text of three hundred characters has as many words, and pairs of characters get no memory of their
/// own.
#[derive(Default)]
struct Said {
    /// Two characters; the last of a run stands alone.
    pairs: Vec<(char, Option<char>)>,
    words: Vec<String>,
}

impl Said {
    fn add(&mut self, text: &str) {
        for run in runs(text) {
            if self.pairs.len() + self.words.len() >= MOST {
                return;
            }
            match run {
                Run::Word(word) => self.words.push(word),
                Run::Characters(run) => {
                    let next = run.iter().skip(1).map(|char| Some(*char)).chain([None]);
                    let room = MOST - self.pairs.len() - self.words.len();
                    self.pairs.extend(run.iter().copied().zip(next).take(room));
                }
            }
        }
    }

    /// Each once, behind what is there, spaces between them.
    fn write(mut self, to: &mut String) {
        self.pairs.sort_unstable();
        self.pairs.dedup();
        self.words.sort_unstable();
        self.words.dedup();
        to.reserve(self.pairs.len() * 7);
        for (first, second) in self.pairs {
            part(to);
            to.extend([first].into_iter().chain(second));
        }
        for word in self.words {
            part(to);
            to.push_str(&word);
        }
    }
}

/// Parts the next word from those that are there.
fn part(words: &mut String) {
    if !words.is_empty() {
        words.push(' ');
    }
}

/// What something must have for `text` to be found in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sought {
    /// These words: of Chinese, what stands side by side.
    pub(crate) words: BTreeSet<String>,
    /// Words that begin so: with a Chinese character that stands alone.
    pub(crate) begins: BTreeSet<String>,
}

impl Sought {
    pub(crate) fn of(text: &str) -> Sought {
        let mut sought = Sought::default();
        for run in runs(text) {
            match run {
                Run::Word(word) => drop(sought.words.insert(word)),
                Run::Characters(one) if one.len() == 1 => sought.begins.extend(one.iter().map(char::to_string)),
                Run::Characters(many) => sought.words.extend(many.windows(2).map(|two| two.iter().collect::<String>())),
            }
        }
        sought
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty() && self.begins.is_empty()
    }
}

enum Run {
    Word(String),
    Characters(Vec<char>),
}

fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut open = false;
    let mut add = |char: char| {
        if !is_ideograph(char) && !char.is_alphanumeric() {
            open = false;
            return;
        }
        match (runs.last_mut().filter(|_| open), is_chinese(char)) {
            (Some(Run::Characters(run)), true) => run.push(char),
            (Some(Run::Word(run)), false) => run.push(char),
            (_, true) => runs.push(Run::Characters(vec![char])),
            (_, false) => runs.push(Run::Word(char.to_string())),
        }
        open = true;
    };
    for char in text.chars() {
        if is_ideograph(char) { add(char) } else { char.to_lowercase().for_each(&mut add) }
    }
    for run in &mut runs {
        if let Run::Word(word) = run
            && let Some((end, _)) = word.char_indices().nth(LONGEST)
        {
            word.truncate(end);
        }
    }
    runs
}

/// One of the characters that nearly all Chinese is written with: a letter, neither small nor large.
fn is_ideograph(char: char) -> bool {
    matches!(char, '\u{4e00}'..='\u{9fff}')
}

/// Written without spaces: Han characters, kana, and what else lies among them.
fn is_chinese(char: char) -> bool {
    matches!(char, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words_of(text: &str) -> Vec<String> {
        let (mut said, mut words) = (Said::default(), String::new());
        said.add(text);
        said.write(&mut words);
        words.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn chinese_is_found_by_what_stands_side_by_side_and_the_rest_by_words() {
        let words = words_of("桥下堆物 No.12，A1路。物");
        assert_eq!(words, ["下堆", "堆物", "桥下", "物", "路", "12", "a1", "no"]);
        let sought = |text| {
            let Sought { words, begins } = Sought::of(text);
            (words.into_iter().collect::<Vec<_>>(), begins.into_iter().collect::<Vec<_>>())
        };
        assert_eq!(sought("桥下堆"), (vec!["下堆".into(), "桥下".into()], vec![]));
        assert_eq!(sought("堆 no"), (vec!["no".into()], vec!["堆".into()]));
        assert!(Sought::of(" !? ").is_empty());
        for char in ["桥", "下", "堆", "物", "路"] {
            assert!(words.iter().any(|word| word.starts_with(char)), "{char} begins a word");
        }
    }

    #[test]
    fn no_text_says_what_state_a_thing_is_in() {
        assert_eq!(words_of("is:late has:asked @staff"), ["asked", "has", "is", "late", "staff"]);
    }

    #[test]
    fn a_word_without_end_is_cut_where_it_is_kept_and_where_it_is_sought() {
        let long = "𝐀z".repeat(2_000);
        let [kept] = &words_of(&long)[..] else { panic!("one word") };
        assert_eq!(kept.chars().count(), LONGEST);
        assert_eq!(Sought::of(&long).words.into_iter().collect::<Vec<_>>(), std::slice::from_ref(kept));
    }

    #[test]
    fn what_is_near_lies_in_a_cell_around() {
        let (lat, lon) = (31.2304, 121.4737);
        let around = cells_around(lat, lon, 100.0);
        for (north, east) in [(0.0009, 0.0), (-0.0009, 0.0), (0.0, 0.001), (0.0, -0.001)] {
            assert!(around.contains(&cell(lat + north, lon + east)));
        }
        assert!(!around.contains(&cell(lat + 0.02, lon)));
    }
}
