ATTACH 'x.db' AS x
