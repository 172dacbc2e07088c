SELECT file.hash, file.len, file.type, file.role, file.tried, file.code
  FROM file
 WHERE file.state = 'waiting' AND file.here = 1
   AND EXISTS (
       SELECT 1
         FROM promise
         JOIN op ON op.id = promise.op
         LEFT JOIN entity ON entity.id = promise.finding
        WHERE promise.hash = file.hash
          -- 1: only what the server has accepted; it keeps little that nothing refers to.
          AND (op.state IN ('accepted', 'conflict') OR (?1 = 0 AND op.state IN ('new', 'sent', 'held', 'fork')))
          -- A photo that was taken away, or a preview that somebody else made first, is not wanted.
          AND (entity.id IS NULL OR promise.hash = json_extract(coalesce(entity.shown, entity.row),
               '$.fields."' || iif(promise.role = 'original', 'photos', 'previews') || '/' || promise.photo || '"."'
               || promise.role || '"')))
 ORDER BY CASE file.role WHEN 'thumbnail' THEN 0 WHEN 'display' THEN 1 ELSE 2 END, file.n
