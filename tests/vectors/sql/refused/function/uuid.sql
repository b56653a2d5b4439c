SELECT COUNT(*) FROM flights WHERE gen_random_uuid() IS NULL
