SELECT a0 FROM released0
