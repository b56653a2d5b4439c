-- 12 rows
SELECT maker, zone, COUNT(*) AS n FROM flights f JOIN planes p ON f.tailnum = p.tailnum JOIN airports a ON a.faa = f.dest GROUP BY maker, zone ORDER BY maker NULLS LAST, zone
