UPDATE notebook
   SET ledger = ?, city = ?, zone = ?, ledger_key = ?, epoch = ?, user = ?, name = ?, session = ?, token = ?,
       clock_offset = ?, again = NULL
