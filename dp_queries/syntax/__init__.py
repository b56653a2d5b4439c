"""SQL text -> a syntax tree that the allow-list lets through."""
