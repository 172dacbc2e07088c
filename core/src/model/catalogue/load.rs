//! Reading a catalogue, and saying exactly what is wrong with one.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::item::{AskKind, Every, Told};
use super::{Action, Ask, Catalogue, Item, PlaceType, Standard, Words};

/// What is wrong with a catalogue, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct CatalogueFault {
    /// The file.
    pub file: String,
    /// The item, or the action or kind of place, where it is one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// The field.
    pub field: String,
    /// What is wrong with it.
    pub detail: String,
}

impl fmt::Display for CatalogueFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file)?;
        if let Some(item) = &self.item {
            write!(f, "{item}: ")?;
        }
        write!(f, "{}: {}", self.field, self.detail)
    }
}

/// The head of a catalogue that lies in several files.
#[derive(Deserialize, Serialize)]
struct Head {
    format: u32,
    version: String,
    name: Words,
    #[serde(default)]
    standards: Vec<Standard>,
    place_types: Vec<PlaceType>,
    #[serde(default)]
    actions: Vec<Value>,
}

#[derive(Deserialize, Serialize)]
struct ActionHead {
    id: String,
    name: Words,
    organiser: Words,
    items: Vec<Value>,
}

/// Puts a catalogue together from files, each with its name: the first is the head, with or without
/// actions of its own; each further one is an action. Strict: what is not known is a fault too,
/// because it is likely a slip of the pen.
///
/// # Errors
/// Everything that is wrong, at once.
pub fn load(files: &[(&str, &str)]) -> Result<Catalogue, Vec<CatalogueFault>> {
    let mut faults = Faults::default();
    let catalogue = put_together(files, &mut faults);
    let catalogue = catalogue.filter(|_| faults.0.is_empty());
    match catalogue {
        Some((catalogue, from)) => {
            check(&catalogue, &from, &mut faults);
            if faults.0.is_empty() { Ok(catalogue) } else { Err(faults.0) }
        }
        None => Err(faults.0),
    }
}

/// Reads a catalogue leniently, as it travels.
pub(super) fn read(text: &str) -> Result<Catalogue, CatalogueFault> {
    let fault =
        |detail: String| CatalogueFault { file: "catalogue".into(), item: None, field: "format".into(), detail };
    let catalogue: Catalogue = serde_json::from_str(text).map_err(|error| fault(error.to_string()))?;
    match catalogue.format {
        1 => Ok(catalogue),
        other => Err(fault(format!("is {other}, this version reads 1"))),
    }
}

#[derive(Default)]
struct Faults(Vec<CatalogueFault>);

impl Faults {
    fn say(&mut self, file: &str, item: Option<&str>, field: impl Into<String>, detail: impl Into<String>) {
        let (item, file) = (item.map(str::to_owned), file.to_owned());
        self.0.push(CatalogueFault { file, item, field: field.into(), detail: detail.into() });
    }
}

/// The catalogue, and for each action the file that it comes from.
fn put_together(files: &[(&str, &str)], faults: &mut Faults) -> Option<(Catalogue, Vec<String>)> {
    let (head_file, head_text) = files.first()?;
    let head: Head = parse(head_file, head_text, faults)?;
    let mut raw: Vec<(&str, Value)> = head.actions.into_iter().map(|action| (*head_file, action)).collect();
    for (file, text) in &files[1..] {
        raw.push((file, parse(file, text, faults)?));
    }
    let mut from = Vec::new();
    let mut actions = Vec::new();
    for (file, value) in raw {
        if let Some(action) = action_of(file, &value, faults) {
            actions.push(action);
            from.push(file.to_owned());
        }
    }
    if head.format != 1 {
        faults.say(head_file, None, "format", format!("is {}, this version reads 1", head.format));
    }
    let Head { format, version, name, standards, place_types, .. } = head;
    from.push((*head_file).to_owned());
    Some((Catalogue { format, version, name, standards, place_types, actions }, from))
}

fn parse<T: DeserializeOwned + Serialize>(file: &str, text: &str, faults: &mut Faults) -> Option<T> {
    match serde_json::from_str(text) {
        Ok(value) => typed(file, None, &value, faults),
        Err(error) => {
            faults.say(file, None, "file", format!("is not JSON: {error}"));
            None
        }
    }
}

/// The value as a `T`; a fault when it is not, or has members that a `T` does not.
fn typed<T: DeserializeOwned + Serialize>(
    file: &str,
    item: Option<&str>,
    value: &Value,
    faults: &mut Faults,
) -> Option<T> {
    let read: T = match serde_path_to_error::deserialize(value) {
        Ok(read) => read,
        Err(error) => {
            let path = error.path().to_string();
            let field = if path == "." { "file".to_owned() } else { path };
            faults.say(file, item, field, error.into_inner().to_string());
            return None;
        }
    };
    if let Ok(known) = serde_json::to_value(&read) {
        unknown(value, &known, String::new(), &mut |path| faults.say(file, item, path, "is not known"));
    }
    Some(read)
}

/// Calls `say` with the path of each member that is in `said` and was lost in `known`.
fn unknown(said: &Value, known: &Value, path: String, say: &mut dyn FnMut(String)) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match (said, known) {
        (Value::Object(said), Value::Object(known)) => {
            for (name, value) in said {
                match known.get(name) {
                    Some(known) => unknown(value, known, below(name), say),
                    None if is_nothing(value) => {}
                    None => say(below(name)),
                }
            }
        }
        (Value::Array(said), Value::Array(known)) => {
            for (at, (said, known)) in said.iter().zip(known).enumerate() {
                unknown(said, known, format!("{path}[{at}]"), say);
            }
        }
        _ => {}
    }
}

/// What serialising leaves out because it says nothing.
fn is_nothing(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Bool(false))
        || value.as_array().is_some_and(Vec::is_empty)
        || value.as_u64() == Some(0)
}

fn action_of(file: &str, value: &Value, faults: &mut Faults) -> Option<Action> {
    let id = value.get("id").and_then(Value::as_str);
    let head: ActionHead = typed(file, id, value, faults)?;
    let mut items = Vec::new();
    for (at, value) in head.items.iter().enumerate() {
        let numbered = format!("{}[{at}]", head.id);
        let id = value.get("id").and_then(Value::as_str).unwrap_or(&numbered);
        items.extend(typed::<Item>(file, Some(id), value, faults));
    }
    Some(Action { id: head.id, name: head.name, organiser: head.organiser, items })
}

/// Looks for what fits its type and makes no sense.
fn check(catalogue: &Catalogue, from: &[String], faults: &mut Faults) {
    let head = from.last().map(String::as_str).unwrap_or_default();
    if catalogue.version.trim().is_empty() || catalogue.version.chars().count() > 64 {
        faults.say(head, None, "version", "must be text of 1 to 64 characters");
    }
    check_words(&catalogue.name, head, None, "name", faults);
    let mut seen = BTreeSet::new();
    for standard in &catalogue.standards {
        check_words(&standard.name, head, Some(&standard.id), "name", faults);
    }
    for (action, file) in catalogue.actions.iter().zip(from) {
        check_words(&action.name, file, Some(&action.id), "name", faults);
        check_words(&action.organiser, file, Some(&action.id), "organiser", faults);
        if !seen.insert(action.id.as_str()) {
            faults.say(file, Some(&action.id), "id", "is there twice");
        }
        for item in &action.items {
            if !seen.insert(item.id.as_str()) {
                faults.say(file, Some(&item.id), "id", "is there twice");
            }
            check_item(catalogue, item, file, faults);
        }
    }
    for kind in &catalogue.place_types {
        check_words(&kind.name, head, Some(&kind.id), "name", faults);
        check_id(&kind.id, head, faults);
        let mut listed = BTreeSet::new();
        for id in &kind.items {
            if catalogue.item(id).is_none() {
                faults.say(head, Some(&kind.id), "items", format!("{id} is not an item"));
            } else if !listed.insert(id) {
                faults.say(head, Some(&kind.id), "items", format!("{id} is there twice"));
            }
        }
    }
}

fn check_id(id: &str, file: &str, faults: &mut Faults) {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' || byte == b'.';
    if id.is_empty() || id.len() > 64 || !id.bytes().all(plain) {
        faults.say(file, Some(id), "id", "must be 1 to 64 of letters, digits, - _ .");
    }
}

fn check_words(words: &Words, file: &str, item: Option<&str>, field: &str, faults: &mut Faults) {
    for (language, text) in [("zh", &words.zh), ("en", &words.en)] {
        if text.trim().is_empty() || text.chars().count() > 1_000 {
            faults.say(file, item, format!("{field}.{language}"), "must be text of 1 to 1000 characters");
        }
    }
}

fn check_item(catalogue: &Catalogue, item: &Item, file: &str, faults: &mut Faults) {
    let id = Some(item.id.as_str());
    check_id(&item.id, file, faults);
    for (field, words) in [("name", &item.name), ("filing", &item.filing), ("closing", &item.closing)] {
        check_words(words, file, id, field, faults);
    }
    for (field, words) in [("hint", &item.hint), ("hand_over", &item.hand_over)] {
        words.iter().for_each(|words| check_words(words, file, id, field, faults));
    }
    for (at, code) in item.codes.iter().enumerate() {
        if !catalogue.standards.iter().any(|standard| standard.id == code.standard) {
            faults.say(file, id, format!("codes[{at}].standard"), format!("{} is not listed", code.standard));
        }
        if !["event", "matter", "component"].contains(&code.kind.as_str()) {
            faults.say(file, id, format!("codes[{at}].kind"), "must be event, matter or component");
        }
        if code.code.is_empty() || !code.code.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
            faults.say(file, id, format!("codes[{at}].code"), "must be digits");
        }
    }
    for other in &item.by_finding {
        if catalogue.item(other).is_none() {
            faults.say(file, id, "by_finding", format!("{other} is not an item"));
        }
    }
    if item.limits.is_empty() && item.every.is_none() && item.hand_over.is_none() && item.by_finding.is_empty() {
        faults.say(file, id, "limits", "there is no limit, and neither every, hand_over nor by_finding");
    }
    for (at, limit) in item.limits.iter().enumerate() {
        use super::Clock::{UrgentHour, WorkingHour};
        if limit.amount > 1_000 || (limit.amount == 0 && matches!(limit.clock, UrgentHour | WorkingHour)) {
            faults.say(file, id, format!("limits[{at}].amount"), "is out of range");
        }
        if item.limits.len() > 1 && limit.case.is_none() {
            faults.say(file, id, format!("limits[{at}].case"), "is needed where there are several");
        }
        limit.case.iter().for_each(|words| check_words(words, file, id, &format!("limits[{at}].case"), faults));
    }
    if (item.every == Some(Every::Milestone)) != item.points.later.is_some() {
        faults.say(file, id, "points.later", "belongs to milestones, and every milestone has it");
    }
    if item.points.each > 10_000 || item.points.cap.is_some_and(|cap| cap < item.points.each || cap > 10_000) {
        faults.say(file, id, "points", "are hundredths, at most 10000, and the cap is not below each");
    }
    if item.photos.before() > 20 || item.photos.after > 20 {
        faults.say(file, id, "photos", "are too many");
    }
    check_asks(item, file, faults);
}

fn check_asks(item: &Item, file: &str, faults: &mut Faults) {
    let id = Some(item.id.as_str());
    let mut names = BTreeSet::new();
    for (at, ask) in item.asks.iter().enumerate() {
        let field = |name: &str| format!("asks[{at}].{name}");
        check_words(&ask.label, file, id, &field("label"), faults);
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if ask.name.is_empty() || ask.name.len() > 64 || !ask.name.bytes().all(plain) {
            faults.say(file, id, field("name"), "must be a short snake_case word");
        }
        if !names.insert(&ask.name) {
            faults.say(file, id, field("name"), "is there twice");
        }
        let measured = matches!(ask.kind, AskKind::Count | AskKind::Length);
        if measured && ask.unit.is_none() {
            faults.say(file, id, field("unit"), "is missing");
        }
        if !measured && (ask.least.is_some() || ask.most.is_some() || ask.unit.is_some()) {
            faults.say(file, id, field("kind"), "takes neither unit nor range");
        }
        let (least, most) = (ask.least.unwrap_or(0.0), ask.most.unwrap_or(f64::MAX));
        if !(least.is_finite() && most.is_finite()) || least < 0.0 || most < least {
            faults.say(file, id, field("most"), "is no range");
        }
    }
    let ask = |name: &str| item.asks.iter().find(|ask| ask.name == name);
    let counted = |ask: Option<&Ask>| ask.is_some_and(|ask| ask.kind == AskKind::Count);
    if (item.told == Told::Count || item.points.by_count) && !counted(ask("count")) {
        faults.say(file, id, "asks", "there is no ask `count` that counts");
    }
    match &item.target {
        Some(target) if item.told == Told::Target => {
            for (field, name) in [("target.part", &target.part), ("target.whole", &target.whole)] {
                let measured = ask(name).is_some_and(|ask| matches!(ask.kind, AskKind::Count | AskKind::Length));
                if !measured {
                    faults.say(file, id, field, format!("there is no ask `{name}` that counts or measures"));
                }
            }
            if target.least.whole == 0 || target.least.part == 0 {
                faults.say(file, id, "target.least", "must be above 0");
            }
        }
        None if item.told != Told::Target => {}
        _ => faults.say(file, id, "target", "and told `target` belong together"),
    }
}
