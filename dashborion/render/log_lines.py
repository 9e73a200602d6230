"""Log lines as text, as JSON, or as the containers wrote them.

Each renderer takes lines with their timestamp in front (``models.log.HEAD`` bytes), and gives
the text to print for each, without it and without a newline behind.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from dashborion.models.log import HEAD, LogLine, Source
from dashborion.render.log_look import (
    HIGHLIGHT,
    Prefixes,
    level_in,
    painted,
    time_of_day,
)
from dashborion.render.structured import escaped_json
from dashborion.streams import escape

_HARMLESS = bytes([9, *range(32, 127)])
_COLOR_CODES = re.compile("\x1b\\[[0-9;:]*m")  # left out: the text is readable without them


@dataclass
class TextLines:
    """Lines for people: the source, on demand the time, and the text with control characters shown.

    ``prefixes`` is None where no source is shown; ``prefix_alone`` keeps it where only one
    container is read. With ``color`` levels and what is to ``highlight`` stand out. ``readable``
    times are local, or in ``utc``, in milliseconds; others are RFC 3339.
    """

    prefixes: Prefixes | None = field(default_factory=Prefixes)
    prefix_alone: bool = True
    timestamps: bool = False
    readable: bool = False
    utc: bool = False
    color: bool = False
    highlight: Sequence[re.Pattern[str]] = ()

    def expect(self, sources: Sequence[Source]) -> None:
        """Make room for the names of sources whose lines will come."""
        if self.prefixes is not None:
            self.prefixes.expect([one for one in sources if self._has_prefix(one)])

    def __call__(self, source: Source, block: list[bytes]) -> list[bytes]:
        has_prefix = self.prefixes is not None and self._has_prefix(source)
        prefix = self.prefixes.of(source) if self.prefixes is not None and has_prefix else b""
        plain = not self.color and not b"".join(block).translate(None, _HARMLESS)
        if plain and not self.timestamps:
            return [prefix + line[HEAD:] for line in block]
        return [self._line(source, prefix, line, plain=plain) for line in block]

    def _has_prefix(self, source: Source) -> bool:
        return self.prefix_alone or not source.alone

    def _line(self, source: Source, prefix: bytes, line: bytes, *, plain: bool) -> bytes:
        head, message = line[:HEAD], line[HEAD:]
        if self.timestamps:
            moment = timestamp(head, source.digits)
            prefix += (time_of_day(head, utc=self.utc) if self.readable else moment) + b" "
        if plain:
            return prefix + message
        text = message.decode(errors="replace")
        parts = [self._colored(harmless(part)) for part in text.removesuffix("\r").split("\n")]
        return b"\n".join([prefix + part.encode() for part in parts])

    def _colored(self, text: str) -> str:
        if not self.color:
            return text
        spans = [
            (*match.span(), HIGHLIGHT)
            for pattern in self.highlight
            for match in pattern.finditer(text)
            if match.group()
        ]
        level = level_in(text)
        return painted(text, [*spans, level] if level else spans)


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
            lines.append(encoded)
        return lines


@dataclass(frozen=True)
class RawLines:
    """Each line's bytes as the container wrote them."""

    timestamps: bool = False

    def __call__(self, source: Source, block: list[bytes]) -> list[bytes]:
        if self.timestamps:
            return [timestamp(line, source.digits) + line[HEAD - 1 :] for line in block]
        return [line[HEAD:] for line in block]


def timestamp(line: bytes, digits: int) -> bytes:
    """The timestamp in front of a line, with as many digits of the second as are known."""
    return line[: 20 + digits] + b"Z"
