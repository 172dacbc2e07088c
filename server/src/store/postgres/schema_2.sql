-- Schema 2: lists. Follows schema 1 and is never edited once it was shipped.

ALTER TABLE head ADD COLUMN listed bigint NOT NULL DEFAULT 0; -- entries that the lists know of

-- What can be listed, and by which words; follows from the entities.
CREATE TABLE listing (
    n        bigserial PRIMARY KEY,      -- what came later has a larger one
    entity   bytea NOT NULL UNIQUE,
    kind     text NOT NULL,
    received bigint NOT NULL,            -- milliseconds, of the op that made it
    due      bigint,                     -- milliseconds
    words    text[] NOT NULL
);
CREATE INDEX listing_by_kind ON listing (kind, n);
CREATE INDEX listing_by_time ON listing (kind, received, n);
CREATE INDEX listing_by_due ON listing (kind, due, n) WHERE due IS NOT NULL;
CREATE INDEX listing_by_words ON listing USING gin (words);

-- Where each listed entity changed.
CREATE TABLE trace (
    entity bytea NOT NULL,
    idx    bigint NOT NULL,
    PRIMARY KEY (entity, idx)
);

-- Tokens of people at a desk. Only hashes are kept.
CREATE TABLE seat (
    token   bytea PRIMARY KEY,
    "user"  bytea NOT NULL,
    expires bigint NOT NULL
);
CREATE INDEX seat_by_user ON seat ("user");
