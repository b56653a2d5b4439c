SELECT COUNT(*) FROM (flights JOIN planes USING (tailnum))
