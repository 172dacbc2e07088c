//! Reading a catalogue, and saying exactly what is wrong with one.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::check::check;
use super::{Action, Catalogue, DeductionRules, Item, PlaceType, Standard, Words};

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
    #[serde(default)]
    deductions: DeductionRules,
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
/// Everything that is wrong, at once: first with its form, and only once that is right, with its sense.
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
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let fault =
        |detail: String| CatalogueFault { file: "catalogue".into(), item: None, field: "format".into(), detail };
    let Format { format } = serde_json::from_str(text).map_err(|error| fault(error.to_string()))?;
    if format != 1 {
        return Err(fault(format!("is {format}, this version reads 1")));
    }
    serde_json::from_str(text).map_err(|error| fault(error.to_string()))
}

/// What was found wrong so far.
#[derive(Default)]
pub(super) struct Faults(Vec<CatalogueFault>);

impl Faults {
    pub(super) fn say(&mut self, file: &str, item: Option<&str>, field: impl Into<String>, detail: impl Into<String>) {
        let (item, file) = (item.map(str::to_owned), file.to_owned());
        self.0.push(CatalogueFault { file, item, field: field.into(), detail: detail.into() });
    }
}

/// The catalogue, and for each action the file that it comes from; the head's file is last.
fn put_together(files: &[(&str, &str)], faults: &mut Faults) -> Option<(Catalogue, Vec<String>)> {
    let Some(((head_file, head_text), rest)) = files.split_first() else {
        faults.say("catalogue", None, "file", "there is none");
        return None;
    };
    let head: Option<Head> = parse(head_file, head_text, faults);
    let own = head.iter().flat_map(|head| &head.actions);
    let mut raw: Vec<(&str, Value)> = own.map(|action| (*head_file, action.clone())).collect();
    for (file, text) in rest {
        raw.extend(parse(file, text, faults).map(|action| (*file, action)));
    }
    let mut from = Vec::new();
    let mut actions = Vec::new();
    for (file, value) in raw {
        if let Some(action) = action_of(file, &value, faults) {
            actions.push(action);
            from.push(file.to_owned());
        }
    }
    let Head { format, version, name, standards, place_types, deductions, .. } = head?;
    if format != 1 {
        faults.say(head_file, None, "format", format!("is {format}, this version reads 1"));
    }
    from.push((*head_file).to_owned());
    Some((Catalogue { format, version, name, standards, place_types, actions, deductions }, from))
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
            let (field, detail) = at_fault(if path == "." { "" } else { &path }, &error.into_inner().to_string());
            faults.say(file, item, field, detail);
            return None;
        }
    };
    if let Ok(known) = serde_json::to_value(&read) {
        unknown(value, &known, String::new(), &mut |path| faults.say(file, item, path, "is not known"));
    }
    Some(read)
}

/// The field that is at fault, and what is wrong with it; serde names a missing member in its text only.
fn at_fault(path: &str, detail: &str) -> (String, String) {
    let missing = detail.strip_prefix("missing field `").and_then(|rest| rest.split_once('`'));
    match (path, missing) {
        ("", Some((name, _))) => (name.to_owned(), "is missing".to_owned()),
        (path, Some((name, _))) => (format!("{path}.{name}"), "is missing".to_owned()),
        ("", None) => ("file".to_owned(), detail.to_owned()),
        (path, None) => (path.to_owned(), detail.to_owned()),
    }
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
