"""How to speak to an API server as somebody: what each way of loading credentials comes to."""

from __future__ import annotations

import ssl
from collections.abc import Callable

from msgspec import Struct


def _nobody() -> None:
    return None


class Settings(Struct, frozen=True):
    """An address, a TLS context and an ``Authorization`` header.

    ``authorization`` gives the header's value, renewed first when its expiry is
    near, None where a certificate says who we are. ``server_name`` is what the
    server's certificate is for, where that is not the address.
    """

    host: str
    tls: ssl.SSLContext | None
    server_name: str | None = None
    proxy: str | None = None
    authorization: Callable[[], str | None] = _nobody


def tls_context(
    *, cafile: str | None = None, cadata: str | None = None, verify: bool = True
) -> ssl.SSLContext:
    """Trust this authority alone, or without one those of the system.

    Raises:
        ssl.SSLError: the authority is none.
        OSError: its file cannot be read.
    """
    context = ssl.create_default_context(cafile=cafile, cadata=cadata)
    # Python 3.13 demands key identifiers that many clusters' authorities lack; kubectl does not.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
