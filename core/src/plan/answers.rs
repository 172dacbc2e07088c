//! Answers to items: what they may be, what follows from them, what they cost.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::catalogue::{Ask, AskKind, Item, Required, Told};
use crate::model::{Answer, Is};

/// Why an answer does not fit its item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// The ask at fault; none: the answer as a whole.
    pub ask: Option<String>,
    /// What is wrong.
    pub detail: String,
}

impl Misfit {
    fn of(ask: &str, detail: impl Into<String>) -> Misfit {
        Misfit { ask: Some(ask.to_owned()), detail: detail.into() }
    }

    fn whole(detail: impl Into<String>) -> Misfit {
        Misfit { ask: None, detail: detail.into() }
    }

    /// The field at fault, below `field`.
    pub fn within(&self, field: &str) -> String {
        match &self.ask {
            Some(ask) if !field.ends_with(ask.as_str()) => format!("{field}/{ask}"),
            _ => field.to_owned(),
        }
    }
}

/// Checks an answer; one without `is` is only begun, and may be incomplete.
///
/// # Errors
/// The first thing that does not fit.
pub(super) fn check(item: &Item, answer: &Answer) -> Result<(), Misfit> {
    for (name, value) in &answer.values {
        check_value(item, name, value)?;
    }
    let Some(is) = answer.is else { return Ok(()) };
    let wanted = |ask: &&Ask| match ask.required {
        Required::Never => false,
        Required::No => is == Is::No,
        Required::Always => is != Is::Na,
    };
    if let Some(ask) = item.asks.iter().filter(wanted).find(|ask| !answer.values.contains_key(&ask.name)) {
        return Err(Misfit::of(&ask.name, "is missing"));
    }
    if is == Is::Yes
        && let Some(ask) = item.asks.iter().find(|ask| counts_wrong(item, ask, answer))
    {
        return Err(Misfit::of(&ask.name, "says how much is wrong, and the answer says yes"));
    }
    check_share(item, answer)?;
    match follows(item, &answer.values) {
        Some(follows) if is != Is::Na && follows != is => {
            let (follows, told) = (name_of(follows), name_of(is));
            Err(Misfit::whole(format!("the figures say {follows}, the answer says {told}")))
        }
        None if is != Is::Na && item.told != Told::Said => Err(Misfit::whole("has no figures that it follows from")),
        _ => Ok(()),
    }
}

/// True when the answer has a figure above 0 for what is asked of things that are wrong. Where the answer follows
/// from the count, that is judged with what follows.
fn counts_wrong(item: &Item, ask: &Ask, answer: &Answer) -> bool {
    let measured = matches!(ask.kind, AskKind::Count | AskKind::Length);
    let figure = answer.values.get(&ask.name).and_then(Value::as_f64);
    item.told == Told::Said && measured && ask.required == Required::No && figure.is_some_and(|figure| figure > 0.0)
}

/// A part counted in the same unit as its whole is not more than that. Signs along metres are another matter.
fn check_share(item: &Item, answer: &Answer) -> Result<(), Misfit> {
    let Some(target) = item.target.as_ref().filter(|_| answer.is != Some(Is::Na)) else { return Ok(()) };
    let ask = |name: &str| item.asks.iter().find(|ask| ask.name == name);
    let (Some(part), Some(whole)) = (ask(&target.part), ask(&target.whole)) else { return Ok(()) };
    let figure = |ask: &Ask| answer.values.get(&ask.name).and_then(Value::as_f64);
    match figure(part).zip(figure(whole)) {
        Some((some, all)) if part.kind == whole.kind && part.unit == whole.unit && some > all => {
            Err(Misfit::of(&part.name, format!("is {some}, more than {} {all}", whole.name)))
        }
        _ => Ok(()),
    }
}

fn name_of(is: Is) -> &'static str {
    match is {
        Is::Yes => "yes",
        Is::No => "no",
        Is::Na => "na",
    }
}

/// What the figures say; none where the inspector says it, or the figures are not there yet.
pub fn follows(item: &Item, values: &BTreeMap<String, Value>) -> Option<Is> {
    let number = |name: &str| values.get(name).and_then(Value::as_f64);
    let reached = match item.told {
        Told::Said => return None,
        Told::Count => number("count")? == 0.0,
        Told::Target => {
            let target = item.target.as_ref()?;
            let (part, whole) = (number(&target.part)?, number(&target.whole)?);
            if whole <= 0.0 {
                // Nothing to be measured: the question does not arise.
                return None;
            }
            part * f64::from(target.least.whole) >= whole * f64::from(target.least.part)
        }
    };
    Some(if reached { Is::Yes } else { Is::No })
}

/// Checks what one ask is answered with.
///
/// # Errors
/// What does not fit.
pub fn check_value(item: &Item, name: &str, value: &Value) -> Result<(), Misfit> {
    let Some(ask) = item.asks.iter().find(|ask| ask.name == name) else {
        return Err(Misfit::of(name, format!("is not asked by {}", item.id)));
    };
    match ask.kind {
        AskKind::Count | AskKind::Length => check_number(ask, value),
        AskKind::Plate => match value.as_str() {
            Some(text) if is_plate(text) => Ok(()),
            _ => Err(Misfit::of(name, "is not the number plate of a vehicle")),
        },
        AskKind::Permit => match value.as_str() {
            Some(text) if (4..=64).contains(&text.trim().chars().count()) => Ok(()),
            _ => Err(Misfit::of(name, "must be the number of a permit, 4 to 64 characters")),
        },
    }
}

fn check_number(ask: &Ask, value: &Value) -> Result<(), Misfit> {
    let whole = ask.kind == AskKind::Count;
    let Some(number) = value.as_f64().filter(|number| !whole || number.fract() == 0.0) else {
        return Err(Misfit::of(&ask.name, if whole { "must be a whole number" } else { "must be a number of metres" }));
    };
    let (least, most) = (ask.least.unwrap_or(0.0), ask.most.unwrap_or(1e6));
    if number < least || number > most {
        return Err(Misfit::of(&ask.name, format!("must be from {least} to {most}")));
    }
    Ok(())
}

/// A plate as vehicles carry it: a province, a letter, and five or six letters or digits without I
/// and O, of which the last may be one of 学警港澳挂领使 (GA 36).
fn is_plate(text: &str) -> bool {
    const PROVINCES: &str = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新";
    let mut signs: Vec<char> = text.trim().chars().collect();
    if signs.last().is_some_and(|last| "学警港澳挂领使".contains(*last)) {
        signs.pop();
        signs.push('0');
    }
    let letter = |sign: char| sign.is_ascii_uppercase() && sign != 'I' && sign != 'O';
    (7..=8).contains(&signs.len())
        && PROVINCES.contains(signs[0])
        && signs[1].is_ascii_uppercase()
        && signs[2..].iter().all(|sign| sign.is_ascii_digit() || letter(*sign))
}

/// The answer, when it is one and fits: what a visit needs of each item before it ends.
///
/// # Errors
/// What is missing.
pub fn whole<'a>(item: &Item, answer: Option<&'a Answer>) -> Result<&'a Answer, Misfit> {
    let answer = answer.filter(|answer| answer.is.is_some()).ok_or_else(|| Misfit::whole("is not answered"))?;
    check(item, answer).map(|()| answer)
}

/// What is wrong is shown, by as many photos as the item takes, or it is explained why not.
///
/// # Errors
/// How many photos are missing.
pub fn shown(item: &Item, answer: &Answer, photos: u32) -> Result<(), Misfit> {
    let takes = item.photos.before();
    if !must_show(answer) || photos >= takes {
        return Ok(());
    }
    Err(Misfit::whole(format!("has {photos} of {takes} photos and no reason why")))
}

/// True when a visit cannot end before the answer has its photos.
pub(super) fn must_show(answer: &Answer) -> bool {
    answer.is == Some(Is::No) && answer.why.is_none()
}

/// A figure as a count; some clients write the whole number 3 as 3.0.
pub(super) fn count_of(figure: &Value) -> Option<u64> {
    let whole = || figure.as_f64().filter(|figure| figure.fract() == 0.0 && (0.0..=MOST_EXACT).contains(figure));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole, and within what a float counts exactly"
    )]
    figure.as_u64().or_else(|| whole().map(|figure| figure as u64))
}

/// The last whole number up to which a float has every one: 2^53.
const MOST_EXACT: f64 = 9_007_199_254_740_992.0;

/// What an answer costs, in hundredths of a point; at most the item's cap, and nothing unless it is no.
pub fn points(item: &Item, answer: &Answer) -> u32 {
    if answer.is != Some(Is::No) {
        return 0;
    }
    let count = answer.values.get("count").and_then(count_of).unwrap_or(1);
    let times = if item.points.by_count { u32::try_from(count).unwrap_or(u32::MAX) } else { 1 };
    item.points.each.saturating_mul(times).min(item.points.cap.unwrap_or(u32::MAX))
}
