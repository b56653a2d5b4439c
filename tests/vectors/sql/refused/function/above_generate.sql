SELECT n, unnest(generate_series(1, 1000000)) FROM (SELECT COUNT(*) AS n FROM flights) x
