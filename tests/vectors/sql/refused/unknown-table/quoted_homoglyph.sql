SELECT COUNT(*) FROM "flіghts"
