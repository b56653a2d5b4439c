WITH a AS (SELECT tailnum FROM b), b AS (SELECT tailnum FROM flights) SELECT COUNT(*) FROM a
