"""The front's own database: accounts, tokens, acts that wait for the room's log."""
