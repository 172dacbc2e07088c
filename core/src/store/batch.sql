SELECT n, id, text
  FROM op
 WHERE state IN ('new', 'sent', 'held', 'fork') AND n > ?
 ORDER BY n
 LIMIT ?
