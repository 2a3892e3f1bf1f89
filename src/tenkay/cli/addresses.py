"""Where the services are: named on the command line, in the environment, or in the file a running stack leaves."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tenkay.cli.failures import NoServiceError, WrongSettingError
from tenkay.errors import Reason, Unavailable, failure

if TYPE_CHECKING:
    from tenkay.client import Endpoint, SequenceFloor
    from tenkay.client.fetcher import FetcherClient
    from tenkay.client.pipeline import PipelineClient
    from tenkay.client.query import CacheAdminClient, QueryClient

SERVICES = ("fetcher", "extractor", "analyzer", "store", "query", "pipeline")
DEFAULT_VAR = Path("var")

_GIVEN = re.compile(r"(?P<service>[a-z]+)=(?P<address>.+)")
_HOST_AND_PORT = re.compile(r".+:[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where to look for services, most particular first: `given`, TENKAY_<SERVICE>_ADDRESS, the stack file."""

    var: Path = DEFAULT_VAR
    """Folder of the local stack, whose stack.json names its ports."""
    given: Mapping[str, str] = field(default_factory=dict)
    """Addresses by service, from --address."""
    insecure: bool = False
    """Plaintext for addresses that are not the local stack's."""
    tls_ca: Path | None = None
    """PEM bundle to trust for addresses that are not the local stack's. None: the system's."""

    def endpoint(self, service: str) -> Endpoint:
        """How to reach `service`; NoServiceError when nothing tells, WrongSettingError when what tells is wrong."""
        from tenkay.client import Endpoint, Tls

        address = self.given.get(service) or _from_environment(service)
        if address is None:
            # The local stack listens on loopback only, in plaintext.
            return Endpoint(self._stack_address(service), plaintext=True)
        if self.insecure:
            return Endpoint(address, plaintext=True)
        return Endpoint(address, tls=Tls(ca=self.tls_ca) if self.tls_ca is not None else None)

    def otlp_endpoint(self) -> str | None:
        """Where the running stack sends its spans. None: nowhere, or there is no stack."""
        from tenkay.stack.stack_file import StackFile

        stack = StackFile.read(self.var)
        return None if stack is None else stack.otlp_endpoint

    def _stack_address(self, service: str) -> str:
        from tenkay.stack.stack_file import StackFile

        stack = StackFile.read(self.var)
        address = None if stack is None else stack.addresses.get(service)
        if address is None:
            raise NoServiceError(
                f"no stack is running in {self.var}: start one with `tenkay up --detach`, or say where {service} is "
                f"with --address {service}=HOST:PORT"
            )
        return address


def parse_addresses(texts: list[str]) -> dict[str, str]:
    """The addresses of ["query=127.0.0.1:5005", …]; INVALID_FIELD for an unknown service or no port."""
    addresses = {}
    for text in texts:
        match = _GIVEN.fullmatch(text)
        if (
            match is None
            or match["service"] not in SERVICES
            or not _HOST_AND_PORT.fullmatch(match["address"])
        ):
            raise failure(
                Reason.INVALID_FIELD,
                f"{text[:60]!r} is not SERVICE=HOST:PORT with a service of: {', '.join(SERVICES)}",
                field="address",
            )
        addresses[match["service"]] = match["address"]
    return addresses


@contextmanager
def query_client(addresses: Addresses, floor: SequenceFloor | None = None) -> Iterator[QueryClient]:
    """A client of query while the block runs."""
    from tenkay.client.query import QueryClient

    endpoint = addresses.endpoint("query")
    with _saying_where("query", endpoint), QueryClient(endpoint, floor=floor) as client:
        yield client


@contextmanager
def cache_admin_client(addresses: Addresses) -> Iterator[CacheAdminClient]:
    """A client of query's cache administration while the block runs."""
    from tenkay.client.query import CacheAdminClient

    endpoint = addresses.endpoint("query")
    with _saying_where("query", endpoint), CacheAdminClient(endpoint) as client:
        yield client


@contextmanager
def pipeline_client(addresses: Addresses, floor: SequenceFloor | None = None) -> Iterator[PipelineClient]:
    """A client of pipeline while the block runs."""
    from tenkay.client.pipeline import PipelineClient

    endpoint = addresses.endpoint("pipeline")
    with _saying_where("pipeline", endpoint), PipelineClient(endpoint, floor=floor) as client:
        yield client


@contextmanager
def fetcher_client(addresses: Addresses) -> Iterator[FetcherClient]:
    """A client of fetcher while the block runs."""
    from tenkay.client.fetcher import FetcherClient

    endpoint = addresses.endpoint("fetcher")
    with _saying_where("fetcher", endpoint), FetcherClient(endpoint) as client:
        yield client


@contextmanager
def _saying_where(service: str, endpoint: Endpoint) -> Iterator[None]:
    """gRPC's words for a server that cannot be reached, replaced by ours with the address that was tried."""
    try:
        yield
    except Unavailable as error:
        if not error.metadata.get("service", "").startswith(f"tenkay.{service}."):
            raise
        over_tls = "" if endpoint.plaintext else " over TLS (--insecure is for a server without it)"
        raise failure(
            Reason.DEPENDENCY_UNAVAILABLE,
            f"{service} does not answer at {endpoint.address}{over_tls}; `tenkay status` shows whether the local stack "
            "is up, `tenkay up --detach` starts it",
            metadata=error.metadata,
            retry_after=error.retry_after,
        ) from None


def _from_environment(service: str) -> str | None:
    name = f"TENKAY_{service.upper()}_ADDRESS"
    address = os.environ.get(name)
    if not address:
        return None
    if not _HOST_AND_PORT.fullmatch(address):
        raise WrongSettingError(f"{name} is {address[:60]!r}; give HOST:PORT")
    return address
