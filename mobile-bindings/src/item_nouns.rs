//! The nouns of a catalogue's items, which cross as they are.

use xuncha_core::model::catalogue::{
    Ask, AskKind, Clock as LimitClock, Every, Item, ItemCode, Limit, Near as ItemNear, Photos as ItemPhotos, Points,
    Required, Share, Tag, Target, Told, Words,
};

/// What an inspector looks for. A finding is an example of one item.
#[uniffi::remote(Record)]
pub struct Item {
    /// Short name, such as `SR-1`; never given another meaning.
    pub id: String,
    /// What it is called.
    pub name: Words,
    /// How it is told from items that look like it.
    pub hint: Option<Words>,
    /// Its codes in national lists.
    pub codes: Vec<ItemCode>,
    /// Items under which what is found is recorded, when this one is only a heading of a checklist.
    pub by_finding: Vec<String>,
    /// How long rectifying may take; more than one where cases differ.
    pub limits: Vec<Limit>,
    /// How often it is looked at, where it is a check of papers or counts.
    pub every: Option<Every>,
    /// Who it is handed over to, where others deal with it.
    pub hand_over: Option<Words>,
    /// What it costs.
    pub points: Points,
    /// When it may be filed (立案条件).
    pub filing: Words,
    /// When it is done (结案条件).
    pub closing: Words,
    /// Photos that it takes.
    pub photos: ItemPhotos,
    /// How the answer to it in a checklist is found.
    pub told: Told,
    /// What is asked besides yes or no.
    pub asks: Vec<Ask>,
    /// The share that must be reached, when `told` is `Target`.
    pub target: Option<Target>,
    /// Within what two findings of it may be one and the same.
    pub near: ItemNear,
    /// Where the item comes from.
    pub tag: Tag,
}

/// Where a figure or an item comes from.
#[uniffi::remote(Enum)]
pub enum Tag {
    /// The city's own plan says so.
    Seed,
    /// A national list, or a sheet that a city published, says so.
    Standard,
    /// Our own; to be edited.
    Default,
}

/// A code in a national list.
#[uniffi::remote(Record)]
pub struct ItemCode {
    /// The list, such as `GB/T 47678.5-2026`.
    pub standard: String,
    /// `event` in the list of 2013, `matter` or `component` in that of 2026.
    pub kind: String,
    /// The code as it is written there.
    pub code: String,
    /// What the list calls it, where known.
    pub name: Option<String>,
    /// True for a city's own extension of the list.
    pub local: bool,
}

/// How long rectifying may take.
#[uniffi::remote(Record)]
pub struct Limit {
    /// How much; 0 of a day is the end of the same day.
    pub amount: u32,
    /// Of what.
    pub clock: LimitClock,
    /// For which cases, where they differ.
    pub case: Option<Words>,
    /// Where the figure comes from.
    pub tag: Tag,
}

/// How time is counted.
#[uniffi::remote(Enum)]
pub enum LimitClock {
    /// 紧急工作时: hours that run day and night.
    UrgentHour,
    /// 工作时: hours in which the office is open.
    WorkingHour,
    /// 工作日: days on which the office is open.
    WorkingDay,
    /// 自然日: every day.
    CalendarDay,
}

/// How often a check is due.
#[uniffi::remote(Enum)]
pub enum Every {
    /// Once a week.
    Week,
    /// Once a month.
    Month,
    /// Until the day that its milestone names.
    Milestone,
}

/// What a finding of an item costs, in hundredths of a point.
#[uniffi::remote(Record)]
pub struct Points {
    /// For each finding, or for each one counted.
    pub each: u32,
    /// Count what the ask `count` says, instead of one.
    pub by_count: bool,
    /// Never more than this for one finding.
    pub cap: Option<u32>,
    /// For each further month in which it is still so.
    pub later: Option<u32>,
    /// Where the figures come from.
    pub tag: Tag,
}

/// Photos that an item takes, each at least so many.
#[uniffi::remote(Record)]
pub struct ItemPhotos {
    /// That show it with what is around it.
    pub wide: u32,
    /// That show it from near.
    pub close: u32,
    /// That show its size beside something known.
    pub reference: u32,
    /// That show the same spot once it is rectified.
    pub after: u32,
}

/// How the answer "is it as it should be?" is found.
#[uniffi::remote(Enum)]
pub enum Told {
    /// The inspector says so.
    Said,
    /// It follows from the ask `count`: yes when there is none.
    Count,
    /// It follows from whether the target is reached.
    Target,
}

/// Something that is asked besides yes or no.
#[uniffi::remote(Record)]
pub struct Ask {
    /// Short name, such as `count`, `plate`.
    pub name: String,
    /// What is asked, for people.
    pub label: Words,
    /// What an answer may be.
    pub kind: AskKind,
    /// What is counted or measured.
    pub unit: Option<Words>,
    /// Smallest answer.
    pub least: Option<f64>,
    /// Largest answer.
    pub most: Option<f64>,
    /// When it must be answered.
    pub required: Required,
}

/// What the answer to an ask may be.
#[uniffi::remote(Enum)]
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
#[uniffi::remote(Enum)]
pub enum Required {
    /// It may be left out.
    Never,
    /// When the answer is no.
    No,
    /// Unless the item does not apply.
    Always,
}

/// A share that must be reached: of two asks, or of two measures.
#[uniffi::remote(Record)]
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
#[uniffi::remote(Record)]
pub struct Share {
    /// So many.
    pub part: u32,
    /// For every so many; never 0.
    pub whole: u32,
}

/// Within what two findings of an item may be one and the same.
#[uniffi::remote(Record)]
pub struct ItemNear {
    /// Metres.
    pub metres: u32,
    /// Days.
    pub days: u32,
}
