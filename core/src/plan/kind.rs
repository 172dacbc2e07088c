//! The table of what can be said: every kind of op, what it is about, and the form of its body.

/// What an op does to its root entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Brings it into being.
    Make,
    /// Sets fields; disputes are kept, not decided.
    Change,
    /// Moves its state from `from` to `to`; never merges.
    Step {
        /// The state it moves to.
        to: &'static str,
        /// States that it may move from; empty: any other.
        from: &'static [&'static str],
    },
    /// Decides a conflict.
    Resolve,
    /// Announces what was made from something; the first word stands, and nothing is disputed.
    Announce,
    /// Says that files have arrived; changes every entity that refers to them and has no root.
    Keep,
}

/// The law about one kind of op.
#[derive(Debug, Clone, Copy)]
pub struct KindLaw {
    /// Name, such as `finding.record`.
    pub kind: &'static str,
    /// Newest version of its body that this law knows.
    pub v: u32,
    /// Kind of its root entity.
    pub of: &'static str,
    /// What it does.
    pub act: Act,
    /// The right it takes; empty when only the ledger itself may say it.
    pub right: &'static str,
    /// Observations are judged by the rights of the login, decisions by the rights at their index.
    pub observation: bool,
    /// Members of its body that this law knows.
    pub fields: &'static [FieldLaw],
}

/// The law about one member of a body.
#[derive(Debug, Clone, Copy)]
pub struct FieldLaw {
    /// Name.
    pub name: &'static str,
    /// What it may be.
    pub form: Form,
    /// An op that makes an entity, or takes a step, must carry it.
    pub required: bool,
}

/// What a member may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Text of 1 to this many characters; line breaks allowed, other control characters not.
    Words(usize),
    /// Text on one line of 1 to this many characters.
    Line(usize),
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// [`Place`](crate::model::Place).
    Place,
    /// [`Photo`](crate::model::Photo).
    Photo,
    /// true.
    True,
    /// Id of an entity of this kind, which must be known.
    Ref(&'static str),
    /// A UUID.
    Uuid,
    /// A public key.
    Key,
    /// GeoJSON Polygon or MultiPolygon.
    Shape,
    /// A list of op ids.
    OpIds,
    /// Any value.
    Any,
    /// A set of at most this many members, each named by a short text; a member is of the form named.
    Set(usize, &'static Form),
    /// [`Preview`](crate::model::Preview).
    Preview,
    /// At most this many files, each named by its hash, with its length and media type.
    Files(usize),
    /// The last provable checkpoint of an epoch: its size and root.
    Epoch,
    /// A set of names of known roles.
    Roles,
    /// Like `Set`, and each member's name is the id of an entity of this kind.
    RefSet(usize, &'static str),
    /// An instant in UTC.
    Time,
    /// A day, such as `2026-11-27`.
    Date,
    /// A whole number from 0 to this.
    Count(u64),
    /// Metres, up to 1,000 km.
    Metres,
    /// A document of the ledger's own: its hash and length.
    Document,
    /// [`Recurs`](crate::model::Recurs), with at least one day.
    Recurs,
    /// [`Answer`](crate::model::Answer).
    Answer,
    /// What an ask is answered with: a number from 0 on, or text of 1 to 64 characters.
    Asked,
}

const fn must(name: &'static str, form: Form) -> FieldLaw {
    FieldLaw { name, form, required: true }
}

const fn may(name: &'static str, form: Form) -> FieldLaw {
    FieldLaw { name, form, required: false }
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
const ASKED: Form = Form::Set(20, &Form::Asked);
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
const TASK: &[FieldLaw] = &[
    must("name", Form::Line(200)),
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
];
const DEVICE: &[FieldLaw] = &[must("key", Form::Key), must("user", Form::Ref("user")), must("line", Form::Uuid)];
const SESSION: &[FieldLaw] = &[must("user", Form::Ref("user")), must("line", Form::Uuid), must("roles", Form::Roles)];
const LEDGER: &[FieldLaw] = &[must("name", Form::Line(200)), must("zone", Form::Line(64)), must("key", Form::Key)];

/// Most files in one `blobs.kept`: its text stays far below the longest op.
pub const MAX_KEPT: usize = 256;

const GOING: &[&str] = &["started", "paused"];
const DONE: &[FieldLaw] = &[may("inspection", Form::Ref("inspection"))];

const LAWS: &[KindLaw] = &[
    law("area.add", "area", Act::Make, "area.manage", AREA),
    law("area.amend", "area", Act::Change, "area.manage", AREA),
    law("area.retire", "area", RETIRED, "area.manage", RETIRE),
    law("blobs.kept", "blobs", Act::Keep, "", &[must("blobs", Form::Files(MAX_KEPT))]),
    law("catalogue.load", "catalogue", Act::Make, "catalogue.manage", CATALOGUE),
    law("catalogue.retire", "catalogue", RETIRED, "catalogue.manage", RETIRE),
    law("device.add", "device", Act::Make, "", DEVICE),
    law("device.revoke", "device", step("revoked", &[]), "device.manage", RETIRE),
    observed(law("finding.amend", "finding", Act::Change, "finding.amend", FINDING)),
    observed(law("finding.fix", "finding", step("fixed_on_the_spot", &["reported"]), "finding.record", &[])),
    observed(law("finding.record", "finding", Act::Make, "finding.record", FINDING)),
    law("finding.resolve", "finding", Act::Resolve, "finding.resolve", RESOLVE),
    law("finding.void", "finding", step("void", &[]), "finding.void", &[REASON]),
    observed(law("inspection.answer", "inspection", Act::Change, "inspection.record", ANSWERS)),
    law("inspection.cancel", "inspection", step("void", &[]), "inspection.record", &[REASON]),
    observed(law("inspection.finish", "inspection", step("finished", GOING), "inspection.record", &[])),
    observed(law("inspection.pause", "inspection", step("paused", &["started"]), "inspection.record", &[])),
    law("inspection.resolve", "inspection", Act::Resolve, "finding.resolve", RESOLVE),
    observed(law("inspection.resume", "inspection", step("started", &["paused"]), "inspection.record", &[])),
    observed(law("inspection.start", "inspection", Act::Make, "inspection.record", INSPECTION)),
    law("ledger.amend", "ledger", Act::Change, "ledger.manage", LEDGER),
    law("ledger.epoch", "ledger", Act::Change, "", &[must("epochs", Form::Set(1, &Form::Epoch))]),
    law("ledger.open", "ledger", Act::Make, "", LEDGER),
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

/// The law about ops called `kind`; none when this version has never heard of it.
pub fn law_of(kind: &str) -> Option<&'static KindLaw> {
    LAWS.binary_search_by(|law| law.kind.cmp(kind)).ok().map(|at| &LAWS[at])
}

/// Every kind of op, in order of their names.
pub fn law_table() -> &'static [KindLaw] {
    LAWS
}

/// The law about changing entities of the kind `of`: what their fields may be given.
pub(super) fn change_of(of: &str) -> Option<&'static KindLaw> {
    LAWS.iter().find(|law| law.of == of && law.act == Act::Change && !law.right.is_empty())
}

impl KindLaw {
    /// The law about the member called `name`.
    pub fn field(&self, name: &str) -> Option<&'static FieldLaw> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The state that an entity of this kind is born in.
    pub(super) fn first_status(&self) -> &'static str {
        match self.of {
            "finding" => "reported",
            "inspection" => "started",
            "task" => "open",
            _ => "active",
        }
    }
}

impl FieldLaw {
    /// True when the field is a set, kept as one field per member.
    pub(super) fn is_set(&self) -> bool {
        matches!(self.form, Form::Set(..) | Form::RefSet(..) | Form::Roles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_so_that_every_kind_is_found() {
        for law in LAWS {
            assert_eq!(law_of(law.kind).map(|found| found.kind), Some(law.kind));
            // A preview is of a photo, and photos are members of a finding.
            assert!(law.kind.starts_with(law.of) || law.kind == "photo.preview", "{} is about a {}", law.kind, law.of);
        }
        assert!(law_of("finding.eat").is_none());
    }
}
