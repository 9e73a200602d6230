"""Problems for a workflow of GitHub: annotations for its log, Markdown for its summary.

Everybody who may see a repository's workflows reads both. What an API says is escaped: for
the runner, which takes commands from stdout, and for Markdown, which may hold HTML and links.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from dashborion.errors import DashborionError, RolloutError
from dashborion.models.base import environment_label
from dashborion.models.cause import (
    Cause,
    Diagnosis,
    Evidence,
    NotChecked,
    Severity,
    Verdict,
)
from dashborion.models.definition import Comparison
from dashborion.models.environment import Check
from dashborion.models.rollout import Change, Rollout, RolloutState
from dashborion.models.workload import Workload
from dashborion.render.cells import plain
from dashborion.render.columns import some
from dashborion.render.diagnosis import doubt, effects, location, message, title, weight
from dashborion.render.log_lines import harmless
from dashborion.render.views.causes import subject, untold
from dashborion.render.views.comparisons import told, where
from dashborion.streams import escape

ANNOTATIONS = 10  # of a level and a step that GitHub shows
SUMMARY_BYTES = 1 << 20  # of a step; of more GitHub shows nothing
_LONGEST = 4000  # characters of an annotation, and of a text in the summary
COUNTED_BYTES = 100  # that are kept for how many sections do not fit

_BREAK = re.compile(r"\r\n|\r|\n")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_OF_CONTAINERS = re.compile(r"exit(-\d+)?|oom|init-failed")
# Events that quote what a container's probe or hook has written, but for a kubelet's own words.
_QUOTING = re.compile(r"\w+ probe \w+|Exec lifecycle hook|PostStartHook|PreStopHook", re.IGNORECASE)
_KUBELETS = re.compile(
    r"\w+ probe failed: (HTTP probe failed with statuscode: \d+"
    r'|(Get "https?://[\da-f.:\[\]]+/[^"?]*"|dial tcp [\da-f.:\[\]]+): [\w :./()\[\]-]{1,200}'
    r'|service unhealthy \(responded with "\w+"\)|command timed out)'
)
# What lets others in: who asks, and the signature of an address, such as a layer's in a bucket.
_ASKING = re.compile(r"(?<=://)[^/\s@\"']{1,500}@")
_SIGNED = re.compile(r"(https?://[^\s\"'?]+\?)[^\s\"']+")


class Level(StrEnum):
    """Worst first; each has annotations of its own."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


_OF_SEVERITY = {
    Severity.ERROR: Level.ERROR,
    Severity.WARNING: Level.WARNING,
    Severity.INFO: Level.NOTICE,
}
_OF_VERDICT = {Verdict.FAILING: Level.ERROR, Verdict.UNKNOWN: Level.WARNING}


class Problem(Struct, frozen=True):
    """One annotation: plain text, of several lines."""

    level: Level
    title: str
    text: str


class Report(Struct, frozen=True):
    """Annotations, and the sections of a summary that tell the same at length, in Markdown."""

    problems: Sequence[Problem] = ()
    sections: Sequence[str] = ()


def commands(problems: Sequence[Problem], left: Mapping[Level, int]) -> Iterator[str]:
    """A line for each; those that GitHub would not show are counted by the last of their level."""
    for level in Level:
        of_level = [one for one in problems if one.level is level]
        room = left[level]
        fits = of_level if len(of_level) <= room else of_level[: max(0, room - 1)]
        for one in fits:
            yield _annotation(one)
        if room and len(fits) < len(of_level):
            hidden = len(of_level) - len(fits)
            yield _annotation(Problem(level, "dashborion", f"and {hidden} more"))


def summary(sections: Sequence[str], room: int) -> str:
    """The sections that fit into so many bytes, and how many do not."""
    kept: list[str] = []
    room -= COUNTED_BYTES
    for section in sections:
        room -= len(section.encode()) + 2
        if room < 0:
            break
        kept.append(f"{section}\n\n")
    left = len(sections) - len(kept)
    return "".join(kept) + (f"_{left} more do not fit here._\n\n" if left else "")


# --- What is told -------------------------------------------------------------------------------


def of_diagnosis(diagnosis: Diagnosis, *, most: int | None, logs: bool) -> Report:
    """An annotation for each cause of one diagnosis, or how it is where there is none."""
    shown = diagnosis.causes[:most]
    name = _name(subject(diagnosis), diagnosis)
    problems = [
        Problem(
            _OF_SEVERITY[cause.severity],
            f"{name}: {title(cause)}{doubt(cause)}",
            _told(cause, logs=logs),
        )
        for cause in shown
    ] or [_of_verdict(diagnosis)]
    problems += [_untold(name, one) for one in diagnosis.not_checked]
    parts = [_heading(diagnosis)]
    for cause in shown:
        parts += [
            f"**{inline(f'{weight(cause)}: {title(cause)}')}**",
            block(_told(cause, logs=logs)),
        ]
    if hidden := len(diagnosis.causes) - len(shown):
        parts.append(f"{hidden} more causes")
    for tail in diagnosis.log if logs else ():
        of = f"{tail.instance}/{tail.container}" if tail.container else tail.instance
        parts += [f"last log lines of {inline(of)}", block("\n".join(tail.lines))]
    for one in diagnosis.not_checked:
        parts.append(f"not checked: {inline(untold(one))}")
    return Report(problems, ["\n\n".join(parts)])


def of_diagnoses(
    diagnoses: Sequence[Diagnosis], well: str | None, missing: Sequence[tuple[str, NotChecked]] = ()
) -> Report:
    """An annotation and a row for each diagnosis; ``well`` says that nothing is wrong.

    ``missing`` is what could not be looked at, with the label of its environment.
    """
    lost = [_untold(place, one) for place, one in missing]
    told = [inline(f"{one.title}: {one.text}") for one in lost]
    if well:
        return Report([Problem(Level.NOTICE, "dashborion", well), *lost], [inline(well), *told])
    rows = [
        (environment_label(one), one.namespace, subject(one), str(one.verdict), one.headline)
        for one in diagnoses
    ]
    return Report(
        [*(_of_verdict(one) for one in diagnoses), *lost],
        [*_table(("environment", "namespace", "workload", "verdict", "problem"), rows), *told],
    )


def _untold(title: str, lost: NotChecked) -> Problem:
    return Problem(Level.WARNING, title, f"not checked: {untold(lost)}")


def of_check(checks: Sequence[Check]) -> Report:
    """What the credentials may not do; an environment that does not answer is an error by itself.

    Not as whom: an identity names accounts and people.
    """
    problems, rows = [], []
    for check in checks:
        denied = [one.action for one in check.permissions if one.allowed is False]
        name = environment_label(check)
        rows.append(
            (name, check.orchestrator, plain(check.reachable), check.error or ", ".join(denied))
        )
        if denied and not check.error:
            told = f"not permitted: {', '.join(denied)}"
            problems.append(Problem(Level.WARNING, name, told))
    answered = sum(check.error is None for check in checks)
    if not problems and answered == len(checks):
        problems = [Problem(Level.NOTICE, "dashborion", f"{answered} environments answer")]
    headers = ("environment", "orchestrator", "reachable", "denied, or error")
    return Report(problems, _table(headers, rows))


def of_rollout(workload: Workload, rollout: Rollout, *, is_waited: bool) -> Report:
    """How far a rollout is; how a wait ends badly is told by its error."""
    bad = {RolloutState.FAILED: Level.ERROR, RolloutState.PAUSED: Level.WARNING}
    level = Level.NOTICE if is_waited else bad.get(rollout.state, Level.NOTICE)
    told = ", ".join(filter(None, (f"rollout {rollout.state}", rollout.message)))
    name = _name(workload.name, workload)
    return Report([Problem(level, name, told)], [f"**{inline(name)}**: {inline(told)}"])


def of_change(change: Change) -> Report:
    """What was changed, or would be."""
    name = _name(change.instance or change.workload or "", change)
    would = "would " if change.dry_run else ""
    after = "?" if change.after is None else change.after
    told = f"{would}{change.action}: {change.before} -> {after}"
    if change.rollout:
        told += f", rollout {change.rollout.state}"
    return Report([Problem(Level.NOTICE, name, told)], [f"**{inline(name)}**: {inline(told)}"])


def of_comparisons(comparisons: Sequence[Comparison], summed_up: str) -> Report:
    """An annotation for each workload that differs, or may, and a row for each difference."""
    problems = [Problem(Level.NOTICE, "dashborion", summed_up)] if not comparisons else []
    rows = []
    for one in comparisons:
        lines = list(map(told, one.differences))
        if one.same is not True:
            level = Level.NOTICE if one.same is None else Level.WARNING
            problems.append(Problem(level, where(one), "\n".join(lines) or where(one)))
        rows += [(where(one), line) for line in lines or ["equal" if one.same else ""]]
    return Report(problems, [inline(summed_up), *_table(("workload", "difference"), rows)])


def of_error(error: DashborionError, about: str) -> Report:
    """An error, with the causes of a wait that ended badly; ``about`` is what was done."""
    name, causes = error.environment or about, []
    said = error.message
    if isinstance(error, RolloutError):
        causes = list(error.causes)
        for quoted in (one.message for one in causes if _is_quoting(one.message)):
            said = said.replace(quoted, "…")
    told = "\n".join(filter(None, (said, error.hint)))
    parts = [f"**{inline(f'{name}: {said}')}**"]
    for cause in causes:
        parts += [inline(f"{weight(cause)}: {title(cause)}"), block(_told(cause, logs=False))]
    return Report([Problem(Level.ERROR, name, told)], ["\n\n".join(parts)])


def _of_verdict(diagnosis: Diagnosis) -> Problem:
    level = _OF_VERDICT.get(diagnosis.verdict, Level.NOTICE)
    name = _name(subject(diagnosis), diagnosis)
    worst = diagnosis.causes[:1] if level is Level.ERROR else []
    unsure = "".join(map(doubt, worst))
    told = [f"{diagnosis.verdict}{unsure}: {diagnosis.headline}"]
    told += [_told(cause, logs=False) for cause in worst]
    return Problem(level, name, "\n".join(told))


def _name(name: str, item: Diagnosis | Workload | Change) -> str:
    return f"{name} in {environment_label(item)}"


def _told(cause: Cause, *, logs: bool) -> str:
    """The cause's message, evidence and advice; without ``logs`` not what a container wrote.

    The message of one that ended may be the end of its log (``terminationMessagePolicy``), and
    those of probes and hooks quote their output.
    """
    is_own = bool(_OF_CONTAINERS.fullmatch(cause.code))
    lines = [
        message(cause) if logs or not (is_own or _is_quoting(cause.message)) else None,
        *(
            _evidence(one)
            for one in cause.evidence
            if logs or not (_is_quoting(one.value) or (is_own and "essage" in one.field))
        ),
        f"therefore: {effects(cause)}" if cause.explains else None,
        f"instances: {some(cause.instances)}" if cause.instances else None,
        *(
            f"-> {one.text}: {one.command}" if one.command else f"-> {one.text}"
            for one in cause.advice
        ),
    ]
    return "\n".join(filter(None, lines))


def _is_quoting(text: str | None) -> bool:
    return bool(_QUOTING.match(text or "")) and not _KUBELETS.fullmatch(text or "")


def _evidence(one: Evidence) -> str:
    at = f" ({plain(one.timestamp)})" if one.timestamp else ""
    return f"{one.source} {one.field}: {one.value}{at}"


# --- How it is written --------------------------------------------------------------------------


def _annotation(problem: Problem) -> str:
    text = "\n".join(escape(line) for line in _BREAK.split(_cut(problem.text)))
    return f"::{problem.level} title={prop(problem.title)}::{data(text)}\n"


def data(text: str) -> str:
    """A command's data, as the runner reads it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def prop(text: str) -> str:
    """A command's property, on one line."""
    return data(plain(_cut(text, 200))).replace(":", "%3A").replace(",", "%2C")


def inline(text: str) -> str:
    """Text as it is, in Markdown: any punctuation may be escaped, and a break would end it."""
    return _PUNCTUATION.sub(r"\\\1", plain(_cut(text)))


def block(text: str) -> str:
    """Lines as they are; nothing in ``pre`` is Markdown."""
    lines = map(harmless, _BREAK.split(_cut(text)))
    return f"<pre>{html.escape(chr(10).join(lines))}</pre>"


def _cut(text: str, most: int = _LONGEST) -> str:
    """What may be read by everybody, and not too much of it."""
    shown = _SIGNED.sub(r"\1…", _ASKING.sub("…@", text[: most * 4]))
    return shown if len(shown) <= most else f"{shown[:most]}…"


def _heading(diagnosis: Diagnosis) -> str:
    since = f" since {plain(diagnosis.since)}" if diagnosis.since else ""
    told = f"{diagnosis.verdict}{since}: {diagnosis.headline}"
    return f"### {inline(told)}\n\n{inline(location(diagnosis))}"


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """One section for each hundred rows, so that those that do not fit cost no others."""
    head = f"| {' | '.join(headers)} |\n|{'---|' * len(headers)}"
    lines = [f"| {' | '.join(map(inline, row))} |" for row in rows]
    return ["\n".join([head, *lines[at : at + 100]]) for at in range(0, len(lines), 100)]
