-- 1 rows
SELECT COUNT(*) FROM flights WHERE month::text || '/' || CAST(day AS TEXT) = '7/2013-07-04' OR CAST(late AS VARCHAR) = 'true'
