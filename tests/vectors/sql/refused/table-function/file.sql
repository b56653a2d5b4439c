SELECT COUNT(*) FROM read_csv('x.csv')
