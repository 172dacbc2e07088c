SELECT file.hash, file.len, file.role
  FROM file
 WHERE file.here = 1 AND file.state = 'sent' AND file.role IN ('original', 'display')
   -- Kept, as a row of the server's says, by an entry that a backup covers.
   AND EXISTS (
       SELECT 1
         FROM promise
         JOIN entity ON entity.id = promise.finding
        WHERE promise.hash = file.hash
          AND promise.hash = json_extract(entity.row,
              '$.fields."' || iif(promise.role = 'original', 'photos', 'previews') || '/' || promise.photo || '"."'
              || promise.role || '"')
          AND json_extract(entity.row, '$.fields."evidence/' || promise.photo || '"."' || promise.role || '"') < ?1)
   -- A small picture may be its own thumbnail, and thumbnails stay.
   AND NOT EXISTS (SELECT 1 FROM promise WHERE promise.hash = file.hash AND promise.role = 'thumbnail')
   -- What previews are still to be made from stays.
   AND NOT EXISTS (
       SELECT 1
         FROM promise
         JOIN photo ON photo.finding = promise.finding AND photo.id = promise.photo
        WHERE promise.hash = file.hash AND promise.role = 'original' AND photo.preview = 'none')
 ORDER BY file.n
 LIMIT ?2
