SELECT COUNT(*) FROM flights WHERE note NOT IN (SELECT faa FROM airports)
