"""Fetches filings from EDGAR: one politeness limit, tickers and CIKs, filing lists, raw documents by sha256."""
