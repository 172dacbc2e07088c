//! The way out: another system is told what happens to cases, by HTTP.
//!
//! Messages go out in the order of the ledger, one at a time, each until it is taken or given up; what is given up is
//! kept as a dead letter. How far it has come is a row of the store, so that a server that dies, or another process,
//! goes on where the last one was. A message may come twice, always under the same id; none is left out. The
//! convention is that of Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`.
//!
//! A message says what happened to whom, not what a case holds now: who is told asks `/v1` for that, with a token and
//! within its scope.

mod courier;
mod message;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use xuncha_core::host::Host;

pub use courier::{Courier, Told};
pub use message::{Event, signature};

use crate::store::{Result, Store, StoreError, WebhookRow};

/// Begins to tell `url` what happens, from entry `first` on or from now on; gives the secret with which messages are
/// signed, as it is written down: `whsec_` and base64. What was set before is replaced, and dead letters are forgotten.
///
/// # Errors
/// Inside, why `url` will not do; the store's.
pub fn set_webhook(
    store: &dyn Store,
    host: &Host,
    url: &str,
    first: Option<u64>,
) -> Result<std::result::Result<String, String>> {
    if let Err(detail) = check(url) {
        return Ok(Err(detail));
    }
    let secret = host.bytes::<24>().to_vec();
    let written = format!("whsec_{}", STANDARD.encode(&secret));
    store.change(|batch| {
        let size = batch.head()?.ok_or_else(|| StoreError::Missing("this store".into()))?.size;
        let now = host.clock.wall();
        batch.drop_webhook()?;
        batch.put_webhook(&WebhookRow {
            url: url.to_owned(),
            secret: secret.clone(),
            next: first.unwrap_or(size).min(size),
            end: None,
            attempts: 0,
            again: now,
            fault: None,
            holder: None,
            held: now,
        })
    })?;
    Ok(Ok(written))
}

/// Has every dead letter tried again; how many there are.
///
/// # Errors
/// The store's.
pub fn try_again(store: &dyn Store) -> Result<usize> {
    store.change(|batch| {
        let letters = batch.dead_letters(false, u32::MAX >> 1)?;
        for letter in &letters {
            batch.put_dead_letter(&crate::store::DeadLetterRow { due: true, ..letter.clone() })?;
        }
        Ok(letters.len())
    })
}

fn check(url: &str) -> std::result::Result<(), String> {
    let url = reqwest::Url::parse(url).map_err(|error| error.to_string())?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("is not an http or https address".into());
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err("may hold no name, password or fragment".into());
    }
    Ok(())
}
