//! What a kind of op is: what it is about, what it does, and the form of its body.

use super::table::LAWS;

/// What an op does to its root entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Brings it into being.
    Make,
    /// Sets fields; disputes are kept, not decided.
    Change,
    /// Moves its state from `from` to `to`; never merges.
    Step {
        /// The state it moves to; empty: it stays in the one that it is in.
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
    /// False for what is only said: it stays in the op's text and becomes no field.
    pub kept: bool,
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
    /// The last provable checkpoint of an epoch: its size and root; and `void`, the size below which
    /// numbers of that epoch from there on mean nothing.
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
    /// [`TimeLimit`](crate::model::TimeLimit).
    Limit,
    /// A set, as `Set`, whose members are named by days of one year.
    Days(&'static Form),
    /// Times of day between which an office is open, in order.
    Hours,
    /// [`Source`](crate::model::Source): what another register claims.
    Source,
    /// What an ask is answered with: a number from 0 on, or text of 1 to 64 characters.
    Asked,
}

/// Most files in one `blobs.kept`: its text stays far below the longest op.
pub const MAX_KEPT: usize = 256;

/// How many earlier lines of a notebook a device may name: one for each key that it lost or that forked.
pub const MAX_LINES_BEFORE: usize = 100;

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

/// True when the member `name` of ops of `kind` is a set, kept as one field per member.
pub fn is_set(kind: &str, name: &str) -> bool {
    law_of(kind).and_then(|law| law.field(name)).is_some_and(FieldLaw::is_set)
}

/// True when ops of another kind set the field `name` of the same entities.
pub(super) fn is_set_elsewhere(law: &KindLaw, name: &str) -> bool {
    LAWS.iter().any(|other| other.of == law.of && other.field(name).is_some_and(|field| field.kept))
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
            "notice" => "draft",
            _ => "active",
        }
    }
}

impl FieldLaw {
    /// True when the field is a set, kept as one field per member.
    pub(super) fn is_set(&self) -> bool {
        matches!(self.form, Form::Set(..) | Form::RefSet(..) | Form::Roles | Form::Days(..))
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
