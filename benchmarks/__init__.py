"""Measurements: each module prints one JSON object a line (`make bench B=<module>`), and a table on stderr."""
