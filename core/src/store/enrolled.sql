UPDATE notebook
   SET ledger = ?, city = ?, zone = ?, ledger_key = ?, epoch = coalesce(epoch, ?), user = ?, name = ?, session = ?, token = ?,
       clock_offset = ?, again = NULL
