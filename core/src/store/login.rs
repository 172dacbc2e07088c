//! Who is signed in on this phone, each by a login of their own, and who of them records now.

use rusqlite::{OptionalExtension as _, Row, params};

use super::account::must;
use super::{Store, Tried, uint, unreadable};
use crate::model::{Code, EntityId, OpId, Time};
use crate::op::Op;
use crate::protocol::{EnrolReply, MAX_PEOPLE, Token};
use crate::{Error, Result};

/// Why somebody should sign in again, online. They may go on recording meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInAgain {
    /// The server no longer knows their token here: what only they may see has left the phone.
    Token,
    /// The server says that they have left; signing in again does not help.
    Left,
    /// The login is older than its rights last: what is recorded under it is judged by the roles they have
    /// when it arrives.
    Old,
}

/// One login of this phone.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub(crate) user: EntityId,
    pub(crate) name: String,
    pub(crate) session: EntityId,
    pub(crate) token: Token,
    /// By the server's clock; none when it is not known.
    pub(crate) opened: Option<Time>,
    pub(crate) again: Option<SignInAgain>,
    /// Argon2id of the PIN, in PHC form.
    pub(crate) pin: Option<String>,
    /// Wrong tries in a row.
    pub(crate) wrong: u32,
    pub(crate) lock: Option<Lock>,
    /// True for the one who records now.
    pub(crate) current: bool,
}

/// No try for a while after a moment of this phone's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lock {
    pub(crate) at: Time,
    pub(crate) millis: i64,
}

/// Under whose name, and under which login, an op is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Author {
    pub(crate) user: EntityId,
    pub(crate) session: EntityId,
}

impl Store {
    /// Everybody signed in here, by name.
    pub(crate) fn logins(&self) -> Result<Vec<Login>> {
        let mut query = self.db.prepare_cached(include_str!("logins.sql"))?;
        let mut rows = query.query([])?;
        let mut logins = Vec::new();
        while let Some(row) = rows.next().tried("read who is signed in")? {
            logins.push(read_login(row)?);
        }
        Ok(logins)
    }

    /// The login of `user` here.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub(crate) fn login(&self, user: EntityId) -> Result<Login> {
        let found = self.logins()?.into_iter().find(|login| login.user == user);
        found.ok_or_else(|| Error::NotFound { what: format!("user {user} among those signed in") })
    }

    /// Logins that may open the server: those whose token is not known to be bad, the one who records now
    /// first, those who have left last.
    pub(crate) fn able_logins(&self) -> Result<Vec<Login>> {
        let mut logins = self.logins()?;
        logins.retain(|login| login.again != Some(SignInAgain::Token));
        logins.sort_by_key(|login| (login.again.is_some(), !login.current));
        Ok(logins)
    }

    /// Who records now.
    ///
    /// # Errors
    /// [`Error::NotEnrolled`] before the first enrolment, [`Error::Locked`] while nobody does.
    pub(crate) fn current(&self) -> Result<Login> {
        if self.account()?.membership.is_none() {
            return Err(Error::NotEnrolled);
        }
        self.logins()?.into_iter().find(|login| login.current).ok_or(Error::Locked)
    }

    /// From now on `user` records, or nobody.
    pub(crate) fn set_current(&self, user: Option<EntityId>) -> Result<()> {
        let user = user.map(|user| user.to_string());
        self.db.execute("UPDATE notebook SET user = ?", [user]).tried("save who records")?;
        Ok(())
    }

    /// Keeps the login that the server opened, in place of the same user's one before; the PIN stays.
    pub(super) fn put_login(&self, reply: &EnrolReply) -> Result<()> {
        let logins = self.logins()?;
        if logins.len() >= MAX_PEOPLE && logins.iter().all(|login| login.user != reply.user) {
            let detail = format!("{MAX_PEOPLE} are signed in on this phone already: sign one of them out");
            return Err(Error::Invalid { field: "user".into(), detail });
        }
        let row = params![
            reply.user.to_string(),
            reply.name,
            reply.session.to_string(),
            reply.token.secret(),
            reply.ledger.time.millis(),
        ];
        self.db.execute(include_str!("put_login.sql"), row).tried("save the login")?;
        Ok(())
    }

    /// Forgets the login of `user` and its token; false when there is none. To be called inside
    /// [`Store::whole`].
    pub(crate) fn drop_login(&self, user: EntityId) -> Result<bool> {
        let user = user.to_string();
        let dropped = self.db.execute("DELETE FROM login WHERE user = ?", [&user]).tried("sign out")?;
        self.db.execute("UPDATE notebook SET user = NULL WHERE user = ?", [&user]).tried("sign out")?;
        Ok(dropped > 0)
    }

    /// Remembers that the server does not take the login of `user`, and why.
    pub(crate) fn login_refused(&self, user: EntityId, code: &Code) -> Result<()> {
        let again = if *code == Code::UserRetired { "left" } else { "token" };
        let update = "UPDATE login SET again = ? WHERE user = ?";
        self.db.execute(update, params![again, user.to_string()]).tried("save that a login ended")?;
        Ok(())
    }

    /// Tokens are a device's: with a new key nobody's is any good.
    pub(super) fn forget_tokens(&self) -> Result<()> {
        self.db.execute("UPDATE login SET again = 'token'", []).tried("save that logins ended")?;
        Ok(())
    }

    /// Keeps the PIN of `user`, in PHC form, and forgets wrong tries.
    pub(crate) fn set_pin(&self, user: EntityId, pin: &str) -> Result<()> {
        let update = "UPDATE login SET pin = ?, wrong = 0, locked_at = NULL, locked_for = NULL WHERE user = ?";
        self.db.execute(update, params![pin, user.to_string()]).tried("save the PIN")?;
        Ok(())
    }

    /// Keeps the number of wrong tries in a row, and for how long there is none.
    pub(crate) fn set_tries(&self, user: EntityId, wrong: u32, lock: Option<Lock>) -> Result<()> {
        let update = "UPDATE login SET wrong = ?, locked_at = ?, locked_for = ? WHERE user = ?";
        let row = params![wrong, lock.map(|lock| lock.at.millis()), lock.map(|lock| lock.millis), user.to_string()];
        self.db.execute(update, row).tried("save a try")?;
        Ok(())
    }

    /// How many ops of `user` wait to be judged.
    pub(crate) fn waiting_of(&self, user: EntityId) -> Result<u64> {
        let query = "SELECT count(*) FROM op WHERE state IN ('new', 'sent', 'held', 'fork') AND text ->> '$.user' = ?";
        let count = self.db.prepare_cached(query)?.query_row([user.to_string()], |row| row.get(0));
        count.map(uint).tried("count what is pending")
    }

    /// Who said the op `id`, if this notebook did.
    pub(crate) fn author_of(&self, id: OpId) -> Result<Option<Author>> {
        let query = "SELECT text FROM op WHERE id = ?";
        let text: Option<String> =
            self.db.prepare_cached(query)?.query_row([id.0.as_bytes()], |row| row.get(0)).optional()?;
        let op = text.map(|text| Op::parse(&text).map_err(|error| unreadable("op", error))).transpose()?;
        Ok(op.and_then(|op| Some(Author { user: op.user?, session: op.session? })))
    }
}

fn read_login(row: &Row<'_>) -> Result<Login> {
    let millis = |column| row.get::<_, Option<i64>>(column);
    let lock = match (millis("locked_at")?, millis("locked_for")?) {
        (Some(at), Some(millis)) => Some(Lock { at: Time::from_millis(at), millis }),
        _ => None,
    };
    let again: Option<String> = row.get("again")?;
    Ok(Login {
        user: must(row, "user")?,
        name: row.get("name")?,
        session: must(row, "session")?,
        token: Token::new(row.get("token")?),
        opened: millis("opened")?.map(Time::from_millis),
        again: again.map(|again| if again == "left" { SignInAgain::Left } else { SignInAgain::Token }),
        pin: row.get("pin")?,
        wrong: row.get("wrong")?,
        lock,
        current: row.get("current")?,
    })
}
