"""How log lines look on a terminal: what stands before them, colours of streams and of levels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from itertools import cycle

from dashborion.models.log import SECOND, Source
from dashborion.render import is_drawn
from dashborion.streams import Streams, escape

# Of the cube of 256 colours those that are legible on black and on white, neighbours far apart in
# hue; red is left to errors.
STREAM_COLORS = (
    75, 169, 114, 140, 208, 74, 200, 28, 99, 202, 80, 170, 112, 63, 168, 43, 165, 100, 68, 132, 35,
    134, 214, 67, 199, 77, 135, 215, 39, 213, 113, 147, 216, 73, 133, 64, 62, 197, 36, 128, 58, 27,
    198, 72, 92, 179, 33, 206, 71, 97, 180, 31, 182, 76, 146, 173, 44, 201, 106, 61, 161, 29, 171,
    178, 26, 162, 41, 93, 172, 25, 126, 40, 141, 137, 38, 207, 107, 105, 204, 37, 164, 143, 69, 205,
    79, 129, 136, 110, 212, 78, 183, 130, 32, 163, 34, 98, 166, 45, 176, 70, 104, 211, 30, 127, 142,
    111, 175, 42, 177, 94,
)  # fmt: skip
MOST_KEPT = 1000  # streams whose looks are remembered: instances come and go for weeks
LEAST_WIDTH = 24  # columns that prefixes may take on a narrow terminal; else two fifths of it
LEAST_OF_A_NAME = 10  # characters of an instance's name that are shown in any case

HIGHLIGHT = "1;7"
_LEVELS = {
    "1;31": "fatal critical crit alert emergency emerg panic error err severe 60 50",
    "33": "warning warn 40",
    "32": "notice information info 30",
    "2": "debug trace verbose fine 20 10",
}
_STYLES = {word: style for style, words in _LEVELS.items() for word in words.split()}
_STYLES |= {"e": "1;31", "f": "1;31", "w": "33", "i": "32"}
_WORDS = "|".join(word for word in _STYLES if len(word) > 2)
_SEARCHED = 2000, 200  # characters in which a key is looked for, and a bare word

# `"level":"warn"`, `"severity": 50`, `lvl=info`.
_KEYED = re.compile(
    r"\b(?:log\.?)?(?:level(?:name)?|lvl|severity)\b[\"']?\s*[:=]\s*[\"']?"
    rf"(?P<level>{_WORDS}|[1-6]0)\b",
    re.IGNORECASE,
)
# `ERROR`, `[warn]`, `info: at the beginning`, and klog's `E0131 12:00:00`.
_PLAIN = re.compile(
    rf"(?<![\w/.-])(?P<upper>{_WORDS.upper()})(?![\w/.-])"
    rf"|[\[(<](?P<inside>(?i:{_WORDS}))\s*[\])>]"
    rf"|^(?P<first>(?i:{_WORDS}))(?=\s*[:|])"
    r"|^(?P<klog>[EFWI])(?=\d{4} \d\d:\d\d)"
)

Span = tuple[int, int, str]  # where it begins and ends, and the codes of its colour


def level_in(text: str) -> Span | None:
    """Where a line names its level, and the colour of that."""
    keyed, bare = _SEARCHED
    match = _KEYED.search(text, 0, keyed) or _PLAIN.search(text, 0, bare)
    if match is None or match.lastgroup is None:
        return None
    begin, end = match.span(match.lastgroup)
    return begin, end, _STYLES[text[begin:end].lower()]


def painted(text: str, spans: Sequence[Span]) -> str:
    """The text with its spans coloured; where two overlap, the first one is."""
    parts: list[str] = []
    at = 0
    for first, end, style in sorted(spans):
        if end > at:
            begin = max(first, at)
            parts += text[at:begin], f"\x1b[{style}m{text[begin:end]}\x1b[0m"
            at = end
    return "".join(parts) + text[at:]


def time_of_day(line: bytes, *, utc: bool) -> bytes:
    """The date and time in front of a line, in milliseconds: local, or in UTC and marked so."""
    second, millisecond = line[:SECOND], line[SECOND + 1 : SECOND + 4]
    if utc:
        return second.replace(b"T", b" ") + b"." + millisecond + b"Z"
    return _local(second) + b"." + millisecond


@lru_cache(maxsize=64)
def _local(second: bytes) -> bytes:
    with suppress(ValueError, OverflowError, OSError):  # not a time, or none that has a zone
        moment = datetime.fromisoformat(second.decode()).replace(tzinfo=UTC).astimezone()
        return moment.strftime("%Y-%m-%d %H:%M:%S").encode()
    return second.replace(b"T", b" ")


def shortened(text: str, most: int, ellipsis: str) -> str:
    """The text without its middle: the end of a name tells more than what stands before it."""
    if len(text) <= most:
        return text
    kept = max(2, most - len(ellipsis))
    return text[: kept // 2] + ellipsis + text[-(kept - kept // 2) :]


@dataclass
class Prefixes:
    """What stands before the lines of each source, each in a colour of its own.

    ``environments`` and ``namespaces`` are added where there are several. With ``most`` columns
    all have the width of the longest so far, which never shrinks, and longer ones lose their
    middle; without, as for a pipe, they are as long as they are.
    """

    color: bool = False
    environments: bool = False
    namespaces: bool = False
    most: int | None = None
    ellipsis: str = "…"
    _width: int = 0
    _looks: dict[Source, tuple[str, int]] = field(default_factory=dict)
    _known: dict[Source, bytes] = field(default_factory=dict)
    _colors: cycle[int] = field(default_factory=lambda: cycle(STREAM_COLORS))

    def expect(self, sources: Sequence[Source]) -> None:
        """Give sources their colours in this order, and make room for their names."""
        for source in sources:
            if source in self._looks:
                continue
            if len(self._looks) == MOST_KEPT:
                oldest = next(iter(self._looks))
                del self._looks[oldest]
                self._known.pop(oldest, None)
            label = self._label(source)
            self._looks[source] = label, next(self._colors)
            if self.most is not None and len(label) > self._width:
                self._width = len(label)
                self._known.clear()

    def of(self, source: Source) -> bytes:
        """What stands before a line, the bar included."""
        if (prefix := self._known.get(source)) is None:
            self.expect([source])
            label, color = self._looks[source]
            padding = " " * (self._width - len(label))
            if self.color:
                label = f"\x1b[38;5;{color}m{label}\x1b[0m"
            prefix = self._known[source] = f"{label}{padding} | ".encode()
        return prefix

    def _label(self, source: Source) -> str:
        place = ""
        if self.environments:
            place = f"{source.project}/" if source.project else ""
            place = f"{place}{source.environment} "
        if self.namespaces:
            place += f"{source.namespace}/"
        place, name = escape(place), escape(source.instance)
        container = "" if source.alone else escape(f"/{source.container}")
        if self.most is None:
            return f"{place}{name}{container}"
        room = max(self.most - len(place) - len(container), LEAST_OF_A_NAME)
        name = shortened(name, room, self.ellipsis)
        return shortened(f"{place}{name}{container}", self.most, self.ellipsis)


def prefixes(streams: Streams, *, environments: bool, namespaces: bool) -> Prefixes:
    """Prefixes for these streams: of one width where lines are drawn for people."""
    share = max(LEAST_WIDTH, streams.width * 2 // 5)
    return Prefixes(
        color=streams.out_color,
        environments=environments,
        namespaces=namespaces,
        most=share if is_drawn(streams, None) else None,
        ellipsis="…" if streams.unicode else "...",
    )
