//! Checks a body against the table of kinds and lays its sets out as one field per member.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::calendar::hours_of;
use super::kind::{Act, FieldLaw, Form, KindLaw};
use super::{Ruling, Shape, View, claims, hold, refuse};
use crate::model::{
    Answer, Code, EntityId, Hash, LedgerId, OpId, Photo, Place, Preview, Recurs, Source, Time, TimeLimit,
};
use crate::op::{Op, PublicKey};

/// Fields of the op's body, sets laid out; refused with the field's name when one does not fit.
pub(super) fn check(view: &dyn View, law: &KindLaw, op: &Op) -> Ruling<BTreeMap<String, Value>> {
    let complete = !matches!(law.act, Act::Change);
    for field in law.fields {
        match op.body.get(field.name) {
            None | Some(Value::Null) if field.required && complete && field.form != Form::Any => {
                return bad(field.name, "is missing");
            }
            None if field.required && complete => return bad(field.name, "is missing"),
            Some(Value::Null) if field.required && field.form != Form::Any => {
                return bad(field.name, "cannot be taken away");
            }
            _ => {}
        }
    }
    for (name, value) in &op.body {
        match law.field(name) {
            Some(field) => check_field(view, op.ledger, field, value)?,
            None => check_unknown(law, name)?,
        }
    }
    match law.act {
        Act::Change if op.body.is_empty() => bad("body", "changes nothing"),
        // Phones learn the key when they enrol and have no way to believe another one.
        Act::Change if law.of == "ledger" && op.body.contains_key("key") => bad("key", "cannot be changed"),
        Act::Make | Act::Keep => check_made(op).map(|()| super::fields_of(law, op)),
        Act::Resolve => check_chosen(view, law, op).map(|()| super::fields_of(law, op)),
        _ => Ok(super::fields_of(law, op)),
    }
}

/// What an op makes has the id that follows from it, so that it cannot be made twice.
fn check_made(op: &Op) -> Ruling<()> {
    let text = |name: &str| op.body.get(name).and_then(Value::as_str);
    let expected = match op.kind.as_str() {
        "ledger.open" => Some(EntityId(op.ledger.0)),
        "calendar.add" => {
            op.body.get("year").and_then(Value::as_u64).map(|year| EntityId::of_calendar(op.ledger, year))
        }
        // Rows of the deduction ledger follow from what they are about; the law of casework says how.
        "deduction.return" => Some(op.entity),
        "deduction.add" if text("rule").is_some_and(|rule| rule != "special") => Some(op.entity),
        "role.add" => text("name").map(|name| EntityId::of_role(op.ledger, name)),
        "device.add" => {
            let key = text("key").and_then(|key| key.parse::<PublicKey>().ok());
            key.map(|key| EntityId::of_device(op.ledger, &key.device()))
        }
        "finding.import" => {
            let source = op.body.get("source").and_then(|source| Source::deserialize(source).ok());
            source.map(|source| EntityId::of_source(op.ledger, &source.system, &source.case))
        }
        // A corrected finding keeps the id under which it was first recorded and refused, so that
        // what was said about it since still finds it.
        "finding.record" if op.supersedes.is_some_and(|refused| EntityId::from(refused) == op.entity) => {
            Some(op.entity)
        }
        _ => Some(EntityId::from(op.id)),
    };
    if expected == Some(op.entity) { Ok(()) } else { bad("entity", "is not the id that follows from this op") }
}

/// A resolution chooses a value that the field could have been given in the first place.
fn check_chosen(view: &dyn View, law: &KindLaw, op: &Op) -> Ruling<()> {
    let path = op.body.get("field").and_then(Value::as_str).unwrap_or_default();
    let name = path.split('/').next().unwrap_or_default();
    let change = super::kind::change_of(law.of);
    let value = op.body.get("value").unwrap_or(&Value::Null);
    match change.and_then(|change| change.field(name)) {
        Some(field) if value.is_null() && field.required => bad("value", "cannot be taken away"),
        Some(field) if value.is_null() && !field.required => Ok(()),
        Some(field) => match field.form {
            Form::Set(_, form) => check_form(view, "value", *form, value),
            form => check_form(view, "value", form, value),
        },
        None => check_unknown(law, name),
    }
}

fn bad<T>(name: &str, what: &str) -> Ruling<T> {
    refuse(Code::BadField, format!("{name}: {what}"))
}

/// Fields that the law writes by itself, besides those that an op of some kind may set.
const RESERVED: &[&str] = &[
    "status",
    "areas",
    "opened",
    "reason",
    "previews",
    "evidence",
    "epochs",
    "duty_unit",
    "points",
    "also",
    "notice",
    "filed",
    "dispatched",
    "begun",
    "sent",
    "replied",
    "claimed",
    "had",
    "reworked",
    "missed",
    "extended",
    "refused_because",
    "refused_at",
    "closed",
    "overdue",
    "rework",
    "pauses",
    "stopped",
    "number",
    "issued",
    "sign_by",
    "signed",
    "deadlines",
    "face",
    "appealed",
    "votes",
    "appeal_result",
    "heard",
    "struck",
    "next",
    "month",
    "rule_version",
    "last",
];

/// Fields of newer apps pass, unless their name would collide with how the law keeps its own.
fn check_unknown(law: &KindLaw, name: &str) -> Ruling<()> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    // A step writes nothing that it does not know.
    let writes = !matches!(law.act, Act::Step { .. });
    if RESERVED.contains(&name) || (writes && super::kind::is_set_elsewhere(law, name)) {
        return bad(name, "is not for this op to set");
    }
    if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
        return bad("body", "a member's name is not a short snake_case word");
    }
    Ok(())
}

fn check_field(view: &dyn View, ledger: LedgerId, field: &FieldLaw, value: &Value) -> Ruling<()> {
    match (field.form, value) {
        (_, Value::Null) => Ok(()),
        (Form::Set(most, form), Value::Object(members)) => {
            check_names(field.name, most, members)?;
            members
                .iter()
                .filter(|(_, member)| !member.is_null())
                .try_for_each(|(name, member)| check_form(view, &format!("{}/{name}", field.name), *form, member))
        }
        (Form::Days(form), Value::Object(members)) => {
            check_names(field.name, 366, members)?;
            members.iter().filter(|(_, member)| !member.is_null()).try_for_each(|(name, member)| {
                let path = format!("{}/{name}", field.name);
                check_form(view, &path, Form::Date, &Value::from(name.as_str()))?;
                check_form(view, &path, *form, member)
            })
        }
        (Form::RefSet(most, kind), Value::Object(members)) => {
            check_names(field.name, most, members)?;
            members.iter().try_for_each(|(name, member)| {
                let path = format!("{}/{name}", field.name);
                if !member.is_null() {
                    check_form(view, &path, Form::True, member)?;
                }
                check_form(view, &path, Form::Ref(kind), &Value::from(name.as_str()))
            })
        }
        (Form::Roles, Value::Object(members)) => {
            check_names(field.name, 100, members)?;
            members.iter().try_for_each(|(name, member)| {
                let path = format!("roles/{name}");
                match member {
                    // A role that the city no longer knows can still be taken away.
                    Value::Null => Ok(()),
                    Value::Bool(true) if view.entity(EntityId::of_role(ledger, name)).is_some() => Ok(()),
                    Value::Bool(true) => bad(&path, "is not a role"),
                    _ => bad(&path, &Form::True.wanted()),
                }
            })
        }
        (form, value) => check_form(view, field.name, form, value),
    }
}

fn check_names(set: &str, most: usize, members: &serde_json::Map<String, Value>) -> Ruling<()> {
    if members.len() > most {
        return bad(set, &format!("has {} members, at most {most} fit", members.len()));
    }
    let short = |name: &String| (1..=64).contains(&name.chars().count());
    match members.keys().find(|name| !short(name) || name.contains('/') || name.contains(char::is_control)) {
        Some(_) => bad(set, "a member's name is not a short text without / and control characters"),
        None => Ok(()),
    }
}

fn check_form(view: &dyn View, name: &str, form: Form, value: &Value) -> Ruling<()> {
    let text = value.as_str();
    let fits = match form {
        Form::Any => true,
        Form::True => value == &Value::Bool(true),
        Form::Words(most) => text.is_some_and(|text| is_words(text, most, &['\n', '\r', '\t'])),
        Form::Line(most) => text.is_some_and(|text| is_words(text, most, &[])),
        Form::OneOf(choices) => text.is_some_and(|text| choices.contains(&text)),
        Form::Uuid => text.is_some_and(|text| text.parse::<uuid::Uuid>().is_ok()),
        Form::Key => text.is_some_and(|text| text.parse::<PublicKey>().is_ok()),
        Form::Place => match Place::deserialize(value) {
            Ok(place) if !is_accuracy(&place) => {
                return bad(&format!("{name}.accuracy"), "must be metres, from 0 to 10000000");
            }
            Ok(place) if is_place(&place) => return check_known_place(view, name, &place),
            _ => false,
        },
        Form::Photo => Photo::deserialize(value).is_ok_and(|photo| is_photo(&photo)),
        Form::Preview => Preview::deserialize(value).is_ok_and(|preview| preview.width > 0 && preview.height > 0),
        Form::Files(most) => is_files(value, most),
        Form::Epoch => {
            let root = value.get("root").and_then(Value::as_str).and_then(|root| root.parse::<Hash>().ok());
            let void = value.get("void").is_none_or(Value::is_u64);
            value.get("size").is_some_and(Value::is_u64) && root.is_some() && void
        }
        Form::Shape => Shape::from_geojson(value).is_some(),
        Form::Time => text.is_some_and(|text| text.parse::<Time>().is_ok()),
        Form::Date => text.is_some_and(|text| text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()),
        Form::Count(most) => value.as_u64().is_some_and(|count| count <= most),
        Form::Metres => value.as_f64().is_some_and(|metres| (0.0..=1e6).contains(&metres)),
        Form::Document => is_document(value),
        Form::Recurs => Recurs::deserialize(value).is_ok_and(|recurs| is_recurs(&recurs)),
        Form::Answer => Answer::deserialize(value).is_ok_and(|answer| is_answer(&answer)),
        Form::Asked => is_asked(value),
        Form::Source => return claims::check(name, value),
        Form::OpIds => Vec::<OpId>::deserialize(value).is_ok_and(|ids| (1..=100).contains(&ids.len())),
        Form::Ref(kind) => return check_ref(view, name, kind, text),
        Form::Limit => TimeLimit::deserialize(value).is_ok_and(TimeLimit::is_sensible),
        Form::Hours => Vec::deserialize(value).is_ok_and(|hours: Vec<(String, String)>| {
            hours_of(&hours).is_some_and(|hours| (1..=8).contains(&hours.len()))
        }),
        Form::Set(..) | Form::RefSet(..) | Form::Roles | Form::Days(..) => false,
    };
    if fits { Ok(()) } else { bad(name, &form.wanted()) }
}

/// Files by their hashes, each with its length and media type.
fn is_files(value: &Value, most: usize) -> bool {
    let file = |(hash, file): (&String, &Value)| {
        let media_type = file.get("type").and_then(Value::as_str);
        hash.parse::<Hash>().is_ok_and(|parsed| parsed.to_string() == *hash)
            && file.get("len").is_some_and(Value::is_u64)
            && media_type.is_some_and(|name| is_words(name, 100, &[]))
    };
    value.as_object().is_some_and(|files| (1..=most).contains(&files.len()) && files.iter().all(file))
}

fn check_ref(view: &dyn View, name: &str, kind: &str, text: Option<&str>) -> Ruling<()> {
    let Some(id) = text.and_then(|text| text.parse::<EntityId>().ok()) else {
        return bad(name, &format!("is not the id of a {kind}"));
    };
    match view.entity(id) {
        None => hold(format!("entity:{id}")),
        Some(entity) if entity.kind != kind => bad(name, &format!("is a {}, not a {kind}", entity.kind)),
        Some(_) => Ok(()),
    }
}

pub(super) fn is_words(text: &str, most: usize, allowed: &[char]) -> bool {
    let length = text.chars().count();
    let control = |c: char| c.is_control() && !allowed.contains(&c);
    length <= most && !text.trim().is_empty() && !text.contains(control)
}

/// A place named by id must be known.
fn check_known_place(view: &dyn View, name: &str, place: &Place) -> Ruling<()> {
    match place.id {
        Some(id) => check_ref(view, &format!("{name}.id"), "place", Some(&id.to_string())),
        None => Ok(()),
    }
}

fn is_photo(photo: &Photo) -> bool {
    const SHOWS: &[&str] = &["wide", "close", "reference", "after"];
    photo.place.as_ref().is_none_or(is_place) && photo.shows.as_deref().is_none_or(|shows| SHOWS.contains(&shows))
}

fn is_document(value: &Value) -> bool {
    let hash = value.get("hash").and_then(Value::as_str).and_then(|hash| hash.parse::<Hash>().ok());
    hash.is_some() && value.get("len").is_some_and(Value::is_u64)
}

fn is_recurs(recurs: &Recurs) -> bool {
    match recurs {
        Recurs::Week(days) => !days.is_empty(),
        Recurs::Month(days) => !days.is_empty() && days.iter().all(|day| (1..=31).contains(day)),
    }
}

fn is_answer(answer: &Answer) -> bool {
    answer.values.len() <= 20
        && answer.values.values().all(is_asked)
        && answer.findings.len() <= 50
        && answer.note.as_deref().is_none_or(|note| is_words(note, 2_000, &['\n', '\r', '\t']))
        && answer.why.as_deref().is_none_or(|why| is_words(why, 500, &['\n', '\r', '\t']))
}

fn is_asked(value: &Value) -> bool {
    let number = value.as_f64().is_some_and(|number| number.is_finite() && number >= 0.0);
    number || value.as_str().is_some_and(|text| is_words(text, 64, &[]))
}

fn is_accuracy(place: &Place) -> bool {
    place.accuracy.is_none_or(|metres| (0.0..=1e7).contains(&metres))
}

fn is_place(place: &Place) -> bool {
    let within = |value: Option<f64>, limit: f64| value.is_none_or(|value| value.abs() <= limit);
    let fix = place.lat.is_some();
    let words = place.words.as_deref();
    fix == place.lon.is_some()
        && within(place.lat, 90.0)
        && within(place.lon, 180.0)
        && is_accuracy(place)
        && words.is_none_or(|words| is_words(words, 500, &[]))
        && (fix || words.is_some() || place.id.is_some())
}

impl Form {
    /// What would have been right, as a clause that follows the field's name.
    fn wanted(self) -> String {
        match self {
            Form::Words(most) | Form::Line(most) => format!("must be text of 1 to {most} characters"),
            Form::OneOf(choices) => format!("must be one of {}", choices.join(", ")),
            Form::Place => "must have lat and lon within the globe, words, or the id of a place".into(),
            Form::Photo => "must name the original by its hash, and show wide, close, reference or after".into(),
            Form::Preview => "must name original, display, thumbnail, width, height and stamped".into(),
            Form::Epoch => "must name size and root of a checkpoint".into(),
            Form::Files(most) => format!("must be 1 to {most} hashes, each with len and type"),
            Form::True => "must be true or null".into(),
            Form::Uuid => "must be a UUID".into(),
            Form::Key => "must be an ed25519: public key".into(),
            Form::Shape => "must be a GeoJSON Polygon or MultiPolygon".into(),
            Form::OpIds => "must be a list of 1 to 100 op ids".into(),
            Form::Set(..) | Form::RefSet(..) | Form::Roles | Form::Days(..) => "must be an object".into(),
            Form::Limit => format!(
                "must be an amount of urgent_hour or working_hour (1 to {}), or of working_day or calendar_day (0 to {})",
                TimeLimit::MOST_HOURS,
                TimeLimit::MOST_DAYS
            ),
            Form::Hours => "must be 1 to 8 pairs of times of day, such as [\"08:30\", \"12:00\"], in order".into(),
            Form::Ref(kind) => format!("must be the id of a {kind}"),
            Form::Any => "must be present".into(),
            Form::Time => "must be an RFC 3339 instant in UTC".into(),
            Form::Date => "must be a day, such as 2026-11-27".into(),
            Form::Count(most) => format!("must be a whole number from 0 to {most}"),
            Form::Metres => "must be metres, from 0 to 1000000".into(),
            Form::Document => "must name hash and len of a document".into(),
            Form::Recurs => "must be {\"week\": [days]} or {\"month\": [1 to 31]}".into(),
            Form::Answer => "must be an answer: is yes, no or na, values, note, why, findings".into(),
            Form::Source => "must be what another register says: system, case, opened".into(),
            Form::Asked => "must be a number from 0 on, or text of 1 to 64 characters".into(),
        }
    }
}
