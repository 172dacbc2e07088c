INSERT INTO op (n, id, entity, kind, device, seq, hash, text, state, open)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'new', 1)
