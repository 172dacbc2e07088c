//! How the server says no: RFC 9457 problem documents with a stable code.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use xuncha_core::model::Code;
use xuncha_core::op::Unreadable;
use xuncha_core::protocol::{Problem, ServiceError};

use crate::store::StoreError;

/// A problem with this code; `detail` names the member at fault where there is one.
pub fn problem(code: Code, detail: impl Into<Option<String>>) -> Problem {
    let (status, title) = status_of(&code);
    let retry_after = matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS).then_some(1);
    Problem { status: status.as_u16(), code, title: title.to_owned(), detail: detail.into(), retry_after }
}

/// 460, as tus names it (tus 1.0, checksum extension).
const CHECKSUM_MISMATCH: StatusCode = match StatusCode::from_u16(460) {
    Ok(status) => status,
    Err(_) => StatusCode::BAD_REQUEST,
};

fn status_of(code: &Code) -> (StatusCode, &'static str) {
    match code {
        Code::Malformed => (StatusCode::BAD_REQUEST, "the request cannot be read"),
        // What no op may look like, said of a request that would become one.
        Code::Other(code) if Unreadable::CODES.contains(&code.as_str()) => {
            (StatusCode::BAD_REQUEST, "the request cannot be read")
        }
        Code::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the request is too large"),
        Code::BadToken => (StatusCode::UNAUTHORIZED, "the token is missing or not valid"),
        Code::WrongPassword => (StatusCode::UNAUTHORIZED, "name or password is not right"),
        Code::CrossSite => (StatusCode::FORBIDDEN, "the request comes from a page of another site"),
        Code::BadSignature => (StatusCode::FORBIDDEN, "the push is not signed by its device for this ledger"),
        Code::UnknownDevice => (StatusCode::FORBIDDEN, "no such device is enrolled"),
        Code::DeviceRevoked => (StatusCode::FORBIDDEN, "the device was revoked"),
        Code::UserRetired => (StatusCode::FORBIDDEN, "the user has left"),
        Code::BadCode => (StatusCode::FORBIDDEN, "the enrolment code is unknown, used or too old"),
        Code::BadField => (StatusCode::BAD_REQUEST, "a member of the request is not right"),
        Code::NotAllowed | Code::OwnCase | Code::NoSession | Code::WrongSession => {
            (StatusCode::FORBIDDEN, "this person may not do this")
        }
        Code::WrongLedger => (StatusCode::CONFLICT, "this is meant for another ledger"),
        Code::StateChanged | Code::IdReused | Code::Disputed | Code::Exists => {
            (StatusCode::CONFLICT, "it is not as it was seen any more")
        }
        Code::WrongKind
        | Code::NoConflict
        | Code::NoCalendar
        | Code::EvidenceMissing
        | Code::UnitEmpty
        | Code::DeadlinePassed
        | Code::AppealedBefore
        | Code::OnNotice
        | Code::LedgerOnly => (StatusCode::UNPROCESSABLE_ENTITY, "the law does not allow this step"),
        Code::NotFound => (StatusCode::NOT_FOUND, "there is nothing at this address"),
        Code::BadMethod => (StatusCode::METHOD_NOT_ALLOWED, "the address does not take this method"),
        Code::LedgerRolledBack => (StatusCode::CONFLICT, "this ledger does not continue the one seen before"),
        Code::NewEpoch => (StatusCode::CONFLICT, "the ledger goes on in a new epoch"),
        Code::NotBuilt => (StatusCode::NOT_IMPLEMENTED, "this server was built without it"),
        Code::NoFont => (StatusCode::NOT_IMPLEMENTED, "this server has no font to set paper in"),
        Code::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too many requests"),
        Code::StorageFull => (StatusCode::INSUFFICIENT_STORAGE, "the server's disk is full"),
        Code::Timeout => (StatusCode::REQUEST_TIMEOUT, "the request took too long"),
        Code::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "the server cannot do this just now"),
        Code::HashMismatch => (CHECKSUM_MISMATCH, "the bytes are not those that were announced"),
        Code::OffsetMismatch => (StatusCode::CONFLICT, "the upload stands at another offset"),
        Code::UploadGone => (StatusCode::GONE, "there is no such upload, or no longer"),
        Code::QuotaFull => (StatusCode::FORBIDDEN, "this device has uploaded too much that nothing refers to"),
        Code::BlobDamaged => (StatusCode::INTERNAL_SERVER_ERROR, "the kept bytes are no longer what was sealed"),
        Code::BadVersion => (StatusCode::PRECONDITION_FAILED, "the server speaks tus 1.0.0"),
        Code::BadRange => (StatusCode::RANGE_NOT_SATISFIABLE, "the range lies outside the file"),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "the server failed"),
    }
}

/// The error that a service gives back for `code`.
pub fn refusal(code: Code, detail: impl Into<Option<String>>) -> ServiceError {
    ServiceError::Problem(problem(code, detail))
}

/// What a phone hears of a store's failure: when to come back, never the cause, which is logged.
pub fn store_failure(error: &StoreError) -> ServiceError {
    tracing::error!(%error, "the store failed");
    match error {
        StoreError::Full => refusal(Code::StorageFull, None),
        StoreError::Busy | StoreError::Away(_) | StoreError::Moved(_) => refusal(Code::Unavailable, None),
        StoreError::RolledBack(detail) => refusal(Code::LedgerRolledBack, detail.clone()),
        _ => refusal(Code::Internal, None),
    }
}

/// The problem as a response.
pub fn respond(error: ServiceError) -> Response {
    let problem = match error {
        ServiceError::Problem(problem) => problem,
        ServiceError::Offline { .. } => problem(Code::Unavailable, None),
    };
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
    if let Some(seconds) = problem.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_the_callers_fault_is_said_to_be_the_servers() {
        let servers = |code: &&Code| status_of(code).0.is_server_error();
        let known: Vec<&Code> = Code::ALL.iter().filter(servers).collect();
        let ours =
            [Code::Internal, Code::Unavailable, Code::NotBuilt, Code::NoFont, Code::StorageFull, Code::BlobDamaged];
        assert_eq!(known, ours.iter().collect::<Vec<_>>());
        for code in Unreadable::CODES {
            let status = status_of(&Code::from((*code).to_owned())).0;
            assert!(status.is_client_error(), "{code}: {status}");
        }
    }
}
