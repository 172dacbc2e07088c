//! Cases taken over from another register: the form of what it claims, and the state that follows.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::form::is_words;
use super::{Ruling, refuse};
use crate::model::{Code, Source};

/// Most further words of a register about one case.
const MOST_SAID: usize = 50;

/// Checks the claims in the member `name`.
pub(super) fn check(name: &str, value: &Value) -> Ruling<()> {
    let claims = match Source::deserialize(value) {
        Ok(claims) => claims,
        Err(error) => return bad(name, &format!("must have system, case and opened, with times in UTC ({error})")),
    };
    line(name, "system", Some(&claims.system), 64)?;
    line(name, "case", Some(&claims.case), 100)?;
    line(name, "zone", claims.zone.as_deref(), 64)?;
    line(name, "department", claims.department.as_deref(), 200)?;
    line(name, "status", claims.status.as_deref(), 200)?;
    words(name, "outcome", claims.outcome.as_deref(), 4_000, BREAKS)?;
    said(name, &claims.says)
}

fn said(name: &str, says: &BTreeMap<String, String>) -> Ruling<()> {
    if says.len() > MOST_SAID {
        return bad(&format!("{name}.says"), &format!("has {} members, at most {MOST_SAID} fit", says.len()));
    }
    for (about, text) in says {
        line(name, "says", Some(about), 64)?;
        words(name, &format!("says.{about}"), Some(text), 1_000, BREAKS)?;
    }
    Ok(())
}

fn line(name: &str, member: &str, text: Option<&str>, most: usize) -> Ruling<()> {
    words(name, member, text, most, &[])
}

fn words(name: &str, member: &str, text: Option<&str>, most: usize, allowed: &[char]) -> Ruling<()> {
    match text {
        Some(text) if !is_words(text, most, allowed) => {
            bad(&format!("{name}.{member}"), &format!("must be text of 1 to {most} characters"))
        }
        _ => Ok(()),
    }
}

/// The state that a case taken over is in here: closed if it is claimed to be, at work when it is with one of this city's
/// units, otherwise filed, for whoever dispatches.
pub(super) fn status(closed: bool, sent: bool) -> &'static str {
    match (closed, sent) {
        (true, _) => "closed",
        (false, true) => "dispatched",
        (false, false) => "filed",
    }
}

fn bad<T>(field: &str, what: &str) -> Ruling<T> {
    refuse(Code::BadField, format!("{field}: {what}"))
}

const BREAKS: &[char] = &['\n', '\r', '\t'];
