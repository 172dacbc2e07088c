SELECT id, lat, lon
  FROM entity
 WHERE kind = 'finding' AND lat IS NOT NULL AND lat BETWEEN ? AND ? AND lon BETWEEN ? AND ?
