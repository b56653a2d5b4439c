SELECT COUNT(*) FROM passengers
