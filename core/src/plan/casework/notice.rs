//! Steps of a notice (督办单).

use std::sync::Arc;

use serde_json::{Value, json};

use super::finding::{NOT_SENT, missed, reviewable};
use super::had::Had;
use super::on_notice::state_of;
use super::{Case, bad, counted, month_of, text, undisputed};
use crate::model::catalogue::Clock;
use crate::model::{Code, Entity, EntityId, Notice, Time, TimeLimit};
use crate::plan::{Ruling, face, refuse};

/// 签收: four working hours (our own figure, after city practice).
const SIGN: TimeLimit = TimeLimit { amount: 4, clock: Clock::WorkingHour };

impl Case<'_> {
    pub(super) fn notice(&mut self, entity: &Entity) -> Ruling<()> {
        let notice = Notice::from_entity(entity);
        match self.op.kind.as_str() {
            "notice.amend" if notice.status != "draft" => refuse(Code::StateChanged, &notice.status),
            "notice.amend" | "notice.draft" => self.drafted(),
            "notice.issue" => {
                undisputed(entity)?;
                self.issue(&notice)
            }
            "notice.sign" => {
                self.accepted.add("signed", text(self.now));
                Ok(())
            }
            "notice.withdraw" => {
                let all: Vec<_> = notice.open_findings().collect();
                self.take_off(&notice, &all);
                Ok(())
            }
            "notice.appeal" => self.appeal(&notice, entity),
            "notice.hear" => self.hear(&notice, entity),
            _ => Ok(()),
        }
    }

    /// What a draft may say: a level above the first repeats a notice.
    pub(super) fn drafted(&self) -> Ruling<()> {
        match self.said("level").and_then(Value::as_u64) {
            Some(0) => bad("level", "must be 1, 2 or 3"),
            Some(2 | 3) if self.op.kind == "notice.draft" && self.said("before").is_none() => {
                bad("before", "is missing: a second or third notice repeats one")
            }
            _ => Ok(()),
        }
    }

    /// 签发: it gets its number, the clocks begin, every finding on it moves, and the points are taken.
    fn issue(&mut self, notice: &Notice) -> Ruling<()> {
        let Some(unit) = notice.unit else { return bad("unit", "is missing") };
        self.can_be_sent_to(unit)?;
        let before = self.repeated(notice, unit)?;
        let findings = self.findings_of(notice, before.as_ref())?;
        let mut deadlines = Vec::new();
        for finding in &findings {
            let said = notice.limits.get(&finding.id).map(|limit| json!(limit));
            let limit = self.limit_of(finding, said.as_ref(), &format!("limits/{}", finding.id))?;
            let deadline = counted(self.office().deadline(self.now, limit, &[]))?;
            self.send(notice, unit, finding, limit, deadline);
            self.take_points(notice, unit, finding);
            self.accepted.add(&format!("deadlines/{}", finding.id), text(deadline));
            deadlines.push(Some(deadline));
        }
        let number = self.number()?;
        let sign_by = counted(self.office().deadline(self.now, SIGN, &[]))?;
        if let Some(before) = &before {
            self.repeat(before, notice);
        }
        let face =
            face::of(self.view, self.moment.ledger, self.op.user, notice, &number, self.now, &findings, &deadlines);
        self.accepted.add("number", number);
        self.accepted.add("issued", text(self.now));
        self.accepted.add("sign_by", text(sign_by));
        self.accepted.add("face", face);
        Ok(())
    }

    /// The notice that this one repeats: of the same unit, one level below, and still open.
    fn repeated(&self, notice: &Notice, unit: EntityId) -> Ruling<Option<Notice>> {
        let Some(before) = notice.before.and_then(|id| self.view.entity(id)) else {
            return if notice.level > 1 { bad("before", "is missing") } else { Ok(None) };
        };
        let before = Notice::from_entity(&before);
        if before.unit != Some(unit) {
            return bad("before", "is about another unit");
        }
        if before.level + 1 != notice.level {
            return bad("level", &format!("must be {}: one above the notice that it repeats", before.level + 1));
        }
        if before.appeal.is_some() && before.appeal_result.is_none() {
            return refuse(Code::StateChanged, "before: nobody has decided yet about the appeal against it");
        }
        match before.status.as_str() {
            "issued" | "signed_for" | "replied" | "returned" => Ok(Some(before)),
            other => refuse(Code::StateChanged, format!("before: is {other}")),
        }
    }

    /// The findings on it: filed and sent to nobody; on a repetition, unrectified ones of the notice before.
    fn findings_of(&self, notice: &Notice, before: Option<&Notice>) -> Ruling<Vec<Arc<Entity>>> {
        if notice.findings.is_empty() {
            return bad("findings", "are missing");
        }
        let mut findings = Vec::new();
        for id in &notice.findings {
            let Some(finding) = self.view.entity(*id) else { continue };
            let status = finding.text("status").unwrap_or_default();
            let name = format!("findings/{id}");
            let free = match before {
                None => status == "filed",
                Some(before) => {
                    matches!(status, "noticed" | "returned") && finding.reference("notice") == Some(before.id)
                }
            };
            if !free {
                return refuse(Code::StateChanged, format!("{name}: is {status}"));
            }
            undisputed(&finding)?;
            // What is on a notice was looked at then; a reply's picture that cannot be drawn keeps nobody from a second one.
            if before.is_none() {
                reviewable(&finding, &name)?;
            }
            findings.push(finding);
        }
        Ok(findings)
    }

    fn send(&mut self, notice: &Notice, unit: EntityId, finding: &Entity, limit: TimeLimit, deadline: Time) {
        let stays = |field: &str| matches!(field, "missed" | "exempt");
        for field in NOT_SENT.iter().filter(|field| !stays(field)) {
            self.accepted.tell(finding.id, field, Value::Null);
        }
        let had = Had::of(finding, unit);
        if let Some(missed) = missed(finding, self.now).or(had.missed) {
            self.accepted.tell(finding.id, "missed", text(missed));
        }
        if let Some(exempt) = had.exempt.filter(|_| finding.field("exempt").is_none()) {
            self.accepted.tell(finding.id, "exempt", exempt);
        }
        for (field, value) in [
            ("status", Value::from("noticed")),
            ("notice", Value::from(notice.id.to_string())),
            ("unit", Value::from(unit.to_string())),
            ("dispatched", text(self.now)),
            ("begun", text(self.now)),
            ("limit", json!(limit)),
            ("deadline", text(deadline)),
        ] {
            self.accepted.tell(finding.id, field, value);
        }
    }

    /// The next number of the year, without a gap: the register moves with the notice or not at all.
    fn number(&mut self) -> Ruling<String> {
        let year = self.today().year();
        let id = EntityId::of_register(self.moment.ledger, year);
        let register = self.view.entity(id);
        let last = register.as_ref().and_then(|register| register.field("last")?.as_u64()).unwrap_or(0);
        if register.is_none() {
            self.accepted.make(id, "register");
            self.accepted.tell(id, "status", "active");
            self.accepted.tell(id, "year", year);
        }
        self.accepted.tell(id, "last", last + 1);
        Ok(format!("督〔{year}〕第{:04}号", last + 1))
    }

    /// What a second notice takes over is no longer on the first, whose points stay taken.
    fn repeat(&mut self, before: &Notice, notice: &Notice) {
        for id in &notice.findings {
            self.accepted.tell(before.id, &format!("struck/{id}"), true);
        }
        self.accepted.tell(before.id, "next", notice.id.to_string());
        let left = self.states(before, |id| notice.findings.contains(&id), None);
        let next = if left.is_empty() { "repeated" } else { state_of(&left, before.signed.is_some()) };
        if next != before.status {
            self.accepted.tell(before.id, "status", next);
        }
    }

    /// Takes findings off the notice that the op is about: filed again, sent to nobody, and the points given back.
    fn take_off(&mut self, notice: &Notice, findings: &[EntityId]) {
        for id in findings {
            self.accepted.add(&format!("struck/{id}"), true);
            // What the notice took for it.
            self.set_off(of_notice(notice.id, *id));
            let finding = self.view.entity(*id);
            let closed = finding.as_ref().is_none_or(|finding| finding.text("status") == Some("closed"));
            // What is rectified stays so.
            if let Some(finding) = finding.filter(|_| !closed) {
                self.accepted.tell(*id, "status", "filed");
                if let Some(unit) = finding.reference("unit") {
                    self.accepted.tell(*id, &format!("had/{unit}"), json!(self.had_until_now(&finding)));
                }
            }
            for field in NOT_SENT.iter().filter(|field| !closed || **field == "notice") {
                self.accepted.tell(*id, field, Value::Null);
            }
        }
    }

    /// Once for each notice, about all of it or some of its findings.
    fn appeal(&mut self, notice: &Notice, entity: &Entity) -> Ruling<()> {
        if entity.field("appealed").is_some() {
            return refuse(Code::AppealedBefore, notice.number.clone().unwrap_or_default());
        }
        let of = self.said("appeal_of").and_then(Value::as_object).into_iter().flatten();
        let open: Vec<_> = notice.open_findings().map(|id| id.to_string()).collect();
        if let Some((id, _)) = of.into_iter().find(|(id, _)| !open.contains(id)) {
            return bad(&format!("appeal_of/{id}"), "is not on the notice");
        }
        self.accepted.add("appealed", text(self.now));
        Ok(())
    }

    /// Two people must say the same. Where they do not, a third decides.
    fn hear(&mut self, notice: &Notice, entity: &Entity) -> Ruling<()> {
        if entity.field("appealed").is_none() || notice.appeal_result.is_some() {
            let what = if notice.appeal_result.is_some() { "the appeal is decided" } else { "nobody appeals" };
            return refuse(Code::StateChanged, what);
        }
        let says = self.said_text("says").unwrap_or_default().to_owned();
        let who = self.op.user.map_or_else(|| "ledger".to_owned(), |user| user.to_string());
        let vote = json!({ "says": says, "because": self.said_text("because"), "at": self.now });
        self.accepted.add(&format!("votes/{who}"), vote);
        let same = |(_, vote): &(&str, &Value)| vote.get("says").and_then(Value::as_str) == Some(&says);
        if entity.members("votes").filter(same).count() == 0 {
            return Ok(());
        }
        self.accepted.add("heard", text(self.now));
        self.accepted.add("appeal_result", if says == "grant" { "granted" } else { "rejected" });
        if says == "grant" {
            let named: Vec<EntityId> = entity.members("appeal_of").filter_map(|(id, _)| id.parse().ok()).collect();
            let meant = |id: &EntityId| named.is_empty() || named.contains(id);
            let off: Vec<_> = notice.open_findings().filter(meant).collect();
            self.take_off(notice, &off);
            let left = self.states(notice, |id| off.contains(&id), None);
            self.accepted.add("status", state_of(&left, notice.signed.is_some()));
        }
        Ok(())
    }

    fn take_points(&mut self, notice: &Notice, unit: EntityId, finding: &Entity) {
        let Some(points) = notice.points.get(&finding.id).filter(|points| **points > 0) else { return };
        let id = of_notice(notice.id, finding.id);
        let month = month_of(self.view, self.moment, self.today());
        let (action, version) = self.action_of(finding);
        self.accepted.make(id, "deduction");
        for (field, value) in [
            ("status", Value::from("active")),
            ("unit", Value::from(unit.to_string())),
            ("finding", Value::from(finding.id.to_string())),
            ("notice", Value::from(notice.id.to_string())),
            ("rule", Value::from("notice")),
            ("rule_version", version),
            ("action", action),
            ("points", Value::from(*points)),
            ("month", Value::from(month)),
        ] {
            self.accepted.tell(id, field, value);
        }
    }
}

fn of_notice(notice: EntityId, finding: EntityId) -> EntityId {
    notice.following(&format!("deduction:{finding}"))
}
