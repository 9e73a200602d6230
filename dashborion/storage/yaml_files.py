"""Reading YAML that people write: as plain data, within bounds, with errors that name the line.

The data are built from the parser's events rather than with PyYAML's constructors, so that
bounds hold while a file is read, and so that what is no plain data is refused where it stands.

Scalars are read as ``kubectl`` reads them: a date stays the text that it is written as.
No error quotes the file; it may be a kubeconfig.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dashborion.errors import ConfigError, short
from dashborion.storage.files import MOST_BYTES, read_named

MOST_DEPTH = 100
# Of the data with every alias written out: a character counts as 1, each value 64 in addition.
MOST_WEIGHT = 8 * MOST_BYTES
_VALUE_WEIGHT = 64
_LONGEST_NUMBER = 400  # digits of the largest float

_TAG = "tag:yaml.org,2002:"
_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_INTEGER = re.compile(r"[-+]?(0b[01]+|0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)")
_NO_CHARACTER = "a control character, or another one that it does not allow"
_TOKENS = "indent with blanks instead of tabs, and put what begins with @, % or ` into quotes"
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


def read_yaml(
    path: Path,
    *,
    first_document: bool = False,
    read: Callable[[Path], bytes] = read_named,
) -> Any:
    """The file's document as plain data; None if it is empty.

    ``first_document`` passes over the documents that follow it, as kubectl does; else they are
    an error.

    Raises:
        ConfigError: the file is unreadable, too large, or not YAML of plain data, with the line.
    """
    try:
        content = read(path)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or 'cannot be read'}") from error
    return parse_yaml(content, path, first_document=first_document)


def parse_yaml(content: bytes, path: Path, *, first_document: bool = False) -> Any:
    """The document in the bytes of the file at ``path``; as ``read_yaml``."""
    import yaml

    text = _decoded(content, path)
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
        return _Document(loader, path).read(first_document=first_document)
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(path, error, yaml.__with_libyaml__) from None
    except yaml.reader.ReaderError as error:
        line = text.encode()[: error.position].count(b"\n") + 1
        raise ConfigError(f"{path}:{line}: not YAML: {_NO_CHARACTER}") from None


def _decoded(content: bytes, path: Path) -> str:
    mark, encoding = next(
        ((mark, encoding) for mark, encoding in _BOMS if content.startswith(mark)), (b"", "utf-8")
    )
    try:
        return content[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        name = encoding[:6].rstrip("-").upper()
        raise ConfigError(f"{path}:{line}: not {name} text (byte {error.start})") from None


def _syntax_error(path: Path, error: Any, quotes_nothing: bool) -> ConfigError:
    """libyaml's words are constants; those of the parser in Python quote the file."""
    problem, mark = error.problem or "", error.problem_mark
    if "unexpected" in problem:  # what it says at the end of a file, of a quote alone
        problem, mark = "a quote that is not closed", error.context_mark
    elif not quotes_nothing or not problem:
        problem = "a syntax error"
    if error.context == "while scanning a simple key":
        mark = error.context_mark  # the problem is where the next line begins
    hint = _TOKENS if "start any token" in problem else None
    return _error(path, mark, f"not YAML: {problem}", hint)


def _error(path: Path, mark: Any, problem: str, hint: str | None = None) -> ConfigError:
    where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
    return ConfigError(f"{path}{where}: {problem}", hint=hint)


@dataclass
class _Collection:
    """A mapping or a list that is being read."""

    value: dict[str, Any] | list[Any]
    anchor: str | None
    weight: int = _VALUE_WEIGHT
    key: str | None = None  # whose value comes next
    merged: list[Mapping[str, Any]] = field(default_factory=list)  # of `<<`


class _Document:
    """One document, read event by event."""

    def __init__(self, loader: Any, path: Path) -> None:
        self._loader = loader
        self._path = path
        self._open: list[_Collection] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._root: Any = None
        self._weight = 0

    def read(self, *, first_document: bool) -> Any:
        """The first document's data."""
        import yaml

        documents = 0
        while True:
            event = self._loader.get_event()
            if isinstance(event, yaml.StreamEndEvent):
                return self._root
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1 and not first_document:
                    raise self._refusal(event, "a second document; a config file has one")
            elif isinstance(event, yaml.DocumentEndEvent) and first_document:
                return self._root
            elif isinstance(event, yaml.NodeEvent):
                self._node(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._end(event)

    def _node(self, event: Any) -> None:
        import yaml

        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise self._refusal(event, "an alias (*) of what is not above it")
            self._add(event, *self._anchors[event.anchor])
        elif isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
            weight = _VALUE_WEIGHT + len(event.value)
            if event.anchor:
                self._anchors[event.anchor] = value, weight
            self._add(event, value, weight)
        else:
            self._begin(event)

    def _begin(self, event: Any) -> None:
        import yaml

        is_mapping = isinstance(event, yaml.MappingStartEvent)
        if event.tag not in (None, "!", f"{_TAG}{'map' if is_mapping else 'seq'}"):
            raise self._tagged(event)
        parent = self._open[-1] if self._open else None
        if parent and isinstance(parent.value, dict) and parent.key is None:
            raise self._refusal(
                event,
                "a mapping or a list as a key",
                "a template such as {{ x }} has to be rendered first, or put into quotes",
            )
        if len(self._open) >= MOST_DEPTH:
            raise self._refusal(event, f"nested more than {MOST_DEPTH} levels deep")
        self._open.append(_Collection({} if is_mapping else [], event.anchor))

    def _end(self, event: Any) -> None:
        ended = self._open.pop()
        for mapping in ended.merged:  # its own keys and earlier mappings count
            ended.value = {**mapping, **ended.value}  # type: ignore[dict-item]
        if ended.anchor:
            self._anchors[ended.anchor] = ended.value, ended.weight
        self._weight -= ended.weight - _VALUE_WEIGHT  # already counted, value by value
        self._add(event, ended.value, ended.weight)

    def _add(self, event: Any, value: Any, weight: int) -> None:
        """Add a whole value to the collection that is being read."""
        self._weight += weight
        if self._weight > MOST_WEIGHT:
            raise self._refusal(event, "too much data, aliases (*) written out")
        if not self._open:
            self._root = value
            return
        parent = self._open[-1]
        parent.weight += weight
        if isinstance(parent.value, list):
            parent.value.append(value)
        elif parent.key is None:
            parent.key = self._key(event, value, parent)
        else:
            self._set(event, parent, parent.key, value)
            parent.key = None

    def _key(self, event: Any, value: Any, parent: _Collection) -> str:
        if not isinstance(value, str):
            raise self._refusal(event, "a key that is not text", "put it into quotes")
        if value in parent.value:
            raise self._refusal(event, f"not YAML: duplicate key '{short(value)}'")
        return value

    def _set(self, event: Any, parent: _Collection, key: str, value: Any) -> None:
        if key != "<<":
            parent.value[key] = value  # type: ignore[call-overload]
            return
        mappings = value if isinstance(value, list) else [value]
        if not all(isinstance(mapping, dict) for mapping in mappings):
            raise self._refusal(event, "<< of what is not a mapping")
        parent.merged += mappings

    def _scalar(self, event: Any) -> Any:
        import yaml

        tag = event.tag
        if tag in (None, "!"):
            tag = self._loader.resolve(yaml.ScalarNode, event.value, event.implicit)
        elif not tag.startswith(_TAG) or tag.removeprefix(_TAG) not in _SCALARS:
            raise self._tagged(event)
        try:
            return _SCALARS.get(tag.removeprefix(_TAG), str)(event.value)
        except ValueError:
            what = "day that there is" if tag == f"{_TAG}timestamp" else "number that can be read"
            raise self._refusal(event, f"not a {what}", "put it into quotes") from None

    def _tagged(self, event: Any) -> ConfigError:
        return self._refusal(event, "not YAML of plain data: a tag (!)")

    def _refusal(self, event: Any, problem: str, hint: str | None = None) -> ConfigError:
        return _error(self._path, event.start_mark, problem, hint)


def _integer(text: str) -> int | str:
    """A number, or a text such as ``10:30``, which PyYAML takes for base 60."""
    plain = text.replace("_", "").lower()
    if not _INTEGER.fullmatch(plain):
        return text
    if len(plain) > _LONGEST_NUMBER:
        raise ValueError("too long")
    digits = plain.lstrip("+-")
    octal = digits[0] == "0" and digits.isdecimal()
    number = int(digits, 8 if octal else 0)
    return -number if plain.startswith("-") else number


def _float(text: str) -> float | str:
    plain = text.replace("_", "").lower()
    if ":" in plain:
        return text
    if len(plain) > _LONGEST_NUMBER:
        raise ValueError("too long")
    return float(plain.replace(".inf", "inf").replace(".nan", "nan"))


def _date(text: str) -> str:
    """The text of a date, as kubectl has it, if there is such a day.

    Raises:
        ValueError: there is not.
    """
    from datetime import date

    date(*(int(part) for part in re.split(r"[-Tt \t]+", text)[:3]))
    return text


_SCALARS: Mapping[str, Callable[[str], Any]] = {
    "str": str,
    "null": lambda _: None,
    "bool": lambda text: _BOOLEANS.get(text.lower(), text),
    "int": _integer,
    "float": _float,
    "timestamp": _date,
}
