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
from urllib.parse import urlsplit

from dashborion.config.kubeconfig import Entry
from dashborion.errors import ConfigError, CredentialsError
from dashborion.orchestrators.kubernetes.credentials.settings import (
    LOG_IN,
    ExecCredential,
    Settings,
    bearer,
    load_certificate,
    proxy_from_environment,
    tls_context,
)

TOKEN_FILE_SECONDS = 60.0  # after which it is read again, as client-go does


def login_program(user: Entry) -> str | None:
    """The key of the program that logs a user in: ``exec``, ``auth-provider`` or None.

    A token, a name with a password or a client certificate goes before both, as in
    client-go's ``UpdateTransportConfig``.

    Raises:
        ConfigError: both are there.
    """
    if any(text(user, key) for key in ("token", "tokenFile", "username")) or all(
        text(user, key) or text(user, f"{key}-data") for key in ("client-certificate", "client-key")
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
    authorization: Callable[[], str | None] | None = None,
) -> Settings:
    """The settings of a context.

    ``credential`` is what the user's exec plugin gave, ``authorization`` the
    header of an auth provider, both None for users without such a program.

    Raises:
        ConfigError: an entry that cannot be used as it is.
        CredentialsError: a token, a certificate or a key that cannot be used.
    """
    host = (text(cluster, "server") or "").rstrip("/")
    tls = None
    if host.startswith("https:"):
        tls = _verifying(cluster)
        _identify(tls, user, credential)
    return Settings(
        host=host,
        tls=tls,
        server_name=text(cluster, "tls-server-name"),
        proxy=_proxy(cluster, host, environ),
        authorization=authorization or _authorization(user, credential),
        expired=credential.expired if credential is not None else lambda: False,
    )


def text(entry: Entry, key: str) -> str | None:
    """The value of a key, None where it is absent or empty; ``ConfigError`` unless it is text."""
    value = entry.body.get(key)
    if value is not None and not isinstance(value, str):
        raise ConfigError(f"{entry.label}: {key}: expected text")
    return value or None


def authority(cluster: Entry) -> bytes | None:
    """The PEM certificates that a cluster's server is verified with, None for the system's."""
    source = _source(cluster, "certificate-authority")
    return _read(cluster, "certificate-authority", source) if isinstance(source, Path) else source


def unverified(cluster: Entry) -> bool:
    """Whether the server's certificate is not verified."""
    value = cluster.body.get("insecure-skip-tls-verify")
    if value is not None and not isinstance(value, bool):
        raise ConfigError(f"{cluster.label}: insecure-skip-tls-verify: expected true or false")
    return bool(value)


def _verifying(cluster: Entry) -> ssl.SSLContext:
    try:
        return tls_context(authority=authority(cluster), verify=not unverified(cluster))
    except ssl.SSLError as error:
        raise CredentialsError(
            f"{cluster.label}: certificate-authority holds no PEM certificate"
        ) from error


def _identify(tls: ssl.SSLContext, user: Entry, credential: ExecCredential | None) -> None:
    """Show the client certificate of the user's plugin or entry, if there is one."""
    certificate: bytes | Path | None
    key: bytes | Path | None
    if credential is not None:
        if not credential.certificate or not credential.key:
            return
        certificate, key = credential.certificate.encode(), credential.key.encode()
    else:
        certificate, key = _source(user, "client-certificate"), _source(user, "client-key")
        if certificate is None:
            return
        if key is None:
            raise ConfigError(f"{user.label}: client-certificate needs client-key beside it")
        for name, source in (("client-certificate", certificate), ("client-key", key)):
            if isinstance(source, Path):
                _read(user, name, source)
    try:
        load_certificate(tls, certificate, key)
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        raise CredentialsError(
            f"{user.label}: the client certificate or its key cannot be used, or they are no pair",
            hint=LOG_IN,
        ) from error


def _authorization(user: Entry, credential: ExecCredential | None) -> Callable[[], str | None]:
    """The header of a plugin's or a user's credentials; of token and tokenFile the file wins."""
    if credential is not None:
        given = bearer(credential.token, user.label) if credential.token else None
        return lambda: given
    token = text(user, "token")
    header = bearer(token, user.label) if token else None
    if path := text(user, "tokenFile"):
        file = TokenFile(user.file(path), user.label, header)
        file.authorization()
        return file.authorization
    if header is not None:
        return lambda: header
    if name := text(user, "username"):
        pair = f"{name}:{text(user, 'password') or ''}"
        basic = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return lambda: basic
    return lambda: None


class TokenFile:
    """A token in a file that is renewed, such as by a kubelet; not safe from several threads.

    ``header`` is used while the file cannot be read.
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
        if self._header is None or time.monotonic() - self._read_at > TOKEN_FILE_SECONDS:
            try:
                self._header = bearer(self._path.read_text("utf-8", "replace"), self._label)
                self._read_at = time.monotonic()
            except OSError as error:
                if self._header is None:
                    reason = error.strerror or "cannot be read"
                    raise CredentialsError(f"{self._label}: {self._path}: {reason}") from error
        return self._header


def _proxy(cluster: Entry, host: str, environ: Mapping[str, str]) -> str | None:
    """The cluster's own proxy, which NO_PROXY says nothing about, or that of the environment."""
    proxy, label = text(cluster, "proxy-url"), f"{cluster.label}: proxy-url"
    if proxy is None:
        parts = urlsplit(host)
        proxy = proxy_from_environment(parts.hostname or "", parts.scheme, environ)
        label = f"the proxy of the environment's variables, for {cluster.kind} '{cluster.name}'"
    if proxy is not None and not proxy.startswith(("http://", "https://")):
        raise ConfigError(f"{label}: not the address of an http or https proxy")
    return proxy


def _source(entry: Entry, key: str) -> bytes | Path | None:
    """What the key's ``-data`` holds, else its file; None without both."""
    if data := text(entry, f"{key}-data"):
        try:
            return base64.b64decode("".join(data.split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise ConfigError(f"{entry.label}: {key}-data: not base64") from error
    name = text(entry, key)
    return entry.file(name) if name else None


def _read(entry: Entry, key: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise ConfigError(f"{entry.label}: {key}: {path}: {reason}") from error


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
        "server": text(cluster, "server"),
        "tls-server-name": text(cluster, "tls-server-name"),
        "insecure-skip-tls-verify": unverified(cluster),
        "certificate-authority-data": trusted and base64.b64encode(trusted).decode(),
        "proxy-url": _proxy(cluster, text(cluster, "server") or "", environ),
        "disable-compression": cluster.body.get("disable-compression"),
        "config": config,
    }
    return {key: value for key, value in told.items() if value}
