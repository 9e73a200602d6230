"""One diagnosis as a page for people: what is wrong first, then why, and what to type next."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby

from dashborion.models.base import environment_label
from dashborion.models.cause import (
    MEANINGS,
    Advice,
    Cause,
    Confidence,
    Diagnosis,
    Evidence,
    LogTail,
)
from dashborion.render.cells import human, plain
from dashborion.render.columns import BAD, BUSY, GOOD, QUIET, STYLES, some
from dashborion.render.log_lines import harmless
from dashborion.render.views.causes import kind, of_tail, subject, untold
from dashborion.streams import Streams

_INDENT = "  "
_NARROWEST = 40
_NO_BREAK = "\u00a0"
_CODES = {BAD: "1;31", BUSY: "1;33", GOOD: "1;32", QUIET: "2"}  # of ANSI


def page(
    streams: Streams, diagnosis: Diagnosis, *, most: int | None, now: datetime
) -> Iterator[str]:
    """The page; ``most`` bounds the causes, and None shows all."""
    pen = _Pen(streams, now)
    shown = diagnosis.causes[:most]
    yield from _head(pen, diagnosis)
    for cause in shown:
        yield "\n"
        yield from _cause(pen, cause)
    if hidden := len(diagnosis.causes) - len(shown):
        yield f"\n{hidden} more cause{'s' if hidden > 1 else ''}: use --all\n"
    for tail in diagnosis.log:
        yield from _log(pen, tail)
    if diagnosis.not_checked:
        yield "\n"
    for one in diagnosis.not_checked:
        yield from pen.line("not checked: ", untold(one), BUSY)
    if diagnosis.checked:
        yield "\n"
        yield from pen.line("checked: ", ", ".join(diagnosis.checked), QUIET)


def location(diagnosis: Diagnosis) -> str:
    """``deployment/web in namespace shop of media/production``."""
    of = f" of workload {diagnosis.workload}" if diagnosis.instance and diagnosis.workload else ""
    named = f"{kind(diagnosis)}/{subject(diagnosis)}{of}"
    return f"{named} in namespace {diagnosis.namespace} of {environment_label(diagnosis)}"


def title(cause: Cause) -> str:
    """What is wrong, in our words and in the API's."""
    return cause.title + (f" ({cause.reason})" if cause.reason else "")


def weight(cause: Cause) -> str:
    """How bad it is, and how sure that is: ``error``, ``error (likely)``."""
    return f"{cause.severity}{doubt(cause)}"


def doubt(cause: Cause) -> str:
    """What is appended where the API does not say so itself: `` (likely)``."""
    return "" if cause.confidence is Confidence.CERTAIN else f" ({cause.confidence})"


def message(cause: Cause) -> str | None:
    """The cause's message, unless its evidence has the same words."""
    said = cause.message or ""
    return None if any(said in one.value for one in cause.evidence) else said


def effects(cause: Cause) -> str:
    """What would not be wrong without this cause."""
    return "; ".join(f"{MEANINGS[code].title} ({code})" for code in cause.explains)


class _Pen:
    """Lines for one kind of output: coloured and wrapped on a terminal, whole in a pipe."""

    def __init__(self, streams: Streams, now: datetime) -> None:
        self._streams, self._now = streams, now

    def line(
        self, lead: str, text: str, style: str = "", *, indent: str = "", wraps: bool = True
    ) -> Iterator[str]:
        """A line that begins with a coloured ``lead``; what does not fit is indented below."""
        whole = f"{indent}{lead}{plain(text)}"
        lines = [whole]
        if wraps and self._streams.out_tty:
            lines = textwrap.wrap(
                whole,
                max(self._streams.width, _NARROWEST),
                subsequent_indent=indent + _INDENT,
                break_long_words=False,  # a name or a command that is cut cannot be copied
                break_on_hyphens=False,
                drop_whitespace=True,
            ) or [whole]
        begin = indent + lead.rstrip()
        if lines[0].startswith(begin):
            lines[0] = indent + self._coloured(lead.rstrip(), style) + lines[0][len(begin) :]
        yield "".join(f"{one}\n" for one in lines).replace(_NO_BREAK, " ")

    def _coloured(self, text: str, style: str) -> str:
        code = _CODES.get(style)
        return f"\x1b[{code}m{text}\x1b[0m" if code and text and self._streams.out_color else text

    def moment(self, then: datetime) -> str:
        """``4m ago``, or the time itself in a pipe."""
        return f"{human(then, self._now)} ago" if self._streams.out_tty else plain(then)

    def since(self, then: datetime) -> str:
        """``for 4m``, or since when in a pipe."""
        is_tty = self._streams.out_tty
        return f"for {human(then, self._now)}" if is_tty else f"since {plain(then)}"

    def evidence(self, source: str, told: Sequence[Evidence]) -> Iterator[str]:
        """``source field: value (time)``; on a terminal a source of several has its own line."""
        is_apart = len(told) > 1 and self._streams.out_tty
        if is_apart:
            yield from self.line("", source, indent=_INDENT)
        for one in told:
            at = f" ({self.moment(one.timestamp).replace(' ', _NO_BREAK)})" if one.timestamp else ""
            text = f"{one.field}: {one.value}{at}"
            begin, indent = ("", _INDENT * 2) if is_apart else (f"{source} ", _INDENT)
            yield from self.line("", f"{begin}{text}", indent=indent)

    def advice(self, advice: Advice) -> Iterator[str]:
        """What to do; a command that does not fit has a line of its own and is never wrapped."""
        if advice.command is None:
            yield from self.line("-> ", advice.text, GOOD, indent=_INDENT)
            return
        whole = f"{advice.text}: {advice.command}"
        if not self._streams.out_tty or len(whole) + 5 <= self._streams.width:
            yield from self.line("-> ", whole, GOOD, indent=_INDENT, wraps=False)
            return
        yield from self.line("-> ", f"{advice.text}:", GOOD, indent=_INDENT)
        yield from self.line("", advice.command, indent=_INDENT * 2, wraps=False)


def _head(pen: _Pen, diagnosis: Diagnosis) -> Iterator[str]:
    since = f" {pen.since(diagnosis.since)}" if diagnosis.since else ""
    lead = f"{diagnosis.verdict}{since}: "
    yield from pen.line(lead, diagnosis.headline, STYLES.get(diagnosis.verdict, ""))
    yield from pen.line("", location(diagnosis))


def _cause(pen: _Pen, cause: Cause) -> Iterator[str]:
    yield from pen.line(f"{weight(cause)}: ", title(cause), STYLES.get(cause.severity, ""))
    if told := message(cause):
        yield from pen.line("", told, indent=_INDENT)
    for source, of_source in groupby(cause.evidence, key=lambda one: one.source):
        yield from pen.evidence(source, list(of_source))
    if cause.explains:
        yield from pen.line("therefore: ", effects(cause), indent=_INDENT)
    if seen := _seen(pen, cause):
        yield from pen.line("instances: ", seen, indent=_INDENT)
    for advice in cause.advice:
        yield from pen.advice(advice)


def _seen(pen: _Pen, cause: Cause) -> str:
    """Who has it, how often, and when it was seen last."""
    parts: Sequence[str | None] = (
        some(cause.instances),
        f"{cause.count} times" if cause.count > max(1, len(cause.instances)) else None,
        f"last {pen.moment(cause.last_seen)}" if cause.last_seen else None,
    )
    return "; ".join(filter(None, parts)) if cause.instances else ""


def _log(pen: _Pen, tail: LogTail) -> Iterator[str]:
    yield "\n"
    yield from pen.line("last log lines of ", f"{of_tail(tail)}:")
    for line in tail.lines:
        yield f"{_INDENT}{harmless(line)}\n"
