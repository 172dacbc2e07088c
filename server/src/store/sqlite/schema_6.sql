-- Schema 6: a webhook. Follows schema 5 and is never edited once it was shipped.

-- Whom the ledger tells of what changes; one row or none.
CREATE TABLE webhook (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    url      TEXT NOT NULL,
    secret   BLOB NOT NULL,
    next     INTEGER NOT NULL,     -- entries before this one are told, or given up
    "end"    INTEGER,              -- where the message ends that was begun
    attempts INTEGER NOT NULL,
    again    INTEGER NOT NULL,     -- milliseconds; not tried before
    fault    TEXT,
    holder   TEXT,                 -- the process that is at it
    held     INTEGER NOT NULL      -- milliseconds; until when
) STRICT;

-- What could not be told.
CREATE TABLE dead_letter (
    epoch    INTEGER NOT NULL,
    first    INTEGER NOT NULL,
    "end"    INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    fault    TEXT NOT NULL,
    at       INTEGER NOT NULL,     -- milliseconds
    due      INTEGER NOT NULL,     -- 1 once it is to be tried again
    PRIMARY KEY (epoch, first)
) STRICT, WITHOUT ROWID;
