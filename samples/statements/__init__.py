"""The financial statements as tables of tagged figures."""
