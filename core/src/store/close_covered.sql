UPDATE op
   SET open = 0
 WHERE open = 1 AND state IN ('accepted', 'conflict') AND "index" < ?
RETURNING entity
