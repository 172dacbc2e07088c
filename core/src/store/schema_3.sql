-- Schema 3 of a phone's notebook. Follows schema 2 and is never edited once it was shipped.

-- Several people on one phone.

CREATE TABLE login (
  -- Who is signed in on this phone, each by a login of their own. `notebook.user` says who of them
  -- records now; it is null while nobody does and the notebook is locked.
  user       TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  session    TEXT NOT NULL,
  token      TEXT NOT NULL,      -- opens the server to this user on this device
  opened     INTEGER,            -- when, by the server's clock, milliseconds since 1970; null: not known
  again      TEXT CHECK (again IN ('token', 'left')),  -- the server no longer takes it
  pin        TEXT,               -- argon2id of the PIN, with its salt and parameters (PHC form)
  wrong      INTEGER NOT NULL DEFAULT 0,  -- wrong tries in a row
  locked_at  INTEGER,            -- no try for `locked_for` milliseconds after this moment,
  locked_for INTEGER             -- by this phone's clock
) STRICT;

-- The login that schema 2 knew. When it was opened stands in the login's row, if that has arrived.
INSERT INTO login (user, name, session, token, opened, again)
SELECT user, name, session, token,
       (SELECT CAST(round(unixepoch(coalesce(shown, row) ->> '$.fields.opened', 'subsec') * 1000) AS INTEGER)
          FROM entity WHERE id = unhex(replace(notebook.session, '-', ''))),
       iif(again IN ('token', 'new_key'), 'token', NULL)
  FROM notebook
 WHERE ledger IS NOT NULL;

-- What is left of `again` is about the device.
UPDATE notebook SET again = NULL WHERE again = 'token';
ALTER TABLE notebook DROP COLUMN name;
ALTER TABLE notebook DROP COLUMN session;
ALTER TABLE notebook DROP COLUMN token;
