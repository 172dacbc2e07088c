//! What lies in a store, table by table, for copying all of it from one engine to another.

use sha2::{Digest as _, Sha256};
use xuncha_core::model::Hash;

use super::Result;

/// How a column looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Number,
    Text,
    Bytes,
    /// 0 or 1 where the engine knows no better.
    Truth,
}

/// A value on its way.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Number(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
    Truth(bool),
}

/// Takes one row after the other.
pub(crate) type Put<'a> = &'a mut dyn FnMut(Vec<Value>) -> Result<()>;

/// What a table holds: its rows in the order of its key, whatever the engine.
#[derive(Debug, Default)]
pub(crate) struct Sum {
    hasher: Sha256,
    rows: u64,
}

impl Sum {
    pub(crate) fn add(&mut self, row: &[Value]) {
        self.rows += 1;
        for value in row {
            match value {
                Value::Number(number) => self.value(1, number.map(i64::to_be_bytes).as_ref().map(|bytes| &bytes[..])),
                Value::Text(text) => self.value(2, text.as_deref().map(str::as_bytes)),
                Value::Bytes(bytes) => self.value(3, bytes.as_deref()),
                Value::Truth(truth) => self.value(4, Some(&[u8::from(*truth)])),
            }
        }
    }

    fn value(&mut self, tag: u8, bytes: Option<&[u8]>) {
        self.hasher.update([tag, u8::from(bytes.is_some())]);
        self.hasher.update((bytes.map_or(0, <[u8]>::len) as u64).to_be_bytes());
        self.hasher.update(bytes.unwrap_or_default());
    }

    /// Number of rows, and a digest of them.
    pub(crate) fn end(self) -> (u64, Hash) {
        (self.rows, Hash(self.hasher.finalize().into()))
    }
}

/// A table.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// How many of the columns, from the first on, are its primary key.
    keys: usize,
    pub(crate) columns: &'static [(&'static str, Form)],
}

impl Table {
    /// Its columns, quoted, by commas.
    pub(super) fn names(&self) -> String {
        quoted(self.columns)
    }

    /// The statement that gives all rows in the order of the key.
    pub(super) fn select(&self) -> String {
        let key = quoted(&self.columns[..self.keys]);
        format!("SELECT {} FROM \"{}\" ORDER BY {key}", self.names(), self.name)
    }
}

fn quoted(columns: &[(&str, Form)]) -> String {
    columns.iter().map(|(name, _)| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

const fn table(name: &'static str, keys: usize, columns: &'static [(&'static str, Form)]) -> Table {
    Table { name, keys, columns }
}

use Form::{Bytes, Number, Text, Truth};

/// Every table, the same in all engines, but for those of the lists: they are made again from the others.
pub(crate) const TABLES: &[Table] = &[
    table(
        "head",
        1,
        &[
            ("one", Number),
            ("ledger", Bytes),
            ("epoch", Number),
            ("size", Number),
            ("peaks", Bytes),
            ("checkpoint", Text),
            ("durable", Number),
            ("previewed", Number),
            ("restored", Number),
        ],
    ),
    table("ledger", 1, &[("idx", Number), ("op", Text), ("facts", Text), ("leaf", Bytes), ("push", Number)]),
    table("node", 2, &[("level", Number), ("position", Number), ("hash", Bytes)]),
    table("judged", 2, &[("op", Bytes), ("same", Bytes), ("idx", Number)]),
    table("speaker", 1, &[("id", Number), ("device", Text)]),
    table("said", 2, &[("speaker", Number), ("seq", Number), ("hash", Bytes), ("prev", Bytes), ("push", Number)]),
    table("push", 1, &[("id", Number), ("device", Text), ("hashes", Bytes), ("sig", Text), ("received", Number)]),
    table(
        "held",
        2,
        &[
            ("op", Bytes),
            ("same", Bytes),
            ("device", Text),
            ("hash", Bytes),
            ("text", Text),
            ("missing", Text),
            ("received", Number),
            ("push", Number),
        ],
    ),
    table(
        "fork",
        1,
        &[("hash", Bytes), ("op", Bytes), ("device", Text), ("text", Text), ("received", Number), ("push", Number)],
    ),
    table("entity", 1, &[("id", Bytes), ("kind", Text), ("idx", Number), ("row", Text), ("places", Text)]),
    table("scope", 1, &[("id", Number), ("name", Text), ("sum", Bytes)]),
    table("feed", 3, &[("scope", Number), ("idx", Number), ("entity", Bytes), ("gone", Truth)]),
    table("invite", 1, &[("code", Bytes), ("user", Bytes), ("expires", Number), ("key", Text)]),
    table("token", 1, &[("token", Bytes), ("device", Text), ("user", Bytes), ("session", Bytes)]),
    table(
        "blob",
        1,
        &[("hash", Bytes), ("len", Number), ("type", Text), ("kept", Number), ("whole", Truth), ("device", Text)],
    ),
    table("ref", 2, &[("hash", Bytes), ("entity", Bytes), ("user", Bytes), ("here", Truth)]),
    table(
        "upload",
        1,
        &[("id", Text), ("device", Text), ("hash", Bytes), ("len", Number), ("durable", Number), ("touched", Number)],
    ),
    table("seat", 1, &[("token", Bytes), ("user", Bytes), ("expires", Number)]),
    table(
        "webhook",
        1,
        &[
            ("one", Number),
            ("url", Text),
            ("secret", Bytes),
            ("next", Number),
            ("end", Number),
            ("attempts", Number),
            ("again", Number),
            ("fault", Text),
            ("holder", Text),
            ("held", Number),
        ],
    ),
    table(
        "dead_letter",
        2,
        &[
            ("epoch", Number),
            ("first", Number),
            ("end", Number),
            ("attempts", Number),
            ("fault", Text),
            ("at", Number),
            ("due", Truth),
        ],
    ),
    table("password", 1, &[("user", Bytes), ("hash", Text), ("since", Number)]),
    table("link", 1, &[("code", Bytes), ("user", Bytes), ("expires", Number)]),
    table("session", 1, &[("secret", Bytes), ("user", Bytes), ("begun", Number), ("seen", Number)]),
    table("document", 1, &[("hash", Bytes), ("text", Text)]),
    table("ahead", 1, &[("who", Text), ("epoch", Number), ("size", Number), ("root", Bytes), ("since", Number)]),
];
