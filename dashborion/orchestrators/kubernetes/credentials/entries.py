"""A kubeconfig's user and cluster as connection settings, read as kubectl reads them.

The rules are those of client-go's ``tools/clientcmd`` and ``transport``. What a
program gives (``exec``, ``auth-provider``) is handed in by the caller.
"""

from __future__ import annotations

import base64
import binascii
import math
import ssl
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from dashborion.config.kubeconfig import Address, Entry, parsed_address, server_address
from dashborion.errors import ConfigError, CredentialsError
from dashborion.orchestrators.kubernetes.credentials.settings import (
    LOG_IN,
    ExecCredential,
    Settings,
    Unusable,
    bearer,
    load_certificate,
    proxy_from_environment,
    tls_context,
)
from dashborion.storage.files import read_named

TOKEN_FILE_SECONDS = 60.0  # after which it is read again, as client-go does
MOST_TOKEN_BYTES = 64 << 10  # no server takes headers of more
MOST_PEM_BYTES = 1 << 20  # the authorities of a whole system are 300 kB
MOST_PATH = 250  # characters that are shown
_SOCKS = ("socks4", "socks4a", "socks5", "socks5h")


def login_program(user: Entry) -> str | None:
    """The key of the program that logs a user in: ``exec``, ``auth-provider`` or None.

    A token, a name with a password or a client certificate goes before both, as in
    client-go's ``UpdateTransportConfig``.

    Raises:
        ConfigError: both are there.
    """
    if any(user.text(key) for key in ("token", "tokenFile", "username")) or all(
        user.text(key) or user.text(f"{key}-data") for key in ("client-certificate", "client-key")
    ):
        return None
    programs = [key for key in ("exec", "auth-provider") if user.body.get(key) is not None]
    if len(programs) > 1:
        raise ConfigError(f"{user.label}: has both exec and auth-provider; one of them has to go")
    return programs[0] if programs else None


def load_settings(
    user: Entry,
    cluster: Entry,
    environ: Mapping[str, str],
    *,
    credential: ExecCredential | None = None,
) -> Settings:
    """The settings of a context.

    ``credential`` is what the user's exec plugin or auth provider gave, None for users
    without such a program.

    Raises:
        ConfigError: an entry that cannot be used as it is.
        CredentialsError: a token, a certificate or a key that cannot be used.
    """
    address = server_address(cluster, user)
    tls = None
    if address.url.startswith("https:"):
        tls = _verifying(cluster)
        _identify(tls, user, credential)
    return Settings(
        host=address.url,
        tls=tls,
        server_name=_server_name(cluster),
        proxy=_proxy(cluster, address.url, environ),
        is_compressed=not cluster.flag("disable-compression"),
        authorization=_login(address) or _authorization(user, credential),
        expired=credential.expired if credential is not None else lambda: False,
    )


def _login(address: Address) -> Callable[[], str] | None:
    """A user and a password in the server's address go before all else, as in Go's client."""
    if not address.login:
        return None
    name, _, password = address.login.partition(":")
    header = _basic(unquote(name), unquote(password))
    return lambda: header


def _basic(name: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"


def _server_name(cluster: Entry) -> str | None:
    name = cluster.text("tls-server-name")
    if name and (not name.isprintable() or " " in name):
        raise ConfigError(f"{cluster.label}: tls-server-name: not the name of a server")
    return name


def authority(cluster: Entry) -> bytes | None:
    """The PEM certificates that a cluster's server is verified with, None for the system's."""
    return pem(cluster, "certificate-authority")


def _verifying(cluster: Entry) -> ssl.SSLContext:
    trusted, skip = authority(cluster), cluster.flag("insecure-skip-tls-verify")
    if trusted and skip:
        raise ConfigError(
            f"{cluster.label}: has both certificate-authority and insecure-skip-tls-verify",
            hint="remove insecure-skip-tls-verify, and the server is verified",
        )
    try:
        return tls_context(authority=trusted, verify=not skip)
    except ssl.SSLError as error:
        raise CredentialsError(
            f"{cluster.label}: certificate-authority holds no PEM certificate"
        ) from error


def _identify(tls: ssl.SSLContext, user: Entry, credential: ExecCredential | None) -> None:
    """Show the client certificate of the user's plugin or entry, if there is one."""
    if credential is not None:
        if not credential.certificate or not credential.key:
            return
        certificate, key = credential.certificate.encode(), credential.key.encode()
    else:
        shown = pem(user, "client-certificate")
        if shown is None:
            return
        secret = pem(user, "client-key")
        if secret is None:
            raise ConfigError(f"{user.label}: client-certificate needs client-key beside it")
        certificate, key = shown, secret
    try:
        load_certificate(tls, certificate, key)
    except Unusable as error:
        raise CredentialsError(f"{user.label}: {error}", hint=LOG_IN) from error


def _authorization(user: Entry, credential: ExecCredential | None) -> Callable[[], str | None]:
    """The header of a plugin's or a user's credentials; of token and tokenFile the file wins."""
    if credential is not None:
        given = bearer(credential.token, user.label) if credential.token else None
        return lambda: given
    token = user.text("token")
    header = bearer(token, f"{user.label}: token") if token else None
    if path := user.text("tokenFile"):
        file = TokenFile(user.file(path), f"{user.label}: tokenFile", header)
        file.authorization()
        return file.authorization
    if header is None and (name := user.text("username")):
        header = _basic(name, user.text("password") or "")
    return lambda: header


class TokenFile:
    """A token in a file that is renewed, such as by a kubelet; not safe from several threads.

    ``header`` is used while the file holds no token, as by client-go.
    """

    def __init__(self, path: Path, label: str, header: str | None = None) -> None:
        self._path = path
        self._label = label
        self._header = header
        self._read_at = -math.inf

    def authorization(self) -> str:
        """The header, read again after a minute.

        Raises:
            CredentialsError: it could never be read, or is no token.
        """
        label = f"{self._label}: {_shown(self._path)}"
        if self._header is None or time.monotonic() - self._read_at > TOKEN_FILE_SECONDS:
            try:
                content = read_named(self._path, most_bytes=MOST_TOKEN_BYTES)
                self._header = bearer(content.decode(errors="replace"), label)
                self._read_at = time.monotonic()
            except OSError as error:
                if self._header is None:
                    raise CredentialsError(f"{label}: {error.strerror}", hint=LOG_IN) from error
            except CredentialsError:  # it may be written at this moment
                if self._header is None:
                    raise
        return self._header


def _proxy(cluster: Entry, host: str, environ: Mapping[str, str]) -> str | None:
    """The cluster's own proxy, which NO_PROXY says nothing about, or that of the environment."""
    proxy, label = cluster.text("proxy-url"), f"{cluster.label}: proxy-url"
    if proxy is None:
        parts = urlsplit(host)
        proxy = proxy_from_environment(parts.hostname or "", parts.scheme, environ)
        label = f"the proxy of the environment's variables, for {cluster.kind} '{cluster.name}'"
    if proxy is None:
        return None
    try:
        scheme = urlsplit(parsed_address(proxy, "").url).scheme
    except ValueError:
        scheme = ""
    if scheme not in ("http", "https"):
        problem = f"a proxy of type '{scheme}'" if scheme in _SOCKS else "no address of a proxy"
        raise ConfigError(f"{label}: {problem}; only http and https proxies can be used")
    return proxy


def pem(entry: Entry, key: str) -> bytes | None:
    """What the key's ``-data`` holds, else its file; None without both.

    Raises:
        ConfigError: it is not base64, or the file cannot be read.
    """
    if data := entry.text(f"{key}-data"):
        try:
            return base64.b64decode("".join(data.split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise ConfigError(f"{entry.label}: {key}-data: not base64") from error
    name = entry.text(key)
    if name is None:
        return None
    path = entry.file(name)
    try:
        return read_named(path, most_bytes=MOST_PEM_BYTES)
    except OSError as error:
        raise ConfigError(f"{entry.label}: {key}: {_shown(path)}: {error.strerror}") from error


def _shown(path: Path) -> str:
    """A path, unless it is what people put into its place: a token, or a whole PEM file."""
    text = str(path)
    return text if text.isprintable() and len(text) <= MOST_PATH else "its path"


def exec_cluster(cluster: Entry, environ: Mapping[str, str]) -> dict[str, Any]:
    """``spec.cluster`` of an ExecCredential: the server as a plugin is told of it."""
    trusted = authority(cluster)
    extensions = cluster.body.get("extensions")
    config = next(
        (
            extension.get("extension")
            for extension in (extensions if isinstance(extensions, list) else ())
            if isinstance(extension, dict)
            and extension.get("name") == "client.authentication.k8s.io/exec"
        ),
        None,
    )
    told = {
        "server": cluster.text("server"),
        "tls-server-name": cluster.text("tls-server-name"),
        "insecure-skip-tls-verify": cluster.flag("insecure-skip-tls-verify"),
        "certificate-authority-data": trusted and base64.b64encode(trusted).decode(),
        "proxy-url": _proxy(cluster, server_address(cluster).url, environ),
        "disable-compression": cluster.flag("disable-compression"),
        "config": config,
    }
    return {key: value for key, value in told.items() if value}
