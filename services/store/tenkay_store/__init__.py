"""Owns DuckDB and the Supabase sink: what was acknowledged is durable."""
