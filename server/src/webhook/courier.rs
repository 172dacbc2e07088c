//! Carrying messages, one at a time.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use xuncha_core::host::Host;
use xuncha_core::model::Time;

use super::message::{Message, signature};
use crate::store::{Batch, DeadLetterRow, Result, Snapshot, Store, StoreError, WebhookRow};

/// Longest wait for the answer to one message.
const PATIENCE: Duration = Duration::from_secs(15);

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Waits between attempts, in seconds: a day in all. After the last one the message is a dead letter.
const WAITS: &[u32] = &[5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 28_800];

/// How long one process keeps the others from a message, in milliseconds: longer than an attempt takes.
const HOLD: i64 = 20_000;

/// A time further ahead than this, in milliseconds, was written by a clock that was wrong.
const FAR: i64 = 48 * 60 * 60 * 1000;

/// What came of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// There was nothing to tell, or it is not the time.
    Nothing,
    /// A message was taken; there may be more.
    Taken,
    /// A message was not taken.
    Failed,
    /// A message was given up.
    GivenUp,
}

/// A message, and what it is of.
struct Errand {
    message: Message,
    webhook: WebhookRow,
    /// The dead letter that it is again.
    letter: Option<DeadLetterRow>,
}

/// Carries the messages of one ledger.
pub struct Courier {
    store: Arc<dyn Store>,
    host: Host,
    client: Client,
    name: String,
}

impl Courier {
    /// For `store`; asks nobody anything yet.
    ///
    /// # Errors
    /// When there can be no HTTP client.
    pub fn new(store: Arc<dyn Store>, host: Host) -> Result<Arc<Courier>> {
        // One library for TLS, chosen once for the whole process; whoever chose before chose the same.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = Client::builder().redirect(Policy::none()).connect_timeout(CONNECT).build();
        let client = client.map_err(|error| StoreError::Failed(innermost(&error)))?;
        let name = URL_SAFE_NO_PAD.encode(host.bytes::<12>());
        Ok(Arc::new(Courier { store, host, client, name }))
    }

    /// Tells the next message, if there is one and it is its time.
    ///
    /// A crash in here leaves the message to be told again under the same id.
    ///
    /// # Errors
    /// The store's.
    pub async fn tell(self: &Arc<Self>) -> Result<Told> {
        let Some(errand) = self.blocking(|own| own.errand()).await? else { return Ok(Told::Nothing) };
        let Some(body) = errand.message.body.clone() else {
            return self.blocking(move |own| own.settle(&errand, Ok(()))).await;
        };
        let outcome = self.post(&errand, body).await;
        self.blocking(move |own| own.settle(&errand, outcome)).await
    }

    async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Courier) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let own = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&own)).await;
        done.unwrap_or_else(|error| Err(StoreError::Failed(error.to_string())))
    }

    /// What to tell, held against other processes; none when there is nothing, or somebody else is at it.
    fn errand(&self) -> Result<Option<Errand>> {
        let now = self.host.clock.wall();
        let Some(errand) = self.store.look(|snapshot| self.next(snapshot, now))? else { return Ok(None) };
        let held = self.store.change(|batch| {
            let Some(row) = batch.webhook()?.filter(|row| self.may(row, now) && same(row, &errand.webhook)) else {
                return Ok(false);
            };
            let end = if errand.letter.is_some() { row.end } else { Some(errand.message.end) };
            let held = now.plus_millis(HOLD);
            batch.put_webhook(&WebhookRow { end, holder: Some(self.name.clone()), held, ..row })?;
            Ok(true)
        })?;
        Ok(held.then_some(errand))
    }

    fn next(&self, snapshot: &dyn Snapshot, now: Time) -> Result<Option<Errand>> {
        let Some(webhook) = snapshot.webhook()?.filter(|row| self.may(row, now)) else { return Ok(None) };
        let head = snapshot.head()?.ok_or_else(|| StoreError::Missing("this store".into()))?;
        if let Some(letter) = snapshot.dead_letters(true, 1)?.pop() {
            let message = Message::of(snapshot, &head, letter.epoch, letter.first, Some(letter.end))?;
            // Where a restore took the entries away, there is nothing left to tell.
            let gone = || Message { id: String::new(), first: letter.first, end: letter.end, body: None };
            let message = message.unwrap_or_else(gone);
            return Ok(Some(Errand { message, webhook, letter: Some(letter) }));
        }
        if webhook.next >= head.size || later(webhook.again, now) {
            return Ok(None);
        }
        let message = Message::of(snapshot, &head, head.epoch, webhook.next, webhook.end)?;
        Ok(message.map(|message| Errand { message, webhook, letter: None }))
    }

    /// True unless another process is at it.
    fn may(&self, row: &WebhookRow, now: Time) -> bool {
        row.holder.as_ref() == Some(&self.name) || !later(row.held, now)
    }

    async fn post(&self, errand: &Errand, body: String) -> std::result::Result<(), Fault> {
        let seconds = self.host.clock.wall().millis().div_euclid(1000);
        let signed = signature(&errand.webhook.secret, &errand.message.id, seconds, &body);
        let request = self
            .client
            .post(&errand.webhook.url)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("xuncha/", env!("CARGO_PKG_VERSION")))
            .header("webhook-id", &errand.message.id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signed)
            .timeout(PATIENCE)
            .body(body);
        match request.send().await {
            Ok(response) if response.status().is_success() => Ok(()),
            Ok(response) => Err(Fault::of(&response)),
            Err(error) => Err(Fault { what: innermost(&error), wait: None }),
        }
    }

    /// Writes down what came of it; nothing where somebody else took it over, or set another address meanwhile.
    fn settle(&self, errand: &Errand, outcome: std::result::Result<(), Fault>) -> Result<Told> {
        let now = self.host.clock.wall();
        self.store.change(|batch| {
            let row =
                batch.webhook()?.filter(|row| row.holder.as_ref() == Some(&self.name) && same(row, &errand.webhook));
            let Some(row) = row else { return Ok(Told::Nothing) };
            let row = WebhookRow { holder: None, held: now, ..row };
            match &errand.letter {
                Some(letter) => settle_letter(batch, &row, letter, outcome.as_ref().err()),
                None => settle_page(batch, row, &errand.message, outcome.as_ref().err(), now),
            }
        })
    }
}

fn settle_letter(
    batch: &mut dyn Batch,
    row: &WebhookRow,
    letter: &DeadLetterRow,
    fault: Option<&Fault>,
) -> Result<Told> {
    batch.put_webhook(row)?;
    let Some(fault) = fault else {
        batch.drop_dead_letter(letter.epoch, letter.first)?;
        return Ok(Told::Taken);
    };
    let (attempts, fault) = (letter.attempts.saturating_add(1), fault.what.clone());
    batch.put_dead_letter(&DeadLetterRow { attempts, fault, due: false, ..letter.clone() })?;
    Ok(Told::Failed)
}

fn settle_page(
    batch: &mut dyn Batch,
    row: WebhookRow,
    message: &Message,
    fault: Option<&Fault>,
    now: Time,
) -> Result<Told> {
    let over = WebhookRow { next: message.end, end: None, attempts: 0, again: now, ..row.clone() };
    let Some(fault) = fault else {
        batch.put_webhook(&WebhookRow { fault: None, ..over })?;
        return Ok(Told::Taken);
    };
    let what = fault.what.clone();
    let Some(wait) = WAITS.get(row.attempts as usize) else {
        let epoch = batch.head()?.ok_or_else(|| StoreError::Missing("this store".into()))?.epoch;
        let attempts = row.attempts.saturating_add(1);
        let (first, end) = (message.first, message.end);
        batch.put_dead_letter(&DeadLetterRow {
            epoch,
            first,
            end,
            attempts,
            fault: what.clone(),
            at: now,
            due: false,
        })?;
        batch.put_webhook(&WebhookRow { fault: Some(what), ..over })?;
        return Ok(Told::GivenUp);
    };
    let longest = WAITS.last().copied().unwrap_or_default();
    let wait = fault.wait.unwrap_or_default().clamp(*wait, longest);
    let (attempts, again) = (row.attempts + 1, now.plus_millis(i64::from(wait) * 1000));
    batch.put_webhook(&WebhookRow { attempts, again, fault: Some(what), ..row })?;
    Ok(Told::Failed)
}

/// True while it is the same address and stands where it stood.
fn same(row: &WebhookRow, before: &WebhookRow) -> bool {
    (&row.url, &row.secret, row.next) == (&before.url, &before.secret, before.next)
}

/// True when `time` is yet to come, and not as far ahead as only a wrong clock says.
fn later(time: Time, now: Time) -> bool {
    (1..=FAR).contains(&time.millis().saturating_sub(now.millis()))
}

/// Why a message was not taken.
struct Fault {
    what: String,
    /// Seconds that whoever was told asks for.
    wait: Option<u32>,
}

impl Fault {
    fn of(response: &Response) -> Fault {
        let wait = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Fault { what: format!("it answered {}", response.status().as_u16()), wait }
    }
}

/// The innermost cause; the layers above it only repeat that something failed, and name the address.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
