UPDATE op
   SET state = 'new', open = 1, "index" = NULL, code = NULL, detail = NULL
 WHERE state IN ('accepted', 'conflict', 'refused') AND "index" >= ?
RETURNING entity
