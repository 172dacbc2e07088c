SELECT line, n, key, seq, prev, server,
       -- Where no login's token is any good, the device must enrol again.
       coalesce(again, (SELECT iif(count(*) > 0 AND count(*) = sum(login.again IS 'token'), 'token', NULL)
                          FROM login)) AS again,
       ledger, city, zone, ledger_key, epoch, user,
       cursor, seen_size, seen_root, durable_size, clock_offset, synced, push_most
  FROM notebook
