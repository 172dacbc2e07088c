INSERT INTO entity (id, shown, kind, status, item, at, lat, lon, disputed)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE
   SET shown = excluded.shown, kind = excluded.kind, status = excluded.status, item = excluded.item,
       at = excluded.at, lat = excluded.lat, lon = excluded.lon, disputed = excluded.disputed
