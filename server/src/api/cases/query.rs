//! What a list is asked for in an address, read into what the store understands.

use serde::Deserialize;
use xuncha_core::model::{Code, EntityId, Time};
use xuncha_core::plan::Scope;
use xuncha_core::protocol::ServiceError;

use crate::ledger::{Sought, in_scope, stands_for};
use crate::problem::refusal;
use crate::store::{Listed, Order, Wanted};

/// Lines of a page when nobody says how many.
const PAGE: u32 = 50;

/// Most lines of a page.
const MOST: u32 = 500;

/// What may stand in the address of a list. Several values of one member are separated by commas and mean any of them.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// Words to look for; of Chinese, characters that stand side by side.
    pub q: Option<String>,
    /// State, such as `reported`.
    pub status: Option<String>,
    /// Catalogue item.
    pub item: Option<String>,
    /// The unit that it was sent to, or that pays.
    pub unit: Option<String>,
    /// The unit on whose ground it lies.
    pub duty_unit: Option<String>,
    /// Who in the unit deals with it.
    pub person: Option<String>,
    /// `low`, `medium`, `high`, `urgent`.
    pub severity: Option<String>,
    /// The notice that it stands on.
    pub notice: Option<String>,
    /// The finding that a deduction is about.
    pub finding: Option<String>,
    /// The month that a deduction counts in, such as `2026-11`.
    pub month: Option<String>,
    /// By which rule points were taken.
    pub rule: Option<String>,
    /// The action that a deduction counts in, such as `A2`.
    pub action: Option<String>,
    /// Who recorded it.
    pub by: Option<String>,
    /// The area that it lies in.
    pub area: Option<String>,
    /// `running`, `overdue`, `suspended`, `on_time`, `late`.
    pub standing: Option<String>,
    /// `disputed`, `wanted` (more time is asked for), `asked` (more evidence is wanted before anybody decides), `claimed` (it was
    /// replied to in time, they say, and heard late), `exempt`, `appeal` (one waits to be heard), `appealed` (one was
    /// decided); several mean all of them.
    pub has: Option<String>,
    /// Received at this time or later.
    #[param(value_type = Option<String>)]
    pub from: Option<Time>,
    /// Received before this time.
    #[param(value_type = Option<String>)]
    pub before: Option<Time>,
    /// Due at this time or later.
    #[param(value_type = Option<String>)]
    pub due_from: Option<Time>,
    /// Due before this time.
    #[param(value_type = Option<String>)]
    pub due_before: Option<Time>,
    /// `newest` (what came last first) or `due` (what is due first first; only what is due at all).
    pub order: Option<String>,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Lines of a page, at most 500.
    pub limit: Option<u32>,
}

fn bad(field: &str, detail: &str) -> ServiceError {
    refusal(Code::BadField, format!("{field}: {detail}"))
}

impl Query {
    /// What the store is asked for, for somebody who sees `granted`.
    pub(super) fn wanted(&self, kind: &str, granted: &[Scope], now: Time) -> Result<Wanted, ServiceError> {
        let limit = self.limit.unwrap_or(PAGE);
        if !(1..=MOST).contains(&limit) {
            return Err(bad("limit", "must be 1 to 500"));
        }
        let mut wanted = Wanted {
            kind: kind.to_owned(),
            all: Vec::new(),
            begins: Vec::new(),
            any: Vec::new(),
            from: self.from,
            below: self.before,
            due_below: self.due_before,
            due_from: self.due_from,
            order: Order::Newest { below: None },
            limit,
        };
        self.add_fields(&mut wanted, granted)?;
        if let Some(text) = &self.q {
            let sought = Sought::of(text);
            if sought.is_empty() {
                return Err(bad("q", "holds no letter, digit or character to look for"));
            }
            wanted.all.extend(sought.words);
            wanted.begins.extend(sought.begins);
        }
        let due = self.add_standing(&mut wanted, now)?;
        wanted.order = self.order(due)?;
        // Who sees everything of a kind needs no words for it.
        let whole = if kind == "finding" { Scope::whole_city() } else { Scope::staff() };
        if !granted.contains(&whole) {
            wanted.any.push(granted.iter().map(|scope| in_scope(scope.as_str())).collect());
        }
        Ok(wanted)
    }

    fn add_fields(&self, wanted: &mut Wanted, granted: &[Scope]) -> Result<(), ServiceError> {
        for (field, value) in [
            ("status", &self.status),
            ("item", &self.item),
            ("unit", &self.unit),
            ("duty_unit", &self.duty_unit),
            ("person", &self.person),
            ("severity", &self.severity),
            ("notice", &self.notice),
            ("finding", &self.finding),
            ("month", &self.month),
            ("rule", &self.rule),
            ("action", &self.action),
        ] {
            let Some(value) = value else { continue };
            add(wanted, value.split(',').filter_map(|one| stands_for(field, one)).collect());
        }
        if let Some(by) = &self.by {
            // A unit learns of nobody by asking who is whose.
            if !granted.contains(&Scope::staff()) {
                return Err(refusal(Code::NotAllowed, "by: is not told to a unit".to_owned()));
            }
            add(wanted, ids("by", by)?.iter().map(|by| format!("b:{by}")).collect());
        }
        if let Some(area) = &self.area {
            add(wanted, ids("area", area)?.iter().map(|area| in_scope(&format!("area:{area}"))).collect());
        }
        for has in self.has.iter().flat_map(|has| has.split(',')) {
            match has {
                "disputed" => wanted.all.push("is:disputed".into()),
                // What reviewers ask of each other is not told to a unit.
                "asked" if !granted.contains(&Scope::staff()) => {
                    return Err(refusal(Code::NotAllowed, "has: asked is not told to a unit".to_owned()));
                }
                "wanted" | "asked" | "claimed" | "exempt" | "appeal" | "appealed" => {
                    wanted.all.push(format!("has:{has}"));
                }
                _ => {
                    let known = "must be disputed, wanted, asked, claimed, exempt, appeal or appealed";
                    return Err(bad("has", known));
                }
            }
        }
        Ok(())
    }

    /// True when the list is one of what is due.
    fn add_standing(&self, wanted: &mut Wanted, now: Time) -> Result<bool, ServiceError> {
        match self.standing.as_deref() {
            None => {}
            Some("overdue") => wanted.due_below = Some(wanted.due_below.map_or(now, |below| below.min(now))),
            Some("running") => wanted.due_from = Some(wanted.due_from.map_or(now, |from| from.max(now))),
            Some("suspended") => wanted.all.push("has:stopped".into()),
            Some(done @ ("on_time" | "late")) => wanted.all.push(format!("is:{done}")),
            Some(_) => return Err(bad("standing", "must be running, overdue, suspended, on_time or late")),
        }
        Ok(wanted.due_below.is_some() || wanted.due_from.is_some())
    }

    fn order(&self, due: bool) -> Result<Order, ServiceError> {
        let numbers = |text: &String| -> Option<(u64, Option<Time>)> {
            match text.split_once('.') {
                Some((time, number)) => Some((number.parse().ok()?, Some(Time::from_millis(time.parse().ok()?)))),
                None => Some((text.parse().ok()?, None)),
            }
        };
        let known = self.after.as_ref().map(|text| numbers(text).ok_or_else(|| bad("after", "is no page's next")));
        let known = known.transpose()?;
        match (self.order.as_deref(), due) {
            (Some("due"), _) | (None, true) => match known {
                Some((_, None)) => Err(bad("after", "is the next of another order")),
                known => Ok(Order::Due { after: known.and_then(|(number, time)| Some((time?, number))) }),
            },
            (Some("newest") | None, _) => match known {
                Some((_, Some(_))) => Err(bad("after", "is the next of another order")),
                known => Ok(Order::Newest { below: known.map(|(number, _)| number) }),
            },
            _ => Err(bad("order", "must be newest or due")),
        }
    }
}

/// The ids that a field of the query names; anything else is no word of a list, and for one of the engines no query.
fn ids(field: &str, text: &str) -> Result<Vec<EntityId>, ServiceError> {
    let id = |one: &str| one.trim().parse().map_err(|_| bad(field, "must be ids with commas between them"));
    text.split(',').map(id).collect()
}

/// Any of `words`; none of them can be had when there are none.
fn add(wanted: &mut Wanted, words: Vec<String>) {
    match <[String; 1]>::try_from(words) {
        Ok([word]) => wanted.all.push(word),
        Err(words) => wanted.any.push(words),
    }
}

/// The order of what comes behind `last`.
pub(super) fn behind(order: &Order, last: &Listed) -> Order {
    match (order, last.due) {
        (Order::Due { .. }, Some(due)) => Order::Due { after: Some((due, last.number)) },
        _ => Order::Newest { below: Some(last.number) },
    }
}

/// How the page after `last` is asked for.
pub(super) fn next_of(order: &Order, last: &Listed) -> String {
    match (order, last.due) {
        (Order::Due { .. }, Some(due)) => format!("{}.{}", due.millis(), last.number),
        _ => last.number.to_string(),
    }
}
