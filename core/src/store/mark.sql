UPDATE op
   SET state = ?1, code = ?2, detail = ?3, "index" = coalesce(?5, "index"),
       open = CASE WHEN ?1 IN ('refused', 'unreadable') THEN 0 ELSE open END
 WHERE id = ?4 AND state IN ('new', 'sent', 'held', 'fork')
RETURNING entity
