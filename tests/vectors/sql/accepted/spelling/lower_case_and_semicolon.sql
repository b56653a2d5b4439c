-- 1 rows
select count(1) as n from flights;
