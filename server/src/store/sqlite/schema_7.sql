-- Schema 7: passwords and sessions. Follows schema 6 and is never edited once it was shipped. Only hashes are kept.

CREATE TABLE password (
    user  BLOB PRIMARY KEY,
    hash  TEXT NOT NULL,           -- argon2id in PHC form
    since INTEGER NOT NULL         -- milliseconds
) STRICT, WITHOUT ROWID;

-- Links with which somebody chooses a password, once.
CREATE TABLE link (
    code    BLOB PRIMARY KEY,
    user    BLOB NOT NULL,
    expires INTEGER NOT NULL       -- milliseconds
) STRICT, WITHOUT ROWID;
CREATE INDEX link_by_user ON link (user);

-- Who is signed in.
CREATE TABLE session (
    secret BLOB PRIMARY KEY,
    user   BLOB NOT NULL,
    begun  INTEGER NOT NULL,       -- milliseconds
    seen   INTEGER NOT NULL        -- milliseconds, now and then
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_user ON session (user);
