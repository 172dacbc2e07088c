UPDATE notebook
   SET ledger = ?, city = ?, zone = ?, ledger_key = ?, epoch = coalesce(epoch, ?), user = ?, clock_offset = ?,
       again = NULL
