-- Schema 3: documents. Follows schema 2 and is never edited once it was shipped.

-- Texts that ops name by their hash, such as catalogues: kept before the op, never changed.
CREATE TABLE document (
    hash BLOB PRIMARY KEY,
    text TEXT NOT NULL
) STRICT, WITHOUT ROWID;
