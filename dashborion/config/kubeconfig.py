"""Kubeconfig files: where they are, their contexts, and the users and clusters these name.

Read without the Kubernetes SDK, whose import alone takes 110 ms.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from dashborion.errors import ConfigError
from dashborion.storage.files import expanded
from dashborion.storage.yaml_files import read_yaml

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True)
class Entry:
    """A user or a cluster of a kubeconfig. Relative paths in it start at the file's folder."""

    kind: str  # "user" or "cluster"
    name: str
    path: Path
    body: Mapping[str, Any] = field(repr=False)

    @property
    def label(self) -> str:
        """The file, the kind and the name, for messages."""
        return f"{self.path}: {self.kind} '{self.name}'"

    def file(self, name: str) -> Path:
        """A path that the body names; an absolute one stays as it is."""
        return Path(os.path.normpath(self.path.absolute().parent / name))


@dataclass(frozen=True)
class Kubeconfig:
    """The content of one file, or of several merged ones.

    ``namespaces``, ``users`` and ``clusters`` map a context to the name that it
    gives; ``user_entries`` and ``cluster_entries`` map such a name to its entry.
    """

    paths: tuple[Path, ...] = ()
    current: str | None = None
    namespaces: Mapping[str, str | None] = field(default_factory=dict)
    users: Mapping[str, str | None] = field(default_factory=dict)
    clusters: Mapping[str, str | None] = field(default_factory=dict)
    user_entries: Mapping[str, Entry] = field(default_factory=dict)
    cluster_entries: Mapping[str, Entry] = field(default_factory=dict)

    def server(self, cluster: str) -> str:
        """The address of a cluster, empty if it has none."""
        entry = self.cluster_entries.get(cluster)
        return _text(entry.body.get("server")) or "" if entry else ""

    def runs_plugin(self, context: str) -> bool:
        """Whether logging in as the context's user may start a program, which may ask a person."""
        entry = self.user_entries.get(self.users.get(context) or "")
        return entry is not None and bool({"exec", "auth-provider"} & set(entry.body))


def kubeconfig_paths(environ: Mapping[str, str], explicit: str | None = None) -> tuple[Path, ...]:
    """The ``explicit`` file, else those of ``$KUBECONFIG``, else ``~/.kube/config``.

    Files that do not exist are left out, but not the explicit one: reading it shall fail.
    """
    if explicit:
        return (expanded(explicit),)
    return tuple(path for path in kubeconfig_candidates(environ) if not _is_missing(path))


def _is_missing(path: Path) -> bool:
    """Whether kubectl passes over a file: one that cannot be looked at is an error."""
    try:
        path.stat()
    except OSError as error:
        return isinstance(error, FileNotFoundError | NotADirectoryError)
    return False


def kubeconfig_candidates(environ: Mapping[str, str]) -> list[Path]:
    """The files of ``$KUBECONFIG``, else ``~/.kube/config``, whether they exist or not."""
    if named := environ.get("KUBECONFIG", ""):
        return [expanded(part) for part in named.split(os.pathsep) if part]
    return [Path(environ.get("HOME") or Path.home()) / ".kube" / "config"]


def read_kubeconfig(paths: tuple[Path, ...]) -> Kubeconfig:
    """Merge files as kubectl does: of entries with the same name the first file's counts.

    Raises:
        ConfigError: a file that is not a kubeconfig.
    """
    current: str | None = None
    namespaces: dict[str, str | None] = {}
    users: dict[str, str | None] = {}
    clusters: dict[str, str | None] = {}
    user_entries: dict[str, Entry] = {}
    cluster_entries: dict[str, Entry] = {}
    for path in paths:
        document = _document(path)
        if not isinstance(document, dict):
            raise ConfigError(f"{path}: not a kubeconfig: expected a mapping")
        current = current or _text(document.get("current-context"))
        for name, context in _named_entries(path, document, "contexts", "context"):
            if name not in namespaces:
                namespaces[name] = _text(context.get("namespace"))
                users[name] = _text(context.get("user"))
                clusters[name] = _text(context.get("cluster"))
        for name, user in _named_entries(path, document, "users", "user"):
            user_entries.setdefault(name, Entry("user", name, path, user))
        for name, cluster in _named_entries(path, document, "clusters", "cluster"):
            cluster_entries.setdefault(name, Entry("cluster", name, path, cluster))
    return Kubeconfig(paths, current, namespaces, users, clusters, user_entries, cluster_entries)


def _document(path: Path) -> Any:
    """The parsed file; parsed again only when it has changed, since it may have megabytes."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return read_yaml(path)  # raises the error that says what is wrong
    changes = (status.st_mtime_ns, status.st_size) if path.is_file() else ()
    return _parsed(path, status.st_ino, *changes)


@lru_cache(maxsize=16)
def _parsed(path: Path, *_: int) -> Any:
    document = read_yaml(path, first_document=True)
    return {} if document is None else document


def in_cluster(environ: Mapping[str, str]) -> bool:
    """Whether this process runs in a pod with a service account's token."""
    return bool(environ.get("KUBERNETES_SERVICE_HOST")) and (SERVICE_ACCOUNT / "token").exists()


def in_cluster_namespace() -> str | None:
    """The namespace of the pod that this process runs in, None outside a pod."""
    try:
        return (SERVICE_ACCOUNT / "namespace").read_text().strip() or None
    except OSError:
        return None


def _named_entries(
    path: Path, document: dict[str, Any], key: str, inner: str
) -> list[tuple[str, dict[str, Any]]]:
    """The names and bodies of the list under ``key``, whose items hold the body as ``inner``."""
    entries = document.get(key)
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise ConfigError(f"{path}: {key}: expected a list")
    named = []
    for index, entry in enumerate(entries):
        name = _text(entry.get("name")) if isinstance(entry, dict) else None
        if name is None:
            raise ConfigError(f"{path}: {key}[{index}]: expected a mapping with a name")
        body = entry.get(inner)
        named.append((name, body if isinstance(body, dict) else {}))
    return named


def _text(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int) and value != "" else None
