"""Strict conversion of YAML data to Structs, with errors that name the file and the key."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from dashborion.errors import ConfigError, suggestion

S = TypeVar("S", bound=Struct)

# A ValidationError has no attributes: which key is wrong, and how, is in its text alone (msgspec
# 0.18 to 0.22). A text that these do not match is shown as it is.
_PATH = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]+)`")
_WRONG_TYPE = re.compile(r"Expected `(?P<expected>[^`]+)`, got `(?P<got>[^`]+)`")


class Decoder:
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
        return ConfigError(f"{self._path}: {key or 'the file'}: {problem}", hint=hint)

    def _translated(self, text: str, key: str) -> ConfigError:
        at = _PATH.search(text)
        where = _join(key, at["path"]) if at else key
        if missing := _MISSING.search(text):
            return self.error(_join(where, missing["name"]), "is missing", None)
        if wrong := _WRONG_TYPE.search(text):
            expected = wrong["expected"].replace(" | null", "")
            return self.error(where, f"expected {expected}, got {wrong['got']}", None)
        return self.error(where, text, None)


def _tag_field(type_: type[Struct]) -> Iterable[str]:
    tag_field = type_.__struct_config__.tag_field
    return (tag_field,) if tag_field else ()


def _join(key: str, name: str) -> str:
    return ".".join(part for part in (key, name) if part)
