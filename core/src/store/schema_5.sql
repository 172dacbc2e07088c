-- Schema 5: a notebook that may have a twin goes on under another name. Follows schema 4 and is never
-- edited once it was shipped.

CREATE TABLE line_before (
  -- What notebook.line was under earlier keys, the newest last.
  at   INTEGER PRIMARY KEY,
  line TEXT NOT NULL UNIQUE
) STRICT;
