//! What follows a finding: review, dispatch, notices, deductions.
//!
//! The table of kinds says which step leads where. What else must hold for it, what it moves besides its root, and the
//! times and numbers that the server adds, is here. A phone previews the step alone: it has no received time, and the
//! rest is the server's to add.

mod deduction;
mod duty;
mod finding;
mod had;
mod notice;
mod on_notice;
mod overdue;
mod standing;

pub use deduction::deduction_id;
pub(super) use duty::objection;
pub use overdue::{overdue_field, overdue_id};
pub use standing::{Standing, standing};

use jiff::civil::Date;
use serde_json::Value;

use super::calendar::{NoCalendar, Office};
use super::kind::KindLaw;
use super::{Accepted, Moment, Ruling, View, refuse};
use crate::model::{Code, Entity, EntityId, Time};
use crate::op::Op;

/// One op of casework while it is judged.
struct Case<'a> {
    view: &'a dyn View,
    moment: &'a Moment,
    op: &'a Op,
    /// When it was received.
    now: Time,
    accepted: &'a mut Accepted,
}

/// What else must hold for `op`, and what follows from it.
pub(super) fn judge(
    view: &dyn View,
    moment: &Moment,
    law: &KindLaw,
    op: &Op,
    entity: Option<&Entity>,
    accepted: &mut Accepted,
) -> Ruling<()> {
    let Some(now) = moment.received else { return Ok(()) };
    let mut case = Case { view, moment, op, now, accepted };
    match (law.of, entity) {
        ("finding", Some(finding)) => {
            duty::check(view, op, finding)?;
            case.finding(finding)
        }
        ("finding", None) if law.kind == "finding.import" => case.taken_over(),
        ("notice", Some(notice)) => {
            duty::check(view, op, notice)?;
            case.notice(notice)
        }
        ("notice", None) => case.drafted(),
        ("deduction", None) => case.deduction(),
        ("calendar", calendar) => case.calendar(calendar),
        _ => Ok(()),
    }
}

impl Case<'_> {
    fn office(&self) -> Office<'_> {
        Office::of(self.view, self.moment.ledger)
    }

    /// The day in the city on which the op was received.
    fn today(&self) -> Date {
        self.office().day_at(self.now)
    }

    fn said(&self, name: &str) -> Option<&Value> {
        self.op.body.get(name).filter(|value| !value.is_null())
    }

    fn said_text(&self, name: &str) -> Option<&str> {
        self.said(name).and_then(Value::as_str)
    }

    fn said_id(&self, name: &str) -> Option<EntityId> {
        self.said_text(name).and_then(|text| text.parse().ok())
    }

    fn said_time(&self, name: &str) -> Option<Time> {
        self.said_text(name).and_then(|text| text.parse().ok())
    }

    /// The days of a calendar lie in its year, and the year is its name.
    fn calendar(&self, calendar: Option<&Entity>) -> Ruling<()> {
        let known = calendar.and_then(|calendar| calendar.field("year"));
        let year = known.or_else(|| self.said("year")).and_then(Value::as_u64).unwrap_or_default();
        if self.said("year").is_some_and(|said| said.as_u64() != Some(year)) {
            return bad("year", "is the calendar's name and cannot be changed");
        }
        let days = self.said("days").and_then(Value::as_object).into_iter().flatten();
        match days.map(|(day, _)| day).find(|day| !day.starts_with(&format!("{year:04}-"))) {
            Some(day) => bad(&format!("days/{day}"), &format!("is not a day of {year}")),
            None => Ok(()),
        }
    }
}

/// The month that something counts in which is said on `today`: that of the day, or the first after it that
/// was not closed.
fn month_of(view: &dyn View, moment: &Moment, today: Date) -> String {
    let mut first = today.first_of_month();
    loop {
        let month = first.strftime("%Y-%m").to_string();
        let closed = view.entity(EntityId::of_month(moment.ledger, &month));
        let next = first.last_of_month().tomorrow();
        match next {
            Ok(next) if closed.is_some_and(|month| month.text("status") == Some("closed")) => first = next,
            _ => return month,
        }
    }
}

/// No step is taken over the head of two people who disagree.
fn undisputed(entity: &Entity) -> Ruling<()> {
    match entity.rivals.keys().next() {
        Some(field) => refuse(Code::Disputed, field.clone()),
        None => Ok(()),
    }
}

fn counted<T>(deadline: Result<T, NoCalendar>) -> Ruling<T> {
    deadline.or_else(|NoCalendar(year)| refuse(Code::NoCalendar, year.to_string()))
}

fn text(time: Time) -> Value {
    Value::from(time.to_string())
}

fn bad<T>(field: &str, what: &str) -> Ruling<T> {
    refuse(Code::BadField, format!("{field}: {what}"))
}
