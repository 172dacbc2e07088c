-- Schema 9: users by name. Follows schema 8 and is never edited once it was shipped.

-- Whoever signs in says a name.
CREATE INDEX entity_user_name ON entity (json_extract(row, '$.fields.name')) WHERE kind = 'user';
