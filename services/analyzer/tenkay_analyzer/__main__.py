"""Runs the analyzer: settings -> rules and store client -> servicer -> server."""

from __future__ import annotations

from tenkay.analyzer.v1.analyzer_service_pb2_grpc import add_AnalyzerServiceServicer_to_server
from tenkay.client import Endpoint, Tls
from tenkay.client.store import AsyncFilingStoreClient
from tenkay.errors import Reason, failure
from tenkay.runtime.server import ServerScope, run
from tenkay.runtime.settings import load_settings
from tenkay_analyzer.rules import Rules, RulesError, rules_from, shipped_rules
from tenkay_analyzer.servicer import FULL_NAME, AnalyzerServicer
from tenkay_analyzer.settings import AnalyzerSettings
from tenkay_analyzer.store_reader import StoreReader


async def build(scope: ServerScope, settings: AnalyzerSettings) -> None:
    """Puts the service together."""
    client = AsyncFilingStoreClient(store_endpoint(settings))
    scope.defer(client.close)
    servicer = AnalyzerServicer(StoreReader(client), rules(settings))
    scope.add(add_AnalyzerServiceServicer_to_server, servicer, FULL_NAME)


def store_endpoint(settings: AnalyzerSettings) -> Endpoint:
    """Where the store is: plaintext by name only, as this service itself."""
    tls = Tls(settings.store_ca, settings.tls_certificate, settings.tls_key)
    return Endpoint(
        settings.store_address, plaintext=settings.insecure, tls=None if settings.insecure else tls
    )


def rules(settings: AnalyzerSettings) -> Rules:
    """The scoring rules, checked as a whole; the start fails with the one line that says what is wrong with them."""
    try:
        return shipped_rules() if settings.rules_file is None else rules_from(settings.rules_file)
    except RulesError as error:
        raise failure(Reason.INVALID_FIELD, f"TENKAY_ANALYZER_RULES_FILE: {error}") from error


def main() -> None:
    """The entry point."""
    settings = load_settings(AnalyzerSettings)
    run("analyzer", settings, lambda scope: build(scope, settings))


if __name__ == "__main__":
    main()
