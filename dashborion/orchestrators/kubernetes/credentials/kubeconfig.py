"""Who we are to an API server, from a kubeconfig or from the pod around us.

What a kubeconfig's text alone says is read by ``plain``; plugins, token files and
the rest are the SDK's business, behind ``sdk``, which is imported for them only.
Whatever else gives credentials, such as EKS, makes the same ``Settings`` without it.
"""

from __future__ import annotations

import math
import os
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from dashborion.config.kubeconfig import (
    SERVICE_ACCOUNT,
    Kubeconfig,
    kubeconfig_paths,
    read_kubeconfig,
)
from dashborion.config.targets import InClusterTarget, KubernetesTarget, Target
from dashborion.errors import ConfigError, UsageError, suggestion
from dashborion.orchestrators.kubernetes.credentials import plain
from dashborion.orchestrators.kubernetes.credentials.settings import Settings

# From a user's `exec:` entry, what gives the plugin's answer without running it, if anything can.
OwnTokens = Callable[[Any], Callable[[], Mapping[str, Any] | None] | None]

RENEWED_SECONDS = 30.0  # for which a renewed credential that is refused stays refused


@dataclass
class Credentials:
    """An API server and a way to speak to it as somebody.

    ``user`` is the kubeconfig's name for the identity, ``namespace`` the default
    one. ``generation`` grows when ``renew`` has changed the settings. ``_load``
    gets whether what was loaded before was refused.
    """

    namespace: str
    user: str | None
    impersonation: tuple[tuple[str, str], ...]
    _load: Callable[[bool], Settings]
    generation: int = 0
    host: str = field(init=False)
    tls: ssl.SSLContext | None = field(init=False)
    server_name: str | None = field(init=False)
    proxy: str | None = field(init=False)
    _settings: Settings = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _renewed_at: float = -math.inf

    def __post_init__(self) -> None:
        self._reload(refused=False)

    def authorization(self) -> str | None:
        """The header's value, renewed first when its expiry is near; None with a certificate.

        Raises:
            CredentialsError: the plugin that renews it failed, or made no token.
        """
        with self._lock:
            return self._settings.authorization()

    def renew(self, refused: str | None) -> None:
        """Load everything again, exec plugins included: the API said 401 to this header.

        Of several requests that are refused at once the first renews for all, and
        what was renewed just now is not renewed again: a plugin may open a browser.

        Raises:
            CredentialsError: as ``connect``.
        """
        with self._lock:
            just_now = time.monotonic() - self._renewed_at < RENEWED_SECONDS
            if self._settings.authorization() == refused and not just_now:
                self._renewed_at = time.monotonic()
                self._reload(refused=True)
                self.generation += 1

    def _reload(self, *, refused: bool) -> None:
        found = self._settings = self._load(refused)
        self.host, self.tls = found.host, found.tls
        self.server_name, self.proxy = found.server_name, found.proxy


def connect(target: Target, environ: Mapping[str, str], own: OwnTokens) -> Credentials:
    """Load a target's credentials; ``own`` may stand in for its user's plugin.

    Raises:
        UsageError: the kubeconfig has no such context.
        ConfigError: a kubeconfig that cannot be used.
        CredentialsError: a plugin, token or certificate that does not work.
    """
    if isinstance(target, InClusterTarget):
        return _in_cluster(target)
    if not isinstance(target, KubernetesTarget):
        raise UsageError(f"not a Kubernetes target: {type(target).__name__}")
    paths = kubeconfig_paths(environ, target.kubeconfig)
    known = read_kubeconfig(paths)
    where = os.pathsep.join(str(path) for path in paths)
    if target.context not in known.namespaces:
        raise UsageError(
            f"no context '{target.context}' in {where or 'any kubeconfig'}",
            hint=suggestion(target.context, known.namespaces),
        )
    _require_address(known, target.context, where)
    user = known.users[target.context]
    entry = _user_entry(known, target.context, where)

    def load(refused: bool) -> Settings:
        now = read_kubeconfig(paths) if refused else known
        answer = own(entry.get("exec"))
        found = plain.load(now, target.context, environ, answer)
        if found is not None:
            return found
        from dashborion.orchestrators.kubernetes.credentials import sdk

        if refused:
            sdk.forget()
        return sdk.load(where, target.context, entry, user, answer)

    namespace = target.namespace or known.namespaces[target.context] or "default"
    return Credentials(namespace, user, _impersonation(entry), load)


def _in_cluster(target: InClusterTarget) -> Credentials:
    user = "the pod's service account"

    def load(_: bool) -> Settings:
        from dashborion.orchestrators.kubernetes.credentials import sdk

        return sdk.load_in_cluster(user)

    own = SERVICE_ACCOUNT / "namespace"
    namespace = target.namespace or (own.read_text().strip() if own.exists() else "default")
    return Credentials(namespace, user, (), load)


def _user_entry(known: Kubeconfig, context: str, where: str) -> Mapping[str, Any]:
    """The kubeconfig's entry for a context's user; kubectl too refuses a name without one."""
    user = known.users[context]
    if user is None:
        return {}
    if user not in known.user_entries:
        raise ConfigError(
            f"{where}: context '{context}': there is no user '{user}'",
            hint=suggestion(user, known.user_entries),
        )
    return known.user_entries[user].body


def _impersonation(entry: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The headers for a user with ``as``, as kubectl; without them one would have more rights."""
    headers = []
    if entry.get("as"):
        headers.append(("Impersonate-User", str(entry["as"])))
    if entry.get("as-uid"):
        headers.append(("Impersonate-Uid", str(entry["as-uid"])))
    headers += [("Impersonate-Group", str(group)) for group in entry.get("as-groups") or ()]
    for key, values in (entry.get("as-user-extra") or {}).items():
        headers += [(f"Impersonate-Extra-{key}", str(value)) for value in values]
    return tuple(headers)


def _require_address(known: Kubeconfig, context: str, where: str) -> None:
    """The SDK takes anything for an address, and HTTP libraries make the strangest of it."""
    cluster = known.clusters[context] or ""
    server = known.server(cluster)
    try:
        parts = urlsplit(server)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or not server.isprintable() or " " in server:
        raise ConfigError(
            f"{where}: context '{context}': cluster '{cluster}': "
            f"server '{server}' is not an http or https address"
        )
