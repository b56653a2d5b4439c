SELECT COUNT(*) FROM airports LEFT JOIN flights ON faa = dest
