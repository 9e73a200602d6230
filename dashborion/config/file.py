"""The config file: where it is found, how far it is trusted, and how it is read.

Decoding is strict: an unknown key, a wrong type or a missing key is a
``ConfigError`` with the file and the key's path.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from dashborion.config.targets import (
    FILE_NAME,
    REFUSED_IN_FOLDER,
    TARGETS,
    Config,
    Environment,
    Origin,
    Target,
)
from dashborion.errors import ConfigError, short, suggestion
from dashborion.storage.files import expanded, is_there, read_named, read_trusted
from dashborion.storage.yaml_files import read_yaml

_MOST_IN_FOLDER = 64 << 10  # read at every tab, and by whom nobody knows who wrote it

S = TypeVar("S", bound=Struct)

# A ValidationError has no attributes: which key is wrong, and how, is in its text alone (msgspec
# 0.18 to 0.22). A text that these do not match is not shown: it may quote the value.
_PATH = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]+)`")
_WORDS = {
    "bool": "true or false", "str": "text", "int": "a number", "float": "a number",
    "object": "a mapping", "array": "a list", "null": "nothing",
}  # fmt: skip
_WRONG_TYPE = re.compile(r"Expected `(?P<expected>[^`]+)`, got `(?P<got>[^`]+)`")


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
        return expanded(explicit), Origin.NAMED
    for folder in _folders(cwd):
        path = folder / FILE_NAME
        if not is_there(path):
            continue
        if (reason := _distrusted_because(path)) is None:
            return path, Origin.FOLDER
        warn(f"{path} is ignored: {reason}; name it with --config to trust it")
    return (user_file, Origin.USER) if is_there(user_file) else None


def every_config(
    in_use: Config, named: Iterable[str | None], cwd: Path, user_file: Path
) -> list[Config]:
    """The config ``in_use``, and those of all other files there are: their flags hold, too.

    Raises:
        ConfigError: one of them cannot be read: what it guards is not known.
    """
    candidates = [
        *((expanded(name), Origin.NAMED) for name in named if name),
        *((folder / FILE_NAME, Origin.FOLDER) for folder in _folders(cwd)),
        (user_file, Origin.USER),
    ]
    configs, known = [in_use], {in_use.path.resolve() if in_use.path else None}
    for path, origin in candidates:
        is_ignored = origin is Origin.FOLDER and is_there(path) and _distrusted_because(path)
        if path.resolve() not in known and is_there(path) and not is_ignored:
            known.add(path.resolve())  # a file may be named that is the folder's
            configs.append(load(path, origin))
    return configs


def _distrusted_because(path: Path) -> str | None:
    """Why others may have written a folder's file, or chosen which one it is."""
    try:
        return _distrusted_as(path.lstat())
    except OSError:
        return "it cannot be looked at"


def _distrusted_as(status: os.stat_result) -> str | None:
    if stat.S_ISLNK(status.st_mode):
        return "it is a link"
    if status.st_uid != os.geteuid():
        return "another user owns it"
    if status.st_mode & stat.S_IWOTH:
        return "every user may write it"
    if status.st_mode & stat.S_IWGRP and not _is_private_group(status.st_gid):
        return "other users may write it"
    return None


def _read_in_folder(path: Path) -> bytes:
    return read_trusted(path, most_bytes=_MOST_IN_FOLDER, distrust=_distrusted_as)


def _is_private_group(number: int) -> bool:
    """Whether a group is this user's own, as where the usual umask is 002."""
    import grp
    import pwd

    try:
        name, group = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(number)
    except KeyError:
        return False
    return group.gr_name == name and set(group.gr_mem) <= {name}


def _folders(cwd: Path) -> list[Path]:
    """The current folder and, inside a git repository only, its parents up to the root."""
    parents = [cwd, *cwd.parents]
    for depth, folder in enumerate(parents):
        if is_there(folder / ".git"):
            return parents[: depth + 1]
    return [cwd]


def load(path: Path, origin: Origin) -> Config:
    """Read and check a config file.

    Raises:
        ConfigError: the file cannot be read, or has unknown keys or wrong values.
    """
    decode = _Decoder(path)
    document = read_yaml(path, read=_read_in_folder if origin is Origin.FOLDER else read_named)
    file = decode(_File, {} if document is None else document, "")
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


def _target(decode: _Decoder, body: Any, key: str) -> Target:
    if not isinstance(body, dict):
        raise decode.error(key, "expected a mapping", None)
    orchestrator = body.get("orchestrator")
    if orchestrator is None or not isinstance(orchestrator, str) or orchestrator not in TARGETS:
        problem = "is missing" if orchestrator is None else f"'{short(orchestrator)}' is unknown"
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
            f"{path}: default: no environment '{short(default)}'", hint=suggestion(default, labels)
        )


class _Decoder:
    """Converts parts of one file; its errors begin with the file's path."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, type_: type[S], data: Any, key: str) -> S:
        """The data at a key as a Struct.

        Raises:
            ConfigError: an unknown or missing key, or a wrong type.
        """
        if not isinstance(data, dict):
            raise self.error(key, "expected a mapping", None)
        known = {*type_.__struct_fields__, *_tag_field(type_)}
        for name in data:
            if name not in known:
                raise self.error(_join(key, str(name)), "unknown key", suggestion(str(name), known))
        try:
            return msgspec.convert(data, type_)
        except msgspec.ValidationError as error:
            raise self._translated(str(error), key) from error

    def require_name(self, name: Any, key: str) -> None:
        """To be called with the name of a project or environment.

        Raises:
            ConfigError: it has characters that ``-e`` takes for a path, a glob or an option.
        """
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
            raise self.error(
                _join(key, str(name)), "not a name", "use letters, digits, '.', '_' and '-'"
            )

    def error(self, key: str, problem: str, hint: str | None) -> ConfigError:
        return ConfigError(f"{self._path}: {short(key) or 'the file'}: {problem}", hint=hint)

    def _translated(self, text: str, key: str) -> ConfigError:
        at = _PATH.search(text)
        where = _join(key, at["path"]) if at else key
        if missing := _MISSING.search(text):
            return self.error(_join(where, missing["name"]), "is missing", None)
        if wrong := _WRONG_TYPE.search(text):
            expected = wrong["expected"].replace(" | null", "")
            expected, got = (_WORDS.get(word, word) for word in (expected, wrong["got"]))
            return self.error(where, f"expected {expected}, not {got}", None)
        return self.error(where, "not a value that it may have", None)


def _tag_field(type_: type[Struct]) -> Iterable[str]:
    tag_field = type_.__struct_config__.tag_field
    return (tag_field,) if tag_field else ()


def _join(key: str, name: str) -> str:
    return ".".join(part for part in (key, name) if part)
