-- Schema 2: files. Follows schema 1 and is never edited once it was shipped.

ALTER TABLE head ADD COLUMN durable INTEGER NOT NULL DEFAULT 0; -- size that a backup really covers
ALTER TABLE head ADD COLUMN previewed INTEGER NOT NULL DEFAULT 0; -- entries whose photos were looked at for previews

-- Files that are or were here. The bytes lie in the blob store, under the hash.
CREATE TABLE blob (
    hash   BLOB PRIMARY KEY,
    len    INTEGER NOT NULL,
    type   TEXT NOT NULL,
    kept   INTEGER,                -- ledger index of the entry that calls it kept
    whole  INTEGER NOT NULL,       -- 0 once the bytes were found missing or altered
    device TEXT                    -- who brought it
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_unlogged ON blob (hash) WHERE kept IS NULL AND whole = 1;
CREATE INDEX blob_by_device ON blob (device) WHERE device IS NOT NULL;

-- Which entity refers to which file; follows from the entities.
CREATE TABLE ref (
    hash   BLOB NOT NULL,
    entity BLOB NOT NULL,
    user   BLOB,                   -- who named it
    here   INTEGER NOT NULL,       -- 1 while the file is here whole
    PRIMARY KEY (hash, entity)
) STRICT, WITHOUT ROWID;
CREATE INDEX ref_by_entity ON ref (entity, hash);
CREATE INDEX ref_missing ON ref (user, hash) WHERE here = 0;

-- Files on their way up.
CREATE TABLE upload (
    id      TEXT PRIMARY KEY,
    device  TEXT NOT NULL,
    hash    BLOB NOT NULL,         -- as announced
    len     INTEGER NOT NULL,      -- as announced
    durable INTEGER NOT NULL,      -- bytes that survive a power loss
    touched INTEGER NOT NULL,      -- milliseconds
    UNIQUE (device, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX upload_by_age ON upload (touched);
