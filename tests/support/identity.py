"""A stand-in for an identity provider: OpenID's discovery, and a token endpoint.

Built on ``Api``: TLS, recorded requests and misbehaviour are its own.
"""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import trustme

from tests.support.stub_api import Api, Request

DISCOVERY, TOKEN_PATH = "/realm/.well-known/openid-configuration", "/realm/token"


def id_token(expires: float, mark: str = "s3cr3t") -> str:
    """A JWT; nobody looks at its signature."""
    claims = base64.urlsafe_b64encode(json.dumps({"exp": expires}).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJub25lIn0.{claims}.{mark}"


@dataclass
class IdentityProvider(Api):
    """``gives`` is what the token endpoint answers."""

    gives: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def trusted_by(cls, authority: trustme.CA, **gives: Any) -> IdentityProvider:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1").configure_cert(tls)
        return cls(tls=tls, gives=gives)

    def answer(self, request: Request) -> tuple[int, Any]:
        if request.path == DISCOVERY:
            return 200, {"issuer": f"{self.url}/realm", "token_endpoint": f"{self.url}{TOKEN_PATH}"}
        return (200, self.gives) if request.path == TOKEN_PATH else (404, {})

    def user(self, authority: trustme.CA | None, **config: str | None) -> dict[str, Any]:
        """A kubeconfig's user whose login has expired; None leaves a setting out."""
        given: dict[str, str | None] = {
            "idp-issuer-url": f"{self.url}/realm/",
            "client-id": "shop",
            "client-secret": "s3cr3t-client",
            "id-token": id_token(1_500_000_000),
            "refresh-token": "s3cr3t-refresh",
        }
        if authority is not None:
            data = base64.b64encode(authority.cert_pem.bytes()).decode()
            given["idp-certificate-authority-data"] = data
        kept = {key: value for key, value in (given | config).items() if value is not None}
        return {"auth-provider": {"name": "oidc", "config": kept}}
