"""Renewing the login of an ``oidc`` user, as client-go's ``plugin/pkg/client/auth/oidc`` does.

Always over HTTPS, and always verified: with the entry's own authority, else with the system's.
"""

from __future__ import annotations

import base64
import binascii
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from msgspec import Struct

from dashborion.concurrency import Deadline, result, start
from dashborion.config.kubeconfig import Entry, parsed_address
from dashborion.errors import ConfigError, CredentialsError, TimedOut, Unreachable
from dashborion.models.base import ready
from dashborion.orchestrators.kubernetes.credentials.entries import pem
from dashborion.orchestrators.kubernetes.credentials.settings import (
    LOG_IN,
    proxy_from_environment,
    tls_context,
)
from dashborion.orchestrators.runtime import Runtime

if TYPE_CHECKING:
    import urllib3

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 30.0
MOST_BYTES = 1 << 20  # of an answer

# RFC 6749, 5.2, and OpenID Connect: what an identity provider may give for a reason. Other words
# of its answer are never shown.
_REASONS = frozenset(
    {
        "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client",
        "unsupported_grant_type", "invalid_scope", "access_denied", "login_required",
    }
)  # fmt: skip


class Tokens(Struct, frozen=True):
    """What a login was renewed to; ``refresh_token`` is None if the old one is still good."""

    id_token: str
    refresh_token: str | None = None


class _Discovery(Struct):
    token_endpoint: str


class _Granted(Struct):
    id_token: str | None = None
    refresh_token: str | None = None
    error: str | None = None


class _Claims(Struct):
    exp: float


@dataclass(frozen=True)
class Provider:
    """An identity provider and our client there. ``label`` is the user's, for messages."""

    label: str
    issuer: str
    client: str
    secret: str = field(repr=False)
    tls: ssl.SSLContext

    @classmethod
    def read(cls, user: Entry, label: str, config: Mapping[str, str]) -> Provider:
        """The provider of an entry's settings.

        Raises:
            ConfigError: one is missing, or cannot be used.
        """
        where = f"{user.label}: auth-provider: config"
        for key in ("idp-issuer-url", "client-id"):
            if not config.get(key):
                raise ConfigError(f"{where}: {key} is missing", hint=LOG_IN)
        issuer = _https(config["idp-issuer-url"])
        if issuer is None:
            raise ConfigError(f"{where}: idp-issuer-url: not an https address")
        trusted = pem(Entry(user.kind, user.name, user.path, config), "idp-certificate-authority")
        try:
            tls = tls_context(authority=trusted)
        except ssl.SSLError as error:
            raise ConfigError(
                f"{where}: idp-certificate-authority holds no PEM certificate"
            ) from error
        return cls(label, issuer, config["client-id"], config.get("client-secret") or "", tls)

    @property
    def host(self) -> str:
        """The scheme, host and port, for messages."""
        return f"https://{urlsplit(self.issuer).netloc}"

    def failed(self, problem: str) -> CredentialsError:
        return CredentialsError(f"{self.label}: {self.host} {problem}", hint=LOG_IN)


def expiry(token: str) -> datetime | None:
    """When a JWT expires; None for what is none, or never does. Its signature is not looked at."""
    try:
        claims = base64.urlsafe_b64decode(token.split(".")[1] + "==")
        return datetime.fromtimestamp(msgspec.json.decode(claims, type=ready(_Claims)).exp, UTC)
    except (IndexError, binascii.Error, msgspec.MsgspecError, ValueError, OverflowError, OSError):
        return None


def refresh(provider: Provider, refresh_token: str, runtime: Runtime) -> Tokens:
    """Ask the identity provider for a new id-token.

    Raises:
        CredentialsError: it does not give one.
        Unavailable: it cannot be reached, cannot be verified, or does not answer in time.
    """
    deadline = Deadline(min(TOTAL_SECONDS, runtime.deadline.remaining() * 0.9))
    renewal = _Renewal(provider, runtime, deadline)
    try:
        return result(start(partial(renewal.tokens, refresh_token)), deadline)
    except TimedOut as error:
        raise TimedOut(
            f"{provider.label}: {provider.host} did not answer within {deadline.seconds:.3g} "
            "seconds",
            hint=f"try again, or {LOG_IN.partition(',')[0]}",
        ) from error


@dataclass
class _Renewal:
    provider: Provider
    runtime: Runtime
    deadline: Deadline

    def tokens(self, refresh_token: str) -> Tokens:
        provider, form = self.provider, {"grant_type": "refresh_token"}
        endpoint = self._endpoint()
        form["refresh_token"] = refresh_token
        in_form = form | {"client_id": provider.client}
        if provider.secret:
            # In a header, as OAuth wants it; servers that do not take that say so.
            login = f"{quote(provider.client, safe='')}:{quote(provider.secret, safe='')}"
            header = f"Basic {base64.b64encode(login.encode()).decode()}"
            status, body = self._send("POST", endpoint, form, Authorization=header)
            in_form["client_secret"] = provider.secret
            if status == 200 or self._granted(body).error not in ("invalid_client", None):
                return self._read(status, body)
        return self._read(*self._send("POST", endpoint, in_form))

    def _endpoint(self) -> str:
        status, body = self._send("GET", f"{self.provider.issuer}/.well-known/openid-configuration")
        self._require_answer(status)
        try:
            endpoint = msgspec.json.decode(body, type=ready(_Discovery)).token_endpoint
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise self.provider.failed("answered with what is no OpenID configuration") from error
        if status != 200 or _https(endpoint) is None:
            problem = (
                f"with {status}" if status != 200 else "with a token endpoint that is not https"
            )
            raise self.provider.failed(f"answered {problem}")
        return endpoint

    def _read(self, status: int, body: bytes) -> Tokens:
        self._require_answer(status)
        granted = self._granted(body)
        if status != 200 or granted.error:
            reason = granted.error if granted.error in _REASONS else str(status)
            raise self.provider.failed(f"refused to renew the login ({reason})")
        if not granted.id_token:
            raise self.provider.failed("renewed the login without giving an id_token")
        return Tokens(granted.id_token, granted.refresh_token)

    @staticmethod
    def _granted(body: bytes) -> _Granted:
        try:
            return msgspec.json.decode(body, type=ready(_Granted))
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return _Granted()

    def _require_answer(self, status: int) -> None:
        if status == 429 or status >= 500:
            raise Unreachable(
                f"{self.provider.label}: {self.provider.host} answered with {status}",
                hint="try again later",
            )

    def _send(
        self, method: str, url: str, form: Mapping[str, str] | None = None, **headers: str
    ) -> tuple[int, bytes]:
        import urllib3

        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        left = max(self.deadline.remaining(), 0.01)
        try:
            with self._pool(url) as pool:
                response = pool.request(
                    method,
                    url,
                    body=urlencode(form) if form is not None else None,
                    headers={"Accept": "application/json", **headers},
                    redirect=False,
                    retries=False,
                    preload_content=False,
                    timeout=urllib3.Timeout(connect=min(CONNECT_SECONDS, left), read=left),
                )
                body = response.read(MOST_BYTES + 1, decode_content=True)
                response.close()
        except (urllib3.exceptions.HTTPError, ValueError, OSError) as error:
            raise self._unreachable(error) from error
        if len(body) > MOST_BYTES:
            raise self.provider.failed("answered with too much")
        return response.status, body

    def _pool(self, url: str) -> urllib3.PoolManager:
        import urllib3

        proxy = proxy_from_environment(urlsplit(url).hostname or "", "https", self.runtime.environ)
        if proxy and proxy.startswith("http"):
            return urllib3.ProxyManager(proxy, ssl_context=self.provider.tls)
        return urllib3.PoolManager(ssl_context=self.provider.tls)

    def _unreachable(self, error: Exception) -> Unreachable:
        import urllib3

        if isinstance(error, urllib3.exceptions.SSLError):
            return Unreachable(
                f"{self.provider.label}: the certificate of {self.provider.host} is not trusted",
                hint="name its authority as idp-certificate-authority in the user's entry",
            )
        return Unreachable(
            f"{self.provider.label}: {self.provider.host} cannot be reached to renew the login",
            hint="try again where it can be reached, or log in again",
        )


def _https(text: str) -> str | None:
    """An https address without user and query, None for anything else."""
    try:
        url = parsed_address(text, "").url
    except ValueError:
        return None
    return url if url.startswith("https://") else None
