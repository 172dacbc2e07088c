//! What lies in a store, table by table, for copying all of it from one engine to another.

/// How a column looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Number,
    Text,
    Bytes,
    /// 0 or 1 where the engine knows no better.
    Truth,
}

/// A value on its way.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Number(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
    Truth(bool),
}

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [(&'static str, Form)],
}

impl Table {
    /// Its columns, quoted, by commas.
    pub(super) fn names(&self) -> String {
        self.columns.iter().map(|(name, _)| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
    }
}

const fn table(name: &'static str, columns: &'static [(&'static str, Form)]) -> Table {
    Table { name, columns }
}

use Form::{Bytes, Number, Text, Truth};

/// Every table, the same in all engines.
pub(super) const TABLES: &[Table] = &[
    table(
        "head",
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
    table("ledger", &[("idx", Number), ("op", Text), ("facts", Text), ("leaf", Bytes), ("push", Number)]),
    table("node", &[("level", Number), ("position", Number), ("hash", Bytes)]),
    table("judged", &[("op", Bytes), ("same", Bytes), ("idx", Number)]),
    table("speaker", &[("id", Number), ("device", Text)]),
    table("said", &[("speaker", Number), ("seq", Number), ("hash", Bytes), ("prev", Bytes), ("push", Number)]),
    table("push", &[("id", Number), ("device", Text), ("hashes", Bytes), ("sig", Text), ("received", Number)]),
    table(
        "held",
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
        &[("hash", Bytes), ("op", Bytes), ("device", Text), ("text", Text), ("received", Number), ("push", Number)],
    ),
    table("entity", &[("id", Bytes), ("kind", Text), ("idx", Number), ("row", Text), ("places", Text)]),
    table("scope", &[("id", Number), ("name", Text), ("sum", Bytes)]),
    table("feed", &[("scope", Number), ("idx", Number), ("entity", Bytes), ("gone", Truth)]),
    table("invite", &[("code", Bytes), ("user", Bytes), ("expires", Number), ("key", Text)]),
    table("token", &[("token", Bytes), ("device", Text), ("user", Bytes), ("session", Bytes)]),
    table(
        "blob",
        &[("hash", Bytes), ("len", Number), ("type", Text), ("kept", Number), ("whole", Truth), ("device", Text)],
    ),
    table("ref", &[("hash", Bytes), ("entity", Bytes), ("user", Bytes), ("here", Truth)]),
    table(
        "upload",
        &[("id", Text), ("device", Text), ("hash", Bytes), ("len", Number), ("durable", Number), ("touched", Number)],
    ),
    table("document", &[("hash", Bytes), ("text", Text)]),
    table("ahead", &[("who", Text), ("epoch", Number), ("size", Number), ("root", Bytes), ("since", Number)]),
];
