-- 1 rows sum
SELECT COUNT(*), SUM(there.height - here.height) FROM flights JOIN airports here ON here.faa = origin JOIN airports there ON there.faa = dest
