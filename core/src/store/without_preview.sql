SELECT photo.finding, photo.id, photo.zone, file.hash, file.len, file.role
  FROM photo
  JOIN promise ON promise.finding = photo.finding AND promise.photo = photo.id AND promise.role = 'original'
  JOIN file ON file.hash = promise.hash
  JOIN entity ON entity.id = photo.finding
 WHERE photo.preview = 'none' AND file.here = 1
   AND promise.hash = json_extract(coalesce(entity.shown, entity.row), '$.fields."photos/' || photo.id || '".original')
 ORDER BY photo.finding, photo.id
 LIMIT ?
