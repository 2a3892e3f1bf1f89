"""Every metric of the fetcher."""

from __future__ import annotations

from tenkay.runtime.metrics import counter, gauge, histogram

EDGAR_SECONDS = histogram(
    "tenkay_fetcher_edgar_request_seconds",
    "Time of one request to EDGAR, from the permit to the last byte.",
    ("outcome",),
)
EDGAR_BYTES = counter("tenkay_fetcher_edgar_received_bytes", "Bytes received from EDGAR, unpacked.")
EDGAR_RETRIES = counter("tenkay_fetcher_edgar_retries", "Requests to EDGAR sent again.", ("cause",))
EDGAR_IN_FLIGHT = gauge("tenkay_fetcher_edgar_in_flight", "Requests to EDGAR under way.")

LIMITER_WAIT_SECONDS = histogram(
    "tenkay_fetcher_limiter_wait_seconds", "Time a request waited for its permit.", ("mode",)
)
LIMITER_PERMITS = counter("tenkay_fetcher_limiter_permits", "Permits given.", ("mode",))
LIMITER_REFUSED = counter(
    "tenkay_fetcher_limiter_refused", "Requests for which the limit left no room within their deadline."
)
LIMITER_EXPIRED = counter(
    "tenkay_fetcher_limiter_permits_expired", "Permits that were not used in time and were given back."
)
LIMITER_DEGRADED = gauge(
    "tenkay_fetcher_limiter_degraded", "1 while the shared limiter cannot be reached, else 0."
)
LIMITER_PAUSES = counter("tenkay_fetcher_limiter_pauses", "Times EDGAR asked to slow down.")

FILINGS = counter("tenkay_fetcher_filings", "Filings asked for, by where they were.", ("source",))
BLOBS_DAMAGED = counter("tenkay_fetcher_blobs_damaged", "Blobs whose bytes no longer had their sha256.")
BLOB_BYTES_WRITTEN = counter("tenkay_fetcher_blob_written_bytes", "Bytes of blobs written to disk.")
BLOB_BYTES_READ = counter("tenkay_fetcher_blob_read_bytes", "Bytes of blobs read from disk.")
