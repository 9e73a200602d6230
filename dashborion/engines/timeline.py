"""What changed in all chosen environments: merged by time, grouped, and followed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from dashborion.engines.answers import (
    Answer,
    matching,
    matching_in,
    require_matches,
    widened,
)
from dashborion.engines.fleet import Fleet
from dashborion.errors import DashborionError
from dashborion.models.base import environment_label
from dashborion.models.query import Found, Query
from dashborion.models.timeline import Entry, EntryKind
from dashborion.models.workload import Workload
from dashborion.orchestrators.protocol import Looked, Orchestrator

POLL_SECONDS = 15.0
_LATE = timedelta(minutes=2)  # that APIs take to tell, and that clocks differ by
_ORDER = list(EntryKind)
CHANGES = (EntryKind.CONFIG, EntryKind.ROLLOUT, EntryKind.SCALE)
_UNREACHABLE = 6


class Seen(Struct, frozen=True):
    """What one environment told of a time, and how far back it can see."""

    workloads: Sequence[Found[Workload]]
    entries: list[Entry]
    environment: str
    reach: str


def look(
    fleet: Fleet, patterns: Sequence[str], query: Query, looked: Looked
) -> tuple[Answer[Seen], list[Entry]]:
    """What happened to the workloads that fit, and around them, the newest last.

    Raises:
        NotFound: a name without wildcards that nothing fits.
    """
    names = [fleet.workload_name(pattern) for pattern in patterns]
    asked = widened(query, names)

    def ask(orchestrator: Orchestrator) -> Seen:
        environment = orchestrator.environment
        here = [name for name in names if name.is_in(environment.label)]
        if names and not here:
            return Seen([], [], environment.label, "")
        back = orchestrator.timeline.listed(asked)
        chosen = matching(here, matching_in(environment, here, back.workloads))
        past = back.past([one.item for one in chosen], looked)
        kept = within(in_order(past.entries), looked)
        return Seen(chosen, [_told(one) for one in kept], environment.label, past.reach)

    answer = fleet.ask_all(ask)
    if not answer.failures:
        found = [one for seen in answer.items for one in seen.workloads]
        require_matches(names, found, fleet.where)
    return answer, in_order([entry for seen in answer.items for entry in seen.entries])


def follow(
    fleet: Fleet,
    patterns: Sequence[str],
    query: Query,
    looked: Looked,
    *,
    told: Sequence[Entry],
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
) -> Iterator[list[Entry]]:
    """What happens from then on, each entry once; it is looked again every 15 seconds.

    What cannot be asked this time is told once, and asked again, of all that it missed; what may
    not be asked is raised, unless other environments answer.
    """
    seen, reached = set(map(_identity, told)), now()
    lost: set[str | None] = set()  # environments that did not answer the last time

    def report(error: DashborionError) -> None:
        if error.environment not in lost:
            fleet.report(error)
        lost.add(error.environment)

    watched = replace(fleet, report=report)
    while True:
        sleep(POLL_SECONDS)
        for environment in fleet.environments:
            fleet.runtime(environment).deadline.restart()
        asked, since = now(), max(looked.since, reached - _LATE)
        try:
            answer, entries = look(watched, patterns, query, replace(looked, since=since))
        except DashborionError as error:
            if error.exit_code != _UNREACHABLE:
                raise
            report(error)
            continue
        lost.intersection_update(one.environment for one in answer.failures)
        if all(one.exit_code != _UNREACHABLE for one in answer.failures):
            reached = asked
        fresh = [one for one in entries if _identity(one) not in seen]
        seen.update(map(_identity, fresh))
        if fresh:
            yield fresh


def in_order(entries: Sequence[Entry]) -> list[Entry]:
    """By time; what has none stands behind what it followed in its list.

    Stamps are whole seconds: within one, changes stand before what they do.
    """
    timed: list[tuple[tuple[bool, float, int, float, int], Entry]] = []
    for number, (one, known) in enumerate(zip(entries, _known(entries), strict=True)):
        stamp = known.timestamp() if known else 0.0
        key = (known is not None, stamp // 1, _ORDER.index(one.kind), stamp, number)
        timed.append((key, one))
    return [one for _, one in sorted(timed, key=lambda each: each[0])]


def _known(entries: Iterable[Entry]) -> list[datetime | None]:
    """The time of each; of one that has none, that of the last one of its kind before it."""
    at: dict[tuple[str, ...], datetime | None] = {}
    times = []
    for one in entries:
        key = (*_place(one), one.kind)
        at[key] = one.timestamp or at.get(key)
        times.append(at[key])
    return times


def _place(entry: Entry) -> tuple[str, ...]:
    return (environment_label(entry), entry.namespace or "", entry.workload or "")


def grouped(entries: Sequence[Entry]) -> list[Entry]:
    """What repeats of a workload is counted where it was first, until somebody changes it."""
    groups: list[Entry] = []
    places: dict[tuple[str, ...], dict[tuple[object, ...], int]] = {}
    for one in entries:
        place = _place(one)
        if one.kind in CHANGES:
            places[place] = {}
        known = places.setdefault(place, {})
        key = (one.kind, one.severity, one.summary, one.actor)
        if key not in known:
            known[key] = len(groups)
            groups.append(one)
            continue
        before = groups[known[key]]
        groups[known[key]] = replace(
            before,
            count=before.count + one.count,
            last_seen=one.last_seen or one.timestamp or before.last_seen,
            instance=before.instance if before.instance == one.instance else None,
            after=one.after,
        )
    return groups


def _told(entry: Entry) -> Entry:
    """A summary is one line: messages of APIs may have several."""
    return replace(entry, summary=" ".join(entry.summary.split()))


def within(entries: Sequence[Entry], looked: Looked) -> list[Entry]:
    """Those that are asked for; of what happened several times the last time may be meanwhile.

    What has no time was between those of its kind that stand before and behind it.
    """
    behind = _known(reversed(entries))[::-1]
    return [
        one
        for one, begun, ended in zip(entries, _known(entries), behind, strict=True)
        if looked.wants(one.kind)
        and ((last := one.last_seen or ended) is None or last >= looked.since)
        and (looked.until is None or begun is None or begun <= looked.until)
    ]


def _identity(entry: Entry) -> tuple[object, ...]:
    return (
        environment_label(entry), entry.namespace, entry.source.object, entry.workload, entry.kind,
        entry.timestamp, entry.summary,
    )  # fmt: skip
