-- Schema 4: who has seen more than this ledger holds. Follows schema 3 and is never edited once it was shipped.

ALTER TABLE head ADD COLUMN restored INTEGER; -- size at which a backup was put in place, in the present epoch

-- Checkpoints that this ledger could not prove, the largest of each who named one. Not of the ledger.
CREATE TABLE ahead (
    who   TEXT PRIMARY KEY,        -- a device, or 'guard'
    epoch INTEGER NOT NULL,
    size  INTEGER NOT NULL,
    root  BLOB NOT NULL,
    since INTEGER NOT NULL         -- milliseconds
) STRICT, WITHOUT ROWID;
