"""Filling the cache before it is asked."""
