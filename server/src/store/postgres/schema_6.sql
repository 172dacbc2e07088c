-- Schema 6: users by name. Follows schema 5 and is never edited once it was shipped.

-- Whoever signs in says a name.
CREATE INDEX entity_user_name ON entity (("row"::json #>> '{fields,name}')) WHERE kind = 'user';
