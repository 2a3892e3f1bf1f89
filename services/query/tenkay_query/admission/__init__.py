"""Who is let in, and who is served next, when there is more to do than can be done at once."""
