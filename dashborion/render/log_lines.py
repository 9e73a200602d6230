"""Log lines as text, as JSON, or as the containers wrote them.

Each renderer takes lines with their timestamp in front (``models.log.HEAD`` bytes)
and leaves it there: lines are merged by it and then printed without it.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from dashborion.models.log import HEAD, LogLine, Source
from dashborion.render.structured import escaped_json
from dashborion.streams import escape

# Red is left to errors, black and white to backgrounds.
_COLORS = (32, 33, 34, 35, 36, 92, 93, 94, 95, 96)
_HIGHLIGHT, _RESET = "\x1b[1;31m", "\x1b[0m"

_HARMLESS = bytes([9, *range(32, 127)])
_COLOR_CODES = re.compile("\x1b\\[[0-9;:]*m")  # left out: the text is readable without them


@dataclass
class TextLines:
    """Lines for people: the source, on demand the time, and the text with control characters shown.

    ``prefix_alone`` keeps the source where only one container is read;
    ``environments`` adds its project and environment.
    """

    prefix: bool = True
    prefix_alone: bool = True
    timestamps: bool = False
    color: bool = False
    environments: bool = False
    highlight: Sequence[re.Pattern[str]] = ()
    _prefixes: dict[Source, bytes] = field(default_factory=dict)

    def __call__(self, source: Source, block: list[bytes]) -> list[bytes]:
        prefix = self._prefixes.get(source)
        if prefix is None:
            prefix = self._prefixes[source] = self._prefix(source)
        plain = not b"".join(block).translate(None, _HARMLESS)
        if plain and not self.timestamps and not self.highlight:
            return [line[:HEAD] + prefix + line[HEAD:] + b"\n" for line in block]
        return [self._line(source, prefix, line, plain=plain) for line in block]

    def _line(self, source: Source, prefix: bytes, line: bytes, *, plain: bool) -> bytes:
        head, message = line[:HEAD], line[HEAD:]
        if self.timestamps:
            prefix += timestamp(head, source.digits) + b" "
        if plain and not self.highlight:
            return head + prefix + message + b"\n"
        text = message.decode(errors="replace")
        parts = [self._highlighted(harmless(part)) for part in text.removesuffix("\r").split("\n")]
        return head + b"".join(prefix + part.encode() + b"\n" for part in parts)

    def _highlighted(self, text: str) -> str:
        if self.color:
            for pattern in self.highlight:
                text = pattern.sub(_highlight, text)
        return text

    def _prefix(self, source: Source) -> bytes:
        if not self.prefix or (source.alone and not self.prefix_alone):
            return b""
        environment = ""
        if self.environments:
            project = f"{source.project}/" if source.project else ""
            environment = f"{project}{source.environment} "
        label = escape(f"{environment}{source}")
        if self.color:
            color = _COLORS[zlib.crc32(source.instance.encode()) % len(_COLORS)]
            label = f"\x1b[{color}m{label}{_RESET}"
        return f"{label} | ".encode()


def _highlight(match: re.Match[str]) -> str:
    return f"{_HIGHLIGHT}{match.group()}{_RESET}" if match.group() else ""


def harmless(text: str) -> str:
    """A line's text with its tabs, without colours, and with other control characters shown."""
    return "\t".join(escape(part) for part in _COLOR_CODES.sub("", text).split("\t"))


@dataclass(frozen=True)
class JsonLines:
    """Each line as one ``LogLine`` object."""

    def __call__(self, source: Source, block: list[bytes]) -> list[bytes]:
        lines = []
        for line in block:
            model = LogLine(
                timestamp=timestamp(line, source.digits).decode(),
                project=source.project,
                environment=source.environment,
                namespace=source.namespace,
                workload=source.workload,
                instance=source.instance,
                container=source.container,
                message=line[HEAD:].decode(errors="replace"),
            )
            encoded = msgspec.json.encode(model)
            if not encoded.isascii() or b"\x7f" in encoded:
                encoded = escaped_json(encoded.decode()).encode()
            lines.append(line[:HEAD] + encoded + b"\n")
        return lines


@dataclass(frozen=True)
class RawLines:
    """Each line's bytes as the container wrote them."""

    timestamps: bool = False

    def __call__(self, source: Source, block: list[bytes]) -> list[bytes]:
        if self.timestamps:
            return [
                line[:HEAD] + timestamp(line, source.digits) + line[HEAD - 1 :] + b"\n"
                for line in block
            ]
        return [line + b"\n" for line in block]


def timestamp(line: bytes, digits: int) -> bytes:
    """The timestamp in front of a line, with as many digits of the second as are known."""
    return line[: 20 + digits] + b"Z"
