//! Writing down what a person did: the op, its place in the chain, and the view, in one go.

use rusqlite::params;
use serde_json::value::RawValue;

use super::{Account, Author, Membership, Store, Tried, entity_id, int, uint, unreadable};
use crate::model::{BlobRef, Code, EntityId, LineId, OpId, Version};
use crate::op::{At, Chain, DeviceKey, Op, OpDraft, Unreadable};
use crate::plan::{Judgement, plan};
use crate::{Error, Result};

/// What is to be said; everything else about the op follows from the notebook.
pub(crate) struct Saying<'a> {
    pub(crate) id: OpId,
    pub(crate) kind: &'a str,
    pub(crate) entity: EntityId,
    pub(crate) body: Box<RawValue>,
    pub(crate) from: Option<String>,
    pub(crate) blobs: Vec<BlobRef>,
    pub(crate) supersedes: Option<OpId>,
}

impl Store {
    /// Says it in the name of who records now: judges it against the view, keeps its text and shows
    /// what it does. To be called inside [`Store::whole`].
    ///
    /// # Errors
    /// [`Error::NotEnrolled`], [`Error::Locked`] while nobody records, or what is wrong with it.
    pub(crate) fn say(&self, saying: Saying<'_>) -> Result<OpId> {
        self.say_on(saying, None)
    }

    /// [`Store::say`] about the entity as it was at index `seen`, where that is given: its author looked at it then.
    pub(crate) fn say_on(&self, saying: Saying<'_>, seen: Option<u64>) -> Result<OpId> {
        let login = self.current()?;
        self.say_in(Author { user: login.user, session: login.session }, saying, seen)
    }

    /// [`Store::say`] in the name of somebody who has recorded here; for what follows from their words.
    pub(crate) fn say_as(&self, author: Author, saying: Saying<'_>) -> Result<OpId> {
        self.say_in(author, saying, None)
    }

    fn say_in(&self, author: Author, saying: Saying<'_>, seen: Option<u64>) -> Result<OpId> {
        let account = self.account()?;
        let membership = account.membership.as_ref().ok_or(Error::NotEnrolled)?;
        let text = self.compose(&account, membership, author, saying, seen)?.to_text();
        let op = Op::parse(&text).map_err(|unreadable| as_invalid(&unreadable))?;
        self.judge(membership, &op)?;
        let chain = op.chain.as_ref().ok_or(Error::NotEnrolled)?;
        self.db.prepare_cached(include_str!("put_op.sql"))?.execute(params![
            int(chain.n),
            op.id.0.as_bytes(),
            op.entity.0.as_bytes(),
            op.kind,
            chain.device.to_string(),
            int(chain.seq),
            op.hash.to_string(),
            text,
        ])?;
        let update = "UPDATE notebook SET n = ?, seq = ?, prev = ?";
        self.db.prepare_cached(update)?.execute(params![int(chain.n), int(chain.seq), op.hash.to_string()])?;
        self.refresh(op.entity)?;
        Ok(op.id)
    }

    fn compose(
        &self,
        account: &Account,
        membership: &Membership,
        author: Author,
        saying: Saying<'_>,
        seen: Option<u64>,
    ) -> Result<OpDraft> {
        let seen_index = self.row_index(saying.entity)?.map(|row| seen.map_or(row, |seen| seen.min(row)));
        let clock = &self.host.clock;
        Ok(OpDraft {
            id: saying.id,
            ledger: membership.ledger,
            chain: Some(Chain {
                device: self.key.public().device(),
                seq: account.seq + 1,
                prev: account.prev,
                line: account.line,
                n: account.n + 1,
            }),
            user: Some(author.user),
            session: Some(author.session),
            origin: None,
            kind: saying.kind.to_owned(),
            v: 1,
            entity: saying.entity,
            body: saying.body,
            base: seen_index.map(|index| Version { epoch: membership.epoch, index }),
            from: saying.from,
            at: At { wall: clock.wall(), zone: clock.zone(), mono: Some(clock.mono()), offset: account.offset },
            seen: account.seen.clone(),
            blobs: saying.blobs,
            salt: self.host.salt(),
            supersedes: saying.supersedes,
        })
    }

    /// Refuses here what the server would refuse for its form or state; rights are the server's.
    fn judge(&self, membership: &Membership, op: &Op) -> Result<()> {
        let root = self.entity(op.entity)?;
        match self.with_sight(op.entity, root, |sight| plan(sight, &membership.moment(), op))? {
            Judgement::Accept(_) => Ok(()),
            Judgement::Refuse { code: Code::BadField, detail } => {
                let (field, detail) = detail.split_once(": ").unwrap_or(("body", &detail));
                Err(Error::Invalid { field: field.to_owned(), detail: detail.to_owned() })
            }
            Judgement::Refuse { code, detail } => Err(Error::Refused { code, detail }),
            Judgement::Hold(missing) => Err(Error::NotFound { what: missing.join(", ") }),
        }
    }

    /// Makes `key` the device's key and says every unjudged op again in its chain; under `line` where the
    /// notebook may have a twin that goes on under the present one. Keep the seed first: a crash in
    /// between is noticed at the next opening, as a missing key.
    pub(crate) fn adopt(&mut self, key: DeviceKey, line: Option<LineId>) -> Result<()> {
        self.whole(|store| {
            line.map_or(Ok(()), |line| store.rename(line))?;
            store.say_again(&key)?;
            // A word under another line may meet another fate.
            line.map_or(Ok(()), |_| store.refresh_open())
        })?;
        self.key = key;
        Ok(())
    }

    /// Says the op with counter `n` once more, at the end of the device's chain and, when one is given,
    /// under the login `session`: the same op, since neither is part of what makes two ops the same. To
    /// be called inside [`Store::whole`].
    pub(super) fn say_anew(&self, n: u64, session: Option<EntityId>) -> Result<()> {
        let account = self.account()?;
        let text: String = self.db.query_row("SELECT text FROM op WHERE n = ?", [int(n)], |row| row.get(0))?;
        let (device, seq) = (self.key.public().device(), account.seq + 1);
        let chain = Chain { device, seq, prev: account.prev, line: account.line, n };
        let mut draft = OpDraft::resay(&text, chain, account.seen).map_err(|error| unreadable("op", error))?;
        draft.session = session.or(draft.session);
        self.put_said(n, seq, &draft.to_text())?;
        Ok(())
    }

    /// Keeps what the device says now in place of an op that it, or another key, said before.
    fn put_said(&self, n: u64, seq: u64, text: &str) -> Result<()> {
        let hash = crate::model::Hash::of(text.as_bytes()).to_string();
        let device = self.key.public().device().to_string();
        let update = "UPDATE op SET device = ?, seq = ?, hash = ?, text = ?, state = 'new', code = NULL, \
                      detail = NULL WHERE n = ?";
        self.db.prepare_cached(update)?.execute(params![device, int(seq), hash, text, int(n)])?;
        self.db.prepare_cached("UPDATE notebook SET seq = ?, prev = ?")?.execute(params![int(seq), hash])?;
        Ok(())
    }

    fn rename(&self, line: LineId) -> Result<()> {
        let keep = "INSERT INTO line_before (line) SELECT line FROM notebook";
        self.db.execute(keep, []).tried("keep the earlier line")?;
        self.db.execute("UPDATE notebook SET line = ?", [line.to_string()]).tried("change the line")?;
        Ok(())
    }

    fn refresh_open(&self) -> Result<()> {
        let mut open = self.db.prepare("SELECT DISTINCT entity FROM op WHERE open = 1")?;
        let ids = open.query_map([], |row| row.get(0).map(entity_id))?;
        let ids = ids.collect::<rusqlite::Result<Vec<_>>>().tried("read what is open")?;
        ids.into_iter().try_for_each(|id| self.refresh(id))
    }

    fn say_again(&self, key: &DeviceKey) -> Result<()> {
        let account = self.account()?;
        let device = key.public().device();
        let (mut seq, mut prev) = (0, None);
        let mut waiting = self.db.prepare(include_str!("waiting.sql"))?;
        let texts = waiting.query_map([], |row| Ok((uint(row.get(0)?), row.get::<_, String>(1)?)))?;
        let texts = texts.collect::<rusqlite::Result<Vec<_>>>().tried("read what is pending")?;
        for (n, text) in texts {
            seq += 1;
            let chain = Chain { device, seq, prev, line: account.line, n };
            let draft = OpDraft::resay(&text, chain, account.seen.clone());
            let text = draft.map_err(|error| unreadable("op", error))?.to_text();
            let hash = crate::model::Hash::of(text.as_bytes());
            let update = "UPDATE op SET device = ?, seq = ?, hash = ?, text = ?, state = 'new', code = NULL, \
                          detail = NULL WHERE n = ?";
            let row = params![device.to_string(), int(seq), hash.to_string(), text, int(n)];
            self.db.prepare_cached(update)?.execute(row).tried("say an op again")?;
            prev = Some(hash);
        }
        self.forget_tokens()?;
        let again = account.membership.is_some().then_some(super::EnrolAgain::NewKey.as_str());
        let update = "UPDATE notebook SET key = ?, seq = ?, prev = ?, again = ?";
        let prev = prev.map(|hash| hash.to_string());
        self.db.execute(update, params![key.public().to_string(), int(seq), prev, again]).tried("change the key")?;
        Ok(())
    }
}

/// What the form of ops does not allow, as the fault of the field it most likely lies in.
pub(crate) fn as_invalid(unreadable: &Unreadable) -> Error {
    Error::Invalid { field: "body".into(), detail: format!("{}: {}", unreadable.code, unreadable.detail) }
}
