//! What documents say that no finding holds itself.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use xuncha_core::model::catalogue::Catalogue;
use xuncha_core::model::{Entity, EntityId, Time, TimeLimit};

/// The city that documents are written for: names behind ids, points, the zone, and what time it is.
///
/// It is held while a document is written: it grows with units, items, notices and deductions, and not with findings.
#[derive(Debug, Clone)]
pub struct City {
    zone: TimeZone,
    now: Time,
    units: BTreeMap<EntityId, Unit>,
    items: BTreeMap<EntityId, BTreeMap<String, Known>>,
    notices: BTreeMap<EntityId, String>,
    points: BTreeMap<EntityId, i64>,
    people: BTreeMap<EntityId, String>,
    signers: BTreeMap<EntityId, String>,
    moments: BTreeMap<u64, Time>,
}

/// What is known of a unit.
#[derive(Debug, Clone)]
struct Unit {
    name: String,
    code: Option<String>,
}

/// What is known of an item of a catalogue.
#[derive(Debug, Clone)]
struct Known {
    name: String,
    codes: String,
    action: String,
    limit: Option<TimeLimit>,
}

impl City {
    /// A city in `zone` at `now`, without names; UTC where the zone is unknown.
    pub fn new(zone: Option<&str>, now: Time) -> City {
        let zone = zone.and_then(|zone| TimeZone::get(zone).ok()).unwrap_or(TimeZone::UTC);
        let (units, items, notices, points, people, signers, moments) = Default::default();
        City { zone, now, units, items, notices, points, people, signers, moments }
    }

    /// Learns the name and the code of a unit.
    pub fn add_unit(&mut self, unit: &Entity) {
        let (name, code) = (unit.text("name").unwrap_or_default().to_owned(), unit.text("code").map(str::to_owned));
        self.units.insert(unit.id, Unit { name, code });
    }

    /// Learns the name of somebody.
    pub fn add_person(&mut self, user: &Entity) {
        self.people.extend(user.text("name").map(|name| (user.id, name.to_owned())));
    }

    /// Learns who signed for a notice.
    pub fn add_signer(&mut self, notice: EntityId, user: &Entity) {
        self.signers.extend(user.text("name").map(|name| (notice, name.to_owned())));
    }

    /// Learns when the ledger received the entry at `index`.
    pub fn add_moment(&mut self, index: u64, received: Time) {
        self.moments.insert(index, received);
    }

    /// Learns the items of a catalogue that the entity `id` stands for.
    pub fn add_catalogue(&mut self, id: EntityId, catalogue: &Catalogue) {
        let items = catalogue.actions.iter().flat_map(|action| action.items.iter().map(move |item| (action, item)));
        let known = items.map(|(action, item)| {
            let codes: Vec<_> = item.codes.iter().map(|code| format!("{} {}", code.standard, code.code)).collect();
            let action = format!("{} {}（{}）", action.id, action.name.zh, action.organiser.zh);
            let limit = item.limits.first().map(|limit| TimeLimit { amount: limit.amount, clock: limit.clock });
            (item.id.clone(), Known { name: item.name.zh.clone(), codes: codes.join("、"), action, limit })
        });
        self.items.insert(id, known.collect());
    }

    /// Learns the number of a notice, if it has one.
    pub fn add_notice(&mut self, notice: &Entity) {
        if let Some(number) = notice.text("number") {
            self.notices.insert(notice.id, number.to_owned());
        }
    }

    /// Learns what a row of the deduction ledger takes or gives back.
    pub fn add_deduction(&mut self, row: &Entity) {
        let points = row.field("points").and_then(serde_json::Value::as_i64);
        if let (Some(finding), Some(points)) = (row.reference("finding"), points) {
            *self.points.entry(finding).or_default() += points;
        }
    }

    /// Forgets notices and deductions, so that it holds only those of the findings that are written next.
    pub fn forget_cases(&mut self) {
        self.notices.clear();
        self.points.clear();
    }

    /// What time it is.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Name of a unit, as far as it is known.
    pub fn unit(&self, id: EntityId) -> Option<&str> {
        self.units.get(&id).map(|unit| unit.name.as_str())
    }

    /// Code of a unit, if it has one.
    pub fn unit_code(&self, id: EntityId) -> Option<&str> {
        self.units.get(&id)?.code.as_deref()
    }

    /// Name of somebody, as far as it is known.
    pub fn person(&self, id: EntityId) -> Option<&str> {
        self.people.get(&id).map(String::as_str)
    }

    /// Name of who signed for a notice, as far as a reader may know it.
    pub fn signer(&self, notice: EntityId) -> Option<&str> {
        self.signers.get(&notice).map(String::as_str)
    }

    /// When the ledger received the entry at `index`, as far as it is known.
    pub fn moment(&self, index: u64) -> Option<Time> {
        self.moments.get(&index).copied()
    }

    /// Units with this name, or the one with this id.
    pub fn units_called(&self, name: &str) -> Vec<EntityId> {
        let called = |(id, unit): (&EntityId, &Unit)| (unit.name == name || id.to_string() == name).then_some(*id);
        self.units.iter().filter_map(called).collect()
    }

    /// Chinese name of the item that a finding is about, as far as it is known.
    pub fn item(&self, finding: &Entity) -> Option<&str> {
        self.known(finding).map(|known| known.name.as_str())
    }

    /// Codes that national lists have for that item, each after its list.
    pub fn codes(&self, finding: &Entity) -> Option<&str> {
        self.known(finding).map(|known| known.codes.as_str())
    }

    /// The action that its item belongs to, and who organises its assessment.
    pub fn action(&self, finding: &Entity) -> Option<&str> {
        self.known(finding).map(|known| known.action.as_str())
    }

    /// The limit that counts for that item where nobody says another.
    pub fn limit(&self, finding: &Entity) -> Option<TimeLimit> {
        self.known(finding)?.limit
    }

    fn known(&self, finding: &Entity) -> Option<&Known> {
        self.items.get(&finding.reference("catalogue")?)?.get(finding.text("item")?)
    }

    /// Number of the notice that a finding is on.
    pub fn notice(&self, finding: &Entity) -> Option<&str> {
        self.number_of(finding.reference("notice")?)
    }

    /// Number of a notice, as far as it is known.
    pub fn number_of(&self, notice: EntityId) -> Option<&str> {
        self.notices.get(&notice).map(String::as_str)
    }

    /// Hundredths of a point that a finding costs, what was given back taken off; none where nothing was ever deducted.
    pub fn points(&self, finding: EntityId) -> Option<i64> {
        self.points.get(&finding).copied()
    }

    /// An instant as the clocks in the city show it.
    pub fn shown(&self, time: Time) -> String {
        let Ok(instant) = jiff::Timestamp::from_millisecond(time.millis()) else { return String::new() };
        let local = self.zone.to_datetime(instant);
        let (date, hour) = (local.date(), local.time());
        format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
            date.year(),
            date.month(),
            date.day(),
            hour.hour(),
            hour.minute(),
            hour.second()
        )
    }
}
