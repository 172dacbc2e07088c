SELECT line, n, key, seq, prev, again, server,
       ledger, city, zone, ledger_key, epoch, user, name, session, token,
       cursor, seen_size, seen_root, durable_size, clock_offset, synced
  FROM notebook
