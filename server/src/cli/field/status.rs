//! Where the phone stands, in lines for people.

use serde_json::json;
use xuncha_core::notebook::{Notebook, Status};

use super::{Failure, Printer};

pub(super) fn show(phone: &Notebook, printer: &Printer) -> Result<(), Failure> {
    let status = phone.status()?;
    let parts = [who(&status), waiting(&status), to_decide(&status), sync(&status), device(&status)];
    let lines: Vec<String> = parts.into_iter().flatten().collect();
    printer.say(&json!(status), lines.join("\n"));
    Ok(())
}

fn who(status: &Status) -> Vec<String> {
    if !status.enrolled {
        return vec!["not enrolled: field enrol, with an invitation".to_owned()];
    }
    let (name, city) = (status.name.as_deref().unwrap_or("-"), status.city.as_deref().unwrap_or("-"));
    let mut lines = vec![match status.locked {
        true => format!("locked, in {city}: field switch, or field sign-in"),
        false => format!("{name} in {city}"),
    }];
    if status.people > 1 {
        lines.push(format!("{} people are signed in on this phone", status.people));
    }
    lines.extend(status.must_enrol_again.map(|why| {
        format!("MUST ENROL AGAIN before it can sync ({}): ask for an invitation; recording goes on", why.as_str())
    }));
    lines
}

fn waiting(status: &Status) -> Vec<String> {
    let mut ops = format!("{} ops wait to be sent or judged", status.pending);
    if status.held > 0 {
        ops.push_str(&format!(", {} of them for something that the server does not have yet", status.held));
    }
    let mut files = format!("{} files wait to be sent, {} bytes", status.files_waiting, status.bytes_waiting);
    if status.file_faults > 0 {
        files.push_str(&format!("; {} of them cannot be sent: field show says why", status.file_faults));
    }
    let mut lines = vec![ops, files];
    lines.extend(
        (status.files_lost > 0).then(|| format!("{} FILES ARE LOST: field show says which", status.files_lost)),
    );
    lines
}

fn to_decide(status: &Status) -> Vec<String> {
    let told = |count: u64, what: &str| (count > 0).then(|| format!("{count} {what}"));
    let refused = told(status.refused, "records came back refused: field refused");
    refused.into_iter().chain(told(status.conflicts, "findings and visits are disputed: field conflicts")).collect()
}

fn sync(status: &Status) -> Vec<String> {
    let server = status.server.as_deref().unwrap_or("-");
    let last = status.synced.map_or_else(|| "never".to_owned(), |time| time.to_string());
    let mut lines = vec![format!("server {server}, last whole sync: {last}")];
    if let Some(cursor) = status.cursor {
        let (size, epoch, durable) = (cursor.size, cursor.epoch, status.durable_size);
        lines.push(format!("knows {size} entries of the ledger (epoch {epoch}); backups cover {durable}"));
    }
    lines.push(format!("{} photos taken here; {} bytes could be freed", status.photos, status.freeable_bytes));
    // Less than a minute is nobody's concern.
    let off = status.offset_ms.filter(|offset| offset.abs() >= 60_000);
    lines.extend(off.map(|offset| {
        let (minutes, way) = (offset.abs() / 60_000, if offset > 0 { "behind" } else { "ahead of" });
        format!("this phone's clock is {minutes} minutes {way} the server's")
    }));
    lines
}

fn device(status: &Status) -> Vec<String> {
    vec![format!("device {}", status.device), format!("notebook {}", status.line)]
}
