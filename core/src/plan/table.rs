//! The table of what can be said: every kind of op, what it is about, and the form of its body.

use super::epoch::MAX_ENDED;
use super::kind::{Act, FieldLaw, Form, KindLaw, MAX_KEPT, MAX_LINES_BEFORE};

const fn must(name: &'static str, form: Form) -> FieldLaw {
    FieldLaw { name, form, required: true, kept: true }
}

const fn may(name: &'static str, form: Form) -> FieldLaw {
    FieldLaw { name, form, required: false, kept: true }
}

/// What is only said, and becomes no field.
const fn said(name: &'static str, form: Form) -> FieldLaw {
    FieldLaw { name, form, required: true, kept: false }
}

const fn law(
    kind: &'static str,
    of: &'static str,
    act: Act,
    right: &'static str,
    fields: &'static [FieldLaw],
) -> KindLaw {
    KindLaw { kind, v: 1, of, act, right, observation: false, fields }
}

const fn step(to: &'static str, from: &'static [&'static str]) -> Act {
    Act::Step { to, from }
}

/// A step that stays where it is: a decision about a case that does not move it.
const fn stay(from: &'static [&'static str]) -> Act {
    Act::Step { to: "", from }
}

const fn observed(law: KindLaw) -> KindLaw {
    KindLaw { observation: true, ..law }
}

const FLAGS: Form = Form::Set(100, &Form::True);
const REASON: FieldLaw = must("reason", Form::Words(2_000));
const RETIRE: &[FieldLaw] = &[may("reason", Form::Words(2_000))];
const RETIRED: Act = step("retired", &[]);
const SEVERITY: Form = Form::OneOf(&["low", "medium", "high", "urgent"]);
const SEES: Form = Form::OneOf(&["area", "unit", "nothing"]);

const FINDING: &[FieldLaw] = &[
    must("item", Form::Line(64)),
    may("place", Form::Place),
    may("note", Form::Words(4_000)),
    may("severity", SEVERITY),
    may("photos", Form::Set(100, &Form::Photo)),
    may("tags", FLAGS),
    may("catalogue", Form::Ref("catalogue")),
    may("values", ASKED),
    may("inspection", Form::Ref("inspection")),
    may("why", Form::Words(500)),
];
const IMPORT: &[FieldLaw] = &[
    must("source", Form::Source),
    must("item", Form::Line(64)),
    may("place", Form::Place),
    may("note", Form::Words(4_000)),
    may("severity", SEVERITY),
    may("tags", FLAGS),
    may("catalogue", Form::Ref("catalogue")),
    may("unit", Form::Ref("unit")),
];
const ASKED: Form = Form::Set(20, &Form::Asked);
const FIX: &[FieldLaw] = &[may("photos", Form::Set(100, &Form::Photo))];
const PREVIEWS: &[FieldLaw] = &[must("previews", Form::Set(100, &Form::Preview))];
const RESOLVE: &[FieldLaw] = &[must("field", Form::Line(100)), must("seen", Form::OpIds), must("value", Form::Any)];
const ROLE: &[FieldLaw] = &[must("name", Form::Line(64)), may("may", FLAGS), may("sees", SEES)];
const UNIT: &[FieldLaw] = &[must("name", Form::Line(200)), may("code", Form::Line(18))];
const AREA: &[FieldLaw] = &[must("name", Form::Line(200)), must("shape", Form::Shape), may("unit", Form::Ref("unit"))];
const CATALOGUE: &[FieldLaw] =
    &[must("version", Form::Line(64)), must("file", Form::Document), may("note", Form::Words(2_000))];
const PLACE: &[FieldLaw] = &[
    must("name", Form::Line(200)),
    must("type", Form::Line(64)),
    must("place", Form::Place),
    may("code", Form::Line(64)),
    may("length", Form::Metres),
    may("unit", Form::Ref("unit")),
    may("items", FLAGS),
];
const INSPECTION: &[FieldLaw] = &[
    must("type", Form::Line(64)),
    must("catalogue", Form::Ref("catalogue")),
    must("place", Form::Place),
    may("task", Form::Ref("task")),
    may("note", Form::Words(4_000)),
];
const ANSWERS: &[FieldLaw] = &[may("answers", Form::Set(500, &Form::Answer)), may("note", Form::Words(4_000))];
/// Characters of the name of a task.
pub(super) const TASK_NAME: usize = 200;
const TASK: &[FieldLaw] = &[
    must("name", Form::Line(TASK_NAME)),
    must("place", Form::Place),
    may("type", Form::Line(64)),
    may("to", Form::RefSet(100, "user")),
    may("opens", Form::Time),
    may("due", Form::Time),
    may("unannounced", Form::True),
    may("note", Form::Words(2_000)),
    may("schedule", Form::Ref("schedule")),
    may("on", Form::Date),
];
const SCHEDULE: &[FieldLaw] = &[
    must("name", Form::Line(200)),
    must("every", Form::Recurs),
    must("from", Form::Date),
    may("until", Form::Date),
    may("days", Form::Count(365)),
    may("to", Form::RefSet(100, "user")),
    may("places", Form::RefSet(1_000, "place")),
    may("type", Form::Line(64)),
    may("area", Form::Ref("area")),
    may("draw", Form::Count(1_000)),
    may("seed", Form::Line(64)),
    may("unannounced", Form::True),
];
const USER: &[FieldLaw] = &[
    must("name", Form::Line(100)),
    must("roles", Form::Roles),
    may("unit", Form::Ref("unit")),
    may("areas", Form::RefSet(500, "area")),
    may("actions", FLAGS),
];
const DEVICE: &[FieldLaw] = &[
    must("key", Form::Key),
    must("user", Form::Ref("user")),
    must("line", Form::Uuid),
    may("lines_before", Form::Set(MAX_LINES_BEFORE, &Form::True)),
];
const SESSION: &[FieldLaw] = &[must("user", Form::Ref("user")), must("line", Form::Uuid), must("roles", Form::Roles)];
const LEDGER: &[FieldLaw] = &[must("name", Form::Line(200)), must("zone", Form::Line(64)), must("key", Form::Key)];

const PHOTOS: FieldLaw = may("photos", Form::Set(100, &Form::Photo));
const UNTIL: FieldLaw = must("deadline", Form::Time);
const CALENDAR: &[FieldLaw] = &[
    must("year", Form::Count(9_999)),
    may("days", Form::Days(&Form::OneOf(&["off", "work"]))),
    must("hours", Form::Hours),
];
const DISPATCH: &[FieldLaw] = &[
    must("unit", Form::Ref("unit")),
    may("lead", Form::Ref("unit")),
    may("section", Form::Line(100)),
    may("person", Form::Ref("user")),
    may("limit", Form::Limit),
    may("demand", Form::Words(2_000)),
];
const ASSIGN: &[FieldLaw] = &[may("section", Form::Line(100)), may("person", Form::Ref("user"))];
const CLOSE: &[FieldLaw] = &[may("check", Form::Words(2_000)), may("override", Form::Words(500)), PHOTOS];
const RETURN: &[FieldLaw] = &[REASON, may("limit", Form::Limit), PHOTOS];
const REPLY: &[FieldLaw] = &[must("reply", Form::Words(4_000)), PHOTOS];
const OVERDUE: &[FieldLaw] = &[said("deadline", Form::Time), said("level", Form::Count(3))];
const WANT: &[FieldLaw] = &[must("wanted", Form::Time), must("wanted_because", Form::Words(2_000))];
const NOTICE: &[FieldLaw] = &[
    must("unit", Form::Ref("unit")),
    must("findings", Form::RefSet(50, "finding")),
    must("source", Form::OneOf(&["on_site", "special_inspection", "complaint", "media", "superior"])),
    may("level", Form::Count(3)),
    may("before", Form::Ref("notice")),
    may("limits", Form::Set(50, &Form::Limit)),
    may("points", Form::Set(50, &Form::Count(100_000))),
    may("demand", Form::Words(4_000)),
    may("basis", Form::Words(2_000)),
    may("leader", Form::Line(100)),
    may("person", Form::Line(100)),
    may("phone", Form::Line(40)),
];
const FILE: &[FieldLaw] = &[may("condition", Form::Words(500)), may("unseen", Form::Words(500))];
const DUPLICATE: &[FieldLaw] = &[must("of", Form::Ref("finding")), may("reason", Form::Words(2_000))];
const APPEAL: &[FieldLaw] = &[must("appeal", Form::Words(4_000)), may("appeal_of", Form::RefSet(50, "finding"))];
const HEAR: &[FieldLaw] = &[said("says", Form::OneOf(&["grant", "reject"])), said("because", Form::Words(2_000))];
const DEDUCT: &[FieldLaw] = &[
    may("unit", Form::Ref("unit")),
    may("finding", Form::Ref("finding")),
    must("rule", Form::OneOf(&["found", "overdue", "repeat", "rework", "falsified", "special"])),
    may("action", Form::Line(64)),
    may("points", Form::Count(100_000)),
    may("reason", Form::Words(2_000)),
];
const GIVE_BACK: &[FieldLaw] = &[must("of", Form::Ref("deduction")), REASON];

/// States in which a unit is at work.
pub(super) const AT_WORK: &[&str] = &["dispatched", "noticed", "returned"];
/// States of a notice that counts.
pub(super) const STANDING: &[&str] = &["issued", "signed_for", "replied", "returned", "closed"];

/// Whether a notice in this state counts, so that an appeal against it may be heard.
pub fn hears_appeals(status: &str) -> bool {
    STANDING.contains(&status)
}

const OPEN_NOTICE: &[&str] = &["issued", "signed_for", "replied", "returned"];
const UNDECIDED: &[&str] = &["declined", "duplicate", "filed"];

const GOING: &[&str] = &["started", "paused"];
const DONE: &[FieldLaw] = &[may("inspection", Form::Ref("inspection"))];

/// Every kind of op, in order of their names.
pub(super) const LAWS: &[KindLaw] = &[
    law("area.add", "area", Act::Make, "area.manage", AREA),
    law("area.amend", "area", Act::Change, "area.manage", AREA),
    law("area.retire", "area", RETIRED, "area.manage", RETIRE),
    law("blobs.kept", "blobs", Act::Keep, "", &[must("blobs", Form::Files(MAX_KEPT))]),
    law("calendar.add", "calendar", Act::Make, "calendar.manage", CALENDAR),
    law("calendar.amend", "calendar", Act::Change, "calendar.manage", CALENDAR),
    law("catalogue.load", "catalogue", Act::Make, "catalogue.manage", CATALOGUE),
    law("catalogue.retire", "catalogue", RETIRED, "catalogue.manage", RETIRE),
    law("deduction.add", "deduction", Act::Make, "deduction.add", DEDUCT),
    law("deduction.return", "deduction", Act::Make, "deduction.return", GIVE_BACK),
    law("device.add", "device", Act::Make, "", DEVICE),
    law("device.revoke", "device", step("revoked", &[]), "device.manage", RETIRE),
    observed(law("finding.amend", "finding", Act::Change, "finding.amend", FINDING)),
    law("finding.ask", "finding", stay(&["reported"]), "finding.review", &[must("asked", Form::Words(2_000))]),
    law("finding.assign", "finding", stay(AT_WORK), "finding.assign", ASSIGN),
    law("finding.close", "finding", step("closed", &["replied"]), "finding.check", CLOSE),
    law("finding.decline", "finding", step("declined", &["reported"]), "finding.review", &[REASON]),
    law("finding.dispatch", "finding", step("dispatched", &["filed"]), "finding.dispatch", DISPATCH),
    law("finding.duplicate", "finding", step("duplicate", &["reported"]), "finding.review", DUPLICATE),
    law("finding.exempt", "finding", stay(&[]), "finding.extend", &[must("exempt", Form::Words(500))]),
    law("finding.extend", "finding", stay(AT_WORK), "finding.extend", &[UNTIL]),
    law("finding.file", "finding", step("filed", &["reported"]), "finding.review", FILE),
    observed(law("finding.fix", "finding", step("fixed_on_the_spot", &["reported"]), "finding.record", FIX)),
    law("finding.give_back", "finding", step("filed", &["dispatched"]), "finding.give_back", &[REASON]),
    law("finding.import", "finding", Act::Make, "", IMPORT),
    law("finding.note", "finding", Act::Change, "finding.note", &[must("notes", Form::Set(200, &Form::Words(2_000)))]),
    law("finding.overdue", "finding", stay(AT_WORK), "", OVERDUE),
    law("finding.recall", "finding", step("filed", &["dispatched", "returned"]), "finding.dispatch", &[REASON]),
    observed(law("finding.record", "finding", Act::Make, "finding.record", FINDING)),
    law("finding.refuse_extension", "finding", stay(AT_WORK), "finding.extend", &[said("reason", Form::Words(2_000))]),
    law("finding.reopen", "finding", step("reported", UNDECIDED), "finding.review", &[REASON]),
    observed(law("finding.reply", "finding", step("replied", AT_WORK), "finding.reply", REPLY)),
    law("finding.request_extension", "finding", stay(AT_WORK), "finding.request_extension", WANT),
    law("finding.resolve", "finding", Act::Resolve, "finding.resolve", RESOLVE),
    law("finding.resume", "finding", stay(AT_WORK), "finding.extend", &[]),
    law("finding.return", "finding", step("returned", &["replied"]), "finding.check", RETURN),
    law("finding.suspend", "finding", stay(AT_WORK), "finding.extend", &[must("suspended", Form::Words(500))]),
    law("finding.void", "finding", step("void", &[]), "finding.void", &[REASON]),
    observed(law("inspection.answer", "inspection", Act::Change, "inspection.record", ANSWERS)),
    law("inspection.cancel", "inspection", step("void", &[]), "inspection.record", &[REASON]),
    observed(law("inspection.finish", "inspection", step("finished", GOING), "inspection.record", &[])),
    observed(law("inspection.pause", "inspection", step("paused", &["started"]), "inspection.record", &[])),
    law("inspection.resolve", "inspection", Act::Resolve, "finding.resolve", RESOLVE),
    observed(law("inspection.resume", "inspection", step("started", &["paused"]), "inspection.record", &[])),
    observed(law("inspection.start", "inspection", Act::Make, "inspection.record", INSPECTION)),
    law("ledger.amend", "ledger", Act::Change, "ledger.manage", LEDGER),
    law("ledger.epoch", "ledger", Act::Change, "", &[must("epochs", Form::Set(MAX_ENDED, &Form::Epoch))]),
    law("ledger.open", "ledger", Act::Make, "", LEDGER),
    law("notice.amend", "notice", Act::Change, "notice.draft", NOTICE),
    law("notice.appeal", "notice", stay(STANDING), "notice.appeal", APPEAL),
    law("notice.attach", "notice", Act::Change, "notice.draft", &[must("photos", Form::Set(20, &Form::Photo))]),
    law("notice.discard", "notice", step("void", &["draft"]), "notice.draft", RETIRE),
    law("notice.draft", "notice", Act::Make, "notice.draft", NOTICE),
    law("notice.hear", "notice", stay(STANDING), "notice.hear", HEAR),
    law("notice.issue", "notice", step("issued", &["draft"]), "notice.issue", &[]),
    law("notice.resolve", "notice", Act::Resolve, "notice.draft", RESOLVE),
    law("notice.sign", "notice", step("signed_for", &["issued"]), "notice.sign", &[]),
    law("notice.withdraw", "notice", step("withdrawn", OPEN_NOTICE), "notice.issue", &[REASON]),
    observed(law("photo.preview", "finding", Act::Announce, "finding.record", PREVIEWS)),
    law("place.add", "place", Act::Make, "place.manage", PLACE),
    law("place.amend", "place", Act::Change, "place.manage", PLACE),
    law("place.retire", "place", RETIRED, "place.manage", RETIRE),
    law("role.add", "role", Act::Make, "role.manage", ROLE),
    law("role.amend", "role", Act::Change, "role.manage", ROLE),
    law("schedule.add", "schedule", Act::Make, "task.manage", SCHEDULE),
    law("schedule.amend", "schedule", Act::Change, "task.manage", SCHEDULE),
    law("schedule.retire", "schedule", RETIRED, "task.manage", RETIRE),
    law("session.open", "session", Act::Make, "", SESSION),
    law("task.add", "task", Act::Make, "task.manage", TASK),
    law("task.amend", "task", Act::Change, "task.manage", TASK),
    law("task.cancel", "task", step("void", &["open"]), "task.manage", &[REASON]),
    observed(law("task.finish", "task", step("done", &["open"]), "inspection.record", DONE)),
    law("unit.add", "unit", Act::Make, "unit.manage", UNIT),
    law("unit.amend", "unit", Act::Change, "unit.manage", UNIT),
    law("unit.retire", "unit", RETIRED, "unit.manage", RETIRE),
    law("user.add", "user", Act::Make, "user.manage", USER),
    law("user.amend", "user", Act::Change, "user.manage", USER),
    law("user.retire", "user", RETIRED, "user.manage", RETIRE),
];
