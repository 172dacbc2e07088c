//! What a finding costs a unit (扣分): rows that are added and never changed.

use serde_json::Value;

use super::super::answers::count_of;
use super::super::items::catalogue_of;
use super::had::Had;
use super::standing::{Standing, standing};
use super::{Case, bad, duty, month_of};
use crate::model::catalogue::Catalogue;
use crate::model::{Code, Entity, EntityId};
use crate::plan::{Ruling, refuse};

impl Case<'_> {
    pub(super) fn deduction(&mut self) -> Ruling<()> {
        match self.op.kind.as_str() {
            "deduction.return" => self.given_back(),
            _ => self.taken(),
        }
    }

    /// A row that a rule asks for, or that somebody sets by hand (`special`).
    fn taken(&mut self) -> Ruling<()> {
        let finding = self.said_id("finding").and_then(|id| self.view.entity(id));
        let rule = self.said_text("rule").unwrap_or_default().to_owned();
        let bears = finding.as_deref().and_then(|finding| self.bears(finding, &rule));
        let unit = self.said_id("unit").or(bears);
        let Some(unit) = unit else { return bad("unit", "is missing, and the finding was sent to none") };
        let (mut action, mut version) = (self.said("action").cloned().unwrap_or_default(), Value::Null);
        if let Some(finding) = &finding {
            (action, version) = self.action_of(finding);
        }
        self.of_own_action(&action)?;
        duty::check_about(self.view, self.op, Some(unit))?;
        if rule == "special" {
            if self.said("points").and_then(Value::as_u64).unwrap_or(0) == 0 || self.said("reason").is_none() {
                return bad("points", "and reason are needed where no rule says how many");
            }
        } else {
            if self.said("points").is_some() {
                return bad("points", "follow from the rule");
            }
            let Some(finding) = finding else { return bad("finding", "is missing") };
            // A rule costs the unit that the finding was sent to, and nobody else.
            match bears {
                Some(sent) if sent == unit => {}
                Some(_) => return bad("unit", "is not the one that the finding was sent to"),
                None => return bad("finding", "is sent to nobody"),
            }
            let before = Some(unit) != finding.reference("unit");
            let points = self.worth(&finding, &rule, before)?;
            self.accepted.add("points", points);
        }
        let month = month_of(self.view, self.moment, self.today());
        self.accepted.add("unit", unit.to_string());
        self.accepted.add("month", month);
        self.accepted.add("action", action);
        self.accepted.add("rule_version", version);
        Ok(())
    }

    /// The unit that a rule costs: the one that the finding was sent to. What another one did that had it before costs that one,
    /// wherever the finding is now: a return, what it missed, and, where it is named, what it falsified.
    fn bears(&self, finding: &Entity, rule: &str) -> Option<EntityId> {
        let has = finding.reference("unit");
        let named = self.said_id("unit").filter(|named| Some(*named) != has);
        let did = |named: &EntityId| match rule {
            "overdue" => Had::of(finding, *named).is_late(),
            "falsified" => finding.members("reworked").any(|(_, unit)| unit.as_str() == Some(&*named.to_string())),
            _ => false,
        };
        self.returned_by(finding, rule).or(named.filter(did)).or(has)
    }

    /// The unit that had the finding at the return that the row is about.
    fn returned_by(&self, finding: &Entity, rule: &str) -> Option<EntityId> {
        let returned = finding
            .members("reworked")
            .filter(|_| rule == "rework")
            .find(|(time, _)| time.parse().is_ok_and(|time| deduction_id(finding.id, rule, time) == self.op.entity));
        returned.and_then(|(_, unit)| unit.as_str()?.parse().ok())
    }

    /// What a rule comes to for a finding, in hundredths. A rule is applied to a finding once, and rework once each time: the row's id
    /// says so.
    ///
    /// `before`: it is about a unit that had the finding before, and is known to have missed its deadline where that is the rule.
    fn worth(&self, finding: &Entity, rule: &str, before: bool) -> Ruling<u64> {
        let rework = finding.field("rework").and_then(Value::as_u64).unwrap_or(0);
        // Whoever scores may come to it when it has been returned again: each time costs, in whatever order.
        let mut times = if rule == "rework" { rework.min(1)..=rework } else { 0..=0 };
        if !times.any(|time| self.op.entity == deduction_id(finding.id, rule, time)) {
            return bad("entity", &format!("is not the id that follows from the finding by {rule}"));
        }
        let catalogue = finding.reference("catalogue").and_then(|id| catalogue_of(self.view, id));
        let rules = catalogue.as_deref().map(|catalogue| catalogue.deductions).unwrap_or_default();
        let base = catalogue.as_deref().map_or(0, |catalogue| base_points(catalogue, finding));
        let late = matches!(standing(finding, self.now), Standing::Overdue | Standing::Late);
        let late = late || finding.field("missed").is_some();
        match rule {
            "overdue" if before => Ok(base * u64::from(rules.overdue) / 100),
            "overdue" if !late => bad("rule", "the finding is not late"),
            "overdue" if finding.field("deadline").is_none() => bad("rule", "the deadline is another register's claim"),
            "overdue" if finding.field("exempt").is_some() => bad("rule", "the finding is exempt"),
            "rework" if rework == 0 => bad("rule", "the finding never came back"),
            "overdue" => Ok(base * u64::from(rules.overdue) / 100),
            "repeat" => Ok(base * u64::from(rules.repeat) / 100),
            "rework" => Ok(rules.rework.into()),
            "falsified" => Ok(rules.falsified.into()),
            _ => Ok(base),
        }
    }

    /// Who scores some actions only, scores only those.
    fn of_own_action(&self, action: &Value) -> Ruling<()> {
        let Some(user) = self.op.user.and_then(|user| self.view.entity(user)) else { return Ok(()) };
        let mut own = user.members("actions").map(|(action, _)| action).peekable();
        let said = action.as_str();
        if own.peek().is_none() || own.any(|own| Some(own) == said) {
            return Ok(());
        }
        refuse(Code::NotAllowed, format!("action: {} is another organiser's", said.unwrap_or("none")))
    }

    /// Sets a row off by another; each once.
    fn given_back(&mut self) -> Ruling<()> {
        let Some(taken) = self.said_id("of").and_then(|id| self.view.entity(id)) else { return Ok(()) };
        if self.op.entity != taken.id.following("return") {
            return bad("entity", "is not the id that follows from the row");
        }
        duty::check_about(self.view, self.op, taken.reference("unit"))?;
        if taken.field("of").is_some() {
            return bad("of", "is itself a row that gives points back");
        }
        self.of_own_action(taken.field("action").unwrap_or(&Value::Null))?;
        let row = self.compensating(&taken);
        row.into_iter()
            .filter(|(field, _)| *field != "status")
            .for_each(|(field, value)| self.accepted.add(field, value));
        Ok(())
    }

    /// Sets off what rules took for `finding`, each once; nobody gives their own unit anything back so.
    pub(super) fn give_rows_back(&mut self, finding: &Entity) -> Ruling<()> {
        let rework = finding.field("rework").and_then(Value::as_u64).unwrap_or(0);
        let once = ["found", "overdue", "repeat", "falsified"].map(|rule| deduction_id(finding.id, rule, 0));
        let times = (1..=rework).map(|time| deduction_id(finding.id, "rework", time));
        for id in once.into_iter().chain(times) {
            if let Some(row) = self.view.entity(id) {
                duty::check_about(self.view, self.op, row.reference("unit"))?;
            }
            self.set_off(id);
        }
        Ok(())
    }

    /// Adds the row that sets off the one called `id`, if there is one and nobody has set it off.
    pub(super) fn set_off(&mut self, id: EntityId) {
        let Some(taken) = self.view.entity(id) else { return };
        let id = taken.id.following("return");
        if self.view.entity(id).is_some() {
            return;
        }
        let row = self.compensating(&taken);
        self.accepted.make(id, "deduction");
        for (field, value) in row {
            self.accepted.tell(id, field, value);
        }
    }

    /// The row that sets `taken` off, in the month in which it is said.
    pub(super) fn compensating(&self, taken: &Entity) -> Vec<(&'static str, Value)> {
        let points = taken.field("points").and_then(Value::as_i64).unwrap_or(0);
        let same = |field: &str| taken.field(field).cloned().unwrap_or_default();
        vec![
            ("status", Value::from("active")),
            ("of", Value::from(taken.id.to_string())),
            ("rule", Value::from("return")),
            ("unit", same("unit")),
            ("finding", same("finding")),
            ("notice", same("notice")),
            ("action", same("action")),
            ("rule_version", same("rule_version")),
            ("points", Value::from(-points)),
            ("month", Value::from(month_of(self.view, self.moment, self.today()))),
        ]
    }

    /// The action that a finding counts in, and the version of the rules: those of the catalogue that it names.
    pub(super) fn action_of(&self, finding: &Entity) -> (Value, Value) {
        let catalogue = finding.reference("catalogue").and_then(|id| catalogue_of(self.view, id));
        let Some(catalogue) = catalogue else { return (Value::Null, Value::Null) };
        let action = finding.text("item").and_then(|item| catalogue.action_of(item));
        (action.map_or(Value::Null, |action| Value::from(action.id.as_str())), Value::from(catalogue.version.as_str()))
    }
}

/// What a finding costs by its item: for each that it counts, up to the cap.
fn base_points(catalogue: &Catalogue, finding: &Entity) -> u64 {
    let Some(item) = finding.text("item").and_then(|id| catalogue.item(id)) else { return 0 };
    let count = finding.field("values/count").and_then(count_of).unwrap_or(1);
    let times = if item.points.by_count { count } else { 1 };
    let cap = item.points.cap.map_or(u64::MAX, u64::from);
    u64::from(item.points.each).saturating_mul(times).min(cap)
}

/// Id of the row by which `rule` is applied to `finding`; `rework` says how often it came back.
pub fn deduction_id(finding: EntityId, rule: &str, rework: u64) -> EntityId {
    match rule {
        "rework" => finding.following(&format!("deduction:rework:{rework}")),
        rule => finding.following(&format!("deduction:{rule}")),
    }
}
