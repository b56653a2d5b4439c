SELECT COUNT(*) FROM pg_catalog.pg_tables
