"""Connection settings: what every way of loading credentials gives."""

from __future__ import annotations

import os
import ssl
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct, field

from dashborion.errors import ConfigError, CredentialsError

LOG_IN = "log in again, as the kubeconfig's user does, then try again"
NEAR_EXPIRY = timedelta(seconds=10)  # in which a token may expire on its way to the server
RENEWED_SECONDS = 30.0  # for which a renewed credential is not renewed again


class Settings(Struct, frozen=True):
    """An address, a TLS context and an ``Authorization`` header.

    ``authorization`` gives the header's value, None where a certificate
    identifies us. ``expired`` says whether the settings have to be loaded again.
    ``server_name`` is the name in the server's certificate, where that is not
    the host of the address; ``is_compressed`` whether answers may be.
    """

    host: str
    tls: ssl.SSLContext | None
    server_name: str | None = None
    proxy: str | None = None
    is_compressed: bool = True
    authorization: Callable[[], str | None] = lambda: None
    expired: Callable[[], bool] = lambda: False


class ExecCredential(Struct, frozen=True):
    """The status of an ExecCredential: what an exec plugin gives, or its substitute.

    ``certificate`` and ``key`` are PEM, both or none; ``expires`` is None if unknown.
    """

    token: str | None = None
    certificate: str | None = None
    key: str | None = None
    expires: datetime | None = None
    made: float = field(default_factory=time.monotonic)

    def expired(self) -> bool:
        """Whether to renew it; not at once where a plugin gives expired credentials."""
        if self.expires is None or time.monotonic() - self.made < RENEWED_SECONDS:
            return False
        return self.expires <= datetime.now(UTC) + NEAR_EXPIRY


def bearer(token: str, label: str) -> str:
    """The header for a token.

    Raises:
        CredentialsError: no header can hold it; the message has only the ``label``.
    """
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise CredentialsError(
            f"{label}: the token is empty, or has characters that no header can hold", hint=LOG_IN
        )
    return f"Bearer {token}"


def tls_context(*, authority: bytes | None = None, verify: bool = True) -> ssl.SSLContext:
    """Trust this PEM authority alone, or the system's authorities without one.

    Raises:
        ssl.SSLError: there is no certificate in it.
        ConfigError: the file that ``$SSLKEYLOGFILE`` names cannot be written to.
    """
    text = authority.decode("ascii", "ignore") if authority is not None else None
    if text is not None and not text.strip():
        raise ssl.SSLError("empty")
    try:
        context = ssl.create_default_context(cadata=text)
    except ssl.SSLError:
        raise
    except OSError as error:  # Python opens the file for debuggers that this variable names
        raise ConfigError(f"$SSLKEYLOGFILE: {error.filename}: {error.strerror}") from error
    # urllib3 sets this anew for each connection. While another thread makes one, OpenSSL then reads
    # what it has just freed, and the server answers "tlsv1 alert decode error".
    context.set_alpn_protocols(["http/1.1"])
    context.set_alpn_protocols = lambda _: None  # type: ignore[assignment, method-assign]
    # Python 3.13 demands key identifiers that many clusters' authorities lack; kubectl does not.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class Unusable(Exception):
    """A client certificate or its key, and what is wrong with them, in words of our own."""


def load_certificate(tls: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Make a context show a client certificate.

    OpenSSL reads files only: the PEM text is written to a private one (0600), deleted at once.

    Raises:
        Unusable: no certificate, no key, an encrypted one, or not a pair.
    """
    if b"-----BEGIN " not in certificate:
        raise Unusable("the client certificate is no PEM certificate")
    if b"PRIVATE KEY-----" not in key:
        raise Unusable("the key of the client certificate is no PEM private key")
    if b"ENCRYPTED" in key:
        raise Unusable("the key of the client certificate is encrypted, which kubectl refuses too")
    descriptor, name = tempfile.mkstemp()
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(b"\n".join((key, certificate)))
        # Without a password OpenSSL asks for that of an encrypted key on the terminal.
        tls.load_cert_chain(name, password="")
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        raise Unusable(
            "the client certificate or its key cannot be used, or they are no pair"
        ) from error
    finally:
        Path(name).unlink()


def proxy_from_environment(host: str, scheme: str, environ: Mapping[str, str]) -> str | None:
    """The proxy that variables, or the system's settings on macOS and Windows, give for a host.

    ``NO_PROXY`` may hold networks too (10.0.0.0/8), as for kubectl.
    """
    system: str = sys.platform  # annotated, or mypy takes the next line for constant
    if system not in ("darwin", "win32") and not any(
        name.lower().endswith("_proxy") and value for name, value in environ.items()
    ):
        return None
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    if proxy_bypass(host) or _in_network(host, proxies.get("no", "")):
        return None
    proxy = proxies.get(scheme) or proxies.get("all") or ""
    if not proxies.get(scheme) and proxy.startswith("socks"):
        return None  # kubectl knows no ALL_PROXY at all; where it names a kind that we have, we do
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy or None


def _in_network(host: str, networks: str) -> bool:
    import ipaddress

    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    for network in networks.split(","):
        with suppress(ValueError):
            if address in ipaddress.ip_network(network.strip(), strict=False):
                return True
    return False
