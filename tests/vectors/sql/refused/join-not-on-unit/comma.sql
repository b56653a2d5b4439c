SELECT COUNT(*) FROM flights, planes
