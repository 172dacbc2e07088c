-- Schema 7: what is due by another register's word, and more words. Follows schema 6 and is never edited once it was shipped.

-- The lists follow from the entries, and are written anew.
TRUNCATE listing, trace;
UPDATE head SET listed = 0;
