-- Schema 4: passwords and sessions. Follows schema 3 and is never edited once it was shipped. Only hashes are kept.

CREATE TABLE password (
    "user" bytea PRIMARY KEY,
    hash   text NOT NULL,                -- argon2id in PHC form
    since  bigint NOT NULL               -- milliseconds
);

-- Links with which somebody chooses a password, once.
CREATE TABLE link (
    code    bytea PRIMARY KEY,
    "user"  bytea NOT NULL,
    expires bigint NOT NULL              -- milliseconds
);
CREATE INDEX link_by_user ON link ("user");

-- Who is signed in.
CREATE TABLE session (
    secret bytea PRIMARY KEY,
    "user" bytea NOT NULL,
    begun  bigint NOT NULL,              -- milliseconds
    seen   bigint NOT NULL               -- milliseconds, now and then
);
CREATE INDEX session_by_user ON session ("user");
