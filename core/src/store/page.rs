//! One page of a pull, taken whole or not at all.

use std::collections::{BTreeSet, HashSet};

use super::put::Brief;
use super::scopes::Scopes;
use super::{Account, Store, Tally, Tried, entity_id};
use crate::model::EntityId;
use crate::op::Seen;
use crate::plan::Scope;
use crate::protocol::{PullReply, PullRequest, Row};
use crate::{Error, Result};

/// What a page brought.
#[derive(Debug, Default)]
pub(crate) struct PageTaken {
    /// What it said about ops of ours.
    pub(crate) tally: Tally,
    /// Rows that no scope shows any more.
    pub(crate) dropped: u64,
    /// Scopes whose checksum was not the server's.
    pub(crate) wrong: Vec<Scope>,
}

/// What changes while the rows of a page are stored.
struct Page<'a> {
    scopes: Scopes,
    names: &'a [Scope],
    /// Entities with open ops: only these need the law.
    open: HashSet<EntityId>,
    /// Entities to be shown anew at the end.
    touched: BTreeSet<EntityId>,
    /// Entities that lost a reason.
    left: Vec<EntityId>,
    /// A row came from which the views of others follow.
    depended: bool,
}

impl Store {
    /// The request for the next page.
    pub(crate) fn pull_request(&self, account: &Account, limit: Option<u32>) -> Result<PullRequest> {
        let mut request = PullRequest {
            cursor: account.cursor,
            seen: account.seen.clone(),
            open: self.unanswered()?,
            limit,
            ..PullRequest::default()
        };
        for (scope, followed) in self.scopes()?.iter() {
            match followed.next {
                None => request.joined.push(scope.clone()),
                Some(next) => drop(request.catching.insert(scope.clone(), next)),
            }
        }
        Ok(request)
    }

    /// Stores a page that was found to be believable. `seen`: the checkpoint it proved, if any.
    /// `again`: scopes whose checksum differs may be fetched anew.
    ///
    /// # Errors
    /// [`Error::Offline`] when the page does not fit together; [`Error::Busy`] when the notebook is
    /// being suspended. Either way nothing of it is stored.
    pub(crate) fn take_page(
        &self,
        reply: &PullReply,
        seen: Option<&Seen>,
        offset: i64,
        again: bool,
    ) -> Result<PageTaken> {
        self.whole(|store| store.take_page_in(reply, seen, offset, again))
    }

    /// [`Store::take_page`] inside [`Store::whole`].
    pub(super) fn take_page_in(
        &self,
        reply: &PullReply,
        seen: Option<&Seen>,
        offset: i64,
        again: bool,
    ) -> Result<PageTaken> {
        let mut page = Page {
            scopes: self.scopes()?,
            names: &reply.scopes,
            open: self.entities_open()?,
            touched: BTreeSet::new(),
            left: Vec::new(),
            depended: false,
        };
        for (at, row) in reply.rows.iter().enumerate() {
            if at % 64 == 0 {
                self.keep_going()?;
            }
            self.take_row(&mut page, row)?;
        }
        let Page { mut scopes, mut touched, mut left, open, depended, .. } = page;
        left.extend(scopes.follow(self, reply)?);
        let dropped = self.drop_rows(left, &mut touched)?;
        let wrong = if reply.more { Vec::new() } else { scopes.compare(self, reply, again)? };
        scopes.save(self)?;
        self.set_progress(reply.cursor, seen, reply.durable_size)?;
        let mut tally = Tally::default();
        for verdict in &reply.verdicts {
            touched.extend(self.settle(verdict.op, verdict.verdict.clone(), &mut tally)?);
        }
        touched.extend(self.close_covered()?);
        if depended {
            touched.extend(open);
        } else if !reply.rows.is_empty() {
            touched.extend(self.inspections_pending()?);
        }
        for (user, code) in &reply.signed_out {
            self.login_refused(*user, code)?;
        }
        for hash in &reply.missing {
            self.file_missing(hash)?;
        }
        for id in touched {
            self.refresh(id)?;
        }
        self.set_offset(offset)?;
        if !reply.more {
            self.set_synced(self.host.clock.wall())?;
        }
        Ok(PageTaken { tally, dropped, wrong })
    }

    fn take_row(&self, page: &mut Page<'_>, row: &Row) -> Result<()> {
        let mut scopes = Vec::with_capacity(row.scopes.len());
        for at in &row.scopes {
            let name = page.names.get(usize::from(*at)).ok_or_else(|| misfit("names a scope that is not listed"))?;
            scopes.push((name, page.scopes.number(self, name)?));
        }
        let Some(text) = row.row.as_ref().map(|raw| raw.get()) else {
            return self.take_gone(page, row.id, &scopes);
        };
        let brief = Brief::read(text).map_err(|_| misfit("holds a row that is not an entity"))?;
        if brief.id != row.id {
            return Err(misfit("holds a row under another id"));
        }
        if brief.kind == "area" {
            self.shapes.take();
        }
        // Areas, units and checklists of what is pending follow from these.
        page.depended |= matches!(&*brief.kind, "area" | "place" | "catalogue");
        let fresh = self.put_new_row(row.index, text, &brief)?;
        if fresh && page.open.contains(&row.id) {
            page.touched.insert(row.id);
        }
        let part = Row::sum(row.id, row.index, text);
        let mut newer = fresh;
        for (name, scope) in &scopes {
            let old = if fresh { None } else { self.part(row.id, *scope)? };
            // A scope fetched anew replaces what may be wrong, whatever its index says.
            newer |= old == Some(None);
            self.put_reason(row.id, *scope, part)?;
            page.scopes.change(name, |sum| sum.minus(old.flatten().unwrap_or_default()).plus(part));
        }
        if fresh {
            return Ok(());
        }
        let known = self.row_index(row.id)?;
        let fuller = scopes.iter().any(|(name, _)| name.shows_all());
        if newer || known.is_none_or(|known| row.index > known || (row.index == known && fuller)) {
            self.put_row(row.id, Some((row.index, text)))?;
            page.touched.insert(row.id);
        }
        Ok(())
    }

    fn take_gone(&self, page: &mut Page<'_>, id: EntityId, scopes: &[(&Scope, i64)]) -> Result<()> {
        for (name, scope) in scopes {
            if let Some(part) = self.part(id, *scope)? {
                self.drop_reason(id, *scope)?;
                page.scopes.change(name, |sum| sum.minus(part.unwrap_or_default()));
                page.left.push(id);
            }
        }
        Ok(())
    }

    /// Drops the rows of those that no scope shows any more; what their open ops show stays.
    fn drop_rows(&self, left: Vec<EntityId>, touched: &mut BTreeSet<EntityId>) -> Result<u64> {
        let mut dropped = 0;
        for id in left.into_iter().collect::<BTreeSet<_>>() {
            if !self.has_reason(id)? {
                self.put_row(id, None)?;
                self.shapes.take();
                touched.insert(id);
                dropped += 1;
            }
        }
        Ok(dropped)
    }

    pub(super) fn entities_open(&self) -> Result<HashSet<EntityId>> {
        let mut query = self.db.prepare_cached("SELECT DISTINCT entity FROM op WHERE open = 1")?;
        let ids = query.query_map([], |row| row.get(0).map(entity_id))?;
        ids.collect::<rusqlite::Result<_>>().tried("read what is pending")
    }
}

/// A reply that is no page is no reply.
fn misfit(what: &str) -> Error {
    Error::Offline { what: format!("the page {what}"), retry_after: None }
}
