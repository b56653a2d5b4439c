SELECT COUNT(*) FROM flights WHERE origin = '‮KFJ'
