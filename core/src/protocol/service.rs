//! The contract between a phone and a server, and how a server says no.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Content, PullReply, PullRequest, PushReply, Upload, UploadId};
use crate::model::{BlobRef, Code, DeviceId, EntityId, Hash, LedgerId, LineId, Time};
use crate::op::{PublicKey, Push, Signature};

/// Addresses, below the server's root.
pub mod paths {
    /// `GET`: [`LedgerInfo`](super::LedgerInfo).
    pub const LEDGER: &str = "/v1/ledger";
    /// `POST`: [`EnrolRequest`](super::EnrolRequest) to [`EnrolReply`](super::EnrolReply).
    pub const ENROL: &str = "/v1/enrol";
    /// `POST`: [`Push`](crate::op::Push) to [`PushReply`](super::PushReply).
    pub const PUSH: &str = "/v1/push";
    /// `POST`: [`PullRequest`](super::PullRequest) to [`PullReply`](super::PullReply).
    pub const PULL: &str = "/v1/pull";
    /// `POST`: begins an upload (tus 1.0, creation); `OPTIONS`: what the server can do.
    pub const UPLOADS: &str = "/v1/uploads";
    /// `HEAD`, `PATCH`, `DELETE`: one upload, by its id.
    pub const UPLOAD: &str = "/v1/uploads/{id}";
    /// `GET`, `HEAD`: a file, by the text form of its hash.
    pub const BLOB: &str = "/v1/blobs/{hash}";
}

/// Which ledger this is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LedgerInfo {
    /// Its id.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Uuid))]
    pub ledger: LedgerId,
    /// The city's name.
    pub name: String,
    /// IANA zone of the city, in which deadlines are computed.
    pub zone: String,
    /// Key that signs checkpoints.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub key: PublicKey,
    /// Epoch; 1 in a ledger never restored from a backup.
    pub epoch: u32,
    /// For each epoch that has ended, the size of its last provable checkpoint.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub floors: BTreeMap<u32, u64>,
    /// Version of the law by which the server judges.
    pub law: u32,
    /// The server's clock.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub time: Time,
}

/// Makes a phone known, or signs a further user in on one that is, with a code that an administrator
/// gave out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnrolRequest {
    /// The single-use code.
    pub code: String,
    /// The device's public key.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub key: PublicKey,
    /// The notebook's id.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Uuid))]
    pub line: LineId,
    /// What the notebook was called under earlier keys, at most [`MAX_LINES_BEFORE`](crate::plan::MAX_LINES_BEFORE):
    /// logins on it under these names go on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub lines_before: Vec<LineId>,
    /// Signature by `key` over [`enrol_message`](crate::op::enrol_message).
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub sig: Signature,
}

/// The phone is known now and the user signed in on it. Asked again with the same code and key, the server answers the same with
/// a fresh token, so a lost reply costs nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnrolReply {
    /// Which ledger it is.
    pub ledger: LedgerInfo,
    /// The device's id.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub device: DeviceId,
    /// The user who was signed in.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Uuid))]
    pub user: EntityId,
    /// That user's name.
    pub name: String,
    /// The login.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Uuid))]
    pub session: EntityId,
    /// Secret for later requests.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub token: Token,
}

/// An opaque secret that opens the server to one user on one device; the server keeps only its hash.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(String);

impl Token {
    /// Wraps the secret text.
    pub fn new(secret: String) -> Token {
        Token(secret)
    }

    /// The secret text, for the request header only.
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// Why a request was turned away: an RFC 9457 problem document with a stable `code`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// The stable code.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub code: Code,
    /// The code in plain words.
    pub title: String,
    /// What was wrong here; names the member where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Seconds after which to come back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

/// Why there is no reply.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ServiceError {
    /// No reply that can be believed: no network, a reply cut short, a captive portal's page. The
    /// request may have been carried out; it is safe to send again.
    #[error("no reply: {what}")]
    Offline {
        /// What was tried and what came instead.
        what: String,
        /// When the server asked to be left alone for a while.
        retry_after: Option<Duration>,
    },
    /// The server said no.
    #[error("{}: {}", .0.code, .0.detail.as_deref().unwrap_or(&.0.title))]
    Problem(Problem),
}

/// What a server does for a phone. Implemented by the HTTP client of a phone, and by the server.
pub trait SyncService: Send + Sync {
    /// Which ledger this is.
    fn ledger(&self) -> impl Future<Output = Result<LedgerInfo, ServiceError>> + Send;

    /// Makes a phone known, or signs a further user in on it.
    fn enrol(&self, request: EnrolRequest) -> impl Future<Output = Result<EnrolReply, ServiceError>> + Send;

    /// Takes ops; a reply means that every final verdict in it is durable.
    fn push(&self, token: &Token, push: Push) -> impl Future<Output = Result<PushReply, ServiceError>> + Send;

    /// Gives one page of what changed.
    fn pull(&self, token: &Token, request: PullRequest)
    -> impl Future<Output = Result<PullReply, ServiceError>> + Send;

    /// Begins the upload of `blob`, or finds the one that this device began for it before. With
    /// `content`, its bytes are sent along from the start: one request for all of it. A reply whose
    /// offset is the length means that the file is whole, verified and durable.
    ///
    /// After a failure the server may have kept some of the bytes: begin again without `content`
    /// and go on at the offset that the reply names.
    fn begin_upload(
        &self,
        token: &Token,
        blob: &BlobRef,
        content: Option<Arc<dyn Content>>,
    ) -> impl Future<Output = Result<Upload, ServiceError>> + Send;

    /// Sends `content` from `offset` on to its end; gives the offset that is durable then.
    fn continue_upload(
        &self,
        token: &Token,
        upload: &UploadId,
        offset: u64,
        content: Arc<dyn Content>,
    ) -> impl Future<Output = Result<u64, ServiceError>> + Send;

    /// The whole file `hash`, which must not be longer than `most` bytes. Not yet held against its
    /// hash: whoever asks does that.
    fn fetch_blob(
        &self,
        token: &Token,
        hash: &Hash,
        most: u64,
    ) -> impl Future<Output = Result<Vec<u8>, ServiceError>> + Send;
}
