"""Shares of a budget, and the noise that each part of a query gets for its own."""
