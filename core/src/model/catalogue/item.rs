//! One line of the catalogue.

use serde::{Deserialize, Serialize};

use super::Words;

/// What an inspector looks for. A finding is an example of one item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Short name, such as `SR-1`; never given another meaning.
    pub id: String,
    /// What it is called.
    pub name: Words,
    /// How it is told from items that look like it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<Words>,
    /// Its codes in national lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<Code>,
    /// Items under which what is found is recorded, when this one is only a heading of a checklist;
    /// code and limit are then theirs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_finding: Vec<String>,
    /// How long rectifying may take; more than one where cases differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Limit>,
    /// How often it is looked at, where it is a check of papers or counts and not something found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Every>,
    /// Who it is handed over to, where others deal with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hand_over: Option<Words>,
    /// What it costs.
    pub points: Points,
    /// When it may be filed (立案条件).
    pub filing: Words,
    /// When it is done (结案条件).
    pub closing: Words,
    /// Photos that it takes.
    #[serde(default)]
    pub photos: Photos,
    /// How the answer to it in a checklist is found.
    #[serde(default)]
    pub told: Told,
    /// What is asked besides yes or no.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asks: Vec<Ask>,
    /// The share that must be reached, when `told` is `target`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// Within what two findings of it may be one and the same.
    #[serde(default)]
    pub near: Near,
    /// Where the item comes from.
    pub tag: Tag,
}

/// Where a figure or an item comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Tag {
    /// The city's own plan says so.
    Seed,
    /// A national list, or a sheet that a city published, says so.
    Standard,
    /// Our own; to be edited.
    Default,
}

/// A code in a national list. The key is (standard, kind, code): numbers of components and matters overlap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// The list, such as `GB/T 47678.5-2026`.
    pub standard: String,
    /// `event` in the list of 2013, `matter` or `component` in that of 2026.
    pub kind: String,
    /// The code as it is written there.
    pub code: String,
    /// What the list calls it, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// True for a city's own extension of the list.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub local: bool,
}

/// How long rectifying may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Limit {
    /// How much; 0 of a day is the end of the same day.
    pub amount: u32,
    /// Of what.
    pub clock: Clock,
    /// For which cases, where they differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<Words>,
    /// Where the figure comes from.
    pub tag: Tag,
}

/// How time is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// 紧急工作时: hours that run day and night.
    UrgentHour,
    /// 工作时: hours in which the office is open.
    WorkingHour,
    /// 工作日: days on which the office is open.
    WorkingDay,
    /// 自然日: every day, also 紧急工作日.
    CalendarDay,
}

/// How often a check is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// Once a week.
    Week,
    /// Once a month.
    Month,
    /// Until the day that its milestone names.
    Milestone,
}

/// What a finding of an item costs, in hundredths of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Points {
    /// For each finding, or for each one counted.
    pub each: u32,
    /// Count what the ask `count` says, instead of one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_count: bool,
    /// Never more than this for one finding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<u32>,
    /// For each further month in which it is still so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub later: Option<u32>,
    /// Where the figures come from.
    pub tag: Tag,
}

/// Photos that an item takes, each at least so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Photos {
    /// That show it with what is around it.
    pub wide: u32,
    /// That show it from near.
    pub close: u32,
    /// That show its size beside something known.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reference: u32,
    /// That show the same spot once it is rectified.
    pub after: u32,
}

impl Default for Photos {
    fn default() -> Photos {
        Photos { wide: 1, close: 1, reference: 0, after: 1 }
    }
}

impl Photos {
    /// How many a finding needs before it is rectified.
    pub fn before(&self) -> u32 {
        self.wide.saturating_add(self.close).saturating_add(self.reference)
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// How the answer "is it as it should be?" is found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// The inspector says so.
    #[default]
    Said,
    /// It follows from the ask `count`: yes when there is none.
    Count,
    /// It follows from whether the target is reached.
    Target,
}

/// Something that is asked besides yes or no.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ask {
    /// Short name, such as `count`, `plate`.
    pub name: String,
    /// What is asked, for people.
    pub label: Words,
    /// What an answer may be.
    pub kind: AskKind,
    /// What is counted or measured; needed for counts and lengths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Words>,
    /// Smallest answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least: Option<f64>,
    /// Largest answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<f64>,
    /// When it must be answered: `never`, `no` (when the answer is no), `always` (but for n.a.).
    #[serde(default)]
    pub required: Required,
}

/// What the answer to an ask may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskKind {
    /// A whole number from 0 on.
    Count,
    /// Metres, from 0 on.
    Length,
    /// The number plate of a vehicle.
    Plate,
    /// The number of a permit.
    Permit,
}

/// When an ask must be answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Required {
    /// It may be left out.
    #[default]
    Never,
    /// When the answer is no.
    No,
    /// Unless the item does not apply.
    Always,
}

/// A share that must be reached: of two asks, or of two measures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// The ask that counts what should be there.
    pub part: String,
    /// The ask that says among how many, or along how many metres.
    pub whole: String,
    /// What must be reached at least.
    pub least: Share,
    /// Where the figure comes from.
    pub tag: Tag,
}

/// `part` for every `whole`: 20 of 100, or 1 for every 500 metres.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// So many.
    pub part: u32,
    /// For every so many; never 0.
    pub whole: u32,
}

/// Within what two findings of an item may be one and the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Near {
    /// Metres.
    pub metres: u32,
    /// Days.
    pub days: u32,
}

impl Default for Near {
    /// 30 metres, a week: our own figures, to be edited.
    fn default() -> Near {
        Near { metres: 30, days: 7 }
    }
}
