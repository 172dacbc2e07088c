SELECT id
  FROM entity
 WHERE kind = 'finding' AND at >= ? AND lat IS NULL
