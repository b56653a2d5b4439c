SELECT COUNT(*) FROM 'https://example.org/x.csv'
