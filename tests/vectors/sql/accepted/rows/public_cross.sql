-- 3 rows
SELECT title, COUNT(*) FROM flights CROSS JOIN holidays WHERE flights.day <= holidays.day GROUP BY title
