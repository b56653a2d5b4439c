SELECT COUNT(*) FROM fli​ghts
