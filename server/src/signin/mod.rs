//! Signing in at a desk: a name and a password open a session, which ends when it is not used.
//!
//! The server keeps hashes only. Whether there is such a person is not told by words or time. A session opens what the
//! token of a desk opens, within the rights of its user, and ends with them.

mod password;
mod tries;

use xuncha_core::host::Host;
use xuncha_core::model::{Code, Entity, EntityId, Hash, Time};
use xuncha_core::protocol::{ServiceError, Token};

pub use tries::Tries;

use crate::auth::secret;
use crate::problem::{refusal, store_failure};
use crate::store::{LinkRow, PasswordRow, Result, SessionRow, Snapshot, Store, StoreError};

/// A session that was not used for so long is over, in milliseconds: 30 minutes.
pub const IDLE: i64 = 30 * 60 * 1000;

/// A session is over so long after it was begun, in milliseconds: 12 hours.
pub const LONGEST: i64 = 12 * 60 * 60 * 1000;

/// How often it is written down that a session is used, in milliseconds.
const NOTED: i64 = 60 * 1000;

/// How long a link may be used, in milliseconds: a day.
const LINK_LIFE: i64 = 24 * 60 * 60 * 1000;

/// People of one name whose passwords are tried.
const NAMESAKES: usize = 4;

/// Opens a session for whoever is called `name`, or has that id, and knows the password.
///
/// # Errors
/// `wrong_password`, whatever of it is wrong; the store's failure.
pub fn sign_in(
    store: &dyn Store,
    host: &Host,
    name: &str,
    password: &str,
) -> std::result::Result<(Token, EntityId), ServiceError> {
    let wanted = name.trim();
    let rows = store.look(|snapshot| called(snapshot, wanted)).map_err(|error| store_failure(&error))?;
    if rows.is_empty() {
        password::pretend(host, password);
    }
    for row in rows {
        if password::fits(password, &row.hash).ok_or_else(|| refusal(Code::Internal, None))? {
            return Ok((begin(store, host, row.user).map_err(|error| store_failure(&error))?, row.user));
        }
    }
    tracing::warn!("a sign-in failed");
    Err(refusal(Code::WrongPassword, None))
}

/// Passwords of active users of that name or id.
fn called(snapshot: &dyn Snapshot, wanted: &str) -> Result<Vec<PasswordRow>> {
    let mut rows = snapshot.users_called(wanted)?;
    if let Ok(id) = wanted.parse() {
        rows.extend(snapshot.entity(id)?.filter(|row| row.kind == "user"));
    }
    let mut found = Vec::new();
    for row in rows {
        let user: Entity = serde_json::from_str(&row.row).map_err(|error| StoreError::Damaged(error.to_string()))?;
        if user.text("status") == Some("active") {
            found.extend(snapshot.password(user.id)?);
        }
    }
    found.truncate(NAMESAKES);
    Ok(found)
}

fn begin(store: &dyn Store, host: &Host, user: EntityId) -> Result<Token> {
    let (token, now) = (Token::new(secret(host)), host.clock.wall());
    let hash = Hash::of(token.secret().as_bytes());
    store.change(|batch| {
        batch.sweep_sessions(now.plus_millis(-LONGEST), now.plus_millis(-IDLE))?;
        batch.put_session(&hash, &SessionRow { user, begun: now, seen: now })
    })?;
    tracing::info!(%user, "signed in");
    Ok(token)
}

/// Whose session a secret is; that it is used is noted now and then.
///
/// # Errors
/// `bad_token` when there is none or it is over; the store's failure.
pub fn session(store: &dyn Store, host: &Host, token: &Token) -> std::result::Result<SessionRow, ServiceError> {
    let (hash, now) = (Hash::of(token.secret().as_bytes()), host.clock.wall());
    let row = peek(store, host, token)?;
    if now.millis() - row.seen.millis() < NOTED {
        return Ok(row);
    }
    let noted = SessionRow { seen: now, ..row };
    // Ended meanwhile, it must not come back.
    let work = |batch: &mut dyn crate::store::Batch| match batch.session(&hash)? {
        Some(_) => batch.put_session(&hash, &noted).map(|()| true),
        None => Ok(false),
    };
    match store.change_soon(work).map_err(|error| store_failure(&error))? {
        true => Ok(noted),
        false => Err(refusal(Code::BadToken, None)),
    }
}

/// Whose session a secret is, without noting that it is used.
///
/// # Errors
/// As [`session`].
pub fn peek(store: &dyn Store, host: &Host, token: &Token) -> std::result::Result<SessionRow, ServiceError> {
    let (hash, now) = (Hash::of(token.secret().as_bytes()), host.clock.wall());
    let row = store.look(|snapshot| snapshot.session(&hash)).map_err(|error| store_failure(&error))?;
    row.filter(|row| lives(row, now)).ok_or_else(|| refusal(Code::BadToken, None))
}

/// A clock that was set back ends no session, and one set forward ends all.
fn lives(row: &SessionRow, now: Time) -> bool {
    now.millis() - row.seen.millis() < IDLE && now.millis() - row.begun.millis() < LONGEST
}

/// Ends a session; nothing happens when there is none. With it end links of the user from before it was begun: it was
/// begun without them, and whoever leaves leaves nothing behind that opens the door. A link that was made since was
/// asked for, perhaps in order to sign in anew with it, and stays.
///
/// # Errors
/// The store's.
pub fn sign_out(store: &dyn Store, token: &Token) -> Result<()> {
    let hash = Hash::of(token.secret().as_bytes());
    store.change(|batch| {
        if let Some(session) = batch.session(&hash)? {
            batch.drop_links_before(session.user, session.begun.plus_millis(LINK_LIFE))?;
        }
        batch.drop_session(&hash)
    })
}

/// Makes a code with which `user` chooses a password, once, within a day; codes from before are void.
///
/// # Errors
/// The store's.
pub fn link(store: &dyn Store, host: &Host, user: EntityId) -> Result<String> {
    Ok(link_until(store, host, user)?.0)
}

/// As [`link`], and until when the code is good.
///
/// # Errors
/// The store's.
pub fn link_until(store: &dyn Store, host: &Host, user: EntityId) -> Result<(String, Time)> {
    let (code, expires) = (secret(host), host.clock.wall().plus_millis(LINK_LIFE));
    store.change(|batch| batch.put_link(&Hash::of(code.as_bytes()), &LinkRow { user, expires }))?;
    Ok((code, expires))
}

/// Chooses a password with the code of a link, and opens a session. Every session from before ends.
///
/// # Errors
/// `bad_code`, `bad_field` naming `password`, `user_retired`; the store's failure. The code stays good after those.
pub fn choose(
    store: &dyn Store,
    host: &Host,
    code: &str,
    password: &str,
) -> std::result::Result<(Token, EntityId), ServiceError> {
    let (code, now) = (Hash::of(code.as_bytes()), host.clock.wall());
    let found = store.look(|snapshot| snapshot.link(&code)).map_err(|error| store_failure(&error))?;
    let link = found.filter(|link| link.expires > now).ok_or_else(|| refusal(Code::BadCode, None))?;
    let hash = fitting(store, host, link.user, password)?;
    let kept = store.change(|batch| {
        // Of two who use it at once, one does.
        if batch.link(&code)?.is_none() {
            return Ok(false);
        }
        batch.put_password(&PasswordRow { user: link.user, hash: hash.clone(), since: now })?;
        batch.drop_links(link.user)?;
        batch.drop_sessions(link.user)?;
        Ok(true)
    });
    if !kept.map_err(|error| store_failure(&error))? {
        return Err(refusal(Code::BadCode, None));
    }
    tracing::info!(user = %link.user, "a password was chosen");
    Ok((begin(store, host, link.user).map_err(|error| store_failure(&error))?, link.user))
}

/// Changes the password of whoever knows the old one, and opens a new session. Every session from before ends.
///
/// # Errors
/// `wrong_password`, `bad_field` naming `new`; the store's failure.
pub fn change(
    store: &dyn Store,
    host: &Host,
    user: EntityId,
    old: &str,
    new: &str,
) -> std::result::Result<Token, ServiceError> {
    let row = store.look(|snapshot| snapshot.password(user)).map_err(|error| store_failure(&error))?;
    let fits = row.and_then(|row| password::fits(old, &row.hash)).unwrap_or_default();
    if !fits {
        return Err(refusal(Code::WrongPassword, None));
    }
    let (hash, since) = (fitting(store, host, user, new)?, host.clock.wall());
    let kept = store.change(|batch| {
        batch.put_password(&PasswordRow { user, hash: hash.clone(), since })?;
        batch.drop_links(user)?;
        batch.drop_sessions(user)
    });
    kept.map_err(|error| store_failure(&error))?;
    tracing::info!(%user, "a password was changed");
    begin(store, host, user).map_err(|error| store_failure(&error))
}

fn fitting(
    store: &dyn Store,
    host: &Host,
    user: EntityId,
    password: &str,
) -> std::result::Result<String, ServiceError> {
    let row = store.look(|snapshot| snapshot.entity(user)).map_err(|error| store_failure(&error))?;
    let entity: Option<Entity> = row.and_then(|row| serde_json::from_str(&row.row).ok());
    let active = entity.filter(|entity| entity.text("status") == Some("active"));
    let active = active.ok_or_else(|| refusal(Code::UserRetired, None))?;
    if let Some(why) = password::misfit(password, active.text("name").unwrap_or_default()) {
        return Err(refusal(Code::BadField, format!("password: {why}")));
    }
    password::hash(host, password).ok_or_else(|| refusal(Code::Internal, None))
}
