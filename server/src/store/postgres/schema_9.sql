-- Schema 9: words of fields in small letters, as SQLite has them. Follows schema 8 and is never edited once it was shipped.

-- The lists follow from the entries, and are written anew.
TRUNCATE listing, trace;
UPDATE head SET listed = 0;
