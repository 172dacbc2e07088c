-- A phone's notebook, whole, as a new one is made. A change of it is a further step (schema_N.sql) and the same change here;
-- a test holds the two against each other.

CREATE TABLE notebook (
  -- This notebook, the device it runs on and the server it talks to: exactly one row.
  one          INTEGER PRIMARY KEY CHECK (one = 1),
  line         TEXT NOT NULL,     -- id of this notebook, for life
  n            INTEGER NOT NULL,  -- counter of the newest op; dense from 1
  key          TEXT NOT NULL,     -- public key of the device; its seed is never in here
  seq          INTEGER NOT NULL,  -- place of the newest op in the device's chain; 0 before the first
  prev         TEXT,              -- hash of the newest op in the device's chain
  again        TEXT,              -- why the device must enrol again: new_key, fork, revoked
  server       TEXT,              -- root address of the server
  ledger       TEXT,              -- from here to epoch: known since the first enrolment
  city         TEXT,
  zone         TEXT,
  ledger_key   TEXT,              -- key that signs checkpoints
  epoch        INTEGER,
  user         TEXT,              -- who of the logins records now; null while nobody does
  cursor       INTEGER,           -- ledger entries seen in all joined scopes; null before the first pull
  seen_size    INTEGER,           -- largest checkpoint verified
  seen_root    TEXT,
  durable_size INTEGER NOT NULL DEFAULT 0,  -- what a backup or replica of the server really covers
  clock_offset INTEGER,           -- server's clock minus ours in milliseconds, last measured
  synced       INTEGER,           -- end of the last complete sync, milliseconds since 1970
  push_most    INTEGER            -- ops that the line was last seen to carry in one push; null: as many as there may be
) STRICT;

CREATE TABLE op (
  -- What this notebook has said. The text is what was hashed, signed and sent, and is never edited;
  -- a new device key says an unjudged op again under the same id and n.
  n       INTEGER PRIMARY KEY,   -- the notebook's counter
  id      BLOB NOT NULL UNIQUE,
  entity  BLOB NOT NULL,
  kind    TEXT NOT NULL,
  device  TEXT NOT NULL,         -- the device that said it
  seq     INTEGER NOT NULL,      -- its place in that device's chain
  hash    TEXT NOT NULL,
  text    TEXT NOT NULL,
  state   TEXT NOT NULL CHECK (state IN
          ('new', 'sent', 'held', 'fork',               -- not judged; sent: no answer known
           'accepted', 'conflict', 'refused',           -- judged
           'unreadable',                                -- the server cannot read it
           'corrected', 'dismissed')),                  -- refused, and a person has dealt with it
  open    INTEGER NOT NULL,      -- 1 while the view replays it
  "index" INTEGER,               -- ledger index of its verdict
  code    TEXT,                  -- why it was refused or cannot be read
  detail  TEXT                   -- the same for people; for 'held' what is missing
) STRICT;
CREATE INDEX op_open ON op (entity, n) WHERE open = 1;
CREATE INDEX op_waiting ON op (n) WHERE state IN ('new', 'sent', 'held', 'fork');
CREATE INDEX op_refused ON op (n) WHERE state IN ('refused', 'unreadable');

CREATE TABLE entity (
  -- What the server says about each entity, and what is shown: that, with the open ops replayed.
  -- An entity that only open ops know has no row; one that nothing shows is not here.
  id       BLOB PRIMARY KEY,
  "index"  INTEGER,              -- ledger index of the row
  row      TEXT,                 -- the server's row, its exact text
  shown    TEXT,                 -- what is shown, when ops are open; null: the row is shown as it is
  kind     TEXT NOT NULL,        -- from here on: columns of what is shown, so that lists parse nothing
  status   TEXT,
  item     TEXT,
  at       INTEGER NOT NULL,     -- milliseconds since 1970, as its author's clock claimed
  lat      REAL,
  lon      REAL,
  disputed INTEGER NOT NULL      -- 1 when at least one field is in conflict
) STRICT;
CREATE INDEX entity_finding ON entity (at, id) WHERE kind = 'finding';
CREATE INDEX entity_place ON entity (lat, lon) WHERE kind = 'finding' AND lat IS NOT NULL;
CREATE INDEX entity_disputed ON entity (id) WHERE disputed = 1;
CREATE INDEX entity_inspection ON entity (at, id) WHERE kind = 'inspection';
CREATE INDEX entity_known_place ON entity (lat, lon) WHERE kind = 'place' AND lat IS NOT NULL;
CREATE INDEX entity_task ON entity (status, id) WHERE kind = 'task';
CREATE INDEX entity_other ON entity (kind, id) WHERE kind <> 'finding';

CREATE TABLE scope (
  -- The scopes this phone follows.
  n     INTEGER PRIMARY KEY,
  name  TEXT NOT NULL UNIQUE,
  next  INTEGER,                 -- next ledger index wanted; null once the scope has joined the cursor
  sum   BLOB NOT NULL            -- sum of the parts of its rows, 16 bytes, big-endian
) STRICT;

CREATE TABLE reason (
  -- Why a row is here: the scopes that show it. A row without a reason is dropped.
  entity BLOB NOT NULL,
  scope  INTEGER NOT NULL REFERENCES scope (n),
  part   BLOB,                   -- what the row adds to the scope's sum; null while the scope is fetched anew
  PRIMARY KEY (entity, scope)
) STRICT, WITHOUT ROWID;
CREATE INDEX reason_to_come ON reason (scope) WHERE part IS NULL;

CREATE TABLE draft (
  -- What a person has begun to write down and not recorded yet.
  id    BLOB PRIMARY KEY,
  text  TEXT NOT NULL,
  saved INTEGER NOT NULL         -- milliseconds since 1970
) STRICT;

CREATE TABLE file (
  -- Files that ops of ours promise: originals, display copies, thumbnails. The bytes lie in the
  -- folder `photos` beside the database, under the hexadecimal form of the hash.
  n      INTEGER PRIMARY KEY,    -- the order in which they were taken in
  hash   TEXT NOT NULL UNIQUE,
  len    INTEGER NOT NULL,
  type   TEXT NOT NULL,
  role   TEXT NOT NULL CHECK (role IN ('original', 'display', 'thumbnail')),
  state  TEXT NOT NULL CHECK (state IN ('waiting', 'sent')),  -- sent: the server said that it has it whole
  here   INTEGER NOT NULL,       -- 1 while the bytes are in the folder
  tried  INTEGER NOT NULL DEFAULT 0,  -- attempts to send it; after the first, ask how far it came
  code   TEXT,                   -- why it could not be sent when it was tried last
  detail TEXT                    -- the same for people
) STRICT;
CREATE INDEX file_waiting ON file (n) WHERE state = 'waiting';

CREATE TABLE photo (
  -- Photos that this notebook took in. When, where and how is in the finding.
  finding BLOB NOT NULL,
  id      TEXT NOT NULL,
  zone    TEXT NOT NULL,         -- IANA zone of the phone at the shutter
  preview TEXT NOT NULL DEFAULT 'none' CHECK (preview IN ('none', 'made', 'no_preview_yet', 'failed')),
  detail  TEXT,                  -- why there is no preview
  PRIMARY KEY (finding, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX photo_without_preview ON photo (finding, id) WHERE preview = 'none';

CREATE TABLE promise (
  -- Which file is what of which photo, and the op that says so. The same bytes may be promised twice.
  finding BLOB NOT NULL,
  photo   TEXT NOT NULL,
  role    TEXT NOT NULL CHECK (role IN ('original', 'display', 'thumbnail')),
  hash    TEXT NOT NULL REFERENCES file (hash),
  op      BLOB NOT NULL,
  PRIMARY KEY (finding, photo, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX promise_by_hash ON promise (hash);
CREATE INDEX promise_by_op ON promise (op);

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

CREATE TABLE document (
  -- Texts that entities name by their hash, such as catalogues; fetched once, never changed.
  hash TEXT PRIMARY KEY,
  text TEXT NOT NULL
) STRICT;

CREATE TABLE line_before (
  -- What notebook.line was under earlier keys, the newest last.
  at   INTEGER PRIMARY KEY,
  line TEXT NOT NULL UNIQUE
) STRICT;
