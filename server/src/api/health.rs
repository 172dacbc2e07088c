//! How the ledger and its server are, for whoever looks after them at a desk.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use tokio::time::timeout;
use xuncha_core::model::{Code, Time};
use xuncha_core::plan::Facts;
use xuncha_core::protocol::{Problem, ServiceError};

use super::readiness::PATIENCE;
use super::wire::{reply, token};
use super::{Inner, Service};
use crate::auth::Person;
use crate::backup::last_taken;
use crate::ledger::{ahead, rolled_back, rolled_back_detail};
use crate::problem::refusal;
use crate::store::{Result, Snapshot, StoreError};

/// Dead letters that are counted.
const LETTERS: u32 = 1_000;

/// How things are.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct HealthReply {
    /// Version of the server.
    pub version: String,
    /// The server's clock.
    #[schema(value_type = String, format = DateTime)]
    pub time: Time,
    /// Epoch of the ledger.
    pub epoch: u32,
    /// Entries in it.
    pub size: u64,
    /// Its newest checkpoint.
    pub checkpoint: CheckpointNow,
    /// Entries that a backup covers with all their files.
    pub durable_size: u64,
    /// The last backup, as far as it is known here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup: Option<BackupNow>,
    /// Ops of phones that wait for something.
    pub held: u64,
    /// Ops of phones that fork a chain.
    pub forks: u64,
    /// Phones that have seen what this ledger cannot prove: they are refused.
    pub ahead: usize,
    /// Why nothing is taken in: the guard has seen more than this ledger holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_only: Option<String>,
    /// Whether the guard can be written: `ok`, `failing`, or `none` where there is none.
    pub guard: String,
    /// True when phones are served.
    pub ready: bool,
    /// What is in the way.
    pub not_ready: Vec<TroubleNow>,
    /// Ops that wait to be written.
    pub queued: usize,
    /// Uploads that were begun and are not whole.
    pub uploads: u64,
    /// Bytes that are free where files lie, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_bytes: Option<u64>,
    /// Bytes of them that no file may take.
    pub reserve_bytes: u64,
    /// The way out to another system, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookNow>,
}

/// A checkpoint.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct CheckpointNow {
    /// Entries that it covers.
    pub size: u64,
    /// When the last of them was received.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Time>,
}

/// A backup.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct BackupNow {
    /// When it was taken.
    #[schema(value_type = String, format = DateTime)]
    pub time: Time,
    /// How long ago that is, in milliseconds.
    pub age_ms: i64,
}

/// Something that is in the way.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct TroubleNow {
    /// `process`, `database`, `ledger` or `files`.
    pub part: String,
    /// Stable code.
    pub code: String,
    /// What is wrong.
    pub detail: String,
}

/// The way out.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct WebhookNow {
    /// Where it is told.
    pub url: String,
    /// Entries before this one are told, or given up.
    pub next: u64,
    /// Attempts at the present message that failed.
    pub attempts: u32,
    /// When it is tried again; none while nothing fails.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub again: Option<Time>,
    /// What went wrong last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// Messages that were given up; at most 1000 are counted.
    pub dead: usize,
}

/// Tells how the ledger and its server are. Takes the right `ledger.manage`, and a few seconds where a disk does not answer.
#[utoipa::path(get, path = "/v1/ledger/health", security(("token" = [])), responses(
    (status = 200, body = HealthReply), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn ledger_health(State(service): State<Service>, headers: HeaderMap) -> Response {
    let found = async {
        let person = service.person(&token(&headers)?).await?;
        let health = service.blocking(move |inner| inner.health(&person)).await?;
        Ok(service.with_readiness(health).await)
    };
    reply(&headers, found.await)
}

impl Service {
    /// Adds what takes time to find out.
    async fn with_readiness(&self, mut health: HealthReply) -> HealthReply {
        let readiness = self.readiness().await;
        let files_answer = readiness.not_ready.iter().all(|trouble| trouble.code != "files_silent");
        health.ready = readiness.ready;
        health.not_ready = readiness
            .not_ready
            .into_iter()
            .map(|trouble| TroubleNow {
                part: trouble.part.as_str().to_owned(),
                code: trouble.code.to_owned(),
                detail: trouble.detail,
            })
            .collect();
        let inner = self.inner.clone();
        if let Some(data) = inner.around.data.clone().filter(|_| files_answer) {
            let work = move || (inner.blobs.free(&data).ok(), last_taken(&data));
            let found = timeout(PATIENCE, tokio::task::spawn_blocking(work)).await;
            let (free, taken) = found.ok().and_then(std::result::Result::ok).unwrap_or_default();
            health.free_bytes = free;
            let now = health.time;
            health.backup = taken.map(|time| BackupNow { time, age_ms: now.millis() - time.millis() });
        }
        health
    }
}

impl Inner {
    fn health(&self, person: &Person) -> std::result::Result<HealthReply, ServiceError> {
        let now = self.host.clock.wall();
        self.look_for(person, |snapshot, who| {
            if !who.actor.may("ledger.manage") {
                return Ok(Err(refusal(Code::NotAllowed, "ledger.manage".to_owned())));
            }
            let head = snapshot.head()?.ok_or_else(|| StoreError::Missing("this store".into()))?;
            let (held, forks) = snapshot.waiting_in_all()?;
            let guard = match self.guard.as_ref().map(|guard| guard.is_failing()) {
                None => "none",
                Some(true) => "failing",
                Some(false) => "ok",
            };
            Ok(Ok(HealthReply {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                time: now,
                epoch: head.epoch,
                size: head.size,
                checkpoint: CheckpointNow { size: head.size, time: received_last(snapshot, head.size)? },
                durable_size: snapshot.durable_size()?,
                backup: None,
                held,
                forks,
                ahead: ahead(snapshot, &head)?.iter().filter(|row| row.device.is_some()).count(),
                read_only: rolled_back(snapshot, &head)?.map(|seen| rolled_back_detail(&head, &seen)),
                guard: guard.to_owned(),
                ready: false,
                not_ready: Vec::new(),
                queued: self.queue.waiting(),
                uploads: snapshot.open_uploads()?,
                free_bytes: None,
                reserve_bytes: self.blobs.reserve(),
                webhook: webhook(snapshot)?,
            }))
        })
    }
}

/// When the last of `size` entries was received.
fn received_last(snapshot: &dyn Snapshot, size: u64) -> Result<Option<Time>> {
    let Some(last) = size.checked_sub(1) else { return Ok(None) };
    let entry = snapshot.entries(last, 1)?.pop();
    let facts = entry.map(|entry| serde_json::from_str::<Facts>(&entry.facts)).transpose();
    let facts = facts.map_err(|error| StoreError::Damaged(format!("the facts of entry {last}: {error}")))?;
    Ok(facts.map(|facts| facts.received))
}

fn webhook(snapshot: &dyn Snapshot) -> Result<Option<WebhookNow>> {
    let Some(row) = snapshot.webhook()? else { return Ok(None) };
    Ok(Some(WebhookNow {
        url: row.url,
        next: row.next,
        attempts: row.attempts,
        again: (row.attempts > 0).then_some(row.again),
        fault: row.fault,
        dead: snapshot.dead_letters(false, LETTERS)?.len(),
    }))
}
