"""Credentials for an API server, from a kubeconfig or from the pod that we run in."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dashborion import __version__
from dashborion.config.kubeconfig import Entry, Kubeconfig, kubeconfig_paths, read_kubeconfig
from dashborion.config.targets import KubernetesTarget
from dashborion.errors import ConfigError, DashborionError, UsageError, suggestion
from dashborion.orchestrators.kubernetes.credentials.entries import load_settings, login_program
from dashborion.orchestrators.kubernetes.credentials.settings import (
    RENEWED_SECONDS,
    ExecCredential,
    Settings,
)
from dashborion.orchestrators.protocol import Runtime

if TYPE_CHECKING:
    from dashborion.orchestrators.kubernetes.credentials.exec_plugin import ExecPlugins

# Given a user's `exec:` entry: what that plugin would give, made without running it. None, at once
# or when it is called, where the plugin has to run.
PluginSubstitutes = Callable[[Any], Callable[[], ExecCredential | None] | None]


@dataclass
class Credentials:
    """An API server and a user to speak to it as.

    ``user`` is the name in messages, ``namespace`` the default one.
    ``generation`` grows when the settings have changed. ``_load`` loads them; it
    gets whether the API refused what was loaded before.
    """

    namespace: str
    user: str | None
    impersonation: tuple[tuple[str, str], ...]
    _load: Callable[[bool], Settings]
    generation: int = 0
    settings: Settings = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _renewed_at: float = -math.inf

    def __post_init__(self) -> None:
        self.settings = self._load(False)

    def authorization(self) -> str | None:
        """The header's value, renewed first when its expiry is near; None with a certificate.

        Raises as ``connect``: a plugin may have to run.
        """
        with self._lock:
            if self.settings.expired():
                self.settings = self._load(False)
                self.generation += 1
            return self.settings.authorization()

    def renew(self, refused: str | None) -> None:
        """Load everything again, with exec plugins: the API said 401 to this header.

        Of several requests that are refused at once the first renews for all, and
        what was renewed just now is not renewed again: a plugin may open a browser.
        """
        with self._lock:
            just_now = time.monotonic() - self._renewed_at < RENEWED_SECONDS
            if self.settings.authorization() == refused and not just_now:
                self._renewed_at = time.monotonic()
                self.settings = self._load(True)
                self.generation += 1

    def headers(self, authorization: str | None) -> list[tuple[str, str]]:
        """The headers that every request has."""
        login = [("Authorization", authorization)] if authorization else []
        return [("User-Agent", f"dashborion/{__version__}"), *login, *self.impersonation]


def connect(
    target: KubernetesTarget,
    runtime: Runtime,
    plugins: Callable[[], ExecPlugins],
    substitutes: PluginSubstitutes,
) -> Credentials:
    """The credentials of a kubeconfig's context.

    Raises:
        UsageError: the kubeconfig has no such context.
        ConfigError: a kubeconfig that cannot be used.
        CredentialsError: a plugin, token or certificate that does not work.
    """
    paths = kubeconfig_paths(runtime.environ, target.kubeconfig)
    loader = _Loader(target.context, paths, runtime, plugins, substitutes)
    kubeconfig = read_kubeconfig(paths)
    user, _ = loader.entries(kubeconfig)
    namespace = target.namespace or kubeconfig.namespaces[target.context] or "default"
    return Credentials(namespace, user.name or None, _impersonation(user.body), loader.load)


@dataclass
class _Loader:
    """Loads the settings of a context, again when they expire or are refused."""

    context: str
    paths: tuple[Path, ...]
    runtime: Runtime
    plugins: Callable[[], ExecPlugins]
    substitutes: PluginSubstitutes
    _credential: ExecCredential | None = None

    def load(self, refused: bool) -> Settings:
        """The settings; ``refused`` if the API no longer takes those that were loaded before."""
        user, cluster = self.entries(read_kubeconfig(self.paths))
        environ, program = self.runtime.environ, login_program(user)
        if program == "exec":
            self._credential = self._exec_credential(user, cluster, refused=refused)
            return load_settings(user, cluster, environ, credential=self._credential)
        if program == "auth-provider":
            from dashborion.orchestrators.kubernetes.credentials.auth_providers import (
                provider_authorization,
            )

            authorization = provider_authorization(user, self.paths, self.context)
            return load_settings(user, cluster, environ, authorization=authorization)
        return load_settings(user, cluster, environ)

    def _exec_credential(self, user: Entry, cluster: Entry, *, refused: bool) -> ExecCredential:
        substitute = self.substitutes(user.body["exec"])
        if substitute is not None:
            try:
                credential = substitute()
            except DashborionError as error:
                error.message = f"user '{user.name}': {error.message}"
                raise
            if credential is not None:
                return credential
        from dashborion.orchestrators.kubernetes.credentials.exec_plugin import ExecPlugin

        plugin = ExecPlugin.read(user, cluster, self.runtime.environ)
        before = self._credential if refused else None
        return self.plugins().credential(plugin, self.runtime, before)

    def entries(self, kubeconfig: Kubeconfig) -> tuple[Entry, Entry]:
        """The user and the cluster of the context.

        Raises:
            UsageError: there is no such context.
            ConfigError: it names a user that is not there, or a cluster without an address.
        """
        context, where = self.context, os.pathsep.join(map(str, self.paths))
        if context not in kubeconfig.namespaces:
            raise UsageError(
                f"no context '{context}' in {where or 'any kubeconfig'}",
                hint=suggestion(context, kubeconfig.namespaces),
            )
        name = kubeconfig.clusters[context] or ""
        server, cluster = kubeconfig.server(name), kubeconfig.cluster_entries.get(name)
        if cluster is None or not _is_address(server):
            raise ConfigError(
                f"{where}: context '{context}': cluster '{name}': "
                f"server '{server}' is not an http or https address"
            )
        name = kubeconfig.users[context] or ""
        user = kubeconfig.user_entries.get(name)
        if user is None and name:
            raise ConfigError(
                f"{where}: context '{context}': there is no user '{name}'",
                hint=suggestion(name, kubeconfig.user_entries),
            )
        return user or Entry("user", "", cluster.path, {}), cluster


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


def _is_address(server: str) -> bool:
    """Whether it is an http or https address: HTTP libraries make the strangest of others."""
    try:
        parts = urlsplit(server)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return usable and server.isprintable() and " " not in server
