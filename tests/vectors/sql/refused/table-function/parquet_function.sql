SELECT COUNT(*) FROM read_parquet('flights.parquet')
