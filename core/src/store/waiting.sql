SELECT n, text
  FROM op
 WHERE state IN ('new', 'sent', 'held', 'fork')
 ORDER BY n
