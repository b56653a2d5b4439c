SELECT COUNT(*) FROM glob('*')
