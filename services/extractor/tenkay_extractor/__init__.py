"""Turns filings into sections, facts and signals, each with its evidence."""
