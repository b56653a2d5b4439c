SELECT COUNT(*) FROM duckdb_settings
