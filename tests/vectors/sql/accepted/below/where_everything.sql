-- 1 rows
SELECT COUNT(*) FROM flights WHERE (month IN (1, 2) OR delay BETWEEN 0 AND 15.5) AND NOT origin <> 'JFK' AND dest LIKE 'L%' AND delay IS NOT NULL AND NOT late
