//! Uploads as HTTP: tus 1.0 with creation, creation-with-upload, checksum, expiration, termination.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use xuncha_core::model::Code;
use xuncha_core::protocol::{Problem, ServiceError, TUS_VERSION, paths};

use super::wire::token;
use super::{Service, tus};
use crate::problem::refusal;
use crate::store::UploadRow;

/// Says what this server can do with uploads.
#[utoipa::path(options, path = "/v1/uploads", responses(
    (status = 204, description = "Tus-Version, Tus-Extension, Tus-Max-Size, Tus-Checksum-Algorithm")
))]
pub async fn upload_abilities() -> Response {
    tus::abilities()
}

/// Begins the upload of a file, or finds the one that this device began before.
#[utoipa::path(post, path = "/v1/uploads", security(("token" = [])),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream", description = "may be left out"),
    params(("Tus-Resumable" = String, Header), ("Upload-Length" = u64, Header),
        ("Upload-Metadata" = String, Header, description = "sha256 and the base64 of `sha256:…`"),
        ("Upload-Checksum" = Option<String>, Header, description = "of the bytes of this request")),
    responses((status = 201, description = "Location, Upload-Offset, Upload-Expires"),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn begin_upload(State(service): State<Service>, headers: HeaderMap, body: Body) -> Response {
    match begun(&service, &headers, body).await {
        Ok(row) => {
            let mut response = tus::standing(tus::empty(StatusCode::CREATED), &row);
            let place = format!("{}/{}", paths::UPLOADS, row.id);
            if let Ok(place) = HeaderValue::try_from(place) {
                response.headers_mut().insert(header::LOCATION, place);
            }
            response
        }
        Err(error) => tus::hang_up(tus::turned_away(error)),
    }
}

async fn begun(service: &Service, headers: &HeaderMap, body: Body) -> Result<UploadRow, ServiceError> {
    tus::check_version(headers)?;
    let caller = service.sender(&token(headers)?).await?;
    let (announced, promised) = (tus::announced(headers)?, tus::promised(headers)?);
    let source = tus::brings_bytes(headers)?.then_some(body);
    service.blobs().begin(caller, announced, source, promised).await
}

/// Says how far an upload has come.
#[utoipa::path(head, path = "/v1/uploads/{id}", security(("token" = [])),
    params(("id" = String, Path), ("Tus-Resumable" = String, Header)),
    responses((status = 200, description = "Upload-Offset, Upload-Length, Upload-Expires"),
        (status = "default", description = "a problem; its document is not sent")))]
pub async fn upload_progress(State(service): State<Service>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let found = async {
        tus::check_version(&headers)?;
        service.blobs().progress(service.person(&token(&headers)?).await?, id).await
    };
    match found.await {
        Ok(row) => tus::described(tus::empty(StatusCode::OK), &row),
        Err(error) => tus::turned_away(error),
    }
}

/// Takes bytes behind the durable offset.
#[utoipa::path(patch, path = "/v1/uploads/{id}", security(("token" = [])),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    params(("id" = String, Path), ("Tus-Resumable" = String, Header), ("Upload-Offset" = u64, Header),
        ("Upload-Checksum" = Option<String>, Header, description = "of the bytes of this request")),
    responses((status = 204, description = "Upload-Offset, Upload-Expires"),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn continue_upload(
    State(service): State<Service>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match continued(&service, id, &headers, body).await {
        Ok(row) => tus::standing(tus::empty(StatusCode::NO_CONTENT), &row),
        Err(error) => tus::hang_up(tus::turned_away(error)),
    }
}

async fn continued(service: &Service, id: String, headers: &HeaderMap, body: Body) -> Result<UploadRow, ServiceError> {
    tus::check_version(headers)?;
    let caller = service.sender(&token(headers)?).await?;
    if !tus::brings_bytes(headers)? {
        return Err(refusal(Code::Malformed, "Content-Type: is missing".to_owned()));
    }
    let offset = tus::number(headers, "upload-offset")?;
    let offset = offset.ok_or_else(|| refusal(Code::Malformed, "Upload-Offset: is missing".to_owned()))?;
    let coming = tus::number(headers, "content-length")?;
    let promised = tus::promised(headers)?;
    service.blobs().append(caller, id, offset, coming, body, promised).await
}

/// Gives an upload up.
#[utoipa::path(delete, path = "/v1/uploads/{id}", security(("token" = [])),
    params(("id" = String, Path), ("Tus-Resumable" = String, Header)),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn cancel_upload(State(service): State<Service>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let cancelled = async {
        tus::check_version(&headers)?;
        service.blobs().cancel(service.person(&token(&headers)?).await?, id).await
    };
    match cancelled.await {
        Ok(()) => tus::empty(StatusCode::NO_CONTENT),
        Err(error) => tus::turned_away(error),
    }
}

/// The method that a client behind a narrow-minded proxy means.
pub async fn overridden_upload(
    State(service): State<Service>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    const MEANT: HeaderName = HeaderName::from_static("x-http-method-override");
    let meant = headers.get(MEANT).and_then(|meant| Method::from_bytes(meant.as_bytes()).ok());
    match meant {
        Some(Method::PATCH) => continue_upload(State(service), Path(id), headers, body).await,
        Some(Method::HEAD) => upload_progress(State(service), Path(id), headers).await,
        Some(Method::DELETE) => cancel_upload(State(service), Path(id), headers).await,
        _ => tus::turned_away(refusal(Code::BadMethod, None)),
    }
}

/// Every answer about uploads says which version of tus it speaks.
pub(crate) async fn speaks_tus(mut response: Response) -> Response {
    response.headers_mut().insert(tus::RESUMABLE, HeaderValue::from_static(TUS_VERSION));
    response
}
