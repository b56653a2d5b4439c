SELECT COUNT(*) FROM flights WHERE origin = ANY(ARRAY['JFK'])
