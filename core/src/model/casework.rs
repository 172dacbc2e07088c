//! What follows a finding: time limits, the office's calendar, notices, deductions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::catalogue::Clock;
use super::finding::{members, read};
use super::{Entity, EntityId, Photo, Time};

/// How long something may take (整改时限).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeLimit {
    /// How much; 0 of a day is the end of the same day.
    pub amount: u32,
    /// Of what.
    pub clock: Clock,
}

impl TimeLimit {
    /// Longest limit in hours: a year and a bit.
    pub const MOST_HOURS: u32 = 9_000;
    /// Longest limit in days.
    pub const MOST_DAYS: u32 = 366;

    /// True when it is a limit that anybody would set: no hours at all are none, and nothing takes years.
    pub fn is_sensible(self) -> bool {
        match self.clock {
            Clock::UrgentHour | Clock::WorkingHour => (1..=Self::MOST_HOURS).contains(&self.amount),
            Clock::WorkingDay | Clock::CalendarDay => self.amount <= Self::MOST_DAYS,
        }
    }
}

/// What a day of the calendar is that is not what its weekday says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    /// 放假: nobody is in the office.
    Off,
    /// 调休上班: a day on the weekend that is worked.
    Work,
}

/// One year of the office's calendar (工作日历).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct YearCalendar {
    /// Its id.
    pub id: EntityId,
    /// The year.
    pub year: u64,
    /// Days, such as `2026-02-17`, that are not what their weekday says.
    pub days: BTreeMap<String, DayKind>,
    /// When the office is open, as pairs of times of day such as `08:30`, in order.
    pub hours: Vec<(String, String)>,
}

impl YearCalendar {
    /// Reads `entity` as a calendar; a value this version cannot read is left out, never an error.
    pub fn from_entity(entity: &Entity) -> YearCalendar {
        YearCalendar {
            id: entity.id,
            year: entity.field("year").and_then(Value::as_u64).unwrap_or_default(),
            days: members(entity, "days"),
            hours: read(entity.field("hours")).unwrap_or_default(),
        }
    }
}

/// A supervision notice (督办单).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Notice {
    /// Its id.
    pub id: EntityId,
    /// Ledger index of the last op that changed it; absent while only pending ops know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// Who drafted it, unless hidden.
    pub by: Option<EntityId>,
    /// `draft`, `issued`, `signed_for`, `replied`, `returned`, `closed`, `withdrawn`, `void`.
    pub status: String,
    /// Its number once it is issued, such as 督〔2026〕第0001号.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The unit that must rectify.
    pub unit: Option<EntityId>,
    /// Where it comes from: `on_site`, `special_inspection`, `complaint`, `media`, `superior`.
    pub source: String,
    /// Its level: 1, 2 (分管领导) or 3 (现场办公、问责).
    pub level: u64,
    /// The notice that this one repeats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<EntityId>,
    /// The findings on it.
    pub findings: Vec<EntityId>,
    /// Findings that were taken off it again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub struck: Vec<EntityId>,
    /// How long each may take.
    pub limits: BTreeMap<EntityId, TimeLimit>,
    /// Until when each is to be rectified, as it was when the notice was issued.
    pub deadlines: BTreeMap<EntityId, Time>,
    /// What each costs, in hundredths of a point.
    pub points: BTreeMap<EntityId, u64>,
    /// What is demanded (整改要求).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub demand: Option<String>,
    /// On what it rests (依据条款).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// The unit's leader who answers for it (责任领导).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leader: Option<String>,
    /// Who in the unit deals with it (责任人).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Their telephone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Pictures attached to it, such as the scan of the sealed paper.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub photos: BTreeMap<String, Photo>,
    /// When it was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued: Option<Time>,
    /// Until when it is to be signed for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_by: Option<Time>,
    /// When it was signed for (签收).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed: Option<Time>,
    /// When everything on it was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed: Option<Time>,
    /// Why the unit appeals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appeal: Option<String>,
    /// Findings that the appeal is about; all of them where it names none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub appeal_of: Vec<EntityId>,
    /// When the unit appealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appealed: Option<Time>,
    /// What was said about the appeal so far, in order of time; hidden from units.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub votes: Vec<Vote>,
    /// When the appeal was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heard: Option<Time>,
    /// What became of the appeal: `granted` or `rejected`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appeal_result: Option<String>,
    /// Why it was withdrawn or is void.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Notice {
    /// Reads `entity` as a notice; a value this version cannot read is left out, never an error.
    pub fn from_entity(entity: &Entity) -> Notice {
        let text = |field: &str| entity.text(field).map(str::to_owned);
        let time = |field: &str| entity.text(field).and_then(|text| text.parse().ok());
        Notice {
            id: entity.id,
            index: (entity.index != super::PENDING).then_some(entity.index),
            by: entity.by,
            status: text("status").unwrap_or_else(|| "draft".into()),
            number: text("number"),
            unit: entity.reference("unit"),
            source: text("source").unwrap_or_default(),
            level: entity.field("level").and_then(Value::as_u64).unwrap_or(1),
            before: entity.reference("before"),
            findings: named(entity, "findings").into_keys().collect(),
            struck: named(entity, "struck").into_keys().collect(),
            limits: of_findings(entity, "limits"),
            deadlines: of_findings(entity, "deadlines"),
            points: of_findings(entity, "points"),
            demand: text("demand"),
            basis: text("basis"),
            leader: text("leader"),
            person: text("person"),
            phone: text("phone"),
            photos: members(entity, "photos"),
            issued: time("issued"),
            sign_by: time("sign_by"),
            signed: time("signed"),
            closed: time("closed"),
            appeal: text("appeal"),
            appeal_of: named(entity, "appeal_of").into_keys().collect(),
            appealed: time("appealed"),
            votes: Vote::of(entity),
            heard: time("heard"),
            appeal_result: text("appeal_result"),
            reason: text("reason"),
        }
    }

    /// Findings that are on it still.
    pub fn open_findings(&self) -> impl Iterator<Item = EntityId> {
        self.findings.iter().copied().filter(|finding| !self.struck.contains(finding))
    }
}

fn named<'a>(entity: &'a Entity, set: &'a str) -> BTreeMap<EntityId, &'a Value> {
    entity.members(set).filter_map(|(id, value)| Some((id.parse().ok()?, value))).collect()
}

fn of_findings<T: for<'a> Deserialize<'a>>(entity: &Entity, set: &str) -> BTreeMap<EntityId, T> {
    named(entity, set).into_iter().filter_map(|(id, value)| Some((id, read(Some(value))?))).collect()
}

/// What one person said about an appeal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Vote {
    /// Who; none for the ledger itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<EntityId>,
    /// `grant` or `reject`.
    pub says: String,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// When it was received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
}

impl Vote {
    /// Votes about the appeal against `notice`, the first first.
    fn of(notice: &Entity) -> Vec<Vote> {
        let vote = |(who, said): (&str, &Value)| {
            let text = |name: &str| said.get(name).and_then(Value::as_str);
            Vote {
                by: who.parse().ok(),
                says: text("says").unwrap_or_default().to_owned(),
                because: text("because").map(str::to_owned),
                at: text("at").and_then(|at| at.parse().ok()),
            }
        };
        let mut votes: Vec<Vote> = notice.members("votes").map(vote).collect();
        votes.sort_by_key(|vote| (vote.at, vote.by));
        votes
    }
}

/// One row of the deduction ledger (扣分台账): never changed, only set off by another row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Deduction {
    /// Its id.
    pub id: EntityId,
    /// The unit that pays.
    pub unit: Option<EntityId>,
    /// The finding that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding: Option<EntityId>,
    /// The notice that took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<EntityId>,
    /// By which rule: `found`, `overdue`, `repeat`, `rework`, `falsified`, `notice`, `special`, or `return`.
    pub rule: String,
    /// Version of the rules by which it was worked out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_version: Option<String>,
    /// The action that it counts in, such as `A2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Hundredths of a point; negative where points are given back.
    pub points: i64,
    /// The month that it counts in, such as `2026-11`.
    pub month: String,
    /// The row that this one sets off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<EntityId>,
    /// In words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Deduction {
    /// Reads `entity` as a deduction; a value this version cannot read is left out, never an error.
    pub fn from_entity(entity: &Entity) -> Deduction {
        let text = |field: &str| entity.text(field).map(str::to_owned);
        Deduction {
            id: entity.id,
            unit: entity.reference("unit"),
            finding: entity.reference("finding"),
            notice: entity.reference("notice"),
            rule: text("rule").unwrap_or_default(),
            rule_version: text("rule_version"),
            action: text("action"),
            points: entity.field("points").and_then(Value::as_i64).unwrap_or_default(),
            month: text("month").unwrap_or_default(),
            of: entity.reference("of"),
            reason: text("reason"),
        }
    }
}
