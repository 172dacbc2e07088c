//! Signing in from a browser, and what keeps other pages from speaking in its name.

use std::net::IpAddr;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use cookie::{Cookie, SameSite};
use serde::{Deserialize, Serialize};
use xuncha_core::model::{Code, EntityId};
use xuncha_core::plan::roles_of;
use xuncha_core::protocol::{Problem, ServiceError, Token};

use super::wire::{read, reply};
use super::{Inner, Service};
use crate::ledger::onlooker;
use crate::listen::Encrypted;
use crate::problem::{refusal, respond, store_failure};
use crate::signin;
use crate::store::StoreError;

/// The cookie that holds the secret of a session; over TLS with the prefix that binds it to this host.
pub(super) const PLAIN: &str = "xuncha_session";
const BOUND: &str = "__Host-xuncha_session";

/// Passwords that are worked on at the same time: each takes 19 MiB and a core.
pub(super) const AT_ONCE: usize = 2;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A name and a password.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInRequest {
    /// The user's name or id.
    pub name: String,
    /// The password.
    pub password: String,
}

/// A password that is chosen with a one-time link.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChooseRequest {
    /// The code of the link.
    pub code: String,
    /// The password.
    pub password: String,
}

/// A password in place of another.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeRequest {
    /// The password until now.
    pub old: String,
    /// The new one.
    pub new: String,
}

/// Who is signed in.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SessionReply {
    /// The user.
    #[schema(value_type = String, format = Uuid)]
    pub user: EntityId,
    /// Their name.
    pub name: String,
    /// Their roles.
    pub roles: Vec<String>,
    /// What these allow, in order.
    pub rights: Vec<String>,
    /// The unit that they belong to.
    #[schema(value_type = Option<String>, format = Uuid)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<EntityId>,
    /// Seconds without a request after which the session is over.
    pub idle: i64,
}

/// Signs in; the session is a cookie that scripts cannot read.
#[utoipa::path(post, path = "/v1/session", request_body = SignInRequest, responses(
    (status = 200, body = SessionReply), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn sign_in(
    State(service): State<Service>,
    extensions: Extensions,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let signed = async {
        let request: SignInRequest = read(&headers, &body)?;
        let name = request.name.clone();
        let work = move |inner: &Inner| signin::sign_in(&*inner.store, &inner.host, &request.name, &request.password);
        service.tried(&name, address(&extensions), work).await
    };
    opened(&service, &extensions, &headers, signed.await).await
}

/// Chooses a password with a one-time link, and signs in.
#[utoipa::path(post, path = "/v1/session/link", request_body = ChooseRequest, responses(
    (status = 200, body = SessionReply), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn choose_password(
    State(service): State<Service>,
    extensions: Extensions,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let signed = async {
        let request: ChooseRequest = read(&headers, &body)?;
        let code = request.code.clone();
        let work = move |inner: &Inner| signin::choose(&*inner.store, &inner.host, &request.code, &request.password);
        service.tried(&code, address(&extensions), work).await
    };
    opened(&service, &extensions, &headers, signed.await).await
}

/// Changes one's own password; every other session of one's own ends.
#[utoipa::path(post, path = "/v1/session/password", request_body = ChangeRequest, security(("session" = [])), responses(
    (status = 200, body = SessionReply), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn change_password(
    State(service): State<Service>,
    extensions: Extensions,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let signed = async {
        let request: ChangeRequest = read(&headers, &body)?;
        let secret = secret_of(&headers).ok_or_else(|| refusal(Code::BadToken, None))?;
        let session = service.blocking(move |inner| signin::session(&*inner.store, &inner.host, &secret)).await?;
        let name = session.user.to_string();
        let work = move |inner: &Inner| {
            let token = signin::change(&*inner.store, &inner.host, session.user, &request.old, &request.new)?;
            Ok((token, session.user))
        };
        service.tried(&name, address(&extensions), work).await
    };
    opened(&service, &extensions, &headers, signed.await).await
}

/// Says who is signed in.
#[utoipa::path(get, path = "/v1/session", security(("session" = [])), responses(
    (status = 200, body = SessionReply), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn session(State(service): State<Service>, headers: HeaderMap) -> Response {
    let found = async {
        let secret = secret_of(&headers).ok_or_else(|| refusal(Code::BadToken, None))?;
        let work = move |inner: &Inner| {
            let session = signin::session(&*inner.store, &inner.host, &secret)?;
            inner.signed_in(session.user)
        };
        service.blocking(work).await
    };
    reply(&headers, found.await)
}

/// Signs out.
#[utoipa::path(delete, path = "/v1/session", security(("session" = [])), responses(
    (status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn sign_out(State(service): State<Service>, extensions: Extensions, headers: HeaderMap) -> Response {
    if let Some(secret) = secret_of(&headers) {
        let work = move |inner: &Inner| signin::sign_out(&*inner.store, &secret).map_err(|error| store_failure(&error));
        if let Err(error) = service.blocking(work).await {
            return respond(error);
        }
    }
    let mut gone = cookie(&extensions, &headers, "");
    gone.set_max_age(cookie::time::Duration::ZERO);
    with_cookie(StatusCode::NO_CONTENT.into_response(), &gone)
}

/// The secret of the session in the cookies; of two, the one that is bound to this host, which no other can have set.
pub(super) fn secret_of(headers: &HeaderMap) -> Option<Token> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let ours: Vec<_> = cookies.flat_map(Cookie::split_parse).filter_map(Result::ok).collect();
    let found = [BOUND, PLAIN].iter().find_map(|name| ours.iter().find(|cookie| cookie.name() == *name));
    found.map(|cookie| Token::new(cookie.value().to_owned()))
}

/// The middleware that lets no other page speak in the name of whoever is signed in: what changes something and comes
/// with the cookie must come from a page of this server. Browsers say so in `Sec-Fetch-Site`, older ones in `Origin`.
pub(crate) async fn same_site(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let by_cookie = !headers.contains_key(header::AUTHORIZATION)
        && (secret_of(headers).is_some() || request.uri().path().starts_with("/v1/session"));
    if !safe && by_cookie && !is_ours(headers) {
        return respond(refusal(Code::CrossSite, None));
    }
    next.run(request).await
}

fn is_ours(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get(SEC_FETCH_SITE) {
        return site.as_bytes() == b"same-origin";
    }
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    // No browser leaves both out of a request that changes something; a script has no cookies of anybody's.
    let Some(origin) = text(header::ORIGIN) else { return true };
    let host = origin.split_once("://").map(|(_, host)| host);
    host.is_some() && host == text(header::HOST)
}

fn address(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<IpAddr>>().map(|info| info.0)
}

/// Whether whoever asks speaks TLS. A proxy that does so for this server says so; who forges it only fools himself.
pub(super) fn is_encrypted(extensions: &Extensions, headers: &HeaderMap) -> bool {
    let forwarded = headers.get("x-forwarded-proto").is_some_and(|value| value.as_bytes() == b"https");
    forwarded || extensions.get::<Encrypted>().is_some()
}

fn cookie(extensions: &Extensions, headers: &HeaderMap, secret: &str) -> Cookie<'static> {
    let secure = is_encrypted(extensions, headers);
    let name = if secure { BOUND } else { PLAIN };
    Cookie::build((name, secret.to_owned()))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(secure)
        .build()
}

/// The reply to whoever signed in, with the cookie.
async fn opened(
    service: &Service,
    extensions: &Extensions,
    headers: &HeaderMap,
    signed: Result<(Token, EntityId), ServiceError>,
) -> Response {
    let (token, user) = match signed {
        Ok(signed) => signed,
        Err(error) => return respond(error),
    };
    match service.blocking(move |inner| inner.signed_in(user)).await {
        Ok(who) => with_cookie(reply(headers, Ok(who)), &cookie(extensions, headers, token.secret())),
        Err(error) => respond(error),
    }
}

fn with_cookie(mut response: Response, cookie: &Cookie<'_>) -> Response {
    if let Ok(value) = HeaderValue::try_from(cookie.to_string()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl Service {
    /// Works on a password or a code that somebody gives for `name`, unless too many were wrong lately.
    async fn tried<T: Send + 'static>(
        &self,
        name: &str,
        address: Option<IpAddr>,
        work: impl FnOnce(&Inner) -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<T, ServiceError> {
        self.tries().count(name, address)?;
        let done = self.with_password(work).await;
        let code = match &done {
            Err(ServiceError::Problem(problem)) => Some(&problem.code),
            _ => None,
        };
        if !matches!(code, Some(Code::WrongPassword | Code::BadCode)) {
            self.tries().give_back(name, address);
        }
        done
    }

    /// Works on a password: a few at a time, for each takes memory and a core.
    async fn with_password<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<T, ServiceError> {
        let room = self.inner.passwords.clone().acquire_owned().await;
        let room = room.map_err(|_| refusal(Code::Unavailable, None))?;
        // Whoever leaves before the answer leaves the work behind, and with it the room that it takes.
        self.blocking(move |inner| {
            let done = work(inner);
            drop(room);
            done
        })
        .await
    }
}

impl Inner {
    fn signed_in(&self, user: EntityId) -> Result<SessionReply, ServiceError> {
        let found = self.store.look(|snapshot| {
            let head = snapshot.head()?.ok_or_else(|| StoreError::Missing("this store".into()))?;
            onlooker(snapshot, &head, user)
        });
        let who = found.map_err(|error| store_failure(&error))?.ok_or_else(|| refusal(Code::UserRetired, None))?;
        Ok(SessionReply {
            user,
            name: who.user.text("name").unwrap_or_default().to_owned(),
            roles: roles_of(&who.user),
            rights: who.actor.rights().map(str::to_owned).collect(),
            unit: who.user.reference("unit"),
            idle: signin::IDLE / 1000,
        })
    }
}
