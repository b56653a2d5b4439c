SELECT COUNT(*) FROM airports
