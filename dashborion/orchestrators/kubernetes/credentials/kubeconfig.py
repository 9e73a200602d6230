"""Credentials for an API server, from a kubeconfig or from the pod that we run in."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from msgspec import Struct

from dashborion import __version__
from dashborion.config.kubeconfig import Entry, Kubeconfig, kubeconfig_paths, read_kubeconfig
from dashborion.config.targets import KubernetesTarget
from dashborion.errors import ConfigError, DashborionError, UsageError, short, suggestion
from dashborion.orchestrators.kubernetes.credentials.entries import load_settings, login_program
from dashborion.orchestrators.kubernetes.credentials.settings import (
    RENEWED_SECONDS,
    ExecCredential,
    Settings,
)
from dashborion.orchestrators.runtime import Runtime

if TYPE_CHECKING:
    from dashborion.orchestrators.kubernetes.credentials.exec_plugin import ExecPlugins

_HEADER_NAME = "!#$&'*+-.^_`|~"  # beside letters and digits; client-go escapes all but these

# Given a user's `exec:` entry: what that plugin would give, made without running it. None, at once
# or when it is called, where the plugin has to run.
PluginSubstitutes = Callable[[Any], Callable[[], ExecCredential | None] | None]


class Credentials:
    """An API server and a user to speak to it as.

    ``user`` is the name in messages, ``namespace`` the default one.
    ``generation`` grows when the settings have changed. ``load`` loads them; it
    gets whether the API refused what was loaded before.
    """

    def __init__(
        self,
        namespace: str,
        user: str | None,
        impersonation: tuple[tuple[str, str], ...],
        load: Callable[[bool], Settings],
    ) -> None:
        self.namespace = namespace
        self.user = user
        self.impersonation = impersonation
        self.generation = 0
        self.settings = load(False)
        self._load = load
        self._lock = threading.Lock()
        self._renewed_at = -math.inf

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
        """The headers that every request has; their values are text, to be sent as UTF-8."""
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
    return Credentials(namespace, user.name or None, _impersonation(user), loader.load)


class _Loader(Struct):
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
            from dashborion.orchestrators.kubernetes.credentials import auth_providers

            given = auth_providers.credential(user, self.paths, self.runtime)
            return load_settings(user, cluster, environ, credential=given)
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
            ConfigError: it names a user or a cluster that is not there or cannot be used.
        """
        context, where = self.context, os.pathsep.join(map(str, self.paths))
        entry = kubeconfig.context_entries.get(context)
        if entry is None:
            raise UsageError(
                f"no context '{short(context)}' in {where or 'any kubeconfig'}",
                hint=suggestion(context, kubeconfig.namespaces),
            )
        cluster = self._named(entry, "cluster", kubeconfig.cluster_entries)
        if cluster is None:
            raise ConfigError(f"{entry.label}: it names no cluster")
        user = self._named(entry, "user", kubeconfig.user_entries)
        entry.text("namespace")
        return user or Entry("user", "", cluster.path, {}), cluster

    @staticmethod
    def _named(context: Entry, kind: str, entries: Mapping[str, Entry]) -> Entry | None:
        """The user or cluster that a context names; None if it names none."""
        context.require_usable()
        name = context.text(kind) or ""
        entry = entries.get(name)
        if entry is not None:
            entry.require_usable()
        elif name:
            raise ConfigError(
                f"{context.label}: there is no {kind} '{short(name)}'",
                hint=suggestion(name, entries),
            )
        return entry


def _impersonation(user: Entry) -> tuple[tuple[str, str], ...]:
    """The headers for a user with ``as``, as client-go; without them one would have more rights.

    Raises:
        ConfigError: a value that is no text, or that no header can hold; or others without ``as``.
    """
    name, uid = user.text("as"), user.text("as-uid")
    groups = _texts(user, "as-groups", user.body.get("as-groups"))
    extra = user.body.get("as-user-extra") or {}
    if not isinstance(extra, Mapping):
        raise ConfigError(f"{user.label}: as-user-extra: expected a mapping")
    headers = [
        *([("Impersonate-User", name)] if name else ()),
        *([("Impersonate-Uid", uid)] if uid else ()),
        *(("Impersonate-Group", group) for group in groups),
        *(
            (f"Impersonate-Extra-{quote(str(key), safe=_HEADER_NAME)}", value)
            for key, values in extra.items()
            for value in _texts(user, "as-user-extra", values)
        ),
    ]
    if headers and not name:
        raise ConfigError(f"{user.label}: as-uid, as-groups and as-user-extra need as beside them")
    if not all(value.isprintable() for _, value in headers):
        raise ConfigError(f"{user.label}: as…: a value has characters that no header can hold")
    return tuple(headers)


def _texts(user: Entry, key: str, values: Any) -> Sequence[str]:
    if values is not None and not (
        isinstance(values, list) and all(isinstance(value, str) for value in values)
    ):
        raise ConfigError(f"{user.label}: {key}: expected lists of text")
    return values or ()
