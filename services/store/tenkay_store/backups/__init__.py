"""Snapshots, the copy of the commits, and a store made anew from them."""
