INSERT INTO file (hash, len, type, role, state, here)
VALUES (?1, ?2, ?3, ?4, 'waiting', 1)
-- The same bytes again: they are here again, and what is an original for one photo is never freed as less.
ON CONFLICT (hash) DO UPDATE
   SET here = iif(role = 'original' AND excluded.role <> 'original', here, 1),
       role = iif(excluded.role = 'original', 'original', role),
       code = iif(code = 'damaged', NULL, code), detail = iif(code = 'damaged', NULL, detail)
