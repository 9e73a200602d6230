"""Adding environments to a config file that a person writes: comments and layout stay.

ruamel.yaml is imported only here, and only when something is added.
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
from dashborion.storage.files import write_private

_NEVER_WRAP = 1 << 16


@dataclass(frozen=True)
class ConfigFile:
    """A config file that may be added to; it need not exist yet."""

    path: Path
    config: Config

    @classmethod
    def open(cls, path: Path, origin: Origin) -> ConfigFile:
        """The file as it is now.

        Raises:
            ConfigError: it is there and cannot be used.
        """
        return cls(path, load(path, origin) if path.exists() else Config(origin=origin, path=path))

    def add(self, environments: Sequence[Environment]) -> None:
        """Write these beside what is there; 0600, in one step.

        Raises:
            ConfigError: it cannot be read or written, or not without changing what it says.
        """
        path = self.path.resolve()  # a link into somebody's dotfiles stays one
        try:
            before = path.read_bytes().decode() if path.exists() else ""
            text = added(before, environments, self.path)
            write_private(path, text.encode())
        except OSError as error:
            raise ConfigError(f"{self.path}: {error.strerror or error}") from error


def added(text: str, environments: Sequence[Environment], path: Path) -> str:
    """The file's text with these environments in it.

    Raises:
        ConfigError: the text would not say the same as before, and these environments.
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
        if document is None:  # empty, or comments alone, which ruamel.yaml would drop
            document, kept = CommentedMap(), text
        else:
            kept = ""
        for one in environments:
            _put(document, one)
        written = io.StringIO()
        yaml.dump(document, written)
    except (YAMLError, AttributeError, TypeError) as error:
        raise ConfigError(f"{path}: cannot be added to: {error}", hint=_BY_HAND) from error
    separator = "\n" if kept and not kept.endswith("\n") else ""
    plain = f"{kept}{separator}{written.getvalue()}"
    expected = _expected(text, environments)
    for result in (_as_it_was(text, plain), plain):
        if _said(result) == expected:
            return result
    # A file that people depend on is not written on somebody's word alone.
    raise ConfigError(f"{path}: cannot be added to without changing it", hint=_BY_HAND)


def _as_it_was(before: str, after: str) -> str:
    """The lines of before wherever only spaces differ: ruamel.yaml keeps comments, not columns."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    alike = SequenceMatcher(None, [*map(_spaced, old)], [*map(_spaced, new)], autojunk=False)
    lines: list[str] = []
    for tag, start, end, new_start, new_end in alike.get_opcodes():
        lines += old[start:end] if tag in ("equal", "delete") else new[new_start:new_end]
    return "".join(lines)


def _spaced(line: str) -> str:
    inner = line.lstrip(" ")
    return line[: len(line) - len(inner)] + " ".join(inner.split())


_BY_HAND = "add the environments by hand: `dashborion env discover -o yaml` has what they need"


def _put(document: Any, environment: Environment) -> None:
    from ruamel.yaml.comments import CommentedMap

    place = document
    for key in ("projects", environment.project or "", "environments"):
        if place.get(key) is None:
            place[_scalar(key)] = CommentedMap()
        place = place[key]
    body = CommentedMap({key: _scalar(value) for key, value in _body(environment).items()})
    body.fa.set_flow_style()
    place[_scalar(environment.name)] = body


def _body(environment: Environment) -> dict[str, Any]:
    """What a file says of an environment: only what is not the default."""
    target = environment.target
    said: Mapping[str, Any] = msgspec.to_builtins(target)
    defaults = {
        one.name: one.default
        for one in msgspec.structs.fields(target)
        if one.default is not msgspec.NODEFAULT
    }
    return {
        key: value for key, value in said.items() if key not in defaults or value != defaults[key]
    }


def _scalar(value: Any) -> Any:
    """Text in quotes where YAML 1.1, in which the file is read, would take it for something else.

    ruamel.yaml writes YAML 1.2, in which ``no`` and ``1e3`` need none.
    """
    import yaml
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    if not isinstance(value, str):
        return value
    try:
        plain = yaml.safe_load(value) == value
    except yaml.YAMLError:
        plain = False
    return value if plain else DoubleQuotedScalarString(value)


def _indent(text: str) -> int:
    """By how many spaces the file indents; two unless it says otherwise."""
    found = re.search(r"^(?:projects|environments):[^\S\n]*(?:#.*)?\n(?:[^\S\n]*(?:#.*)?\n)*( +)\S",
                      text, re.MULTILINE)  # fmt: skip
    return len(found[1]) if found else 2


def _said(text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None


def _unshared(said: Any) -> Any:
    """Without YAML's aliases: what is added under one name is not to appear under another."""
    if isinstance(said, dict):
        return {key: _unshared(value) for key, value in said.items()}
    return [_unshared(value) for value in said] if isinstance(said, list) else said


def _expected(before: str, environments: Sequence[Environment]) -> Any:
    """What the file has to say in the end."""
    expected = _unshared(_said(before) or {})
    for one in environments:
        projects = expected["projects"] = expected.get("projects") or {}
        project = projects[one.project] = projects.get(one.project) or {}
        inner = project["environments"] = project.get("environments") or {}
        inner[one.name] = _body(one)
    return expected
