"""What a query computes of rows: typed expressions and relations, canonical."""
