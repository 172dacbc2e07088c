//! Cases as people at a desk see them: lists, one case, its history, the steps they take, and what changes meanwhile.

pub(super) mod detail;
pub(super) mod events;
pub(super) mod list;
mod query;
pub(super) mod steps;

pub use detail::{History, Said, alike, case, history};
pub use events::{Change, events};
pub use list::{Line, Lines, list};
pub use steps::{StepReply, StepRequest, step};

use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde_json::{Value, json};
use xuncha_core::model::{Code, Deduction, Entity, Finding, Notice, Time};
use xuncha_core::plan::{Scope, standing};
use xuncha_core::protocol::ServiceError;

use super::Inner;
use crate::auth::Person;
use crate::ledger::granted;
use crate::problem::{refusal, store_failure};
use crate::store::{Snapshot, StoreError};

/// Fields of a case that its reading as a finding leaves out.
const OF_A_CASE: &[&str] = &[
    "unit",
    "section",
    "person",
    "lead",
    "deadline",
    "limit",
    "demand",
    "notice",
    "reply",
    "replied",
    "claimed",
    "rework",
    "asked",
    "condition",
    "unseen",
    "wanted",
    "wanted_because",
    "suspended",
    "stopped",
    "exempt",
    "closed",
    "check",
    "of",
    "dispatched",
    "source",
];

/// What people read of `entity` at `now`, by its kind.
fn shown(entity: &Entity, now: Time) -> Value {
    let mut value = match entity.kind.as_str() {
        "notice" => {
            let mut value = json!(Notice::from_entity(entity));
            value["face"] = entity.field("face").cloned().unwrap_or_default();
            value
        }
        "deduction" => json!(Deduction::from_entity(entity)),
        _ => {
            let mut value = json!(Finding::from_entity(entity));
            for field in OF_A_CASE {
                if let Some(known) = entity.field(field) {
                    value[*field] = known.clone();
                }
            }
            value["notes"] = entity.members("notes").map(|(key, said)| json!({ "id": key, "text": said })).collect();
            value["standing"] = json!(standing(entity, now));
            value
        }
    };
    value["kind"] = json!(entity.kind);
    value["index"] = json!(entity.index);
    value
}

/// Scopes that somebody may follow now.
fn scopes(snapshot: &dyn Snapshot, person: &Person) -> crate::store::Result<Result<Vec<Scope>, ServiceError>> {
    let head = snapshot.head()?.ok_or_else(|| StoreError::Missing("this store".into()))?;
    let granted = granted(snapshot, &head, person.user)?;
    Ok(if granted.is_empty() { Err(refusal(Code::UserRetired, None)) } else { Ok(granted) })
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
    fn look_for<T>(
        &self,
        person: &Person,
        mut work: impl FnMut(&dyn Snapshot, &[Scope]) -> crate::store::Result<Result<T, ServiceError>>,
    ) -> Result<T, ServiceError> {
        crate::ledger::catch_up(&*self.store).map_err(|error| store_failure(&error))?;
        let found = self.store.look(|snapshot| match scopes(snapshot, person)? {
            Ok(granted) => work(snapshot, &granted),
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
