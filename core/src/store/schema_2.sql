-- Schema 2: photos. Follows schema 1 and is never edited once it was shipped.

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

-- What ops of schema 1 promised; opening the notebook looks which of it is still here.
INSERT INTO file (hash, len, type, role, state, here)
SELECT blob.value ->> '$.hash', blob.value ->> '$.len', blob.value ->> '$.type', 'original', 'waiting', 1
  FROM op, json_each(op.text, '$.blobs') AS blob
 WHERE op.state NOT IN ('corrected', 'dismissed') AND blob.value ->> '$.role' = 'original'
 ORDER BY op.n
ON CONFLICT (hash) DO NOTHING;

INSERT INTO promise (finding, photo, role, hash, op)
SELECT op.entity, photo.key, 'original', photo.value ->> '$.original', op.id
  FROM op, json_each(op.text, '$.body.photos') AS photo
 WHERE op.state NOT IN ('corrected', 'dismissed') AND op.kind IN ('finding.record', 'finding.amend')
   AND photo.type = 'object' AND instr(photo.key, '"') = 0
   AND EXISTS (SELECT 1 FROM file WHERE hash = photo.value ->> '$.original')
 ORDER BY op.n
ON CONFLICT (finding, photo, role) DO UPDATE SET hash = excluded.hash, op = excluded.op;

INSERT INTO photo (finding, id, zone)
SELECT promise.finding, promise.photo, op.text ->> '$.at.zone' FROM promise JOIN op ON op.id = promise.op;

-- A blob that no photo names is nobody's.
DELETE FROM file WHERE NOT EXISTS (SELECT 1 FROM promise WHERE promise.hash = file.hash);
