"""A certificate for 127.0.0.1, made anew at every start: kubectl sends no token over plain HTTP."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

import trustme


@dataclass(frozen=True)
class Identity:
    """The server's TLS context, and the authority that clients trust (PEM)."""

    context: ssl.SSLContext
    authority: str


def new_identity() -> Identity:
    authority = trustme.CA(organization_name="dashborion demo")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return Identity(context, authority.cert_pem.bytes().decode())
