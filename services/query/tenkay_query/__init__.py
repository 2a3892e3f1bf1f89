"""The read API: cached answers over the store."""
