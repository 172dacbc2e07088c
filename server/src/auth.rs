//! Secrets: enrolment codes and tokens. The server keeps hashes only; no rule depends on them.

use std::collections::BTreeMap;
use std::iter;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use uuid::Uuid;
use xuncha_core::host::Host;
use xuncha_core::model::{Code, DeviceId, Entity, EntityId, Hash, LedgerId, OpId, Time};
use xuncha_core::op::enrol_message;
use xuncha_core::plan::{MAX_LINES_BEFORE, roles_at_login};
use xuncha_core::protocol::{EnrolRequest, ServiceError, Token};

use crate::ledger::{Item, OwnOp};
use crate::problem::{refusal, store_failure};
use crate::signin;
use crate::store::{EntityRow, Result, SeatRow, Sender, Snapshot, Store, StoreError, TokenRow};

/// How long an enrolment code may be used, in milliseconds: three days.
const INVITE_LIFE: i64 = 3 * 24 * 60 * 60 * 1000;

/// A new secret: 128 random bits, 22 characters of base64url.
pub(crate) fn secret(host: &Host) -> String {
    URL_SAFE_NO_PAD.encode(host.bytes::<16>())
}

/// Makes a single-use enrolment code for `user`.
///
/// # Errors
/// The store's.
pub fn invite(store: &dyn Store, host: &Host, user: EntityId) -> Result<String> {
    Ok(invite_until(store, host, user)?.0)
}

/// As [`invite`], and until when the code is good.
///
/// # Errors
/// The store's.
pub fn invite_until(store: &dyn Store, host: &Host, user: EntityId) -> Result<(String, Time)> {
    let code = secret(host);
    let expires = host.clock.wall().plus_millis(INVITE_LIFE);
    store.change(|batch| batch.add_invite(&Hash::of(code.as_bytes()), user, expires))?;
    Ok((code, expires))
}

/// Who a token belongs to.
///
/// # Errors
/// `bad_token`, or the store's failure.
pub fn caller(store: &dyn Store, token: &Token) -> std::result::Result<TokenRow, ServiceError> {
    let hash = Hash::of(token.secret().as_bytes());
    let found = store.look(|snapshot| snapshot.token(&hash)).map_err(|error| store_failure(&error))?;
    found.ok_or_else(|| refusal(Code::BadToken, None))
}

/// Who asks: somebody with a phone, or at a desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// The user.
    pub user: EntityId,
    /// The phone; none at a desk.
    pub device: Option<DeviceId>,
}

impl Person {
    /// As whom they hand files in.
    pub fn sender(&self) -> Sender {
        self.device.map_or(Sender::Desk(self.user), Sender::Device)
    }
}

impl From<&TokenRow> for Person {
    fn from(row: &TokenRow) -> Person {
        Person { user: row.user, device: Some(row.device) }
    }
}

/// Who a token belongs to, a phone's, a desk's, or that of a session.
///
/// # Errors
/// `bad_token`, or the store's failure.
pub fn person(store: &dyn Store, host: &Host, token: &Token) -> std::result::Result<Person, ServiceError> {
    let hash = Hash::of(token.secret().as_bytes());
    let seat = store.look(|snapshot| snapshot.seat(&hash)).map_err(|error| store_failure(&error))?;
    match seat {
        Some(seat) if seat.expires > host.clock.wall() => Ok(Person { user: seat.user, device: None }),
        Some(_) => Err(refusal(Code::BadToken, "the token is too old".to_owned())),
        None => match caller(store, token) {
            Ok(row) => Ok(Person::from(&row)),
            Err(ServiceError::Problem(problem)) if problem.code == Code::BadToken => {
                let session = signin::session(store, host, token)?;
                Ok(Person { user: session.user, device: None })
            }
            Err(error) => Err(error),
        },
    }
}

/// The same without noting that the token is used: for what goes on by itself and must keep no session alive.
///
/// # Errors
/// As [`person`].
pub fn still_person(store: &dyn Store, host: &Host, token: &Token) -> std::result::Result<Person, ServiceError> {
    match signin::peek(store, host, token) {
        Ok(session) => Ok(Person { user: session.user, device: None }),
        Err(ServiceError::Problem(problem)) if problem.code == Code::BadToken => person(store, host, token),
        Err(error) => Err(error),
    }
}

/// Gives out a token for a desk, good for `days`.
///
/// # Errors
/// The store's.
pub fn take_seat(store: &dyn Store, host: &Host, user: EntityId, days: u32) -> Result<Token> {
    let token = Token::new(secret(host));
    let expires = host.clock.wall().plus_millis(i64::from(days) * 24 * 60 * 60 * 1000);
    let hash = Hash::of(token.secret().as_bytes());
    store.change(|batch| batch.add_seat(&hash, &SeatRow { user, expires }))?;
    Ok(token)
}

/// For whom a pull is: everybody signed in on one device whose token is good.
pub struct Callers {
    /// At least one, all of the same device.
    pub users: Vec<TokenRow>,
    /// Whoever was named and is not among them.
    pub unknown: Vec<EntityId>,
}

/// Who the token of a request and the tokens beside it belong to. A token counts for the user that it was
/// given out to, on the device that asks, and for nobody else.
///
/// # Errors
/// `bad_token` when the request's own is not good; the store's failure.
pub fn callers(
    store: &dyn Store,
    token: &Token,
    also: &BTreeMap<EntityId, Token>,
) -> std::result::Result<Callers, ServiceError> {
    let own = caller(store, token)?;
    let (mut users, mut unknown) = (vec![own], Vec::new());
    for (user, token) in also {
        let hash = Hash::of(token.secret().as_bytes());
        let row = store.look(|snapshot| snapshot.token(&hash)).map_err(|error| store_failure(&error))?;
        match row.filter(|row| row.user == *user && row.device == users[0].device) {
            Some(row) if users.iter().all(|known| known.user != row.user) => users.push(row),
            Some(_) => {}
            None => unknown.push(*user),
        }
    }
    Ok(Callers { users, unknown })
}

/// An enrolment whose code and key fit: whom it signs in, and the ops that make it so.
pub struct Enrolment {
    /// The user, whose row the reply names.
    pub user: EntityRow,
    /// Whom the token will open the server to.
    pub row: TokenRow,
    /// Ops to append; each happens once, however often the request comes.
    pub items: Vec<Item>,
}

/// Checks an enrolment and binds its code to its key. A device that is known already signs a further
/// user in, or the same one again.
///
/// A crash after this leaves the code bound: the same phone asks again and gets the same.
///
/// # Errors
/// `bad_signature`, `bad_code`, `user_retired`, `device_revoked`, `malformed`, or the store's failure.
pub fn begin_enrolment(
    store: &dyn Store,
    host: &Host,
    ledger: LedgerId,
    request: &EnrolRequest,
) -> std::result::Result<Enrolment, ServiceError> {
    if !request.key.verifies(&enrol_message(ledger, &request.code, &request.key), &request.sig) {
        return Err(refusal(Code::BadSignature, "sig: does not fit key, code and ledger".to_owned()));
    }
    let (code, now) = (Hash::of(request.code.as_bytes()), host.clock.wall());
    let claimed = store.change(|batch| {
        let user = batch.claim_invite(&code, &request.key, now)?;
        user.map(|user| batch.entity(user)).transpose().map(Option::flatten)
    });
    let user = claimed.map_err(|error| store_failure(&error))?;
    let user = user.ok_or_else(|| refusal(Code::BadCode, None))?;
    let state = entity_of(&user).map_err(|error| store_failure(&error))?;
    if state.text("status") != Some("active") {
        return Err(refusal(Code::UserRetired, None));
    }
    let device = request.key.device();
    let device_entity = EntityId::of_device(ledger, &device);
    let session = EntityId::of_login(ledger, &device, &code);
    let known = store.look(|snapshot| Ok((status(snapshot, device_entity)?, status(snapshot, session)?)));
    let (device_known, session_known) = known.map_err(|error| store_failure(&error))?;
    if device_known.as_deref().is_some_and(|status| status != "active") {
        return Err(refusal(Code::DeviceRevoked, None));
    }
    let line = request.line.to_string();
    if request.lines_before.len() > MAX_LINES_BEFORE {
        return Err(refusal(Code::Malformed, format!("lines_before: at most {MAX_LINES_BEFORE} fit")));
    }
    let before: Vec<String> = request.lines_before.iter().map(ToString::to_string).collect();
    // Counters of one notebook decide which of its words stand; nobody speaks with another's.
    for (field, line) in iter::once(("line", &line)).chain(before.iter().map(|line| ("lines_before", line))) {
        // What a known device was called before was said when it became known, and is not asked again.
        if field == "lines_before" && device_known.is_some() {
            break;
        }
        let whose = store.look(|snapshot| whose(snapshot, line, device_entity, user.id));
        let whose = match whose.map_err(|error| store_failure(&error))? {
            Whose::Theirs => continue,
            Whose::Anothers => "this notebook is another user's",
            Whose::AnotherLine => "this device is another notebook's",
        };
        return Err(refusal(Code::BadCode, format!("{field}: {whose}")));
    }
    let op = |entity: EntityId, kind, body| {
        let id = OpId(Uuid::new_v5(&entity.0, b"enrolment"));
        let id = if kind == "session.open" { OpId(entity.0) } else { id };
        OwnOp { id, origin: "enrolment", kind, entity, body, base: None }.write(ledger, host)
    };
    let mut items = Vec::new();
    if device_known.is_none() {
        let mut body = json!({ "key": request.key, "user": user.id, "line": line });
        if !before.is_empty() {
            let before = before.iter().map(|line| (line.clone(), Value::Bool(true)));
            body["lines_before"] = Value::Object(before.collect());
        }
        items.push(op(device_entity, "device.add", body));
    }
    if session_known.is_none() {
        let body = json!({ "user": user.id, "line": line, "roles": roles_at_login(&state) });
        items.push(op(session, "session.open", body));
    }
    let row = TokenRow { device, user: user.id, session };
    Ok(Enrolment { user, row, items })
}

/// Whose notebook a line is, as whoever enrols sees it.
enum Whose {
    /// New, or this device's, or one in which the user has been signed in before.
    Theirs,
    /// Other people's.
    Anothers,
    /// The device is known with another line.
    AnotherLine,
}

/// A device that is known speaks for its notebook, whoever holds it. With a new key only somebody who has
/// been signed in there before goes on with a line: the key that could vouch for anybody else is gone.
fn whose(snapshot: &dyn Snapshot, line: &str, device: EntityId, user: EntityId) -> Result<Whose> {
    if let Some(row) = snapshot.entity(device)? {
        let known = entity_of(&row)?;
        return Ok(if known.text("line") == Some(line) { Whose::Theirs } else { Whose::AnotherLine });
    }
    let on_line = |entity: &Entity| entity.text("line") == Some(line);
    let theirs = |entity: &Entity| on_line(entity) && entity.reference("user") == Some(user);
    // Nobody is signed in on a line without a device.
    if !any(snapshot, "device", on_line)? || any(snapshot, "session", theirs)? {
        return Ok(Whose::Theirs);
    }
    Ok(Whose::Anothers)
}

/// True when `wanted` takes one of the entities of a kind.
fn any(snapshot: &dyn Snapshot, kind: &str, wanted: impl Fn(&Entity) -> bool) -> Result<bool> {
    let mut after = None;
    loop {
        let page = snapshot.entities(kind, after, 1_000)?;
        let Some(last) = page.last() else { return Ok(false) };
        after = Some(last.id);
        for row in &page {
            if wanted(&entity_of(row)?) {
                return Ok(true);
            }
        }
    }
}

fn entity_of(row: &EntityRow) -> Result<Entity> {
    serde_json::from_str(&row.row).map_err(|error| StoreError::Damaged(error.to_string()))
}

fn status(snapshot: &dyn Snapshot, id: EntityId) -> Result<Option<String>> {
    let Some(row) = snapshot.entity(id)? else { return Ok(None) };
    Ok(Some(entity_of(&row)?.text("status").unwrap_or_default().to_owned()))
}

/// Gives out a token once the enrolment's ops are durable.
///
/// # Errors
/// The store's.
pub fn finish_enrolment(store: &dyn Store, host: &Host, row: &TokenRow) -> Result<Token> {
    let token = Token::new(secret(host));
    store.change(|batch| batch.add_token(&Hash::of(token.secret().as_bytes()), row))?;
    Ok(token)
}
