//! What the server does for phones: the same contract that a phone's client speaks.

mod blobs;
mod cases;
mod city;
mod health;
mod invites;
mod limits;
mod openapi;
mod operation;
mod readiness;
mod register;
mod session;
mod standing;
mod tus;
mod uploads;
mod wire;
mod written;

pub use blobs::blob;
pub use cases::{
    Change, Claim, Dispute, History, Line, Lines, Now, PageQuery, PointsReply, Query, Said, Spot, StepReply,
    StepRequest, alike, case, events, findings_csv, findings_geojson, findings_xlsx, history, list, notice_page,
    points, step,
};
pub use city::{ActionName, AreaName, AskName, CityReply, ItemName, PersonName, UnitName, city};
pub use health::{BackupNow, CheckpointNow, HealthReply, TroubleNow, WebhookNow, ledger_health};
pub use invites::{Invitation, InviteRequest, invite, password_link};
pub use limits::{Limits, guard};
pub use openapi::document;
pub(crate) use openapi::openapi;
pub use operation::Operation;
pub use register::{
    AreaEntry, CalendarEntry, CatalogueEntry, DeviceEntry, DocumentEntry, Entry, GeoShape, Page, PlaceEntry,
    RegisterLine, RegisterLines, RoleEntry, ScheduleEntry, TaskEntry, UnitEntry, UserEntry, register_page,
};
pub(crate) use session::same_site;
pub use session::{
    ChangeRequest, ChooseRequest, SessionReply, SignInRequest, change_password, choose_password, session, sign_in,
    sign_out,
};
pub(crate) use uploads::speaks_tus;
pub use uploads::{begin_upload, cancel_upload, continue_upload, overridden_upload, upload_abilities, upload_progress};
pub use wire::{enrol, enrol_page, health, info, pull, push, ready, unknown_address, unknown_method};

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::Semaphore;
use xuncha_core::host::Host;
use xuncha_core::model::{BlobRef, Code, Entity, EntityId, Hash};
use xuncha_core::op::{PublicKey, Push};
use xuncha_core::plan::{LAW, floors_of};
use xuncha_core::protocol::{
    Content, EnrolReply, EnrolRequest, LedgerInfo, MAX_PEOPLE, MAX_PUSH_OPS, PullReply, PullRequest, PushReply,
    ServiceError, SyncService, Token, Upload, UploadId,
};

use self::readiness::Lookout;
use self::register::Sightings;
use crate::auth::{self, Person};
use crate::blobs::{Announced, Blobs, Opened, Pieces};
use crate::ledger::{Asker, Caller, Guard, Item, LedgerKey, PullError, PushRecord};
use crate::metrics::Requests;
use crate::problem::{refusal, store_failure};
use crate::queue::{Queue, QueueError};
use crate::settings::Map;
use crate::signin::Tries;
use crate::store::{PushRow, Store, StoreError};

/// Most ops of one device that are kept outside the ledger; a week's work of a busy inspector.
const MAX_OUTSIDE: u64 = 5_000;

/// The server as its routes see it.
#[derive(Clone)]
pub struct Service {
    inner: Arc<Inner>,
}

/// What a server has around it, besides its ledger and its files.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// Folder of the ledger; none where it has none.
    pub data: Option<PathBuf>,
    /// Where the console has its map from.
    pub map: Map,
}

struct Inner {
    store: Arc<dyn Store>,
    queue: Queue,
    host: Host,
    key: LedgerKey,
    blobs: Arc<Blobs>,
    guard: Option<Arc<Guard>>,
    stopping: AtomicBool,
    requests: Requests,
    lookout: Lookout,
    tries: Tries,
    passwords: Semaphore,
    writing: Arc<Semaphore>,
    sightings: Sightings,
    around: Around,
}

impl Service {
    /// A service over an opened ledger and its files; `guard`, when it has one, for its health, and what else is
    /// `around`.
    pub fn new(
        store: Arc<dyn Store>,
        queue: Queue,
        host: Host,
        key: LedgerKey,
        blobs: Arc<Blobs>,
        guard: Option<Arc<Guard>>,
        around: Around,
    ) -> Service {
        let (stopping, requests, lookout) = (AtomicBool::new(false), Requests::default(), Lookout::default());
        let (tries, passwords) = (Tries::default(), Semaphore::new(session::AT_ONCE));
        let (writing, sightings) = (Arc::new(Semaphore::new(written::AT_ONCE)), Sightings::default());
        Service {
            inner: Arc::new(Inner {
                store,
                queue,
                host,
                key,
                blobs,
                guard,
                stopping,
                requests,
                lookout,
                tries,
                passwords,
                writing,
                sightings,
                around,
            }),
        }
    }

    /// What it has around it.
    pub fn around(&self) -> &Around {
        &self.inner.around
    }

    /// The clock and the random source that it uses.
    pub fn host(&self) -> &Host {
        &self.inner.host
    }

    fn tries(&self) -> &Tries {
        &self.inner.tries
    }

    fn blobs(&self) -> &Arc<Blobs> {
        &self.inner.blobs
    }

    /// Who a token belongs to, a phone's or a desk's.
    async fn person(&self, token: &Token) -> Result<Person, ServiceError> {
        let token = token.clone();
        self.blocking(move |inner| auth::person(&*inner.store, &inner.host, &token)).await
    }

    /// Runs store work where it may block.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<T, ServiceError> {
        let inner = self.inner.clone();
        let done = tokio::task::spawn_blocking(move || work(&inner)).await;
        done.unwrap_or_else(|_| Err(refusal(Code::Internal, None)))
    }

    async fn append(&self, items: Vec<Item>) -> Result<Vec<xuncha_core::protocol::Verdict>, ServiceError> {
        self.inner.queue.append(items).await.map_err(|error| match error {
            QueueError::Full => refusal(Code::Unavailable, None),
            QueueError::Store(error) => store_failure(&error),
        })
    }
}

impl Inner {
    fn info(&self) -> Result<LedgerInfo, ServiceError> {
        let found = self.store.look(|snapshot| {
            let head = snapshot.head()?.ok_or_else(|| StoreError::Missing("this store".into()))?;
            Ok((head.epoch, head.ledger, snapshot.entity(EntityId(head.ledger.0))?))
        });
        let (epoch, ledger, row) = found.map_err(|error| store_failure(&error))?;
        let named: Option<Entity> = row.and_then(|row| serde_json::from_str(&row.row).ok());
        let text = |field: &str| named.as_ref().and_then(|named| named.text(field)).unwrap_or_default().to_owned();
        let (name, zone, key) = (text("name"), text("zone"), self.key.public());
        let floors = named.as_ref().map(floors_of).unwrap_or_default();
        Ok(LedgerInfo { ledger, name, zone, key, epoch, floors, law: LAW, time: self.host.clock.wall() })
    }

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
