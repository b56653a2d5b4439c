-- 1 rows
SELECT COUNT(*) FROM flights WHERE CASE origin WHEN 'JFK' THEN month WHEN 'LGA' THEN 12 - month ELSE 0 END > 6
