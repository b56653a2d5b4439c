"""What the rules say and who may do what: pure values and decisions, no I/O, no clock."""
