SELECT n FROM (SELECT COUNT(*) AS n FROM flights) x WHERE n > ALL (SELECT zone FROM airports)
