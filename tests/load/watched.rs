//! A way to the server that notes when a phone has done with pushing.

use std::sync::{Arc, OnceLock};

use xuncha_core::model::{BlobRef, Hash};
use xuncha_core::op::Push;
use xuncha_core::protocol::{
    Content, EnrolReply, EnrolRequest, LedgerInfo, PullReply, PullRequest, PushReply, ServiceError, SyncService, Token,
    Upload, UploadId,
};
use xuncha_core::sync::HttpService;

/// Calls `pushed` once, when the first page is asked for: all verdicts are stored then.
pub(crate) struct Watched<'a, T> {
    service: &'a HttpService,
    pushed: Box<dyn Fn() -> T + Send + Sync + 'a>,
    noted: OnceLock<T>,
}

impl<'a, T: Send + Sync> Watched<'a, T> {
    pub(crate) fn new(service: &'a HttpService, pushed: impl Fn() -> T + Send + Sync + 'a) -> Watched<'a, T> {
        Watched { service, pushed: Box::new(pushed), noted: OnceLock::new() }
    }

    /// What was noted.
    pub(crate) fn noted(self) -> T {
        self.noted.into_inner().unwrap()
    }
}

impl<T: Send + Sync> SyncService for Watched<'_, T> {
    async fn ledger(&self) -> Result<LedgerInfo, ServiceError> {
        self.service.ledger().await
    }

    async fn enrol(&self, request: EnrolRequest) -> Result<EnrolReply, ServiceError> {
        self.service.enrol(request).await
    }

    async fn push(&self, token: &Token, push: Push) -> Result<PushReply, ServiceError> {
        self.service.push(token, push).await
    }

    async fn pull(&self, token: &Token, request: PullRequest) -> Result<PullReply, ServiceError> {
        self.noted.get_or_init(|| (self.pushed)());
        self.service.pull(token, request).await
    }

    async fn begin_upload(
        &self,
        token: &Token,
        blob: &BlobRef,
        content: Option<Arc<dyn Content>>,
    ) -> Result<Upload, ServiceError> {
        self.service.begin_upload(token, blob, content).await
    }

    async fn continue_upload(
        &self,
        token: &Token,
        upload: &UploadId,
        offset: u64,
        content: Arc<dyn Content>,
    ) -> Result<u64, ServiceError> {
        self.service.continue_upload(token, upload, offset, content).await
    }

    async fn fetch_blob(&self, token: &Token, hash: &Hash, most: u64) -> Result<Vec<u8>, ServiceError> {
        self.service.fetch_blob(token, hash, most).await
    }
}
