//! What the phone shows: lists, one finding with its photos, conflicts, refusals.

use serde_json::json;
use xuncha_core::model::{EntityId, Evidence, Finding, Place};
use xuncha_core::notebook::{FileState, ListPage, Notebook, PhotoOf};

use super::{Failure, Printer};

pub(super) fn list(phone: &Notebook, printer: &Printer) -> Result<(), Failure> {
    let mut page = ListPage { after: None, limit: 500 };
    loop {
        let listed = phone.list(page)?;
        for one in &listed {
            let mark = if one.pending { "*" } else { " " };
            printer.say(&json!(one), format!("{mark} {}", describe(phone, &one.finding)));
        }
        match listed.last() {
            Some(last) => page.after = Some(last.key),
            None => return Ok(()),
        }
    }
}

pub(super) fn finding(phone: &Notebook, id: EntityId, printer: &Printer) -> Result<(), Failure> {
    let (finding, photos) = (phone.finding(id)?, phone.photos(id)?);
    let mut text = describe(phone, &finding);
    for photo in &photos {
        text.push_str(&format!("\n  {}", describe_photo(photo)));
    }
    let mut value = json!(finding);
    value["files"] = json!(photos);
    printer.say(&value, text);
    Ok(())
}

fn describe(phone: &Notebook, finding: &Finding) -> String {
    // How exact a fix is matters as much as the fix.
    let accuracy = |place: &Place| place.accuracy.map(|metres| format!(" ±{metres:.0} m")).unwrap_or_default();
    let point = finding
        .place
        .as_ref()
        .and_then(|place| Some(format!("{:.5},{:.5}{}", place.lat?, place.lon?, accuracy(place))));
    let words = finding.place.as_ref().and_then(|place| place.words.clone());
    let known = finding.place.as_ref().and_then(|place| place.id).and_then(|id| phone.place(id).ok());
    let disputed = if finding.conflicts.is_empty() {
        String::new()
    } else {
        format!("  disputed: {}", finding.conflicts.join(","))
    };
    format!(
        "{}  {}  {}  {}  {}  {}{disputed}",
        finding.id,
        finding.status,
        finding.item.as_deref().unwrap_or("-"),
        point.or(words).or(known.map(|known| known.name)).unwrap_or_else(|| "-".to_owned()),
        finding.note.as_deref().unwrap_or("-"),
        describe_evidence(finding.evidence),
    )
}

/// `photos 2 of 3 at the server`, by originals; what can be looked at before they are there beside.
fn describe_evidence(evidence: Evidence) -> String {
    let mut text = format!("photos {} of {} at the server", evidence.originals, evidence.expected);
    if evidence.displays > evidence.originals {
        text.push_str(&format!(", {} viewable", evidence.displays));
    }
    text
}

fn describe_photo(photo: &PhotoOf) -> String {
    let mut text = format!("photo {}  original {}", photo.id, describe_state(&photo.original));
    match &photo.no_preview {
        Some(why) => text.push_str(&format!("  no preview: {why}")),
        None => text.push_str(&format!(
            "  display {}  thumbnail {}",
            describe_state(&photo.display),
            describe_state(&photo.thumbnail)
        )),
    }
    let source = photo.photo.source.as_deref().unwrap_or("-");
    let taken = photo.photo.taken.map_or_else(|| "-".to_owned(), |taken| taken.to_string());
    format!("{text}  {source}  {taken}")
}

fn describe_state(state: &FileState) -> String {
    match state {
        FileState::Absent => "not made".to_owned(),
        FileState::Expected => "expected".to_owned(),
        FileState::Waiting => "waiting".to_owned(),
        FileState::Stuck { code, detail } => format!("stuck ({code}: {detail})"),
        FileState::Sent => "sent".to_owned(),
        FileState::Kept { index } => format!("kept ({index})"),
        FileState::Lost => "LOST".to_owned(),
    }
}

pub(super) fn conflicts(phone: &Notebook, printer: &Printer) -> Result<(), Failure> {
    for conflict in phone.conflicts()? {
        let mut text = format!(
            "{}  {}  {}\n  now  {}  {}",
            conflict.entity, conflict.kind, conflict.field, conflict.current.op, conflict.current.value
        );
        for rival in &conflict.rivals {
            text.push_str(&format!("\n  or   {}  {}", rival.op, rival.value));
        }
        printer.say(&json!(conflict), text);
    }
    Ok(())
}

pub(super) fn refused(phone: &Notebook, printer: &Printer) -> Result<(), Failure> {
    for one in phone.refused()? {
        let text = format!("{}  {}  {}  {}: {}", one.op, one.kind, one.finding, one.code, one.detail);
        printer.say(&json!(one), text);
    }
    Ok(())
}
