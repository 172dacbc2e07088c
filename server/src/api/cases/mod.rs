//! Cases as people at a desk see them: lists, one case, its history, the steps they take, and what changes meanwhile.

pub(super) mod detail;
pub(super) mod events;
mod line;
pub(super) mod list;
pub(super) mod papers;
pub(super) mod points;
mod query;
pub(super) mod steps;
pub(super) mod tables;
mod walk;

pub use detail::{History, Said, alike, case, history};
pub use events::{Change, events};
pub use line::{Claim, Dispute, Line};
pub use list::{Lines, list};
pub use papers::{PageQuery, notice_page, notice_pdf};
pub use points::{PointsReply, Spot, points};
pub use query::Query;
pub use steps::{Now, StepReply, StepRequest, step};
pub use tables::{findings_csv, findings_geojson, findings_xlsx};

use axum::http::{HeaderValue, header};
use axum::response::Response;
use xuncha_core::model::Code;
use xuncha_core::protocol::ServiceError;

use super::Inner;
use crate::auth::Person;
use crate::ledger::{Onlooker, onlooker};
use crate::problem::{refusal, store_failure};
use crate::store::{Snapshot, StoreError};

/// Who somebody is now.
fn known(snapshot: &dyn Snapshot, person: &Person) -> crate::store::Result<Result<Onlooker, ServiceError>> {
    let head = snapshot.head()?.ok_or_else(|| StoreError::Missing("this store".into()))?;
    Ok(onlooker(snapshot, &head, person.user)?.ok_or_else(|| refusal(Code::UserRetired, None)))
}

/// The kind that stands in an address.
fn kind_of(plural: &str) -> Result<&'static str, ServiceError> {
    match plural {
        "findings" => Ok("finding"),
        "notices" => Ok("notice"),
        "deductions" => Ok("deduction"),
        _ => Err(refusal(Code::NotFound, None)),
    }
}

impl Inner {
    /// What a person sees of one moment of the store, with its lists complete.
    pub(super) fn look_for<T>(
        &self,
        person: &Person,
        mut work: impl FnMut(&dyn Snapshot, &Onlooker) -> crate::store::Result<Result<T, ServiceError>>,
    ) -> Result<T, ServiceError> {
        crate::ledger::catch_up(&*self.store).map_err(|error| store_failure(&error))?;
        let found = self.store.look(|snapshot| match known(snapshot, person)? {
            Ok(who) => work(snapshot, &who),
            Err(refusal) => Ok(Err(refusal)),
        });
        found.map_err(|error| store_failure(&error))?
    }
}

/// Marks a reply with the version that it shows.
fn tagged(mut response: Response, index: u64) -> Response {
    if let Ok(value) = HeaderValue::try_from(format!("\"{index}\"")) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}
