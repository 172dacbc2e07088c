INSERT INTO login (user, name, session, token, opened)
VALUES (?, ?, ?, ?, ?)
ON CONFLICT (user) DO UPDATE
   SET name = excluded.name, session = excluded.session, token = excluded.token, opened = excluded.opened,
       again = NULL, wrong = 0, locked_at = NULL, locked_for = NULL
