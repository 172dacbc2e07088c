UPDATE file
   SET state = 'waiting', tried = 1
 WHERE state = 'sent' AND here = 1
   AND NOT EXISTS (
       SELECT 1
         FROM promise
         JOIN entity ON entity.id = promise.finding
        WHERE promise.hash = file.hash
          AND json_extract(entity.row, '$.fields."evidence/' || promise.photo || '"."' || promise.role || '"') < ?1)
