-- Schema 6: rows that a scope fetched anew has not come to yet are found without reading all of them; and how many ops the line
-- carries is remembered. Follows schema 5 and is never edited once it was shipped.

CREATE INDEX reason_to_come ON reason (scope) WHERE part IS NULL;
ALTER TABLE notebook ADD COLUMN push_most INTEGER;
