SELECT coalesce(shown, row) AS text, shown IS NOT NULL AS pending
  FROM entity
 WHERE kind = 'finding' AND (at, id) < (?, ?)
 ORDER BY at DESC, id DESC
 LIMIT ?
