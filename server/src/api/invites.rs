//! Invitations: a code for a phone, and a link with which somebody chooses a password, each as a picture to scan too.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{Extensions, HeaderMap, HeaderValue, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use xuncha_core::model::{Code, Entity, EntityId, Time};
use xuncha_core::protocol::{Problem, ServiceError};

use super::wire::{origin, read, reply, token};
use super::{Inner, Service};
use crate::auth::{self, Person};
use crate::problem::{refusal, store_failure};
use crate::signin;

/// Whom an invitation is for.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteRequest {
    /// The user.
    #[schema(value_type = String, format = Uuid)]
    pub user: EntityId,
}

/// Something that is handed to one person and opens one thing.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Invitation {
    /// The code alone.
    pub code: String,
    /// The address with the code behind `#`, which browsers send to nobody.
    pub url: String,
    /// Until when it is good.
    #[schema(value_type = String, format = DateTime)]
    pub expires: Time,
    /// The address as a QR code: an SVG picture.
    pub qr: String,
}

/// Makes an invitation for one phone of a user. For three days it also opens the login again on the phone that used it:
/// it is shown to nobody else. Takes the right `device.manage`.
#[utoipa::path(post, path = "/v1/invites", security(("token" = [])), request_body = InviteRequest, responses(
    (status = 200, body = Invitation), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn invite(
    State(service): State<Service>,
    extensions: Extensions,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let made = async {
        let person = service.person(&token(&headers)?).await?;
        let InviteRequest { user } = read(&headers, &body)?;
        let origin = origin(&extensions, &headers)?;
        service.blocking(move |inner| inner.invite(&person, user, &origin)).await
    };
    private(reply(&headers, made.await))
}

/// Makes a link with which a user chooses a password, once, within a day; links from before are void. Takes the right
/// `user.manage`.
#[utoipa::path(post, path = "/v1/users/{id}/link", security(("token" = [])), params(("id" = String, Path)), responses(
    (status = 200, body = Invitation), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn password_link(
    State(service): State<Service>,
    Path(id): Path<String>,
    extensions: Extensions,
    headers: HeaderMap,
) -> Response {
    let made = async {
        let person = service.person(&token(&headers)?).await?;
        let user = id.parse().map_err(|_| refusal(Code::NotFound, None))?;
        let origin = origin(&extensions, &headers)?;
        service.blocking(move |inner| inner.link(&person, user, &origin)).await
    };
    private(reply(&headers, made.await))
}

fn private(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn invitation(url: String, code: String, expires: Time) -> Result<Invitation, ServiceError> {
    let drawn = qrcode::QrCode::new(&url).map_err(|_| refusal(Code::Internal, None))?;
    let picture = drawn.render::<qrcode::render::svg::Color<'_>>().min_dimensions(240, 240).build();
    // Put into a page, a picture has no heading of its own.
    let qr = picture.find("<svg").map_or(picture.as_str(), |at| &picture[at..]).to_owned();
    Ok(Invitation { code, url, expires, qr })
}

impl Inner {
    /// Refuses whoever may not, and users that are not there or have left.
    fn may_invite(&self, person: &Person, right: &str, user: EntityId) -> Result<(), ServiceError> {
        let found = self.look_for(person, |snapshot, who| {
            if !who.actor.may(right) {
                return Ok(Err(refusal(Code::NotAllowed, right.to_owned())));
            }
            Ok(Ok(snapshot.entity(user)?.filter(|row| row.kind == "user")))
        })?;
        let user: Option<Entity> = found.and_then(|row| serde_json::from_str(&row.row).ok());
        let user = user.ok_or_else(|| refusal(Code::NotFound, "user: there is none such".to_owned()))?;
        match user.text("status") {
            Some("active") => Ok(()),
            _ => Err(refusal(Code::UserRetired, None)),
        }
    }

    fn invite(&self, person: &Person, user: EntityId, origin: &str) -> Result<Invitation, ServiceError> {
        self.may_invite(person, "device.manage", user)?;
        let made = auth::invite_until(&*self.store, &self.host, user).map_err(|error| store_failure(&error))?;
        tracing::info!(by = %person.user, %user, "a phone was invited");
        invitation(format!("{origin}/enrol#{}", made.0), made.0, made.1)
    }

    fn link(&self, person: &Person, user: EntityId, origin: &str) -> Result<Invitation, ServiceError> {
        self.may_invite(person, "user.manage", user)?;
        let made = signin::link_until(&*self.store, &self.host, user).map_err(|error| store_failure(&error))?;
        tracing::info!(by = %person.user, %user, "a link for a password was made");
        invitation(format!("{origin}/password#{}", made.0), made.0, made.1)
    }
}
