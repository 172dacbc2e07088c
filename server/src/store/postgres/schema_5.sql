-- Schema 5: words as a vector of text search, which can be asked how a word begins, and which no collation sorts. Follows
-- schema 4 and is never edited once it was shipped.

-- The lists follow from the entries, and are written anew: the words are others.
TRUNCATE listing, trace;
UPDATE head SET listed = 0;
ALTER TABLE listing DROP COLUMN words;
ALTER TABLE listing ADD COLUMN words tsvector NOT NULL;
CREATE INDEX listing_by_words ON listing USING gin (words);
