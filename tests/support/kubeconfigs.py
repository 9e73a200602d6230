"""Kubeconfigs and exec plugins, written to disk."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Kube = Callable[..., Path]  # write a kubeconfig and point $KUBECONFIG at it

VERSION = "client.authentication.k8s.io/v1"
TOKEN = "tok-s3cr3t-first"
RENEWED = "tok-s3cr3t-renewed"


def document(
    server: str,
    *,
    user: Mapping[str, Any] | None = None,
    cluster: Mapping[str, Any] | None = None,
    context: str = "here",
    namespace: str | None = None,
) -> dict[str, Any]:
    """One context, with a cluster and a user named after it."""
    space = {} if namespace is None else {"namespace": namespace}
    names = {"cluster": f"{context}-cluster", "user": f"{context}-user"}
    given = dict({"token": TOKEN} if user is None else user)
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "contexts": [{"name": context, "context": {**names, **space}}],
        "clusters": [{"name": names["cluster"], "cluster": {"server": server, **(cluster or {})}}],
        "users": [{"name": names["user"], "user": given}],
    }


def merged(*documents: Mapping[str, Any]) -> dict[str, Any]:
    """Several contexts in one document; the first one's is current."""
    lists = {
        key: [entry for one in documents for entry in one[key]]
        for key in ("contexts", "clusters", "users")
    }
    return {**documents[0], **lists}


def write(path: Path, content: Mapping[str, Any] | str) -> Path:
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(dict(content)))
    path.chmod(0o600)
    return path


def credential(token: str | None = TOKEN, **more: Any) -> str:
    """What an exec plugin prints."""
    given = {} if token is None else {"token": token}
    return json.dumps(
        {"apiVersion": VERSION, "kind": "ExecCredential", "status": {**given, **more}}
    )


@dataclass(frozen=True)
class Plugin:
    """An exec plugin: a script that prints one answer after the other, the last one again."""

    path: Path

    @classmethod
    def write(cls, path: Path, *prints: str, error: str = "", code: int = 0) -> Plugin:
        for number, text in enumerate(prints, 1):
            Path(f"{path}.{number}").write_text(text)
        Path(f"{path}.error").write_text(error)
        path.write_text(
            "#!/bin/sh\n"
            'echo run >> "$0.runs"\n'
            'n=$(wc -l < "$0.runs" | tr -d " ")\n'
            f'[ -e "$0.$n" ] || n={len(prints)}\n'
            '[ -e "$0.$n" ] && cat "$0.$n"\n'
            'cat "$0.error" >&2\n'
            f"exit {code}\n"
        )
        path.chmod(stat.S_IRWXU)
        return cls(path)

    @classmethod
    def script(cls, path: Path, *lines: str) -> Plugin:
        """A plugin that runs these lines of shell."""
        path.write_text("\n".join(("#!/bin/sh", 'echo run >> "$0.runs"', *lines, "")))
        path.chmod(stat.S_IRWXU)
        return cls(path)

    @property
    def runs(self) -> int:
        log = Path(f"{self.path}.runs")
        return len(log.read_text().splitlines()) if log.exists() else 0

    @property
    def user(self) -> dict[str, Any]:
        return exec_user(str(self.path))


def exec_user(command: str) -> dict[str, Any]:
    return {"exec": {"apiVersion": VERSION, "command": command, "interactiveMode": "Never"}}
