//! Steps that people at a desk take: one op each, judged by the law like everything else.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use xuncha_core::model::{Code, Entity, EntityId, OpId, Version};
use xuncha_core::protocol::{Final, Problem, ServiceError, Verdict};

use super::super::register::{Register, RegisterLine};
use super::super::wire::{read_strictly, reply, token};
use super::super::{Inner, Service};
use super::line::{Line, line_of};
use super::tagged;
use crate::auth::Person;
use crate::casework::{DeskOp, counts_returns, return_to_charge};
use crate::ledger::{Item, foresee};
use crate::problem::{refusal, respond, store_failure};
use crate::store::StoreError;

/// A step.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StepRequest {
    /// Id of the op, made by the client: asked again under the same id, it is the same step and happens once.
    #[schema(value_type = Option<String>, format = Uuid)]
    #[serde(default)]
    pub id: Option<OpId>,
    /// What happens, such as `finding.file`.
    pub kind: String,
    /// What it is about; none where it makes it.
    #[schema(value_type = Option<String>, format = Uuid)]
    #[serde(default)]
    pub entity: Option<EntityId>,
    /// What is said.
    #[schema(value_type = Object)]
    #[serde(default)]
    pub body: Map<String, Value>,
    /// The state that the author saw; a step from another is refused as `state_changed`. None: whatever it is.
    #[serde(default)]
    pub from: Option<String>,
}

/// What became of a step.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct StepReply {
    /// `accepted`, `conflict`, or `duplicate` of what had been said before.
    pub verdict: Verdict,
    /// What it was about, as the caller may see it now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<Now>,
}

/// What a step was about.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Now {
    /// A finding, a notice or a row of deductions.
    Case(Line),
    /// An entry of a register.
    Register(Box<RegisterLine>),
}

/// Takes a step in a case, or enters something in a register. `If-Match` with the ETag of what the author saw makes an edit of fields that changed
/// meanwhile a conflict that people decide, as for phones.
#[utoipa::path(post, path = "/v1/steps", security(("token" = [])), request_body = StepRequest,
    params(("If-Match" = Option<String>, Header)),
    responses((status = 200, body = StepReply), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn step(State(service): State<Service>, headers: HeaderMap, body: Bytes) -> Response {
    match taken(&service, &headers, &body).await {
        Ok((done, Some(index))) => tagged(reply(&headers, Ok(done)), index),
        Ok((done, None)) => reply(&headers, Ok(done)),
        Err(error) => respond(error),
    }
}

async fn taken(service: &Service, headers: &HeaderMap, body: &[u8]) -> Result<(StepReply, Option<u64>), ServiceError> {
    let person = service.person(&token(headers)?).await?;
    let request: StepRequest = read_strictly(headers, body)?;
    let base = base_of(headers)?;
    let (op, item) = service.blocking(move |inner| inner.desk_op(&person, request, base)).await?;
    let verdict = service.append(vec![item]).await?.pop();
    let verdict = verdict.ok_or_else(|| refusal(Code::Internal, None))?;
    if let Some(Final::Refused { code, detail, .. }) = verdict.clone().into_final() {
        return Err(refusal(code, detail));
    }
    if let Verdict::Held { missing } = &verdict {
        return Err(refusal(Code::NotFound, missing.join(", ")));
    }
    if let Verdict::Unreadable { code, detail } = &verdict {
        return Err(refusal(Code::from(code.clone()), detail.clone()));
    }
    let now = service.blocking(move |inner| inner.afterwards(&person, op.entity)).await?;
    Ok(match now {
        Some((line, index)) => (StepReply { verdict, now: Some(line) }, Some(index)),
        None => (StepReply { verdict, now: None }, None),
    })
}

/// The version that the author saw.
fn base_of(headers: &HeaderMap) -> Result<Option<u64>, ServiceError> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let index = value.to_str().ok().map(|value| value.trim_matches('"')).and_then(|text| text.parse().ok());
    let index = index.ok_or_else(|| refusal(Code::BadField, "If-Match: wanted an ETag of ours".to_owned()))?;
    Ok(Some(index))
}

impl Inner {
    /// The op, held against the law as things stand: what would be turned down leaves no entry.
    fn desk_op(
        &self,
        person: &Person,
        request: StepRequest,
        base: Option<u64>,
    ) -> Result<(DeskOp, Item), ServiceError> {
        let mut body = Value::Object(request.body);
        if request.kind == "schedule.add" && body.get("draw").is_some() {
            // What nobody outside knows, nobody outside can draw.
            body["seed"] = Value::from(self.host.salt().to_string());
        }
        let ledger = self.info()?.ledger;
        let returns = self.returns(&request.kind, request.id, &body)?;
        let op = DeskOp::saying(&self.host, ledger, person.user, &request.kind, request.entity, body, returns)
            .map_err(|(field, detail)| refusal(Code::BadField, format!("{field}: {detail}")))?;
        let op = match request.id {
            Some(id) => op.under(id),
            None => op,
        };
        let mut op = DeskOp { from: request.from, ..op };
        let foreseen = self.store.look(|snapshot| {
            let head = snapshot.head()?.ok_or_else(|| StoreError::Missing("this store".into()))?;
            op.base = base.map(|index| Version { epoch: head.epoch, index });
            let item = op.write(head.ledger, &self.host);
            // What was said before is answered as it was then.
            let known = !snapshot.judged(op.id)?.is_empty();
            let foreseen = if known { None } else { foresee(snapshot, &self.host, std::slice::from_ref(&item))? };
            Ok((foreseen, item))
        });
        let (foreseen, item) = foreseen.map_err(|error| store_failure(&error))?;
        match foreseen {
            Some(foreseen) => Err(refusal(foreseen.code, foreseen.detail)),
            None => Ok((op, item)),
        }
    }

    /// For which return of the finding a row is made by what is said under `id`; whether there is such a finding, the law says.
    fn returns(&self, kind: &str, id: Option<OpId>, body: &Value) -> Result<u64, ServiceError> {
        let Some(finding) = counts_returns(kind, body) else { return Ok(0) };
        let returns = self.store.look(|snapshot| {
            let entity = |id| {
                let row = snapshot.entity(id)?;
                Ok::<_, StoreError>(row.and_then(|row| serde_json::from_str::<Entity>(&row.row).ok()))
            };
            let Some(finding) = entity(finding)? else { return Ok(0) };
            // Said again, it is about what it was about.
            let judged = id.map(|id| snapshot.judged(id)).transpose()?.unwrap_or_default();
            let said_at: Vec<u64> = judged.into_iter().map(|(_, index)| index).collect();
            return_to_charge(&finding, &said_at, entity)
        });
        returns.map_err(|error| store_failure(&error))
    }

    fn afterwards(&self, person: &Person, id: EntityId) -> Result<Option<(Now, u64)>, ServiceError> {
        let now = self.host.clock.wall();
        self.look_for(person, |snapshot, who| {
            let Some(row) = snapshot.entity(id)? else { return Ok(Ok(None)) };
            let entity: Entity =
                serde_json::from_str(&row.row).map_err(|error| StoreError::Damaged(error.to_string()))?;
            let line = match Register::of(&entity.kind) {
                Some(register) => {
                    self.register_line(snapshot, who, register, &entity)?.map(|line| Now::Register(line.into()))
                }
                None => line_of(snapshot, who, &entity, now)?.map(Now::Case),
            };
            Ok(Ok(line.map(|line| (line, entity.index))))
        })
    }
}
