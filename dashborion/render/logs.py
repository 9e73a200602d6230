"""Log lines as text, as JSON, or as they were written.

Each shape takes a source's lines with their moments in front, and leaves these
where they are: what is merged by them is printed without them.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from dashborion.models.log import HEAD
from dashborion.streams import HOSTILE, escape


class Labelled(Protocol):
    """What a line's source is called."""

    @property
    def project(self) -> str | None: ...
    @property
    def environment(self) -> str: ...
    @property
    def namespace(self) -> str: ...
    @property
    def workload(self) -> str | None: ...
    @property
    def instance(self) -> str: ...
    @property
    def container(self) -> str: ...
    @property
    def alone(self) -> bool: ...
    @property
    def digits(self) -> int: ...


# Red is left to errors, black and white to backgrounds.
_COLORS = (32, 33, 34, 35, 36, 92, 93, 94, 95, 96)
_HIGHLIGHT, _RESET = "\x1b[1;31m", "\x1b[0m"

_HARMLESS = bytes([9, *range(32, 127)])
_PAINT = re.compile("\x1b\\[[0-9;:]*m")  # colours and bold: what they paint is said without them
_UNSEEN = re.compile(f"[{HOSTILE}]")


@dataclass
class Text:
    """A line for a person: who said it, when if asked, and what; harmless on a terminal."""

    prefix: bool = True
    prefix_alone: bool = True  # also where only one container is read
    timestamps: bool = False
    color: bool = False
    places: bool = False  # several environments: their names belong to the prefix
    highlight: Sequence[re.Pattern[str]] = ()
    _prefixes: dict[Labelled, bytes] = field(default_factory=dict)

    def __call__(self, source: Labelled, block: list[bytes]) -> list[bytes]:
        prefix = self._prefixes.get(source)
        if prefix is None:
            prefix = self._prefixes[source] = self._prefix(source)
        plain = not b"".join(block).translate(None, _HARMLESS)
        if plain and not self.timestamps and not self.highlight:
            return [line[:HEAD] + prefix + line[HEAD:] + b"\n" for line in block]
        return [self._line(source, prefix, line, plain=plain) for line in block]

    def _line(self, source: Labelled, prefix: bytes, line: bytes, *, plain: bool) -> bytes:
        head, said = line[:HEAD], line[HEAD:]
        if self.timestamps:
            prefix += moment(head, source.digits) + b" "
        if plain and not self.highlight:
            return head + prefix + said + b"\n"
        text = said.decode(errors="replace")
        parts = [self._painted(harmless(part)) for part in text.removesuffix("\r").split("\n")]
        return head + b"".join(prefix + part.encode() + b"\n" for part in parts)

    def _painted(self, text: str) -> str:
        if self.color:
            for pattern in self.highlight:
                text = pattern.sub(_paint, text)
        return text

    def _prefix(self, source: Labelled) -> bytes:
        if not self.prefix or (source.alone and not self.prefix_alone):
            return b""
        where = ""
        if self.places:
            where = f"{source.project}/" if source.project else ""
            where += f"{source.environment} "
        label = escape(f"{where}{source}")
        if self.color:
            color = _COLORS[zlib.crc32(source.instance.encode()) % len(_COLORS)]
            label = f"\x1b[{color}m{label}{_RESET}"
        return f"{label} | ".encode()


def _paint(found: re.Match[str]) -> str:
    return f"{_HIGHLIGHT}{found.group()}{_RESET}" if found.group() else ""


def harmless(text: str) -> str:
    """A line's text without colours, its tabs kept, and whatever else moves a cursor shown."""
    return "\t".join(escape(part) for part in _PAINT.sub("", text).split("\t"))


@dataclass(frozen=True)
class Json:
    """A line as one ``LogLine``, on one line."""

    def __call__(self, source: Labelled, block: list[bytes]) -> list[bytes]:
        import json

        import msgspec

        from dashborion.models.log import LogLine

        made = []
        for line in block:
            encoded = msgspec.json.encode(
                LogLine(
                    timestamp=moment(line, source.digits).decode(),
                    project=source.project,
                    environment=source.environment,
                    namespace=source.namespace,
                    workload=source.workload,
                    instance=source.instance,
                    container=source.container,
                    message=line[HEAD:].decode(errors="replace"),
                )
            )
            if not encoded.isascii() or b"\x7f" in encoded:
                text = _UNSEEN.sub(lambda one: json.dumps(one.group())[1:-1], encoded.decode())
                encoded = text.encode()
            made.append(line[:HEAD] + encoded + b"\n")
        return made


@dataclass(frozen=True)
class Raw:
    """A line's bytes as they were written."""

    timestamps: bool = False

    def __call__(self, source: Labelled, block: list[bytes]) -> list[bytes]:
        if self.timestamps:
            digits = source.digits
            return [line[:HEAD] + moment(line, digits) + line[HEAD - 1 :] + b"\n" for line in block]
        return [line + b"\n" for line in block]


def moment(line: bytes, digits: int) -> bytes:
    """The moment in front of a line, with as much of the second's fraction as is known."""
    return line[: 20 + digits] + b"Z"
