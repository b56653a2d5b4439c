SELECT COUNT(*) FROM flights JOIN (SELECT tailnum AS note, seats FROM planes) p USING (note)
