"""The names in a kubeconfig: contexts, their namespaces, and which one is current.

Only names, without importing the Kubernetes SDK (200 ms): enough to choose an
environment and to complete one. Credentials are the SDK's business.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dashborion.errors import ConfigError
from dashborion.files import read_yaml

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True)
class Kubeconfig:
    """What one or several merged files say. ``namespaces`` maps contexts to their default."""

    paths: tuple[Path, ...] = ()
    current: str | None = None
    namespaces: Mapping[str, str | None] = field(default_factory=dict)
    users: Mapping[str, str | None] = field(default_factory=dict)


def kubeconfig_paths(environ: Mapping[str, str], explicit: str | None = None) -> tuple[Path, ...]:
    """The given file, those of ``$KUBECONFIG``, or ``~/.kube/config``, as far as they exist.

    An explicit file that is missing stays in the list, so that reading it fails.
    """
    if explicit:
        return (Path(explicit).expanduser(),)
    named = environ.get("KUBECONFIG", "")
    paths = [Path(part).expanduser() for part in named.split(os.pathsep) if part]
    if not named:
        paths = [Path(environ.get("HOME") or Path.home()) / ".kube" / "config"]
    return tuple(path for path in paths if path.exists())


def read_kubeconfig(paths: tuple[Path, ...]) -> Kubeconfig:
    """Merge as kubectl does: the first file to name a context or the current one wins.

    Raises:
        ConfigError: a file that is not a kubeconfig.
    """
    current: str | None = None
    namespaces: dict[str, str | None] = {}
    users: dict[str, str | None] = {}
    for path in paths:
        document = read_yaml(path) or {}
        if not isinstance(document, dict):
            raise ConfigError(f"{path}: not a kubeconfig: expected a mapping")
        current = current or _text(document.get("current-context"))
        for name, context in _contexts(path, document.get("contexts")):
            if name not in namespaces:
                namespaces[name] = _text(context.get("namespace"))
                users[name] = _text(context.get("user"))
    return Kubeconfig(paths=paths, current=current, namespaces=namespaces, users=users)


def in_cluster(environ: Mapping[str, str]) -> bool:
    """Whether this process runs in a pod with a service account's token."""
    return bool(environ.get("KUBERNETES_SERVICE_HOST")) and (SERVICE_ACCOUNT / "token").exists()


def _contexts(path: Path, entries: Any) -> list[tuple[str, dict[str, Any]]]:
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise ConfigError(f"{path}: contexts: expected a list")
    found = []
    for index, entry in enumerate(entries):
        name = _text(entry.get("name")) if isinstance(entry, dict) else None
        if name is None:
            raise ConfigError(f"{path}: contexts[{index}]: expected a mapping with a name")
        context = entry.get("context")
        found.append((name, context if isinstance(context, dict) else {}))
    return found


def _text(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int) and value != "" else None
