//! Steps of a finding after it was recorded.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::calendar::Span;
use super::super::items::item_limit;
use super::had::Had;
use super::standing::{Standing, deadline_of, standing};
use super::{Case, bad, counted, text, undisputed};
use crate::model::{Code, Entity, EntityId, Finding, Photo, Source, Time, TimeLimit};
use crate::plan::merge::is_decided;
use crate::plan::rights::may;
use crate::plan::spot::photos_with;
use crate::plan::{Ruling, claims, refuse};

impl Case<'_> {
    pub(super) fn finding(&mut self, finding: &Entity) -> Ruling<()> {
        match self.op.kind.as_str() {
            "finding.void" => self.void(finding),
            "finding.file" => self.file(finding),
            "finding.duplicate" => self.duplicate(finding),
            "finding.reopen" => self.clear(&["of", "condition", "unseen", "filed"]),
            "finding.dispatch" => self.dispatch(finding),
            "finding.give_back" | "finding.recall" => self.sent_to_nobody(finding),
            "finding.assign" => self.belongs("person", finding.reference("unit")),
            "finding.reply" => self.reply(finding),
            "finding.close" => self.close(finding),
            "finding.return" => self.give_rework(finding),
            "finding.request_extension" => self.request(finding),
            "finding.extend" => self.extend(finding),
            "finding.overdue" => self.overdue(finding),
            "finding.refuse_extension" => self.refuse_extension(finding),
            "finding.suspend" => self.suspend(finding),
            "finding.resume" => self.resume(finding),
            _ => Ok(()),
        }
    }

    /// A case of another register. What it claims stays a claim; only the state that it is in here follows. An open case is sent to a
    /// unit that could deal with it, or to none yet.
    pub(super) fn taken_over(&mut self) -> Ruling<()> {
        let closed = self.said("source").and_then(|source| Source::deserialize(source).ok());
        let closed = closed.is_some_and(|source| source.closed.is_some());
        let unit = self.said_id("unit");
        if let (Some(unit), false) = (unit, closed) {
            self.can_be_sent_to(unit)?;
        }
        self.accepted.add("status", claims::status(closed, unit.is_some()));
        Ok(())
    }

    /// Whoever recorded it takes it back until somebody has decided about it; later that is for those who may void anybody's. What it
    /// cost a unit is given back.
    fn void(&mut self, finding: &Entity) -> Ruling<()> {
        if let Some(notice) = finding.text("notice") {
            return refuse(Code::OnNotice, notice);
        }
        if is_decided(finding) && !may(self.view, self.op, "finding.void_any") {
            return refuse(Code::StateChanged, finding.text("status").unwrap_or_default());
        }
        self.give_rows_back(finding)
    }

    /// 立案: what can be looked at, and nobody disputes. Where a photo will never be (a file that came damaged), the reviewer says so
    /// in words.
    fn file(&mut self, finding: &Entity) -> Ruling<()> {
        undisputed(finding)?;
        if self.said("unseen").is_none() {
            reviewable(finding, "photos")?;
        }
        self.accepted.add("filed", text(self.now));
        Ok(())
    }

    /// A finding that is one and the same as another: not as itself, nor as one that is a duplicate too.
    fn duplicate(&self, finding: &Entity) -> Ruling<()> {
        let Some(of) = self.said_id("of").and_then(|id| self.view.entity(id)) else { return Ok(()) };
        match of.text("status") {
            _ if of.id == finding.id => bad("of", "is the finding itself"),
            Some("duplicate" | "void" | "declined") => {
                bad("of", &format!("is {}", of.text("status").unwrap_or_default()))
            }
            _ => Ok(()),
        }
    }

    /// Sent to a unit without a notice. Sent to the same unit a second time, the clock runs from the first, but for its pauses: who
    /// gave back what was its own bears the time; sent to another unit, it begins anew.
    fn dispatch(&mut self, finding: &Entity) -> Ruling<()> {
        undisputed(finding)?;
        let Some(unit) = self.said_id("unit") else { return Ok(()) };
        self.can_be_sent_to(unit)?;
        self.belongs("person", Some(unit))?;
        let sent = format!("sent/{unit}");
        let first = finding.text(&sent).and_then(|time| time.parse().ok());
        let had = Had::of(finding, unit).going_on(self.now);
        let limit = self.limit_of(finding, self.said("limit").or(had.limit.as_ref()), "limit")?;
        let begun = had.begun.or(first).unwrap_or(self.now);
        let counted = counted(self.office().deadline(begun, limit, &had.pauses))?;
        // What it was given by hand it keeps.
        let deadline = had.until.map_or(counted, |until| until.max(counted));
        self.accepted.add("dispatched", text(self.now));
        self.accepted.add("begun", text(begun));
        self.accepted.add("limit", json!(limit));
        self.accepted.add("deadline", text(deadline));
        if first.is_none() {
            self.accepted.add(&sent, text(begun));
        }
        had.members(finding, deadline, self.now).for_each(|(field, value)| self.accepted.add(field, value));
        Ok(())
    }

    /// It goes back to be sent to another; sent to the same, it goes on as it was. What stands on a notice leaves its unit with the
    /// notice alone.
    fn sent_to_nobody(&mut self, finding: &Entity) -> Ruling<()> {
        match finding.text("notice") {
            Some(notice) => refuse(Code::OnNotice, notice),
            None => {
                if let Some(unit) = finding.reference("unit") {
                    let given_back = self.op.kind == "finding.give_back";
                    let had = self.had_until_now(finding);
                    let had = Had { taken: had.taken.filter(|_| !given_back), ..had };
                    self.accepted.add(&format!("had/{unit}"), json!(had));
                }
                self.clear(NOT_SENT)
            }
        }
    }

    /// What a unit did. Who said so in time and was heard late is late; that it was said in time is kept, and a person decides.
    fn reply(&mut self, finding: &Entity) -> Ruling<()> {
        photos_with(finding, self.op)?;
        self.accepted.add("replied", text(self.now));
        let claimed = self.op.at.wall.plus_millis(self.op.at.offset.unwrap_or(0));
        let deadline = deadline_of(finding);
        let doubtful = deadline.is_some_and(|deadline| claimed <= deadline && deadline < self.now);
        self.accepted.add("claimed", if doubtful { text(claimed) } else { Value::Null });
        self.clear(&["wanted", "wanted_because"])?;
        if finding.field("stopped").is_some() {
            self.go_on(finding)?;
        }
        self.notice_follows(finding, "replied");
        Ok(())
    }

    /// Closed when it is shown to be done, by a photo that came after it was sent, and every original is here or somebody says in
    /// words why not.
    fn close(&mut self, finding: &Entity) -> Ruling<()> {
        photos_with(finding, self.op)?;
        if !self.shown_since(finding) {
            return refuse(Code::EvidenceMissing, "photos: none that came since it was sent shows how it is now");
        }
        let evidence = Finding::from_entity(finding).evidence;
        if self.said("override").is_none() && !evidence.is_sealed() {
            let detail = format!("photos: {} of {} originals are here", evidence.originals, evidence.expected);
            return refuse(Code::EvidenceMissing, detail);
        }
        self.accepted.add("closed", text(self.now));
        self.notice_follows(finding, "closed");
        Ok(())
    }

    /// True when a photo from afterwards, of this op or one that came since the finding was last sent or returned, shows it: not a
    /// picture that was there before, nor the one that it was returned with.
    fn shown_since(&self, finding: &Entity) -> bool {
        let photo = |value: &Value| Photo::deserialize(value).ok();
        let is_after = |photo: &Photo| photo.shows.as_deref() == Some("after");
        let index = |field: &str| finding.field(field).map_or(0, |_| finding.stamps.of(field).index);
        let sent = index("dispatched").max(index("rework"));
        let there: Vec<(u64, Photo)> = finding
            .members("photos")
            .filter_map(|(id, value)| Some((finding.stamps.of(&format!("photos/{id}")).index, photo(value)?)))
            .collect();
        let is_old =
            |new: &Photo| there.iter().any(|(at, old)| (*at <= sent || !is_after(old)) && old.original == new.original);
        let said = self.said("photos").and_then(Value::as_object).into_iter().flatten();
        let said = said.filter_map(|(_, value)| photo(value));
        let since = there.iter().filter(|(at, _)| *at > sent).map(|(_, photo)| photo.clone());
        said.chain(since).any(|photo| is_after(&photo) && !is_old(&photo))
    }

    /// 返工: what was found not to be done runs anew, against the limit given now or that of before.
    fn give_rework(&mut self, finding: &Entity) -> Ruling<()> {
        photos_with(finding, self.op)?;
        let before = finding.field("limit");
        let limit = self.limit_of(finding, self.said("limit").or(before), "limit")?;
        let deadline = counted(self.office().deadline(self.now, limit, &[]))?;
        let rework = finding.field("rework").and_then(Value::as_u64).unwrap_or(0) + 1;
        self.accepted.add("rework", rework);
        if let Some(unit) = finding.reference("unit") {
            self.accepted.add(&format!("reworked/{rework}"), unit.to_string());
        }
        self.accepted.add("begun", text(self.now));
        self.accepted.add("limit", json!(limit));
        self.accepted.add("deadline", text(deadline));
        self.keep_missed(finding);
        self.clear(&["pauses", "replied", "claimed", "extended"])?;
        self.clear(REFUSED)?;
        self.notice_follows(finding, "returned");
        Ok(())
    }

    fn request(&mut self, finding: &Entity) -> Ruling<()> {
        self.later("wanted", deadline_of(finding))?;
        self.clear(REFUSED)
    }

    fn extend(&mut self, finding: &Entity) -> Ruling<()> {
        self.later("deadline", deadline_of(finding))?;
        self.keep_missed(finding);
        // From here on the deadline is what was said, not what the limit comes to.
        self.accepted.add("extended", text(self.now));
        self.clear(&["wanted", "wanted_because", "pauses"])?;
        self.clear(REFUSED)
    }

    /// A deadline that was not kept stays known when another takes its place: the raw lateness stays (design, section 8).
    fn keep_missed(&mut self, finding: &Entity) {
        if let Some(missed) = missed(finding, self.now) {
            self.accepted.add("missed", text(missed));
        }
    }

    fn refuse_extension(&mut self, finding: &Entity) -> Ruling<()> {
        if finding.field("wanted").is_none() {
            return refuse(Code::StateChanged, "nobody asks for an extension");
        }
        // Whoever asked reads why; until it is asked for again, or the deadline is another.
        self.accepted.add("refused_because", self.said("reason").cloned().unwrap_or_default());
        self.accepted.add("refused_at", text(self.now));
        self.clear(&["wanted", "wanted_because"])
    }

    /// 挂账: the clock stands until it goes on. The pause takes out the whole of its first day, and with it a deadline that was over
    /// by then: that it was missed is kept.
    fn suspend(&mut self, finding: &Entity) -> Ruling<()> {
        if finding.field("stopped").is_some() {
            return refuse(Code::StateChanged, "suspended");
        }
        self.keep_missed(finding);
        self.accepted.add("stopped", text(self.now));
        Ok(())
    }

    fn resume(&mut self, finding: &Entity) -> Ruling<()> {
        if finding.field("stopped").is_none() {
            return refuse(Code::StateChanged, "is not suspended");
        }
        self.go_on(finding)
    }

    fn go_on(&mut self, finding: &Entity) -> Ruling<()> {
        let stopped = time(finding, "stopped").unwrap_or(self.now).min(self.now);
        let pauses = self.pauses_until_now(finding);
        let limit = finding.field("limit").filter(|_| finding.field("extended").is_none());
        let limit = limit.and_then(|limit| TimeLimit::deserialize(limit).ok());
        // What another register claims was over before the clock stopped stays its claim, and becomes no deadline of this ledger.
        let still_to_come = |deadline: &Time| finding.field("deadline").is_some() || *deadline > stopped;
        let deadline = match (limit, time(finding, "begun"), deadline_of(finding).filter(still_to_come)) {
            (Some(limit), Some(begun), _) => Some(counted(self.office().deadline(begun, limit, &pauses))?),
            (_, _, deadline) => deadline.map(|deadline| self.moved(finding, deadline)),
        };
        self.accepted.add("pauses", json!(pauses));
        self.accepted.add("deadline", deadline.map_or(Value::Null, text));
        self.clear(&["suspended", "stopped"])
    }

    /// A deadline that was set by hand moves by as long as the clock stood since it was set.
    fn moved(&self, finding: &Entity, deadline: Time) -> Time {
        let Some(stopped) = time(finding, "stopped") else { return deadline };
        let since = time(finding, "extended").map_or(stopped, |set| set.max(stopped)).min(self.now);
        deadline.plus_millis(self.now.millis() - since.millis())
    }

    /// What its unit has of it, taken away now.
    pub(super) fn had_until_now(&self, finding: &Entity) -> Had {
        let stopped = finding.field("stopped").is_some();
        let by_hand = time(finding, "deadline").filter(|_| finding.field("extended").is_some());
        Had {
            begun: time(finding, "begun"),
            limit: finding.field("limit").cloned(),
            pauses: if stopped { self.pauses_until_now(finding) } else { pauses_of(finding) },
            missed: missed(finding, self.now).or_else(|| time(finding, "missed")),
            until: by_hand.map(|deadline| self.moved(finding, deadline)),
            exempt: finding.text("exempt").map(str::to_owned),
            taken: Some(self.now),
        }
    }

    /// Its pauses with the one that ends now.
    fn pauses_until_now(&self, finding: &Entity) -> Vec<Span> {
        let mut pauses = pauses_of(finding);
        pauses.push((time(finding, "stopped").unwrap_or(self.now).min(self.now), self.now));
        pauses
    }

    /// A time that is still to come, and later than what there is.
    fn later(&self, name: &str, than: Option<Time>) -> Ruling<()> {
        match self.said_time(name) {
            Some(time) if time <= self.now || than.is_some_and(|than| time <= than) => {
                refuse(Code::DeadlinePassed, format!("{name}: is not later than what there is"))
            }
            _ => Ok(()),
        }
    }

    /// A unit that is in use, and has somebody who could deal with it.
    pub(super) fn can_be_sent_to(&self, unit: EntityId) -> Ruling<()> {
        match self.view.entity(unit) {
            Some(unit) if unit.text("status") != Some("active") => bad("unit", "is retired"),
            _ if !self.view.has_members(unit) => refuse(Code::UnitEmpty, unit.to_string()),
            _ => Ok(()),
        }
    }

    /// Somebody who is named must be of the unit.
    fn belongs(&self, name: &str, unit: Option<EntityId>) -> Ruling<()> {
        match self.said_id(name) {
            Some(person) if super::duty::unit_of(self.view, person) != unit => bad(name, "is not of the unit"),
            _ => Ok(()),
        }
    }

    /// The limit that was said, otherwise the first that the finding's item has.
    pub(super) fn limit_of(&self, finding: &Entity, said: Option<&Value>, name: &str) -> Ruling<TimeLimit> {
        if let Some(limit) = said.and_then(|limit| TimeLimit::deserialize(limit).ok()) {
            return Ok(limit);
        }
        match item_limit(self.view, finding) {
            Some(limit) => Ok(limit),
            None => bad(name, "is missing, and the item has none"),
        }
    }

    pub(super) fn clear(&mut self, fields: &[&str]) -> Ruling<()> {
        fields.iter().for_each(|field| self.accepted.add(field, Value::Null));
        Ok(())
    }
}

/// That an extension was refused, and why.
const REFUSED: &[&str] = &["refused_because", "refused_at"];

/// The deadline of `finding` that is over, or was over when it was rectified, where none was before.
pub(super) fn missed(finding: &Entity, now: Time) -> Option<Time> {
    let late = matches!(standing(finding, now), Standing::Overdue | Standing::Late);
    time(finding, "deadline").filter(|_| late && finding.field("missed").is_none())
}

fn pauses_of(finding: &Entity) -> Vec<Span> {
    finding.field("pauses").and_then(|pauses| Vec::deserialize(pauses).ok()).unwrap_or_default()
}

/// What a finding loses that is sent to nobody any more. When it was first sent to whom stays.
pub(super) const NOT_SENT: &[&str] = &[
    "unit",
    "lead",
    "section",
    "person",
    "demand",
    "limit",
    "deadline",
    "begun",
    "notice",
    "wanted",
    "wanted_because",
    "refused_because",
    "refused_at",
    "extended",
    "missed",
    "exempt",
    "suspended",
    "stopped",
    "pauses",
    "reply",
    "replied",
    "claimed",
];

/// Every photo of it can be looked at, or somebody filed it knowing which cannot.
pub(super) fn reviewable(finding: &Entity, name: &str) -> Ruling<()> {
    let evidence = Finding::from_entity(finding).evidence;
    if evidence.is_reviewable() || finding.field("unseen").is_some() {
        return Ok(());
    }
    refuse(Code::EvidenceMissing, format!("{name}: {} of {} photos can be seen", evidence.displays, evidence.expected))
}

/// What stands on a notice is not declared void beside it.
fn time(entity: &Entity, field: &str) -> Option<Time> {
    entity.text(field).and_then(|text| text.parse().ok())
}
