-- Schema 1 of a ledger in SQLite. Hashes and ids are BLOBs; texts that are hashed are TEXT, byte for byte.

CREATE TABLE head (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    ledger     BLOB NOT NULL,
    epoch      INTEGER NOT NULL,
    size       INTEGER NOT NULL,
    peaks      BLOB NOT NULL,      -- 32 bytes each, largest subtree first
    checkpoint TEXT NOT NULL       -- signed note of exactly this size
) STRICT;

-- Append-only: no statement of ours updates or deletes a row.
CREATE TABLE ledger (
    idx   INTEGER PRIMARY KEY,     -- dense, from 0
    op    TEXT NOT NULL,           -- exactly as it was written
    facts TEXT NOT NULL,           -- what the server added
    leaf  BLOB NOT NULL,           -- H(0x00 || H(op) || H(facts))
    push  INTEGER                  -- null: said by the ledger itself
) STRICT;

-- Complete nodes of the tree above the leaves.
CREATE TABLE node (
    level    INTEGER NOT NULL,
    position INTEGER NOT NULL,
    hash     BLOB NOT NULL,
    PRIMARY KEY (level, position)
) STRICT, WITHOUT ROWID;

-- Idempotency: which op was judged where, and the digest of what it said.
CREATE TABLE judged (
    op   BLOB NOT NULL,
    same BLOB NOT NULL,
    idx  INTEGER NOT NULL,
    PRIMARY KEY (op, same)
) STRICT, WITHOUT ROWID;

CREATE TABLE speaker (
    id     INTEGER PRIMARY KEY,
    device TEXT NOT NULL UNIQUE
) STRICT;

-- What each device said, whatever became of it.
CREATE TABLE said (
    speaker INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    hash    BLOB NOT NULL,
    prev    BLOB,
    push    INTEGER NOT NULL,
    PRIMARY KEY (speaker, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE push (
    id       INTEGER PRIMARY KEY,
    device   TEXT NOT NULL,
    hashes   BLOB NOT NULL,        -- 32 bytes each, in the order of the ops
    sig      TEXT NOT NULL,
    received INTEGER NOT NULL      -- milliseconds
) STRICT;

-- Ops that cannot be judged yet.
CREATE TABLE held (
    op       BLOB NOT NULL,
    same     BLOB NOT NULL,        -- digest of what it says: another op of the same id is another row
    device   TEXT NOT NULL,
    hash     BLOB NOT NULL,
    text     TEXT NOT NULL,
    missing  TEXT NOT NULL,        -- JSON list
    received INTEGER NOT NULL,
    push     INTEGER NOT NULL,
    PRIMARY KEY (op, same)
) STRICT, WITHOUT ROWID;
CREATE INDEX held_by_device ON held (device);

-- Ops that say something else where their device has spoken already; kept, never judged.
CREATE TABLE fork (
    hash     BLOB PRIMARY KEY,
    op       BLOB NOT NULL,
    device   TEXT NOT NULL,
    text     TEXT NOT NULL,
    received INTEGER NOT NULL,
    push     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX fork_by_device ON fork (device);

-- Newest state of everything; follows from the ledger.
CREATE TABLE entity (
    id     BLOB PRIMARY KEY,
    kind   TEXT NOT NULL,
    idx    INTEGER NOT NULL,
    row    TEXT NOT NULL,
    places TEXT NOT NULL           -- scope=index, with - before an index where it has left; by spaces
) STRICT, WITHOUT ROWID;
CREATE INDEX entity_by_kind ON entity (kind, id) WHERE kind <> 'finding';

-- One row per (scope, entity), at the index of its last change.
CREATE TABLE feed (
    scope  INTEGER NOT NULL,
    idx    INTEGER NOT NULL,
    entity BLOB NOT NULL,
    gone   INTEGER NOT NULL,
    PRIMARY KEY (scope, idx, entity)
) STRICT, WITHOUT ROWID;

CREATE TABLE scope (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    sum  BLOB NOT NULL             -- 16 bytes, big-endian
) STRICT;

-- Secrets. No rule depends on them; only hashes are kept.
CREATE TABLE invite (
    code    BLOB PRIMARY KEY,
    user    BLOB NOT NULL,
    expires INTEGER NOT NULL,
    key     TEXT                   -- the one device key that used it
) STRICT, WITHOUT ROWID;
CREATE TABLE token (
    token   BLOB PRIMARY KEY,
    device  TEXT NOT NULL,
    user    BLOB NOT NULL,
    session BLOB NOT NULL
) STRICT, WITHOUT ROWID;
