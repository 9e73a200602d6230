"""A kubeconfig user with a static token, a certificate or tokens of our own, without the SDK.

Importing the SDK takes as long as everything else that a small list does. What
is read here needs none of it; the rules are those of the SDK's
``kube_config.py``, and the reading is strict: a key that is not known, a value
of another type, a proxy, anything that does not work is None, and then the SDK
loads it and says what is wrong.
"""

from __future__ import annotations

import base64
import os
import ssl
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dashborion.config.kubeconfig import Entry, Kubeconfig
from dashborion.errors import DashborionError
from dashborion.orchestrators.kubernetes.credentials.settings import Settings, tls_context

Answer = Callable[[], Mapping[str, Any] | None]
IMPERSONATION = {"as", "as-uid", "as-groups", "as-user-extra"}
_USER = {
    "token",
    "client-certificate",
    "client-certificate-data",
    "client-key",
    "client-key-data",
    *IMPERSONATION,
}
_PLUGGED = {"exec", *IMPERSONATION}
_CLUSTER = {
    "server",
    "certificate-authority",
    "certificate-authority-data",
    "insecure-skip-tls-verify",
    "tls-server-name",
    "extensions",  # minikube's notes to itself, which nobody reads
}


def load(
    known: Kubeconfig, context: str, environ: Mapping[str, str], own: Answer | None = None
) -> Settings | None:
    """The settings of a context, or None where they are the SDK's business.

    ``own`` gives what the user's plugin would; None from it is a plugin to run.

    Raises:
        DashborionError: what ``own`` raised, with the user's name.
    """
    user = known.user_entries.get(known.users.get(context) or "")
    cluster = known.cluster_entries.get(known.clusters.get(context) or "")
    if user is None or cluster is None or _through_a_proxy(environ):
        return None
    plugged = own if "exec" in user.body else None
    if set(user.body) - (_PLUGGED if plugged else _USER) or set(cluster.body) - _CLUSTER:
        return None
    if user.path.parent != cluster.path.parent:
        return None  # the SDK takes all relative paths from the cluster's folder
    try:
        bearer = _Bearer(plugged, known.users.get(context)) if plugged else None
        return _settings(user, cluster, bearer)
    except (_NotPlain, OSError, ValueError):  # an SSLError is an OSError, base64's a ValueError
        return None


class _NotPlain(Exception):
    """A value that is not what it is in nearly every kubeconfig."""


class _Bearer:
    """A plugin's answers, asked for again when they expire; not safe from several threads."""

    def __init__(self, answer: Answer, user: str | None) -> None:
        self._answer, self._user = answer, user
        self._known = self._asked()

    def header(self) -> str:
        if datetime.fromisoformat(str(self._known["expirationTimestamp"])) <= datetime.now(UTC):
            self._known = self._asked()
        return f"Bearer {self._known['token']}"

    def _asked(self) -> Mapping[str, Any]:
        try:
            found = self._answer()
        except DashborionError as error:
            error.message = f"user '{self._user}': {error.message}"
            raise
        if found is None:
            raise _NotPlain
        return found


def _settings(user: Entry, cluster: Entry, bearer: _Bearer | None) -> Settings:
    token = _text(user.body, "token")
    if token is not None and not (token.isascii() and token.isprintable() and " " not in token):
        raise _NotPlain
    certificate, key = _source(user, "client-certificate"), _source(user, "client-key")
    if (certificate is None) != (key is None) or not (token or key or bearer):
        raise _NotPlain
    server = _text(cluster.body, "server") or ""
    unverified = cluster.body.get("insecure-skip-tls-verify", False)
    if not isinstance(unverified, bool) or not server.startswith(("http:", "https:")):
        raise _NotPlain
    tls = None
    if server.startswith("https:"):
        tls = _trusting(_source(cluster, "certificate-authority"), verify=not unverified)
        if certificate is not None and key is not None:
            _show(tls, certificate, key)
    return Settings(
        host=server.rstrip("/"),
        tls=tls,
        server_name=_text(cluster.body, "tls-server-name"),
        authorization=bearer.header if bearer else lambda: f"Bearer {token}" if token else None,
    )


def _through_a_proxy(environ: Mapping[str, str]) -> bool:
    """Whether a proxy may be set, in variables or where else the system has one."""
    if any(name.lower().endswith("_proxy") and value for name, value in environ.items()):
        return True
    system: str = sys.platform  # for mypy, which believes in the one that it runs on
    if system not in ("darwin", "win32"):
        return False
    from urllib.request import getproxies

    return bool(getproxies())


def _text(body: Mapping[str, Any], key: str) -> str | None:
    """The value of a key, None without the key."""
    if key not in body:
        return None
    value = body[key]
    if not isinstance(value, str) or not value:
        raise _NotPlain
    return value


def _source(entry: Entry, key: str) -> bytes | Path | None:
    """What the key's ``-data`` holds, or else its file; None without both."""
    data = _text(entry.body, f"{key}-data")
    if data is not None:
        return base64.b64decode(data)
    name = _text(entry.body, key)
    return Path(os.path.normpath(entry.path.absolute().parent / name)) if name else None


def _trusting(authority: bytes | Path | None, *, verify: bool) -> ssl.SSLContext:
    if isinstance(authority, Path):
        return tls_context(cafile=str(authority), verify=verify)
    return tls_context(cadata=authority.decode("ascii") if authority else None, verify=verify)


def _show(tls: ssl.SSLContext, certificate: bytes | Path, key: bytes | Path) -> None:
    """Load what the client shows. OpenSSL reads files alone: one of ours lives for a moment."""
    if isinstance(certificate, Path) and isinstance(key, Path):
        tls.load_cert_chain(certificate, key)
        return
    parts = [one.read_bytes() if isinstance(one, Path) else one for one in (key, certificate)]
    descriptor, name = tempfile.mkstemp()
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(b"\n".join(parts))
        tls.load_cert_chain(name)
    finally:
        Path(name).unlink()
