SELECT login.user, name, session, token, opened, login.again, pin, wrong, locked_at, locked_for,
       login.user IS notebook.user AS current
  FROM login, notebook
 ORDER BY name, login.user
