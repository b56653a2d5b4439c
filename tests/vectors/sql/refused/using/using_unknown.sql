SELECT COUNT(*) FROM flights JOIN planes USING (origin)
