"""Differential privacy's own words, arithmetic and noise. No I/O, no clock, nothing of the floors above."""
