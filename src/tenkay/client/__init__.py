"""The client library: one typed client a service, async and sync, and the error tree they raise.

    from tenkay.client import Endpoint
    from tenkay.client.query import QueryClient

    with QueryClient(Endpoint("127.0.0.1:50055", plaintext=True)) as query:
        answer = query.get_company_summary(cik=1999000001)

Clients of one program that should see each other's commits share a `SequenceFloor`. Errors: `tenkay.errors`.
"""

from tenkay.client.caller import NoFloor, SequenceFloor
from tenkay.client.endpoint import Endpoint, Tls
from tenkay.errors import TenkayError

__all__ = ["Endpoint", "NoFloor", "SequenceFloor", "TenkayError", "Tls"]
