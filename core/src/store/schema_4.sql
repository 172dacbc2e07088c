-- Schema 4: places, inspections, tasks. Follows schema 3 and is never edited once it was shipped.

CREATE TABLE document (
  -- Texts that entities name by their hash, such as catalogues; fetched once, never changed.
  hash TEXT PRIMARY KEY,
  text TEXT NOT NULL
) STRICT;

CREATE INDEX entity_inspection ON entity (at, id) WHERE kind = 'inspection';
CREATE INDEX entity_known_place ON entity (lat, lon) WHERE kind = 'place' AND lat IS NOT NULL;
CREATE INDEX entity_task ON entity (status, id) WHERE kind = 'task';
