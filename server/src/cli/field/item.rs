//! One item of the catalogue, in lines for people, Chinese before English as in the list.

use serde_json::{Value, json};
use xuncha_core::model::catalogue::{Item, Limit, Words};

use super::visit::in_points;

pub(super) fn describe(item: &Item) -> String {
    let mut lines = vec![format!("{}  {}", item.id, both(&item.name))];
    let mut say = |what: &str, text: String| lines.push(format!("  {what}: {text}"));
    for (what, words) in [
        ("hint", item.hint.as_ref()),
        ("立案条件 filed when", Some(&item.filing)),
        ("结案条件 closed when", Some(&item.closing)),
        ("handed over to", item.hand_over.as_ref()),
    ] {
        words.iter().for_each(|words| say(what, both(words)));
    }
    for code in &item.codes {
        let name = code.name.as_deref().map(|name| format!("  {name}")).unwrap_or_default();
        say("code", format!("{} {} {}{name}", code.standard, code.kind, code.code));
    }
    item.limits.iter().for_each(|limit| say("时限 within", limit_of(limit)));
    item.every.iter().for_each(|every| say("looked at every", word(&json!(every))));
    if !item.by_finding.is_empty() {
        say("recorded as", item.by_finding.join(", "));
    }
    say("扣分 points", points_of(item));
    let photos = item.photos;
    let reference = if photos.reference > 0 { format!(", {} with a scale", photos.reference) } else { String::new() };
    say("照片 photos", format!("{} wide, {} close{reference}; {} after", photos.wide, photos.close, photos.after));
    for ask in &item.asks {
        let unit = ask.unit.as_ref().map(|unit| format!(", in {}", both(unit))).unwrap_or_default();
        let (kind, required) = (word(&json!(ask.kind)), word(&json!(ask.required)));
        say("asks", format!("{}  {}  ({kind}{unit}; required: {required})", ask.name, both(&ask.label)));
    }
    if let Some(target) = &item.target {
        let least = target.least;
        say("target", format!("{} at least {} for every {} of {}", target.part, least.part, least.whole, target.whole));
    }
    say("may be the same within", format!("{} m and {} days", item.near.metres, item.near.days));
    lines.join("\n")
}

fn both(words: &Words) -> String {
    if words.zh == words.en { words.zh.clone() } else { format!("{} ({})", words.zh, words.en) }
}

/// A value of a short list, as it is written in a catalogue.
fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().replace('_', " ")
}

fn limit_of(limit: &Limit) -> String {
    let case = limit.case.as_ref().map(|case| format!("  {}", both(case))).unwrap_or_default();
    let many = if limit.amount == 1 { "" } else { "s" };
    format!("{} {}{many}{case}", limit.amount, word(&json!(limit.clock)))
}

fn points_of(item: &Item) -> String {
    let points = item.points;
    let mut text = in_points(points.each.into());
    if points.by_count {
        text.push_str(" for each one counted");
    }
    text.extend(points.cap.map(|cap| format!(", at most {}", in_points(cap.into()))));
    text.extend(points.later.map(|later| format!(", {} for each further month", in_points(later.into()))));
    text
}
