//! `xuncha admin webhook`: whom the server tells what happens.

use clap::Subcommand;
use serde_json::{Value, json};

use super::super::Failure;
use super::super::folder::Folder;
use super::super::print::Printer;
use crate::webhook::{set_webhook, try_again};

/// Most dead letters that are shown.
const SHOWN: u32 = 1_000;

#[derive(Debug, Subcommand)]
pub(super) enum Webhook {
    /// Tell an address what happens to cases, as signed messages; prints the secret that they are signed with, once. In
    /// place of the address before, whose dead letters are forgotten.
    Set {
        /// Where messages are posted, such as `https://example.org/xuncha`.
        #[arg(value_name = "URL")]
        address: String,
        /// Ledger index to begin at [default: now].
        #[arg(long, value_name = "INDEX")]
        from: Option<u64>,
    },
    /// Show how far it has come, what went wrong, and which messages were given up.
    Show,
    /// Try messages that were given up once more.
    Again,
    /// Tell nobody any more; dead letters are forgotten.
    Off,
}

impl Webhook {
    pub(super) fn run(self, folder: &Folder, printer: &Printer) -> Result<(), Failure> {
        let store = &*folder.store;
        match self {
            Webhook::Set { address, from } => {
                let secret = set_webhook(store, &folder.host, &address, from)?
                    .map_err(|detail| Failure::new("bad_field", format!("url: {detail}")))?;
                printer.say(&json!({ "url": address, "secret": secret }), &secret);
                printer.hint("Messages are signed with this secret. It is not shown again.");
                Ok(())
            }
            Webhook::Show => show(folder, printer),
            Webhook::Again => {
                let letters = try_again(store)?;
                printer.say(&json!({ "letters": letters }), format!("{letters} messages are tried again"));
                Ok(())
            }
            Webhook::Off => {
                store.change(|batch| batch.drop_webhook())?;
                printer.say(&json!({ "url": Value::Null }), "nobody is told any more");
                Ok(())
            }
        }
    }
}

fn show(folder: &Folder, printer: &Printer) -> Result<(), Failure> {
    let found = folder.store.look(|snapshot| {
        let size = snapshot.head()?.map_or(0, |head| head.size);
        Ok((snapshot.webhook()?, snapshot.dead_letters(false, SHOWN)?, size))
    });
    let (webhook, letters, size) = found?;
    let Some(webhook) = webhook else {
        printer.say(&json!({ "url": Value::Null }), "nobody is told anything");
        return Ok(());
    };
    let again = (webhook.attempts > 0).then_some(webhook.again);
    let dead: Vec<Value> = letters
        .iter()
        .map(|letter| {
            json!({
                "epoch": letter.epoch, "first": letter.first, "end": letter.end, "attempts": letter.attempts,
                "fault": letter.fault, "at": letter.at, "due": letter.due,
            })
        })
        .collect();
    let value = json!({
        "url": webhook.url, "next": webhook.next, "size": size, "attempts": webhook.attempts, "again": again,
        "fault": webhook.fault, "dead": dead,
    });
    let mut text = format!("{}: told {} of {size} entries", webhook.url, webhook.next);
    if let (Some(fault), Some(again)) = (&webhook.fault, again) {
        text += &format!("; {fault}, {} times; again at {again}", webhook.attempts);
    }
    for letter in &letters {
        let (first, end) = (letter.first, letter.end);
        text += &format!("\ngiven up: entries {first} to {end}, {} attempts: {}", letter.attempts, letter.fault);
    }
    printer.say(&value, text);
    Ok(())
}
