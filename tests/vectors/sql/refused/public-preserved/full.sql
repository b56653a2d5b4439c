SELECT COUNT(*) FROM flights FULL JOIN planes USING (tailnum)
