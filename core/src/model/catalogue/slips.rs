//! Reading a value of a catalogue past its slips, so that all of them are told at once.
//!
//! A reader of JSON stops at the first thing that does not fit. Here that is told, what stands at the same place in a
//! sound value takes its place, and it is read again, until it fits or nothing can be put there. What was put there is
//! good for going on alone: whoever gets it is told that it was mended.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use serde_path_to_error::Segment;

/// What was read, and whether anything of it had to be mended.
pub(super) struct Read<T> {
    pub(super) value: T,
    pub(super) mended: bool,
}

/// Reads `value` as a `T`; `say` hears the field and what is wrong of each slip, members that a `T` does not have
/// among them. None when nothing can be made of it. `sound` is a `T` with all that one can have; lists have one member.
pub(super) fn read<T: DeserializeOwned + Serialize>(
    value: &Value,
    sound: &Value,
    say: &mut dyn FnMut(String, String),
) -> Option<Read<T>> {
    let (mut tried, mut mended) = (value.clone(), false);
    let read: T = loop {
        let error = match serde_path_to_error::deserialize(&tried) {
            Ok(read) => break read,
            Err(error) => error,
        };
        let (steps, field, detail) = place_of(&error);
        say(field, detail);
        if !mend(&mut tried, sound, &steps) {
            return None;
        }
        mended = true;
    };
    if let Ok(known) = serde_json::to_value(&read) {
        unknown(value, &known, String::new(), &mut |path| say(path, "is not known".to_owned()));
    }
    Some(Read { value: read, mended })
}

enum Step {
    Member(String),
    Element(usize),
}

/// Where the slip is, as steps and in words, and what it is; serde names a missing member in its text only.
fn place_of(error: &serde_path_to_error::Error<serde_json::Error>) -> (Vec<Step>, String, String) {
    let mut steps: Vec<Step> = error
        .path()
        .iter()
        .filter_map(|segment| match segment {
            Segment::Map { key } => Some(Step::Member(key.clone())),
            Segment::Seq { index } => Some(Step::Element(*index)),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect();
    let detail = error.inner().to_string();
    let missing = detail.strip_prefix("missing field `").and_then(|rest| rest.split_once('`'));
    let path = if steps.is_empty() { String::new() } else { error.path().to_string() };
    match (path.as_str(), missing) {
        ("", None) => (steps, "file".to_owned(), detail),
        (_, None) => (steps, path, detail),
        (above, Some((name, _))) => {
            steps.push(Step::Member(name.to_owned()));
            let field = if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") };
            (steps, field, "is missing".to_owned())
        }
    }
}

/// Puts what `sound` has at the place there, or around it where `sound` has no such place; false when nothing is changed.
fn mend(value: &mut Value, sound: &Value, steps: &[Step]) -> bool {
    (1..=steps.len()).rev().any(|count| put(value, sound, &steps[..count]))
}

fn put(value: &mut Value, sound: &Value, steps: &[Step]) -> bool {
    let Some((last, above)) = steps.split_last() else { return false };
    let right = steps.iter().try_fold(sound, |at, step| match step {
        Step::Member(name) => at.get(name),
        Step::Element(_) => at.get(0),
    });
    let around = above.iter().try_fold(value, |at, step| match step {
        Step::Member(name) => at.get_mut(name),
        Step::Element(index) => at.get_mut(index),
    });
    let (Some(right), Some(around)) = (right, around) else { return false };
    let at = match (around, last) {
        (Value::Object(members), Step::Member(name)) => members.entry(name.as_str()).or_insert(Value::Null),
        (Value::Array(elements), Step::Element(index)) if *index < elements.len() => &mut elements[*index],
        _ => return false,
    };
    let changed = at != right;
    at.clone_from(right);
    changed
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

fn words() -> Value {
    json!({ "zh": "字", "en": "word" })
}

/// A head of a catalogue with all that one can have.
pub(super) fn sound_head() -> Value {
    json!({
        "format": 1, "version": "1", "name": words(),
        "standards": [{ "id": "S", "name": words() }],
        "place_types": [{ "id": "street", "name": words(), "items": ["X-1"] }],
        "actions": [{}],
        "deductions": { "overdue": 1, "repeat": 1, "repeat_days": 1, "rework": 1, "falsified": 1 },
    })
}

/// An action, but for its items.
pub(super) fn sound_action() -> Value {
    json!({ "id": "X", "name": words(), "organiser": words(), "items": [] })
}

/// An item with all that one can have, whether it makes sense together or not.
pub(super) fn sound_item() -> Value {
    json!({
        "id": "X-1", "name": words(), "hint": words(),
        "codes": [{ "standard": "S", "kind": "event", "code": "01-01", "name": "字", "local": true }],
        "by_finding": ["X-2"],
        "limits": [{ "amount": 1, "clock": "working_day", "case": words(), "tag": "default" }],
        "every": "week", "hand_over": words(),
        "points": { "each": 1, "by_count": true, "cap": 1, "later": 1, "tag": "default" },
        "filing": words(), "closing": words(),
        "photos": { "wide": 1, "close": 1, "reference": 1, "after": 1 },
        "told": "said",
        "asks": [{
            "name": "count", "label": words(), "kind": "count", "unit": words(), "least": 1.0, "most": 1.0,
            "required": "no",
        }],
        "target": { "part": "count", "whole": "all", "least": { "part": 1, "whole": 1 }, "tag": "default" },
        "near": { "metres": 1, "days": 1 },
        "tag": "default",
    })
}

#[cfg(test)]
mod tests {
    use super::super::Item;
    use super::*;

    /// Every place in `value`, members and elements, the outermost first.
    fn places(value: &Value, at: &str, found: &mut Vec<String>) {
        let inside: Vec<(String, &Value)> = match value {
            Value::Object(members) => members.iter().map(|(name, value)| (format!("{at}/{name}"), value)).collect(),
            Value::Array(elements) => {
                elements.iter().enumerate().map(|(index, value)| (format!("{at}/{index}"), value)).collect()
            }
            _ => Vec::new(),
        };
        for (place, value) in inside {
            found.push(place.clone());
            places(value, &place, found);
        }
    }

    #[test]
    fn an_item_is_read_on_behind_a_slip_at_any_place() {
        let sound = sound_item();
        let mut silent = |field: String, detail: String| panic!("{field}: {detail}");
        let whole: Read<Item> = read(&sound, &sound, &mut silent).unwrap();
        assert!(!whole.mended);
        assert_eq!(serde_json::to_value(&whole.value).unwrap(), sound, "it has all that an item can have");
        let mut all = Vec::new();
        places(&sound, "", &mut all);
        assert!(all.len() > 60, "{}", all.len());
        for place in all {
            let right = sound.pointer(&place).unwrap();
            // A list may stand for what has members, in their order.
            for wrong in [if right.is_string() { json!(7) } else { json!("x") }, json!([[[]]])] {
                let mut slipped = sound.clone();
                *slipped.pointer_mut(&place).unwrap() = wrong;
                slipped["nonsense"] = json!("x");
                let mut told = Vec::new();
                let read = read::<Item>(&slipped, &sound, &mut |field, _| told.push(field)).unwrap();
                assert!(read.mended, "{place}");
                assert_eq!(told.last().unwrap(), "nonsense", "{place}: it was read to its end");
            }
        }
    }

    #[test]
    fn what_is_no_object_is_told_once_and_nothing_is_made_of_it() {
        for nothing in [json!("x"), json!(null), json!(7)] {
            let mut told = Vec::new();
            assert!(read::<Item>(&nothing, &sound_item(), &mut |field, _| told.push(field)).is_none());
            assert_eq!(told, ["file"]);
        }
    }
}
