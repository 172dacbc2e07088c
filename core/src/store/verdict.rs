//! What is sent next, and what became of what was sent.

use rusqlite::{OptionalExtension as _, params};

use super::{EnrolAgain, Store, Tried, entity_id, int, op_id, uint};
use crate::Result;
use crate::model::{EntityId, OpId};
use crate::protocol::{Final, MAX_PUSH_BYTES, Verdict};

/// Ops to be sent together, in the device's order.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) ids: Vec<OpId>,
    /// Counter behind which they were looked for.
    pub(crate) before: u64,
    /// Counter of the last one.
    pub(crate) last: u64,
}

/// What became of ops.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) accepted: u64,
    pub(crate) conflicts: u64,
    pub(crate) refused: u64,
    pub(crate) duplicates: u64,
    pub(crate) held: u64,
    pub(crate) unreadable: u64,
    pub(crate) said_anew: u64,
    pub(crate) again: Option<EnrolAgain>,
}

impl Store {
    /// The unjudged ops behind counter `after` with their texts, at most `most` of them and about
    /// [`MAX_PUSH_BYTES`].
    pub(crate) fn next_batch(&self, after: u64, most: usize) -> Result<(Batch, Vec<String>)> {
        let mut batch = Batch { before: after, last: after, ..Batch::default() };
        let (mut texts, mut bytes) = (Vec::new(), 0);
        let mut query = self.db.prepare_cached(include_str!("batch.sql"))?;
        let mut rows = query.query(params![int(after), int(most as u64)])?;
        while let Some(row) = rows.next().tried("read what is pending")? {
            let text: String = row.get(2)?;
            bytes += text.len();
            if bytes > MAX_PUSH_BYTES && !texts.is_empty() {
                break;
            }
            batch.last = uint(row.get(0)?);
            batch.ids.push(op_id(row.get(1)?));
            texts.push(text);
        }
        Ok((batch, texts))
    }

    /// Remembers that a batch is being sent, before it is: from here on its answer may be lost.
    pub(crate) fn mark_sent(&self, batch: &Batch) -> Result<()> {
        self.whole(|store| {
            let update = "UPDATE op SET state = 'sent' WHERE state = 'new' AND n > ? AND n <= ?";
            let mut update = store.db.prepare_cached(update)?;
            update.execute(params![int(batch.before), int(batch.last)]).tried("mark what is sent").map(drop)
        })
    }

    /// How many ops wait to be judged.
    pub(crate) fn waiting(&self) -> Result<u64> {
        let query = "SELECT count(*) FROM op WHERE state IN ('new', 'sent', 'held', 'fork')";
        self.db.prepare_cached(query)?.query_row([], |row| row.get(0)).map(uint).tried("count what is pending")
    }

    /// Ops that were sent without an answer.
    pub(super) fn unanswered(&self) -> Result<Vec<OpId>> {
        let query = "SELECT id FROM op WHERE state IN ('new', 'sent', 'held', 'fork') AND state = 'sent' \
                     ORDER BY n LIMIT 500";
        let mut query = self.db.prepare_cached(query)?;
        let ids = query.query_map([], |row| row.get(0).map(op_id))?;
        ids.collect::<rusqlite::Result<_>>().tried("read what was sent")
    }

    /// Takes one verdict per op of `ids`.
    pub(crate) fn take_verdicts(&self, ids: &[OpId], verdicts: Vec<Verdict>, offset: i64) -> Result<Tally> {
        self.whole(|store| {
            let mut tally = Tally::default();
            let mut touched = Vec::new();
            for (id, verdict) in ids.iter().zip(verdicts) {
                touched.extend(store.take_verdict(*id, verdict, &mut tally)?);
            }
            touched.extend(store.close_covered()?);
            for id in touched {
                store.refresh(id)?;
            }
            if let Some(why) = tally.again {
                store.set_again(why)?;
            }
            store.set_offset(offset)?;
            Ok(tally)
        })
    }

    fn take_verdict(&self, id: OpId, verdict: Verdict, tally: &mut Tally) -> Result<Option<EntityId>> {
        match verdict {
            Verdict::Held { missing } => {
                tally.held += 1;
                if missing.iter().any(|what| what == "device:revoked") {
                    tally.again = Some(EnrolAgain::Revoked);
                }
                let entity = self.mark(id, "held", None, Some(&missing.join(", ")), None)?;
                tally.said_anew += u64::from(self.under_new_login(id, &missing)?);
                self.dismiss_orphan(id)?;
                Ok(entity)
            }
            Verdict::Fork => {
                tally.again = Some(EnrolAgain::Fork);
                self.mark(id, "fork", None, None, None)
            }
            Verdict::Unreadable { code, detail } => self.give_up(id, &code, &detail, tally),
            Verdict::Duplicate { original } => {
                tally.duplicates += 1;
                self.settle(id, original, tally)
            }
            Verdict::Accepted { index } => self.settle(id, Final::Accepted { index }, tally),
            Verdict::Conflict { index, task } => self.settle(id, Final::Conflict { index, task }, tally),
            Verdict::Refused { index, code, detail } => self.settle(id, Final::Refused { index, code, detail }, tally),
        }
    }

    /// A ledger that was restored from a backup may have lost the login under which an op was recorded.
    /// When the same person is signed in here by another, the op is said again under that one. True
    /// when it was.
    fn under_new_login(&self, id: OpId, missing: &[String]) -> Result<bool> {
        let Some(author) = self.author_of(id)? else { return Ok(false) };
        if !missing.iter().any(|what| *what == format!("entity:{}", author.session)) {
            return Ok(false);
        }
        let good = |login: &super::Login| login.user == author.user && login.session != author.session;
        let Some(login) = self.able_logins()?.into_iter().find(good) else { return Ok(false) };
        let n = self.db.query_row("SELECT n FROM op WHERE id = ?", [id.0.as_bytes()], |row| row.get(0).map(uint));
        self.say_anew(n.tried("say an op again")?, Some(login.session))?;
        Ok(true)
    }

    /// The server cannot read the op: it leaves the view and waits for a person.
    pub(crate) fn give_up(&self, id: OpId, code: &str, detail: &str, tally: &mut Tally) -> Result<Option<EntityId>> {
        tally.unreadable += 1;
        self.mark(id, "unreadable", Some(code), Some(detail), None)
    }

    /// Takes a final verdict about an op that has none yet; gives the entity to be shown anew.
    pub(super) fn settle(&self, id: OpId, verdict: Final, tally: &mut Tally) -> Result<Option<EntityId>> {
        let index = verdict.index();
        let (state, code, detail) = match verdict {
            Final::Accepted { .. } => ("accepted", None, None),
            Final::Conflict { .. } => ("conflict", None, None),
            Final::Refused { code, detail, .. } => ("refused", Some(code), Some(detail)),
        };
        let code = code.as_ref().map(|code| code.as_str());
        let entity = self.mark(id, state, code, detail.as_deref(), Some(index))?;
        if entity.is_some() {
            match state {
                "accepted" => tally.accepted += 1,
                "conflict" => tally.conflicts += 1,
                _ => tally.refused += 1,
            }
        }
        // What counts stays in the replay until its row is here, so what is shown does not change.
        Ok(entity.filter(|_| state == "refused"))
    }

    /// Gives the op a new state, and the ledger index of a final one, unless it has a final one.
    fn mark(
        &self,
        id: OpId,
        state: &str,
        code: Option<&str>,
        detail: Option<&str>,
        index: Option<u64>,
    ) -> Result<Option<EntityId>> {
        let mut update = self.db.prepare_cached(include_str!("mark.sql"))?;
        let row = params![state, code, detail, id.0.as_bytes(), index.map(int)];
        update.query_row(row, |row| row.get(0).map(entity_id)).optional().tried("keep a verdict")
    }

    /// Takes ops whose result the rows now show out of the replay; gives what to show anew.
    pub(super) fn close_covered(&self) -> Result<Vec<EntityId>> {
        let mut update = self.db.prepare_cached(include_str!("close_covered.sql"))?;
        let ids = update.query_map([int(self.bound()?)], |row| row.get(0).map(entity_id))?;
        ids.collect::<rusqlite::Result<_>>().tried("close what has arrived")
    }
}

impl Store {
    /// [`Store::give_up`] in a transaction of its own.
    pub(crate) fn abandon(&self, id: OpId, code: &str, detail: &str, tally: &mut Tally) -> Result<()> {
        self.whole(|store| {
            if let Some(entity) = store.give_up(id, code, detail, tally)? {
                store.refresh(entity)?;
            }
            Ok(())
        })
    }
}
