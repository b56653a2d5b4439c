"""The operators of row-level expressions as DuckDB's SQL, by what they are about; merged in `render.RENDERED`."""
