SELECT COUNT(*) FROM "flights.parquet"
