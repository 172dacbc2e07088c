//! What was told, held against what the server says to a phone that begins with nothing.

use serde::Serialize;
use serde_json::{Value, json};
use xuncha_core::notebook::{ListPage, Notebook};

use crate::cli::Failure;

/// What the story counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Told {
    /// Findings recorded.
    pub(super) findings: usize,
    /// Those of them that were fixed on the spot.
    pub(super) fixed_on_the_spot: usize,
    /// Those that were rectified and closed.
    pub(super) closed: usize,
    /// Notices on which everything is closed.
    pub(super) notices_closed: usize,
    /// Photos taken.
    pub(super) photos: usize,
    /// Photos whose originals the ledger keeps.
    pub(super) sealed: usize,
    /// Inspections finished.
    pub(super) inspections: usize,
    /// What they come to in hundredths of a point.
    pub(super) points: u64,
    /// Tasks done.
    pub(super) tasks_done: usize,
    /// Tasks still open.
    pub(super) tasks_open: usize,
    /// Findings with a field in conflict.
    pub(super) conflicts: usize,
}

impl Told {
    /// The same counts, as a phone that shows the whole city has them.
    pub(super) fn by(phone: &Notebook) -> Result<Told, Failure> {
        let mut told = Told::default();
        let mut page = ListPage { after: None, limit: 500 };
        loop {
            let listed = phone.list(page)?;
            let Some(last) = listed.last() else { break };
            page.after = Some(last.key);
            for one in &listed {
                told.findings += 1;
                told.fixed_on_the_spot += usize::from(one.finding.status == "fixed_on_the_spot");
                told.closed += usize::from(one.finding.status == "closed");
                told.photos += one.evidence.expected;
                told.sealed += one.evidence.originals;
                told.conflicts += usize::from(!one.finding.conflicts.is_empty());
            }
        }
        told.notices_closed = phone.notices()?.iter().filter(|notice| notice.status == "closed").count();
        for visit in phone.inspections(false)?.iter().filter(|visit| visit.status == "finished") {
            told.inspections += 1;
            told.points += visit.points.unwrap_or(0);
        }
        for task in phone.tasks(false)? {
            told.tasks_done += usize::from(task.status == "done");
            told.tasks_open += usize::from(task.status == "open");
        }
        Ok(told)
    }

    /// Name by name, what was told and what the server says.
    pub(super) fn beside(&self, server: &Told) -> Vec<(String, Value, Value)> {
        let (told, said) = (json!(self), json!(server));
        let names = told.as_object().into_iter().flatten().map(|(name, _)| name.clone());
        names.map(|name| (name.clone(), told[&name].clone(), said[&name].clone())).collect()
    }
}
