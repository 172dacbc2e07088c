SELECT id, entity, kind, state, code, detail, "index", text
  FROM op
 WHERE n > ?
