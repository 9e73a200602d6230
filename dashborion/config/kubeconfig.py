"""What a kubeconfig says: contexts, which one is current, and the entries they name.

Read without importing the Kubernetes SDK (110 ms): enough to choose an
environment, to complete one, and to know whether the SDK is needed at all.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from dashborion.errors import ConfigError
from dashborion.storage.files import read_yaml

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True)
class Entry:
    """A user or a cluster, and the file that relative paths in it start from."""

    path: Path
    body: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Kubeconfig:
    """What one or several merged files say.

    ``namespaces``, ``users`` and ``clusters`` are by context, the entries by the
    names that these two give.
    """

    paths: tuple[Path, ...] = ()
    current: str | None = None
    namespaces: Mapping[str, str | None] = field(default_factory=dict)
    users: Mapping[str, str | None] = field(default_factory=dict)
    clusters: Mapping[str, str | None] = field(default_factory=dict)
    user_entries: Mapping[str, Entry] = field(default_factory=dict)
    cluster_entries: Mapping[str, Entry] = field(default_factory=dict)

    def server(self, cluster: str) -> str:
        """A cluster's address; empty where it has none."""
        entry = self.cluster_entries.get(cluster)
        return _text(entry.body.get("server")) or "" if entry else ""

    def runs_plugin(self, context: str) -> bool:
        """Whether a program makes the credentials of a context's user, which may ask for some."""
        entry = self.user_entries.get(self.users.get(context) or "")
        return entry is not None and bool({"exec", "auth-provider"} & set(entry.body))


def kubeconfig_paths(environ: Mapping[str, str], explicit: str | None = None) -> tuple[Path, ...]:
    """The given file, those of ``$KUBECONFIG``, or ``~/.kube/config``, as far as they exist.

    An explicit file that is missing stays in the list, so that reading it fails.
    """
    if explicit:
        return (Path(explicit).expanduser(),)
    return tuple(path for path in kubeconfig_candidates(environ) if path.exists())


def kubeconfig_candidates(environ: Mapping[str, str]) -> list[Path]:
    """The files that count unless one is given, whether they exist or not."""
    if named := environ.get("KUBECONFIG", ""):
        return [Path(part).expanduser() for part in named.split(os.pathsep) if part]
    return [Path(environ.get("HOME") or Path.home()) / ".kube" / "config"]


def read_kubeconfig(paths: tuple[Path, ...]) -> Kubeconfig:
    """Merge as kubectl does: the first file to name a context or the current one wins.

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
        for name, context in _named(path, document, "contexts", "context"):
            if name not in namespaces:
                namespaces[name] = _text(context.get("namespace"))
                users[name] = _text(context.get("user"))
                clusters[name] = _text(context.get("cluster"))
        for name, user in _named(path, document, "users", "user"):
            user_entries.setdefault(name, Entry(path, user))
        for name, cluster in _named(path, document, "clusters", "cluster"):
            cluster_entries.setdefault(name, Entry(path, cluster))
    return Kubeconfig(paths, current, namespaces, users, clusters, user_entries, cluster_entries)


def _document(path: Path) -> Any:
    """The file's content, read once as long as it stays as it is: it may have megabytes."""
    try:
        seen = path.stat()
    except OSError:
        return read_yaml(path)  # which says what is wrong
    return _read(path, seen.st_mtime_ns, seen.st_size, seen.st_ino)


@lru_cache(maxsize=16)
def _read(path: Path, *_: int) -> Any:
    return read_yaml(path) or {}


def in_cluster(environ: Mapping[str, str]) -> bool:
    """Whether this process runs in a pod with a service account's token."""
    return bool(environ.get("KUBERNETES_SERVICE_HOST")) and (SERVICE_ACCOUNT / "token").exists()


def _named(
    path: Path, document: dict[str, Any], key: str, inner: str
) -> list[tuple[str, dict[str, Any]]]:
    entries = document.get(key)
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise ConfigError(f"{path}: {key}: expected a list")
    found = []
    for index, entry in enumerate(entries):
        name = _text(entry.get("name")) if isinstance(entry, dict) else None
        if name is None:
            raise ConfigError(f"{path}: {key}[{index}]: expected a mapping with a name")
        body = entry.get(inner)
        found.append((name, body if isinstance(body, dict) else {}))
    return found


def _text(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int) and value != "" else None
