SELECT count(*)
  FROM file
 WHERE file.state = 'waiting' AND file.here = 0
   AND EXISTS (
       SELECT 1
         FROM promise
         JOIN op ON op.id = promise.op
        WHERE promise.hash = file.hash AND op.state NOT IN ('corrected', 'dismissed')
          -- A step that was refused is made anew and not corrected.
          AND (op.state NOT IN ('refused', 'unreadable') OR op.kind IN ('finding.record', 'finding.amend')))
   AND NOT EXISTS (
       SELECT 1
         FROM promise
         JOIN entity ON entity.id = promise.finding
        WHERE promise.hash = file.hash
          AND promise.hash = json_extract(entity.row,
              '$.fields."' || iif(promise.role = 'original', 'photos', 'previews') || '/' || promise.photo || '"."'
              || promise.role || '"')
          AND json_extract(entity.row, '$.fields."evidence/' || promise.photo || '"."' || promise.role || '"')
              IS NOT NULL)
