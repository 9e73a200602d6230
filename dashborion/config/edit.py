"""Adds environments to a config file that people write; its comments and layout stay.

ruamel.yaml is imported here alone, and only when something is added.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import msgspec

from dashborion.config.file import load
from dashborion.config.targets import Config, Environment, Origin
from dashborion.errors import ConfigError
from dashborion.storage.files import (
    MOST_BYTES,
    is_there,
    locked,
    read_own,
    resolved,
    write_private,
)
from dashborion.storage.yaml_files import parse_yaml

_NEVER_WRAP = 1 << 16
_BY_HAND = "add the environments by hand; `dashborion env discover -o yaml` prints their values"


@dataclass(frozen=True)
class ConfigFile:
    """A config file to add environments to; it need not exist yet."""

    path: Path
    config: Config

    @classmethod
    def open(cls, path: Path, origin: Origin) -> ConfigFile:
        """Read the file.

        Raises:
            ConfigError: it exists and cannot be read.
        """
        exists = is_there(path)
        return cls(path, load(path, origin) if exists else Config(origin=origin, path=path))

    def add(self, environments: Sequence[Environment]) -> int:
        """Add environments to the file, atomically; gives how many are new in it.

        Another process may have added some since the file was read.

        Raises:
            ConfigError: the file cannot be read or written, its content would change otherwise,
                or another process has used one of the names for something else.
        """
        path = resolved(self.path)  # a symbolic link into somebody's dotfiles stays one
        try:
            with locked(path):
                before = read_own(path, most_bytes=MOST_BYTES).decode() if path.exists() else ""
                known = load(path, self.config.origin).environments if before else ()
                new = self._new(environments, known)
                if new:
                    write_private(path, added(before, new, self.path).encode())
                return len(new)
        except OSError as error:
            problem = error.strerror or "the file system refuses it"
            raise ConfigError(f"cannot write {self.path}: {problem}") from error
        except UnicodeDecodeError as error:
            raise ConfigError(f"{self.path}: only UTF-8 can be added to", hint=_BY_HAND) from error

    def _new(
        self, environments: Sequence[Environment], known: Sequence[Environment]
    ) -> list[Environment]:
        """The environments that are not yet in the file, though its names may be."""
        targets = {environment.label: environment.target for environment in known}
        for environment in environments:
            target = targets.get(environment.label)
            if target is not None and not target.is_same(environment.target):
                raise ConfigError(
                    f"{self.path}: another process has added '{environment.label}' for another "
                    "cluster; nothing was added",
                    hint="run the command again",
                )
        return [environment for environment in environments if environment.label not in targets]


def added(text: str, environments: Sequence[Environment], path: Path) -> str:
    """The file's text with these environments added.

    Raises:
        ConfigError: the new text would not have the old content plus these environments.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap
    from ruamel.yaml.error import YAMLError

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = _NEVER_WRAP
    yaml.indent(mapping=_indent(text))
    try:
        document = yaml.load(text)
        if document is None:  # empty, or comments alone, which ruamel.yaml drops
            document, kept = CommentedMap(), text
        else:
            kept = ""
        for environment in environments:
            _insert(document, environment)
        written = io.StringIO()
        yaml.dump(document, written)
    except (YAMLError, AttributeError, TypeError, ValueError) as error:
        raise ConfigError(f"{path}: cannot add environments to it", hint=_BY_HAND) from error
    separator = "\n" if kept and not kept.endswith("\n") else ""
    plain = f"{kept}{separator}{written.getvalue()}"
    expected = _expected(text, environments, path)
    for result in (_with_old_spacing(text, plain), plain):
        if _parsed(result, path) == expected:
            return result
    raise ConfigError(
        f"{path}: cannot add environments without changing other content", hint=_BY_HAND
    )


def _with_old_spacing(before: str, after: str) -> str:
    """The new text with the old lines where only spaces differ, which ruamel.yaml does not keep."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    alike = SequenceMatcher(
        None, [*map(_single_spaced, old)], [*map(_single_spaced, new)], autojunk=False
    )
    lines: list[str] = []
    for tag, start, end, new_start, new_end in alike.get_opcodes():
        lines += old[start:end] if tag in ("equal", "delete") else new[new_start:new_end]
    return "".join(lines)


def _single_spaced(line: str) -> str:
    inner = line.lstrip(" ")
    return line[: len(line) - len(inner)] + " ".join(inner.split())


def _insert(document: Any, environment: Environment) -> None:
    from ruamel.yaml.comments import CommentedMap

    mapping = document
    for key in ("projects", environment.project or "", "environments"):
        if mapping.get(key) is None:
            mapping[_scalar(key)] = CommentedMap()
        mapping = mapping[key]
    body = CommentedMap({key: _scalar(value) for key, value in _body(environment).items()})
    body.fa.set_flow_style()
    mapping[_scalar(environment.name)] = body


def _body(environment: Environment) -> dict[str, Any]:
    """An environment's keys in a file: those whose values are not the defaults."""
    target = environment.target
    values: Mapping[str, Any] = msgspec.to_builtins(target)
    defaults = {field.name: field.default for field in msgspec.structs.fields(target)}
    return {
        key: value for key, value in values.items() if value != defaults.get(key, msgspec.NODEFAULT)
    }


def _scalar(value: Any) -> Any:
    """The value, quoted where YAML 1.1 would read a text as something else.

    The file is read as YAML 1.1, but ruamel.yaml writes YAML 1.2, where ``no`` and
    ``1e3`` need no quotes.
    """
    import yaml
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    if not isinstance(value, str):
        return value
    try:
        plain = yaml.safe_load(value) == value
    except (yaml.YAMLError, ValueError):  # the latter for a day that there is not
        plain = False
    return value if plain else DoubleQuotedScalarString(value)


def _indent(text: str) -> int:
    """The number of spaces by which the file indents; two if it has no example."""
    match = re.search(r"^(?:projects|environments):[^\S\n]*(?:#.*)?\n(?:[^\S\n]*(?:#.*)?\n)*( +)\S",
                      text, re.MULTILINE)  # fmt: skip
    return len(match[1]) if match else 2


def _parsed(text: str, path: Path) -> Any:
    try:
        return parse_yaml(text.encode(), path)
    except ConfigError:
        return None


def _without_aliases(document: Any) -> Any:
    """A copy in which YAML's aliases share nothing: what is added to one is not in the others."""
    if isinstance(document, dict):
        return {key: _without_aliases(value) for key, value in document.items()}
    if isinstance(document, list):
        return [_without_aliases(value) for value in document]
    return document


def _expected(before: str, environments: Sequence[Environment], path: Path) -> Any:
    """The content that the file must have in the end."""
    expected = _without_aliases(_parsed(before, path) or {})
    for environment in environments:
        projects = expected["projects"] = expected.get("projects") or {}
        project = projects[environment.project] = projects.get(environment.project) or {}
        names = project["environments"] = project.get("environments") or {}
        names[environment.name] = _body(environment)
    return expected
