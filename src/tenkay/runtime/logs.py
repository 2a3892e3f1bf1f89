"""Logs: one JSON object a line on stdout, each with its service and, inside a call, its trace id.

No bodies of messages or documents, and no secrets, are logged.
"""

from __future__ import annotations

import logging
import sys
from typing import TextIO, cast

import structlog

from tenkay.runtime.call import CURRENT_TRACE


def start_logging(service_name: str, level: str = "info", stream: TextIO | None = None) -> None:
    """Send this process' logs, those of libraries included, to `stream` (stdout) at `level` and above."""
    output = stream if stream is not None else sys.stdout
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_trace,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, _adder_of_service(service_name), structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=output),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared, _adder_of_service(service_name)],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.INFO))
    for chatty in ("httpx", "httpcore", "hpack"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """A logger whose lines carry `name`: ``logger.info("commit_group_flushed", filings=50)``."""
    return cast(structlog.typing.FilteringBoundLogger, structlog.get_logger(module=name))


def _add_trace(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    position = CURRENT_TRACE.get()
    if position is not None:
        event["trace_id"] = position.trace_id_hex
        event["span_id"] = f"{position.span_id:016x}"
    return event


def _adder_of_service(service_name: str) -> structlog.typing.Processor:
    def add_service(
        _logger: object, _method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        event["service"] = service_name
        return event

    return add_service
