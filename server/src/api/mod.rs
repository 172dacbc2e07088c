//! What the server does for phones: the same contract that a phone's client speaks.

mod blobs;
mod cases;
mod city;
mod health;
mod invites;
mod limits;
mod openapi;
mod operation;
mod phones;
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
    notice_pdf, points, step,
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
use xuncha_core::model::{Code, Entity, EntityId};
use xuncha_core::plan::{LAW, floors_of};
use xuncha_core::protocol::{LedgerInfo, ServiceError, Token};

use self::readiness::Lookout;
use self::register::Sightings;
use crate::auth::{self, Person};
use crate::blobs::Blobs;
use crate::ledger::{Guard, Item, LedgerKey};
use crate::metrics::Requests;
use crate::problem::{refusal, store_failure};
use crate::queue::{Queue, QueueError};
use crate::settings::Map;
use crate::signin::Tries;
use crate::store::{Store, StoreError};

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
    /// The font that paper is set in, if the city names one.
    pub font: Option<PathBuf>,
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
    passwords: Arc<Semaphore>,
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
        let (tries, passwords) = (Tries::default(), Arc::new(Semaphore::new(session::AT_ONCE)));
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
}
