//! Looking through a catalogue whose form is right for what makes no sense.

use std::collections::BTreeSet;

use super::Clock::{UrgentHour, WorkingHour};
use super::item::{AskKind, Every, Told};
use super::load::Faults;
use super::{Action, Ask, Catalogue, Item, PlaceType, Target, Words};

/// Says what is wrong; `from` has the file of each action, and that of the head last.
pub(super) fn check(catalogue: &Catalogue, from: &[String], faults: &mut Faults) {
    let head = from.last().map(String::as_str).unwrap_or_default();
    if catalogue.version.trim().is_empty() || catalogue.version.chars().count() > 64 {
        faults.say(head, None, "version", "must be text of 1 to 64 characters");
    }
    check_words(&catalogue.name, head, None, "name", faults);
    let mut standards = BTreeSet::new();
    for standard in &catalogue.standards {
        check_words(&standard.name, head, Some(&standard.id), "name", faults);
        if !standards.insert(&standard.id) {
            faults.say(head, Some(&standard.id), "id", "is there twice");
        }
    }
    let mut seen = BTreeSet::new();
    for (action, file) in catalogue.actions.iter().zip(from) {
        check_action(catalogue, action, file, &mut seen, faults);
    }
    let mut kinds = BTreeSet::new();
    for kind in &catalogue.place_types {
        if !kinds.insert(&kind.id) {
            faults.say(head, Some(&kind.id), "id", "is there twice");
        }
        check_place_type(catalogue, kind, head, faults);
    }
}

fn check_action<'a>(
    catalogue: &Catalogue,
    action: &'a Action,
    file: &str,
    seen: &mut BTreeSet<&'a str>,
    faults: &mut Faults,
) {
    check_id(&action.id, file, faults);
    check_words(&action.name, file, Some(&action.id), "name", faults);
    check_words(&action.organiser, file, Some(&action.id), "organiser", faults);
    if !seen.insert(&action.id) {
        faults.say(file, Some(&action.id), "id", "is there twice");
    }
    for item in &action.items {
        if !seen.insert(&item.id) {
            faults.say(file, Some(&item.id), "id", "is there twice");
        }
        check_item(catalogue, item, file, faults);
    }
}

fn check_place_type(catalogue: &Catalogue, kind: &PlaceType, file: &str, faults: &mut Faults) {
    check_words(&kind.name, file, Some(&kind.id), "name", faults);
    check_id(&kind.id, file, faults);
    let mut listed = BTreeSet::new();
    for id in &kind.items {
        if catalogue.item(id).is_none() {
            faults.say(file, Some(&kind.id), "items", format!("{id} is not an item"));
        } else if !listed.insert(id) {
            faults.say(file, Some(&kind.id), "items", format!("{id} is there twice"));
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
    check_codes(catalogue, item, file, faults);
    check_by_finding(catalogue, item, file, faults);
    check_limits(item, file, faults);
    if (item.every == Some(Every::Milestone)) != item.points.later.is_some() {
        faults.say(file, id, "points.later", "belongs to milestones, and every milestone has it");
    }
    let points = [Some(item.points.each), item.points.cap, item.points.later];
    if points.into_iter().flatten().any(|points| points > 10_000)
        || item.points.cap.is_some_and(|cap| cap < item.points.each)
    {
        faults.say(file, id, "points", "are hundredths, at most 10000, and the cap is not below each");
    }
    if item.photos.before() > 20 || item.photos.after > 20 {
        faults.say(file, id, "photos", "are too many");
    }
    if item.near.metres > 100_000 || item.near.days > 366 {
        faults.say(file, id, "near", "is at most 100000 metres and 366 days");
    }
    for (at, ask) in item.asks.iter().enumerate() {
        check_ask(item, at, ask, file, faults);
    }
    check_told(item, file, faults);
}

fn check_codes(catalogue: &Catalogue, item: &Item, file: &str, faults: &mut Faults) {
    let id = Some(item.id.as_str());
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
}

fn check_by_finding(catalogue: &Catalogue, item: &Item, file: &str, faults: &mut Faults) {
    let id = Some(item.id.as_str());
    let mut named = BTreeSet::new();
    for other in &item.by_finding {
        if !named.insert(other) {
            faults.say(file, id, "by_finding", format!("{other} is there twice"));
        }
        match catalogue.item(other) {
            None => faults.say(file, id, "by_finding", format!("{other} is not an item")),
            Some(found) if !found.by_finding.is_empty() => {
                faults.say(file, id, "by_finding", format!("{other} is a heading itself"));
            }
            Some(_) => {}
        }
    }
}

fn check_limits(item: &Item, file: &str, faults: &mut Faults) {
    let id = Some(item.id.as_str());
    if item.limits.is_empty() && item.every.is_none() && item.hand_over.is_none() && item.by_finding.is_empty() {
        faults.say(file, id, "limits", "there is no limit, and neither every, hand_over nor by_finding");
    }
    for (at, limit) in item.limits.iter().enumerate() {
        if limit.amount > 1_000 || (limit.amount == 0 && matches!(limit.clock, UrgentHour | WorkingHour)) {
            faults.say(file, id, format!("limits[{at}].amount"), "is out of range");
        }
        if item.limits.len() > 1 && limit.case.is_none() {
            faults.say(file, id, format!("limits[{at}].case"), "is needed where there are several");
        }
        limit.case.iter().for_each(|words| check_words(words, file, id, &format!("limits[{at}].case"), faults));
    }
}

fn check_ask(item: &Item, at: usize, ask: &Ask, file: &str, faults: &mut Faults) {
    let id = Some(item.id.as_str());
    let field = |name: &str| format!("asks[{at}].{name}");
    check_words(&ask.label, file, id, &field("label"), faults);
    ask.unit.iter().for_each(|unit| check_words(unit, file, id, &field("unit"), faults));
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if ask.name.is_empty() || ask.name.len() > 64 || !ask.name.bytes().all(plain) {
        faults.say(file, id, field("name"), "must be a short snake_case word");
    }
    if item.asks[..at].iter().any(|earlier| earlier.name == ask.name) {
        faults.say(file, id, field("name"), "is there twice");
    }
    if measures(ask) && ask.unit.is_none() {
        faults.say(file, id, field("unit"), "is missing");
    }
    if !measures(ask) && (ask.least.is_some() || ask.most.is_some() || ask.unit.is_some()) {
        faults.say(file, id, field("kind"), "takes neither unit nor range");
    }
    let (least, most) = (ask.least.unwrap_or(0.0), ask.most.unwrap_or(f64::MAX));
    if !(least.is_finite() && most.is_finite()) || least < 0.0 || most < least {
        faults.say(file, id, field("most"), "is no range");
    }
}

fn measures(ask: &Ask) -> bool {
    matches!(ask.kind, AskKind::Count | AskKind::Length)
}

fn check_told(item: &Item, file: &str, faults: &mut Faults) {
    let id = Some(item.id.as_str());
    let count = item.asks.iter().find(|ask| ask.name == "count");
    let counted = count.is_some_and(|ask| ask.kind == AskKind::Count);
    if (item.told == Told::Count || item.points.by_count) && !counted {
        faults.say(file, id, "asks", "there is no ask `count` that counts");
    }
    match &item.target {
        Some(target) if item.told == Told::Target => check_target(item, target, file, faults),
        None if item.told != Told::Target => {}
        _ => faults.say(file, id, "target", "and told `target` belong together"),
    }
}

fn check_target(item: &Item, target: &Target, file: &str, faults: &mut Faults) {
    let id = Some(item.id.as_str());
    for (field, name) in [("target.part", &target.part), ("target.whole", &target.whole)] {
        if !item.asks.iter().any(|ask| ask.name == *name && measures(ask)) {
            faults.say(file, id, field, format!("there is no ask `{name}` that counts or measures"));
        }
    }
    if target.least.whole == 0 || target.least.part == 0 {
        faults.say(file, id, "target.least", "must be above 0");
    }
}
