"""Every metric of the analyzer."""

from __future__ import annotations

from tenkay.runtime.metrics import counter, histogram

ANALYSES = counter("tenkay_analyzer_analyses", "Filings analysed, by rating.", ("rating",))
FLAGS = counter("tenkay_analyzer_red_flags", "Red flags raised, by severity.", ("severity",))
ANALYSIS_SECONDS = histogram(
    "tenkay_analyzer_analysis_seconds", "Time of the arithmetic of one analysis, without the store's answer."
)
