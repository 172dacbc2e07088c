-- Schema 5: lists. Follows schema 4 and is never edited once it was shipped.

ALTER TABLE head ADD COLUMN listed INTEGER NOT NULL DEFAULT 0; -- entries that the lists know of

-- What can be listed; follows from the entities.
CREATE TABLE listing (
    n        INTEGER PRIMARY KEY,  -- what came later has a larger one
    entity   BLOB NOT NULL UNIQUE,
    kind     TEXT NOT NULL,
    received INTEGER NOT NULL,     -- milliseconds, of the op that made it
    due      INTEGER               -- milliseconds
) STRICT;
CREATE INDEX listing_by_kind ON listing (kind, n);
CREATE INDEX listing_by_time ON listing (kind, received, n);
CREATE INDEX listing_by_due ON listing (kind, due, n) WHERE due IS NOT NULL;

-- By which words. Everything beyond ASCII is part of a word, so that each comes out as it went in.
CREATE VIRTUAL TABLE listing_words USING fts5(
    words, content = '', contentless_delete = 1, detail = none, tokenize = "ascii tokenchars '_:-.*@'"
);

-- Where each listed entity changed.
CREATE TABLE trace (
    entity BLOB NOT NULL,
    idx    INTEGER NOT NULL,
    PRIMARY KEY (entity, idx)
) STRICT, WITHOUT ROWID;

-- Tokens of people at a desk. Only hashes are kept.
CREATE TABLE seat (
    token   BLOB PRIMARY KEY,
    user    BLOB NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX seat_by_user ON seat (user);
