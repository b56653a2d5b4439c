SELECT /*+ x */ COUNT(*) FROM flights WHERE a ? b
