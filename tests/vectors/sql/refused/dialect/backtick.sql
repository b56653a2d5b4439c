SELECT COUNT(*) FROM `flights`
