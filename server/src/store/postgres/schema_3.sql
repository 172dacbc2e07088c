-- Schema 3: a webhook. Follows schema 2 and is never edited once it was shipped.

-- Whom the ledger tells of what changes; one row or none.
CREATE TABLE webhook (
    one      bigint PRIMARY KEY CHECK (one = 1),
    url      text NOT NULL,
    secret   bytea NOT NULL,
    next     bigint NOT NULL,            -- entries before this one are told, or given up
    "end"    bigint,                     -- where the message ends that was begun
    attempts bigint NOT NULL,
    again    bigint NOT NULL,            -- milliseconds; not tried before
    fault    text,
    holder   text,                       -- the process that is at it
    held     bigint NOT NULL             -- milliseconds; until when
);

-- What could not be told.
CREATE TABLE dead_letter (
    epoch    bigint NOT NULL,
    first    bigint NOT NULL,
    "end"    bigint NOT NULL,
    attempts bigint NOT NULL,
    fault    text NOT NULL,
    at       bigint NOT NULL,            -- milliseconds
    due      boolean NOT NULL,           -- true once it is to be tried again
    PRIMARY KEY (epoch, first)
);
