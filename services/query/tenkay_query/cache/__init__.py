"""Answers kept, and how they stay true: keys, entries, generations, Redis, the change feed."""
