//! Reading a catalogue, and saying exactly what is wrong with one.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::check::check;
use super::slips::{Read, read as read_on, sound_action, sound_head, sound_item};
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
/// Everything that is wrong, at once: what has the wrong form, and of what has the right one, what makes no sense.
pub fn load(files: &[(&str, &str)]) -> Result<Catalogue, Vec<CatalogueFault>> {
    let mut faults = Faults::default();
    let Some(Together { catalogue, from, hangs }) = put_together(files, &mut faults) else { return Err(faults.0) };
    if hangs {
        let mut senseless = Faults::default();
        check(&catalogue, &from, &mut senseless);
        // An item that had to be mended says here what its author did not.
        let slipped: BTreeSet<_> = faults.0.iter().filter_map(|fault| fault.item.clone()).collect();
        senseless.0.retain(|fault| fault.item.as_ref().is_none_or(|item| !slipped.contains(item)));
        faults.0.extend(senseless.0);
    }
    if faults.0.is_empty() { Ok(catalogue) } else { Err(faults.0) }
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

/// A catalogue, as far as it could be read.
struct Together {
    catalogue: Catalogue,
    /// For each action the file that it comes from; the head's file is last.
    from: Vec<String>,
    /// False when what one part says of another cannot be held against that: it is not known what there is.
    hangs: bool,
}

fn put_together(files: &[(&str, &str)], faults: &mut Faults) -> Option<Together> {
    let Some(((head_file, head_text), rest)) = files.split_first() else {
        faults.say("catalogue", None, "file", "there is none");
        return None;
    };
    let head = parse(head_file, head_text, faults);
    let head: Option<Read<Head>> = head.and_then(|value| typed(head_file, None, (&value, &sound_head()), faults));
    let own = head.iter().flat_map(|head| &head.value.actions);
    let mut raw: Vec<(&str, Value)> = own.map(|action| (*head_file, action.clone())).collect();
    let mut hangs = head.as_ref().is_some_and(|head| !head.mended);
    for (file, text) in rest {
        let action = parse(file, text, faults);
        hangs &= action.is_some();
        raw.extend(action.map(|action| (*file, action)));
    }
    let mut from = Vec::new();
    let mut actions = Vec::new();
    for (file, value) in raw {
        if let Some(action) = action_of(file, &value, &mut hangs, faults) {
            actions.push(action);
            from.push(file.to_owned());
        }
    }
    let Head { format, version, name, standards, place_types, deductions, .. } = head?.value;
    if format != 1 {
        faults.say(head_file, None, "format", format!("is {format}, this version reads 1"));
        hangs = false;
    }
    from.push((*head_file).to_owned());
    let catalogue = Catalogue { format, version, name, standards, place_types, actions, deductions };
    Some(Together { catalogue, from, hangs })
}

fn parse(file: &str, text: &str, faults: &mut Faults) -> Option<Value> {
    let read = serde_json::from_str(text);
    if let Err(error) = &read {
        faults.say(file, None, "file", format!("is not JSON: {error}"));
    }
    read.ok()
}

/// The value as a `T`; every slip in it is a fault.
fn typed<T: DeserializeOwned + Serialize>(
    file: &str,
    item: Option<&str>,
    (value, sound): (&Value, &Value),
    faults: &mut Faults,
) -> Option<Read<T>> {
    read_on(value, sound, &mut |field, detail| faults.say(file, item, field, detail))
}

/// The action; `ids` becomes false when it is not known what items there are.
fn action_of(file: &str, value: &Value, ids: &mut bool, faults: &mut Faults) -> Option<Action> {
    let id = value.get("id").and_then(Value::as_str);
    *ids &= id.is_some() && value.get("items").is_some_and(Value::is_array);
    let Read { value: head, .. }: Read<ActionHead> = typed(file, id, (value, &sound_action()), faults)?;
    let mut items = Vec::new();
    for (at, value) in head.items.iter().enumerate() {
        let id = value.get("id").and_then(Value::as_str);
        *ids &= id.is_some();
        let numbered = format!("{}[{at}]", head.id);
        let read: Option<Read<Item>> = typed(file, id.or(Some(&numbered)), (value, &sound_item()), faults);
        items.extend(read.map(|read| read.value));
    }
    Some(Action { id: head.id, name: head.name, organiser: head.organiser, items })
}
