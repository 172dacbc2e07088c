//! What came back: ops that were refused, correcting them, and ops that still wait.

use serde::Serialize;
use serde_json::{Map, Value};

use super::Notebook;
use super::photo::{SealedPhoto, blobs_of, promise, with_photos};
use super::record::{finding_of, raw, real_figures};
use crate::model::{Code, EntityId, FindingDraft, OpId};
use crate::op::Op;
use crate::plan::is_set;
use crate::store::{OpLine, Saying, unreadable};
use crate::{Error, Result};

/// An op that was refused or that the server cannot read; it waits for a person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RefusedOp {
    /// The op.
    pub op: OpId,
    /// What it is about.
    pub finding: EntityId,
    /// What it tried, such as `finding.amend`.
    pub kind: String,
    /// Why it was refused.
    pub code: Code,
    /// For people; names the field where there is one.
    pub detail: String,
    /// Ledger index of the refusal; absent when the server could not even read it.
    pub index: Option<u64>,
    /// What was said.
    pub body: Map<String, Value>,
}

/// An op that is not judged yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WaitingOp {
    /// The op.
    pub op: OpId,
    /// What it is about.
    pub finding: EntityId,
    /// What it does, such as `finding.record`.
    pub kind: String,
    /// `new`, `sent` (no answer known), `held` (the server misses something), `fork`.
    pub state: String,
    /// For `held`, what is missing.
    pub missing: Vec<String>,
}

impl Notebook {
    /// Ops that were refused, in the order they were said, until somebody corrects or dismisses them.
    ///
    /// # Errors
    /// [`Error::Storage`] when they cannot be read.
    pub fn refused(&self) -> Result<Vec<RefusedOp>> {
        let read = |line: OpLine| {
            Ok(RefusedOp {
                body: parse(&line)?.body.into_iter().collect(),
                op: line.id,
                finding: line.entity,
                kind: line.kind,
                code: Code::from(line.code.unwrap_or_default()),
                detail: line.detail.unwrap_or_default(),
                index: line.index,
            })
        };
        self.read(|store| store.refused_ops())?.into_iter().map(read).collect()
    }

    /// Ops that are not judged yet, in the order they were said.
    ///
    /// # Errors
    /// [`Error::Storage`] when they cannot be read.
    pub fn waiting(&self) -> Result<Vec<WaitingOp>> {
        let read = |line: OpLine| WaitingOp {
            op: line.id,
            finding: line.entity,
            kind: line.kind,
            missing: match line.detail {
                Some(missing) if line.state == "held" => missing.split(", ").map(str::to_owned).collect(),
                _ => Vec::new(),
            },
            state: line.state,
        };
        Ok(self.read(|store| store.waiting_ops())?.into_iter().map(read).collect())
    }

    /// Says a refused op anew, with what `draft` sets laid over what it said. The refused op is kept,
    /// and leaves [`Notebook::refused`]; a finding keeps its id, and what was said about it since
    /// counts once the correction does.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not a refused op, [`Error::Invalid`] when the correction is
    /// not right either, or the op is a decision that must be made anew instead. Nothing changed.
    pub fn correct(&self, refused: OpId, draft: FindingDraft) -> Result<OpId> {
        self.correct_with_photos(refused, draft, vec![])
    }

    /// [`Notebook::correct`], with more photos. Those of the refused op stay.
    ///
    /// # Errors
    /// As [`Notebook::correct`] and [`Notebook::record_with_photos`].
    pub fn correct_with_photos(
        &self,
        refused: OpId,
        mut draft: FindingDraft,
        photos: Vec<SealedPhoto>,
    ) -> Result<OpId> {
        with_photos(&mut draft, &photos);
        real_figures(&draft)?;
        self.change_with(&photos, |store| {
            let line = store.refused_op(refused)?.ok_or_else(|| not_found(refused))?;
            let old = parse(&line)?;
            let id = OpId(self.host().uuid());
            let (entity, from) = match line.kind.as_str() {
                "finding.record" | "finding.amend" => (line.entity, None),
                "finding.void" => (line.entity, finding_of(store, line.entity)?.text("status").map(str::to_owned)),
                other => {
                    let detail = format!("{other} is a decision: make it anew");
                    return Err(Error::Invalid { field: "kind".into(), detail });
                }
            };
            let (mut body, mut blobs): (Map<String, Value>, _) = (old.body.into_iter().collect(), old.blobs);
            if line.kind == "finding.record" {
                // What was said since is older than the correction and would be overtaken by it.
                for later in store.open_ops(line.entity)? {
                    let later = Op::parse(&later).map_err(|error| unreadable("op", error))?;
                    if later.kind == "finding.amend" {
                        body = overlaid(&line.kind, body, later.body.into_iter().collect());
                        blobs.extend(later.blobs);
                    }
                }
            }
            for blob in blobs_of(&photos) {
                if !blobs.contains(&blob) {
                    blobs.push(blob);
                }
            }
            let seen = draft.seen;
            let draft = serde_json::to_value(&draft).map_err(|error| unreadable("draft", error))?;
            let body = raw(&overlaid(&line.kind, body, draft.as_object().cloned().unwrap_or_default()))?;
            let supersedes = Some(refused);
            store.say_on(Saying { id, kind: &line.kind, entity, body, from, blobs, supersedes }, seen)?;
            store.dealt_with(refused, "corrected")?;
            store.promise_anew(refused, id)?;
            promise(store, entity, id, &photos)?;
            Ok(id)
        })
    }

    /// Puts a refused op aside without a correction; it is kept, and leaves [`Notebook::refused`].
    /// With a finding that was never recorded goes what was said about it since.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not a refused op.
    pub fn dismiss(&self, refused: OpId) -> Result<()> {
        let dismissed = self.change(|store| store.dealt_with(refused, "dismissed"))?;
        if dismissed { Ok(()) } else { Err(not_found(refused)) }
    }
}

/// `over` laid over `body` of an op of `kind`: sets member by member, everything else as a whole.
fn overlaid(kind: &str, mut body: Map<String, Value>, over: Map<String, Value>) -> Map<String, Value> {
    for (name, value) in over {
        let joins = is_set(kind, &name);
        match (body.get_mut(&name), value) {
            (Some(Value::Object(old)), Value::Object(new)) if joins => old.extend(new),
            (_, value) => drop(body.insert(name, value)),
        }
    }
    body
}

fn parse(line: &OpLine) -> Result<Op> {
    Op::parse(&line.text).map_err(|error| unreadable("op", error))
}

fn not_found(op: OpId) -> Error {
    Error::NotFound { what: format!("refused op {op}") }
}
