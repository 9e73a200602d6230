"""The config file: where it is found, how far it is trusted, and how it is read.

Decoding is strict: an unknown key, a wrong type or a missing key is a
``ConfigError`` with the file and the key's path.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from dashborion.config.decoding import Decoder
from dashborion.config.targets import (
    FILE_NAME,
    REFUSED_IN_FOLDER,
    TARGETS,
    Config,
    Environment,
    Origin,
    Target,
)
from dashborion.errors import ConfigError, suggestion
from dashborion.storage.files import read_yaml


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    default: str | None = None
    projects: dict[str, Any] | None = None
    environments: dict[str, Any] | None = None


class _Project(Struct, frozen=True, forbid_unknown_fields=True):
    environments: dict[str, Any]


def find(
    named: str | None,
    *,
    environ: Mapping[str, str],
    cwd: Path,
    user_file: Path,
    warn: Callable[[str], None],
) -> tuple[Path, Origin] | None:
    """The config file to read, in the README's order of precedence; None if there is none."""
    explicit = named or environ.get("DASHBORION_CONFIG")
    if explicit:
        return Path(explicit).expanduser(), Origin.NAMED
    for folder in _folders(cwd):
        path = folder / FILE_NAME
        if not path.is_file():
            continue
        if path.stat().st_uid == os.geteuid():
            return path, Origin.FOLDER
        warn(f"{path} is ignored: another user owns it; name it with --config to trust it")
    return (user_file, Origin.USER) if user_file.is_file() else None


def _folders(cwd: Path) -> list[Path]:
    """The current folder and, inside a git repository only, its parents up to the root."""
    parents = [cwd, *cwd.parents]
    for depth, folder in enumerate(parents):
        if (folder / ".git").exists():
            return parents[: depth + 1]
    return [cwd]


def load(path: Path, origin: Origin) -> Config:
    """Read and check a config file.

    Raises:
        ConfigError: the file cannot be read, or has unknown keys or wrong values.
    """
    decode = Decoder(path)
    file = decode(_File, read_yaml(path) or {}, "")
    projects: dict[str | None, Any] = {None: file.environments} if file.environments else {}
    for project, body in (file.projects or {}).items():
        decode.require_name(project, "projects")
        projects[project] = decode(_Project, body, f"projects.{project}").environments
    environments = []
    for owner, entries in projects.items():
        prefix = f"projects.{owner}.environments" if owner else "environments"
        for name, body in (entries or {}).items():
            decode.require_name(name, prefix)
            key = f"{prefix}.{name}"
            target = _target(decode, body, key)
            if origin is Origin.FOLDER:
                _refuse_untrusted(path, body, key)
            environments.append(Environment(project=owner, name=name, target=target))
    if file.default is not None:
        _check_default(path, file.default, [environment.label for environment in environments])
    return Config(origin=origin, path=path, default=file.default, environments=tuple(environments))


def _target(decode: Decoder, body: Any, key: str) -> Target:
    if not isinstance(body, dict):
        raise decode.error(key, "expected a mapping", None)
    orchestrator = body.get("orchestrator")
    if orchestrator not in TARGETS:
        problem = "is missing" if orchestrator is None else f"'{orchestrator}' is unknown"
        raise decode.error(f"{key}.orchestrator", problem, f"use one of {', '.join(TARGETS)}")
    return decode(TARGETS[orchestrator], body, key)


def _refuse_untrusted(path: Path, body: dict[str, Any], key: str) -> None:
    for name in REFUSED_IN_FOLDER:
        if body.get(name) is not None:
            raise ConfigError(
                f"{path}: {key}.{name} is not allowed in a folder's file",
                hint="move it to your own config file, or name this one with --config to trust it",
            )


def _check_default(path: Path, default: str, labels: list[str]) -> None:
    if default not in labels:
        raise ConfigError(
            f"{path}: default: no environment '{default}'", hint=suggestion(default, labels)
        )
