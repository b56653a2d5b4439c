SELECT COUNT(*) FROM flights RIGHT JOIN airports ON faa = dest
