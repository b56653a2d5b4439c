COPY flights TO 'out.csv'
