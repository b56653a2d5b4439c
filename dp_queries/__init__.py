"""The SQL door: from a SELECT to an answer under differential privacy."""
