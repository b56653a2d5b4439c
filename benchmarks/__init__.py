"""Measurements. Each module prints one JSON object a line for `make bench B=<module>`, and a table for eyes on stderr."""
