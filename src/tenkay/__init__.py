"""Tenkay: SEC filings as signals with evidence and ratings with reasons."""
