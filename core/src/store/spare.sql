-- Originals that only ops name which were refused for good: put aside since, or steps, which are made anew and not corrected. ?1: one of them; null for all.
SELECT file.hash, file.len
  FROM file
 WHERE file.here = 1 AND file.role = 'original' AND (?1 IS NULL OR file.hash = ?1)
   AND NOT EXISTS (
       SELECT 1
         FROM promise
         JOIN op ON op.id = promise.op
        WHERE promise.hash = file.hash
          AND op.state <> 'dismissed'
          AND (op.state NOT IN ('refused', 'unreadable') OR op.kind IN ('finding.record', 'finding.amend')))
 ORDER BY file.n
