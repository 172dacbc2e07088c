//! Who this notebook is, whom it belongs to, and how far it has come.

use std::str::FromStr;

use rusqlite::{Connection, Row, params};

use super::{Store, Tried, int, uint, unreadable};
use crate::Result;
use crate::model::{Cursor, EntityId, Hash, LedgerId, LineId, Time};
use crate::op::{PublicKey, Seen};
use crate::protocol::EnrolReply;

/// Why the device must enrol again before it can sync; recording goes on meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EnrolAgain {
    /// It has a new key that the server does not know yet.
    NewKey,
    /// The server has heard two different things from it at one place: it was cloned or restored.
    Fork,
    /// An administrator revoked it.
    Revoked,
    /// The server no longer knows any token of it.
    Token,
}

impl EnrolAgain {
    /// The stable name: `new_key`, `fork`, `revoked`, `token`.
    pub fn as_str(self) -> &'static str {
        match self {
            EnrolAgain::NewKey => "new_key",
            EnrolAgain::Fork => "fork",
            EnrolAgain::Revoked => "revoked",
            EnrolAgain::Token => "token",
        }
    }

    /// True when enrolling takes a new key: the old one is known for something that it cannot undo.
    pub(crate) fn takes_new_key(self) -> bool {
        matches!(self, EnrolAgain::Fork | EnrolAgain::Revoked)
    }
}

impl FromStr for EnrolAgain {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<EnrolAgain, &'static str> {
        let all = [EnrolAgain::NewKey, EnrolAgain::Fork, EnrolAgain::Revoked, EnrolAgain::Token];
        all.into_iter().find(|why| why.as_str() == text).ok_or("not a reason to enrol again")
    }
}

/// The one row of the table `notebook`.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) line: LineId,
    pub(crate) n: u64,
    pub(crate) key: PublicKey,
    pub(crate) seq: u64,
    pub(crate) prev: Option<Hash>,
    pub(crate) again: Option<EnrolAgain>,
    pub(crate) server: Option<String>,
    pub(crate) membership: Option<Membership>,
    /// Who records now; none while the notebook is locked.
    pub(crate) user: Option<EntityId>,
    pub(crate) cursor: Option<Cursor>,
    pub(crate) seen: Option<Seen>,
    pub(crate) durable_size: u64,
    pub(crate) offset: Option<i64>,
    pub(crate) synced: Option<Time>,
    /// Most ops that the line was last seen to carry in one push; none: no push has failed to get a reply.
    pub(crate) push_most: Option<u64>,
}

/// What the first enrolment has given this notebook.
#[derive(Debug, Clone)]
pub(crate) struct Membership {
    pub(crate) ledger: LedgerId,
    pub(crate) city: String,
    pub(crate) zone: String,
    pub(crate) ledger_key: PublicKey,
    pub(crate) epoch: u32,
}

impl Store {
    /// Reads the row.
    pub(crate) fn account(&self) -> Result<Account> {
        let mut query = self.db.prepare_cached(include_str!("account.sql"))?;
        let mut rows = query.query([])?;
        let row = rows.next().tried("read who this notebook is")?.ok_or_else(missing)?;
        read_account(row)
    }

    /// What this notebook was called under earlier keys, the newest `most` first.
    pub(crate) fn lines_before(&self, most: usize) -> Result<Vec<LineId>> {
        let mut query = self.db.prepare("SELECT line FROM line_before ORDER BY at DESC LIMIT ?")?;
        let lines = query.query_map([int(most as u64)], |row| row.get::<_, String>(0))?;
        let lines = lines.collect::<rusqlite::Result<Vec<_>>>().tried("read the earlier lines")?;
        lines.iter().map(|line| line.parse().map_err(|error| unreadable("line", error))).collect()
    }

    /// Remembers how many ops the line carries in one push.
    pub(crate) fn set_push_most(&self, most: Option<u64>) -> Result<()> {
        let update = "UPDATE notebook SET push_most = ?";
        self.db.prepare_cached(update)?.execute([most.map(int)]).tried("keep what the line carries")?;
        Ok(())
    }

    /// Remembers the server's root address.
    pub(crate) fn set_server(&self, address: &str) -> Result<()> {
        self.db.execute("UPDATE notebook SET server = ?", [address]).tried("save the server's address")?;
        Ok(())
    }

    /// Remembers that the device must enrol again.
    pub(crate) fn set_again(&self, why: EnrolAgain) -> Result<()> {
        self.db.execute("UPDATE notebook SET again = ?", [why.as_str()]).tried("save that enrolment ended")?;
        Ok(())
    }

    /// Takes what enrolment gave: the user is signed in and records from now on. To be called inside
    /// [`Store::whole`].
    pub(crate) fn set_enrolled(&self, reply: &EnrolReply, offset: i64) -> Result<()> {
        let ledger = &reply.ledger;
        let row = params![
            ledger.ledger.to_string(),
            ledger.name,
            ledger.zone,
            ledger.key.to_string(),
            ledger.epoch,
            reply.user.to_string(),
            offset,
        ];
        self.put_login(reply)?;
        self.db.execute(include_str!("enrolled.sql"), row).tried("save the enrolment")?;
        Ok(())
    }

    /// Remembers what a reply taught about the clock.
    pub(super) fn set_offset(&self, offset: i64) -> Result<()> {
        self.db.prepare_cached("UPDATE notebook SET clock_offset = ?")?.execute([offset])?;
        Ok(())
    }

    /// Remembers that a sync has ended well.
    pub(super) fn set_synced(&self, at: Time) -> Result<()> {
        self.db.prepare_cached("UPDATE notebook SET synced = ?")?.execute([at.millis()])?;
        Ok(())
    }

    /// Remembers how far a page brought the phone.
    pub(super) fn set_progress(&self, cursor: Cursor, seen: Option<&Seen>, durable_size: u64) -> Result<()> {
        let update = "UPDATE notebook SET cursor = ?, durable_size = ?";
        self.db.prepare_cached(update)?.execute([int(cursor.size), int(durable_size)])?;
        if let Some(seen) = seen {
            let update = "UPDATE notebook SET seen_size = ?, seen_root = ?";
            self.db.prepare_cached(update)?.execute(params![int(seen.size), seen.root.to_string()])?;
        }
        Ok(())
    }
}

/// The public key that the notebook remembers.
pub(super) fn public_key(db: &Connection) -> Result<PublicKey> {
    let text: String = db
        .query_row("SELECT key FROM notebook", [], |row| row.get(0))
        .map_err(|error| if error == rusqlite::Error::QueryReturnedNoRows { missing() } else { error.into() })?;
    text.parse().map_err(|error| unreadable("key", error))
}

fn missing() -> crate::Error {
    unreadable("notebook", "its row is missing")
}

fn read_account(row: &Row<'_>) -> Result<Account> {
    let membership = match text::<LedgerId>(row, "ledger")? {
        Some(ledger) => Some(read_membership(row, ledger)?),
        None => None,
    };
    let epoch = membership.as_ref().map_or(1, |membership| membership.epoch);
    let size = row.get::<_, Option<i64>>("seen_size")?;
    let seen = match (size, text::<Hash>(row, "seen_root")?) {
        (Some(size), Some(root)) => Some(Seen { epoch, size: uint(size), root }),
        _ => None,
    };
    Ok(Account {
        line: must(row, "line")?,
        n: uint(row.get("n")?),
        key: must(row, "key")?,
        seq: uint(row.get("seq")?),
        prev: text(row, "prev")?,
        again: text(row, "again")?,
        server: row.get("server")?,
        membership,
        user: text(row, "user")?,
        cursor: row.get::<_, Option<i64>>("cursor")?.map(|size| Cursor { epoch, size: uint(size) }),
        seen,
        durable_size: uint(row.get("durable_size")?),
        offset: row.get("clock_offset")?,
        synced: row.get::<_, Option<i64>>("synced")?.map(Time::from_millis),
        push_most: row.get::<_, Option<i64>>("push_most")?.map(uint),
    })
}

fn read_membership(row: &Row<'_>, ledger: LedgerId) -> Result<Membership> {
    Ok(Membership {
        ledger,
        city: row.get("city")?,
        zone: row.get("zone")?,
        ledger_key: must(row, "ledger_key")?,
        epoch: row.get("epoch")?,
    })
}

fn text<T: FromStr<Err: std::fmt::Display>>(row: &Row<'_>, column: &str) -> Result<Option<T>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| text.parse().map_err(|error| unreadable(column, error))).transpose()
}

pub(super) fn must<T: FromStr<Err: std::fmt::Display>>(row: &Row<'_>, column: &str) -> Result<T> {
    text(row, column)?.ok_or_else(|| unreadable(column, "is missing"))
}
