(COPY flights TO 'x.csv')
