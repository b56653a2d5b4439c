SELECT COUNT(*) FROM 'flights.csv'
