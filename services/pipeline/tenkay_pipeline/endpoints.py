"""Endpoints of the other services, encrypted or plaintext as the settings say by name."""

from __future__ import annotations

from pathlib import Path

from tenkay.client import Endpoint, Tls


def endpoint(
    address: str, insecure: bool, ca: Path | None, certificate: Path | None, key: Path | None
) -> Endpoint:
    """The endpoint at `address`: plaintext when `insecure`, else with these PEM files."""
    if insecure:
        return Endpoint(address, plaintext=True)
    return Endpoint(address, tls=Tls(ca=ca, certificate=certificate, key=key))
