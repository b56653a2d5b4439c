"""Row-level syntax -> operators: one table of node -> translator for each kind of value."""
