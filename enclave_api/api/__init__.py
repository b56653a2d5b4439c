"""The JSON API under /api/v1, one file per service; a view reads the request, calls one story, and answers."""
