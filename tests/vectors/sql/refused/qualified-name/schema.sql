SELECT COUNT(*) FROM information_schema.tables
