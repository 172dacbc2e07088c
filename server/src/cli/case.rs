//! `xuncha case`: what reviewers, dispatchers and supervisors decide, said at the command line in somebody's name.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};
use xuncha_core::model::{Deduction, Entity, EntityId, Finding, Notice};
use xuncha_core::op::check_json;
use xuncha_core::plan::standing;

use super::Failure;
use super::folder::{Folder, Place};
use super::print::Printer;
use super::standing::Standings;
use crate::casework::{DeskOp, counts_returns, return_to_charge};

#[derive(Debug, Args)]
pub(super) struct Case {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List findings that were sent somewhere or wait for it, notices, or deductions.
    List {
        /// `finding`, `notice`, `deduction`.
        #[arg(value_parser = ["finding", "notice", "deduction"], default_value = "finding")]
        what: String,
        /// Only those in this state.
        #[arg(long)]
        status: Option<String>,
    },
    /// Count cases that are on time, late and overdue.
    Standing(Standings),
    /// Take a step, such as `finding.file`, `notice.draft`, `notice.issue`; merge-rules.md lists them all.
    Say(Say),
}

#[derive(Debug, Args)]
struct Say {
    /// What happens.
    kind: String,
    /// The finding or notice that it is about; none where it makes one.
    id: Option<EntityId>,
    /// Name or id of the user who says it.
    #[arg(long = "as", value_name = "USER")]
    user: String,
    /// What is said, as a JSON object.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    body: String,
}

impl Case {
    pub(super) fn run(self, printer: &Printer) -> Result<ExitCode, Failure> {
        let folder = Folder::open(&self.place)?;
        match self.command {
            Command::List { what, status } => list(&folder, printer, &what, status.as_deref())?,
            Command::Standing(standings) => standings.run(&folder, printer)?,
            Command::Say(say) => say.run(&folder, printer)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Say {
    fn run(self, folder: &Folder, printer: &Printer) -> Result<(), Failure> {
        let bad = |field: &str, detail: String| Failure::new("bad_field", format!("{field}: {detail}"));
        let body: Value = serde_json::from_str(&self.body).map_err(|error| bad("body", error.to_string()))?;
        check_json(&self.body).map_err(|error| bad("body", error.detail))?;
        if !body.is_object() {
            return Err(bad("body", "must be an object".into()));
        }
        let user = folder.find_named("user", &self.user)?.id;
        let named = counts_returns(&self.kind, &body).map(|finding| folder.entity(finding)).transpose()?.flatten();
        let returns = match &named {
            Some(finding) => return_to_charge(finding, &[], |id| folder.entity(id))?,
            None => 0,
        };
        let op = DeskOp::saying(&folder.host, folder.ledger, user, &self.kind, self.id, body, returns)
            .map_err(|(field, detail)| bad(if field == "entity" { "id" } else { field }, detail))?;
        folder.append_items(&[op.write(folder.ledger, &folder.host)])?;
        let entity = folder.entity(op.entity)?.ok_or_else(|| Failure::new("not_found", op.entity))?;
        let (value, text) = line(folder, &entity);
        printer.say(&value, text);
        Ok(())
    }
}

fn list(folder: &Folder, printer: &Printer, what: &str, status: Option<&str>) -> Result<(), Failure> {
    folder.each(what, |entity| {
        if status.is_none_or(|status| entity.text("status") == Some(status)) {
            let (value, text) = line(folder, entity);
            printer.say(&value, text);
        }
    })
}

fn line(folder: &Folder, entity: &Entity) -> (Value, String) {
    let status = entity.text("status").unwrap_or_default();
    match entity.kind.as_str() {
        "notice" => {
            let notice = Notice::from_entity(entity);
            let number = notice.number.clone().unwrap_or_else(|| "-".into());
            let text = format!("{}  {status}  {number}  {} findings", notice.id, notice.findings.len());
            (json!(notice), text)
        }
        "deduction" => {
            let row = Deduction::from_entity(entity);
            let text = format!("{}  {}  {}  {}", row.id, row.month, row.points, row.rule);
            (json!(row), text)
        }
        _ => {
            let standing = standing(entity, folder.host.clock.wall());
            let deadline = entity.text("deadline").unwrap_or("-");
            let item = entity.text("item").unwrap_or("-");
            let mut value = json!(Finding::from_entity(entity));
            for field in
                ["unit", "person", "deadline", "notice", "reply", "rework", "wanted", "suspended", "exempt", "source"]
            {
                if let Some(known) = entity.field(field) {
                    value[field] = known.clone();
                }
            }
            value["standing"] = json!(standing);
            let shown = json!(standing);
            let shown = shown.as_str().unwrap_or_default();
            (value, format!("{}  {status}  {item}  {deadline}  {shown}", entity.id))
        }
    }
}
