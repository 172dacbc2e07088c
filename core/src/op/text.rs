//! What an op text may look like at all; refused here, nothing is logged.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::{MAX_DEPTH, MAX_OP_BYTES};

/// Why a text cannot be read as an op. `code` is stable; `detail` is for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Unreadable {
    /// `too_large`, `too_deep`, `nul`, `surrogate`, `duplicate_key`, `not_json`, `bad_member`,
    /// `bad_chain`, `wrong_device`.
    pub code: &'static str,
    /// What was found, without repeating the text.
    pub detail: String,
}

impl Unreadable {
    /// Every code that there is.
    pub const CODES: &[&str] = &[
        "too_large",
        "too_deep",
        "nul",
        "surrogate",
        "duplicate_key",
        "not_json",
        "bad_member",
        "bad_chain",
        "wrong_device",
    ];

    /// An `Unreadable` with this code and detail.
    pub fn new(code: &'static str, detail: impl Into<String>) -> Unreadable {
        Unreadable { code, detail: detail.into() }
    }

    pub(super) fn member(error: serde_json::Error) -> Unreadable {
        Unreadable::new("bad_member", error.to_string())
    }
}

/// Checks that `text` is one JSON object within the limits: no NUL, no lone surrogate, no key
/// twice in one object, nesting at most [`MAX_DEPTH`], at most [`MAX_OP_BYTES`] bytes.
///
/// # Errors
/// The first thing found, as [`Unreadable`].
pub fn check(text: &str) -> Result<(), Unreadable> {
    if text.len() > MAX_OP_BYTES {
        let detail = format!("{} bytes, at most {MAX_OP_BYTES} fit", text.len());
        return Err(Unreadable::new("too_large", detail));
    }
    check_json(text)?;
    if !text.trim_start().starts_with('{') {
        return Err(Unreadable::new("not_json", "not an object"));
    }
    Ok(())
}

/// Checks that `text` is one JSON value that says one thing: no NUL, no lone surrogate, no key twice in one object, nesting
/// at most [`MAX_DEPTH`].
///
/// # Errors
/// The first thing found, as [`Unreadable`].
pub fn check_json(text: &str) -> Result<(), Unreadable> {
    scan(text.as_bytes())?;
    serde_json::from_str::<DistinctKeys>(text).map_err(|error| {
        let detail = error.to_string();
        let code = if detail.starts_with(DUPLICATE) { "duplicate_key" } else { "not_json" };
        Unreadable::new(code, detail)
    })?;
    Ok(())
}

/// One pass without recursion, so that depth is known before any parser recurses.
fn scan(bytes: &[u8]) -> Result<(), Unreadable> {
    let (mut depth, mut at, mut in_string) = (0_usize, 0, false);
    while let Some(&byte) = bytes.get(at) {
        match (in_string, byte) {
            (_, 0) => return Err(Unreadable::new("nul", format!("NUL at byte {at}"))),
            (true, b'\\') => {
                at += escape(bytes, at)?;
                continue;
            }
            (_, b'"') => in_string = !in_string,
            (false, b'{' | b'[') => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(Unreadable::new("too_deep", format!("nested deeper than {MAX_DEPTH}")));
                }
            }
            (false, b'}' | b']') => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// Length of the escape at `at`, after checking that it is neither NUL nor half a surrogate pair.
fn escape(bytes: &[u8], at: usize) -> Result<usize, Unreadable> {
    let Some(unit) = code_unit(bytes, at) else {
        return Ok(2);
    };
    let lone = || Unreadable::new("surrogate", format!("lone surrogate at byte {at}"));
    match unit {
        0 => Err(Unreadable::new("nul", format!("NUL at byte {at}"))),
        0xD800..=0xDBFF => match code_unit(bytes, at + 6) {
            Some(0xDC00..=0xDFFF) => Ok(12),
            _ => Err(lone()),
        },
        0xDC00..=0xDFFF => Err(lone()),
        _ => Ok(6),
    }
}

/// The UTF-16 unit that a `\uXXXX` at `at` spells.
fn code_unit(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

const DUPLICATE: &str = "key twice";

/// Keys that are compared one by one, before a table is worth it.
const FEW: usize = 24;

/// A key, borrowed from the text where it has no escapes.
#[derive(PartialEq, Eq, Hash, serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// Any JSON value whose objects name each key once.
struct DistinctKeys;

impl<'de> Deserialize<'de> for DistinctKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<DistinctKeys, D::Error> {
        deserializer.deserialize_any(DistinctKeys)
    }
}

impl<'de> Visitor<'de> for DistinctKeys {
    type Value = DistinctKeys;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<DistinctKeys, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<DistinctKeys, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<DistinctKeys, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<DistinctKeys, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<DistinctKeys, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<DistinctKeys, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<DistinctKeys, A::Error> {
        while seq.next_element::<DistinctKeys>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<DistinctKeys, A::Error> {
        let (mut few, mut many) = (Vec::<Key<'de>>::new(), HashSet::new());
        while let Some(key) = map.next_key::<Key<'de>>()? {
            if few.contains(&key) || many.contains(&key) {
                return Err(A::Error::custom(format!("{DUPLICATE}: {:?}", key.0)));
            }
            if few.len() < FEW {
                few.push(key);
            } else {
                many.insert(key);
            }
            map.next_value::<DistinctKeys>()?;
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> &'static str {
        check(text).map_or_else(|unreadable| unreadable.code, |()| "ok")
    }

    #[test]
    fn ordinary_texts_pass() {
        for text in [r"{}", r#"{"a":[1,2.5,-3,null,true,"\u4e2d\n\\"],"b":{"a":1}}"#, r#"{"emoji":"\ud83d\ude00"}"#] {
            assert_eq!(code(text), "ok", "{text}");
        }
    }

    #[test]
    fn nul_and_lone_surrogates_are_named() {
        assert_eq!(code("{\"a\":\"\0\"}"), "nul");
        assert_eq!(code(r#"{"a":"\u0000"}"#), "nul");
        assert_eq!(code(r#"{"a\u0000":1}"#), "nul");
        assert_eq!(code(r#"{"a":"\\u0000"}"#), "ok");
        for half in [r"\ud800", r"\udc00", r"\ud800x", r"\ud800\u0041", r"\ud83d\ud83d"] {
            assert_eq!(code(&format!(r#"{{"a":"{half}"}}"#)), "surrogate", "{half}");
        }
    }

    #[test]
    fn a_key_twice_is_refused_at_any_depth_and_in_any_spelling() {
        assert_eq!(code(r#"{"a":1,"a":2}"#), "duplicate_key");
        assert_eq!(code(r#"{"x":[{"a":1,"\u0061":2}]}"#), "duplicate_key");
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let nested = |n: usize| format!("{{\"a\":{}{}}}", "[".repeat(n - 1), "]".repeat(n - 1));
        assert_eq!(code(&nested(MAX_DEPTH)), "ok");
        assert_eq!(code(&nested(MAX_DEPTH + 1)), "too_deep");
        assert_eq!(code(&nested(20_000)), "too_deep");
        assert_eq!(code(&format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_OP_BYTES))), "too_large");
    }

    #[test]
    fn what_is_not_an_object_is_not_json_for_us() {
        for text in ["", "[]", "1", "{", "{\"a\":1}x", "{'a':1}", "{\"a\":1e999}", "{\"a\":\"\n\"}"] {
            assert_eq!(code(text), "not_json", "{text:?}");
        }
    }
}
