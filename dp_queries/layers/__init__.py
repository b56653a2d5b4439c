"""Checked syntax tree -> the three layers of a query: below, middle, above."""
