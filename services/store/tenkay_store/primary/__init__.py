"""DuckDB: one writing thread, readers, and what is kept where in the file."""
