INSERT INTO entity (id, "index", row, kind, status, item, at, lat, lon, disputed)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO NOTHING
