"""Larkfield's older filings: a text-only report of 1996, and a report of 2012 with XBRL in a document of its own."""
