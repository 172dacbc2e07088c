//! What phones ask for: the contract that a phone's client speaks, answered by the ledger.

use std::sync::Arc;

use xuncha_core::model::{BlobRef, Code, Entity, EntityId, Hash};
use xuncha_core::op::{PublicKey, Push};
use xuncha_core::protocol::{
    Content, EnrolReply, EnrolRequest, LedgerInfo, MAX_PEOPLE, MAX_PUSH_OPS, PullReply, PullRequest, PushReply,
    ServiceError, SyncService, Token, Upload, UploadId,
};

use super::{Inner, Service};
use crate::auth;
use crate::blobs::{Announced, Opened, Pieces};
use crate::ledger::{Asker, Caller, Item, PullError, PushRecord};
use crate::problem::{refusal, store_failure};
use crate::store::PushRow;

/// Most ops of one device that are kept outside the ledger; a week's work of a busy inspector.
const MAX_OUTSIDE: u64 = 5_000;

impl Inner {
    fn entity(&self, id: EntityId) -> Result<Option<Entity>, ServiceError> {
        let row = self.store.look(|snapshot| snapshot.entity(id)).map_err(|error| store_failure(&error))?;
        Ok(row.and_then(|row| serde_json::from_str(&row.row).ok()))
    }

    /// The device's state, for its key and whether it still may pull.
    fn device(&self, caller: &Caller) -> Result<Entity, ServiceError> {
        let ledger = self.info()?.ledger;
        let device = self.entity(EntityId::of_device(ledger, &caller.device))?;
        device.ok_or_else(|| refusal(Code::UnknownDevice, None))
    }

    /// Checks the signature and reads the ops. A revoked device's ops are taken in too: the law
    /// holds them for a person to look at, so that nothing an inspector said is lost. Gives the present
    /// epoch with them.
    fn admit(&self, token: &Token, push: Push) -> Result<(Vec<Item>, u32), ServiceError> {
        let caller = auth::caller(&*self.store, token)?;
        if push.ops.len() > MAX_PUSH_OPS {
            let detail = format!("ops: {} in one push, at most {MAX_PUSH_OPS} fit", push.ops.len());
            return Err(refusal(Code::TooLarge, detail));
        }
        if caller.device != push.device {
            return Err(refusal(Code::BadSignature, "device: the token is another device's".to_owned()));
        }
        let LedgerInfo { ledger, epoch, .. } = self.info()?;
        let device = self.device(&caller)?;
        let key: Option<PublicKey> = device.text("key").and_then(|key| key.parse().ok());
        let hashes = push.hashes();
        if !key.is_some_and(|key| push.is_signed_over(&hashes, &key, ledger)) {
            return Err(refusal(Code::BadSignature, None));
        }
        // What waits outside the ledger is bounded, so that a stolen phone cannot fill the disk with it.
        let waiting = self.store.look(|snapshot| snapshot.waiting(&push.device));
        let (held, forked) = waiting.map_err(|error| store_failure(&error))?;
        if held + forked > MAX_OUTSIDE {
            return Err(refusal(Code::TooMany, format!("{held} ops are held and {forked} fork; ask an administrator")));
        }
        let received = self.host.clock.wall();
        let row = PushRow { id: 0, device: push.device, hashes, sig: push.sig, received };
        let record = PushRecord::new(row);
        let texts = push.ops.into_iter().map(|op| String::from(Box::<str>::from(op))).collect();
        let items = Item::read_all(texts, &record);
        let offset = items.iter().rev().find_map(|item| item.op()?.at.offset);
        self.sightings.note(caller.device, received, offset);
        // What a revoked device says is held and takes no index.
        if device.text("status") == Some("active") {
            self.continues_for(&caller.device, &items)?;
        }
        // Behind that, so that whoever has seen more is counted also while nobody is served.
        self.goes_on()?;
        Ok((items, epoch))
    }

    fn page(&self, token: &Token, request: &PullRequest) -> Result<PullReply, ServiceError> {
        if request.also.len() > MAX_PEOPLE {
            return Err(refusal(Code::Malformed, format!("also: at most {MAX_PEOPLE} people share a phone")));
        }
        let callers = auth::callers(&*self.store, token, &request.also)?;
        let device = self.device(&callers.users[0])?;
        if device.text("status") != Some("active") {
            return Err(refusal(Code::DeviceRevoked, None));
        }
        let line = device.text("line").and_then(|line| line.parse().ok());
        let users: Vec<EntityId> = callers.users.iter().map(|caller| caller.user).collect();
        let asker = Asker { line, users: &users };
        let now = self.host.clock.wall();
        self.sightings.note(callers.users[0].device, now, None);
        let page = self.store.look(|snapshot| match crate::ledger::pull(snapshot, &asker, request, now) {
            Err(PullError::Store(error)) => Err(error),
            other => Ok(other),
        });
        match page.map_err(|error| store_failure(&error))? {
            Ok(mut page) => {
                self.goes_on()?;
                page.signed_out.extend(callers.unknown.into_iter().map(|user| (user, Code::BadToken)));
                Ok(page)
            }
            Err(PullError::RolledBack(detail)) => {
                if let Some(seen) = &request.seen {
                    self.is_ahead(&callers.users[0].device, seen)?;
                }
                Err(refusal(Code::LedgerRolledBack, detail))
            }
            Err(PullError::NewEpoch(detail)) => Err(refusal(Code::NewEpoch, detail)),
            Err(PullError::Retired) => Err(refusal(Code::UserRetired, None)),
            Err(PullError::Store(error)) => Err(store_failure(&error)),
        }
    }
}

impl SyncService for Service {
    async fn ledger(&self) -> Result<LedgerInfo, ServiceError> {
        self.blocking(Inner::info).await
    }

    async fn enrol(&self, request: EnrolRequest) -> Result<EnrolReply, ServiceError> {
        let begun = self.blocking(move |inner| {
            let ledger = inner.info()?;
            let enrolment = auth::begin_enrolment(&*inner.store, &inner.host, ledger.ledger, &request)?;
            Ok((ledger, enrolment))
        });
        let (ledger, enrolment) = begun.await?;
        for verdict in self.append(enrolment.items).await? {
            if verdict
                .clone()
                .into_final()
                .is_none_or(|verdict| matches!(verdict, xuncha_core::protocol::Final::Refused { .. }))
            {
                tracing::error!(?verdict, "an enrolment was not taken");
                return Err(refusal(Code::Internal, None));
            }
        }
        let (user, row) = (enrolment.user, enrolment.row);
        self.blocking(move |inner| {
            let state: Option<Entity> = serde_json::from_str(&user.row).ok();
            let name = state.as_ref().and_then(|user| user.text("name")).unwrap_or_default().to_owned();
            let token = auth::finish_enrolment(&*inner.store, &inner.host, &row);
            let token = token.map_err(|error| store_failure(&error))?;
            Ok(EnrolReply { ledger, device: row.device, user: row.user, name, session: row.session, token })
        })
        .await
    }

    async fn push(&self, token: &Token, push: Push) -> Result<PushReply, ServiceError> {
        let token = token.clone();
        let (items, epoch) = self.blocking(move |inner| inner.admit(&token, push)).await?;
        let verdicts = self.append(items).await?;
        Ok(PushReply { verdicts, epoch: Some(epoch), time: self.inner.host.clock.wall() })
    }

    async fn pull(&self, token: &Token, request: PullRequest) -> Result<PullReply, ServiceError> {
        let token = token.clone();
        self.blocking(move |inner| inner.page(&token, &request)).await
    }

    async fn begin_upload(
        &self,
        token: &Token,
        blob: &BlobRef,
        content: Option<Arc<dyn Content>>,
    ) -> Result<Upload, ServiceError> {
        let caller = self.sender(token).await?;
        let announced = Announced { hash: blob.hash, len: blob.len };
        let source = content.map(|content| Pieces::new(content, 0));
        let row = self.blobs().begin(caller, announced, source, None).await?;
        Ok(Upload { id: UploadId(row.id), offset: row.offset })
    }

    async fn continue_upload(
        &self,
        token: &Token,
        upload: &UploadId,
        offset: u64,
        content: Arc<dyn Content>,
    ) -> Result<u64, ServiceError> {
        let caller = self.sender(token).await?;
        let (coming, source) = (content.len().saturating_sub(offset), Pieces::new(content, offset));
        let row = self.blobs().append(caller, upload.0.clone(), offset, Some(coming), source, None).await?;
        Ok(row.offset)
    }

    async fn fetch_blob(&self, token: &Token, hash: &Hash, most: u64) -> Result<Vec<u8>, ServiceError> {
        let person = self.person(token).await?;
        let row = self.blobs().describe(person, *hash).await?;
        if row.len > most {
            return Err(refusal(Code::TooLarge, format!("the file has {} bytes, {most} are wanted", row.len)));
        }
        match self.blobs().open(row).await? {
            Opened::Bytes(bytes, _) => Ok(bytes.into()),
            Opened::Long(mut file) => {
                self.blocking(move |_| {
                    use std::io::Read as _;
                    let mut bytes = Vec::new();
                    let read = file.read_to_end(&mut bytes);
                    read.map(|_| bytes).map_err(|_| refusal(Code::BlobDamaged, None))
                })
                .await
            }
        }
    }
}
