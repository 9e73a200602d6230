"""Which columns a list has: data, one view for each model.

A column's value comes from the model alone, so the JSON holds everything that
a table shows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from dashborion.errors import UsageError, suggestion
from dashborion.models.endpoint import Endpoint
from dashborion.models.environment import Check, EnvironmentInfo
from dashborion.models.instance import Container, Instance
from dashborion.models.kinds import KIND_OF
from dashborion.models.workload import Reason, Workload
from dashborion.render import Format, Style
from dashborion.render.cells import Cell, chunks

GOOD, BAD, BUSY, QUIET = "green", "red", "yellow", "dim"
STYLES = {
    "running": GOOD, "degraded": BAD, "stopped": QUIET, "pending": BUSY,
    "complete": "", "progressing": BUSY, "paused": BUSY, "failed": BAD,
    "warning": BUSY,
}  # fmt: skip
_TROUBLE = ("BackOff", "Error", "OOM", "Err", "Failed", "Evicted", "Exit", "Signal", "Invalid")


def _plain(_: Any) -> str:
    return ""


def _name(item: Any) -> str:
    return str(item.name)


class Column(Struct, frozen=True):
    """One column: ``wide`` ones are shown on demand, ``extra`` ones when rows need them.

    ``age_header`` is the header over ages, on a terminal. ``least`` keeps that
    many characters on a narrow terminal.
    """

    key: str
    value: Callable[[Any], Cell]
    style: Callable[[Any], str] = _plain
    wide: bool = False
    extra: bool = False
    right: bool = False
    elastic: int = 0
    least: int = 12
    age_header: str | None = None
    short: Callable[[Any], Cell] | None = None

    @property
    def header(self) -> str:
        return self.key.upper()


class View(Struct, frozen=True):
    """A model's columns, and the name by which other commands take it."""

    noun: str
    columns: Sequence[Column]
    name: Callable[[Any], str] = _name
    kind: Callable[[Any], str] | None = None

    def chosen(self, style: Style) -> list[Column]:
        """The columns to show: those asked for, or the view's own.

        Raises:
            UsageError: an unknown one.
        """
        if style.columns:
            return [self.column(key) for key in style.columns]
        everything = style.format in (Format.WIDE, Format.CSV)
        return [
            column
            for column in self.columns
            if (everything or not column.wide) and (not column.extra or column.key in style.extra)
        ]

    def column(self, key: str) -> Column:
        """The column of that key, in either case.

        Raises:
            UsageError: there is none.
        """
        for column in self.columns:
            if column.key == key.strip().lower():
                return column
        known = [column.key for column in self.columns]
        near = suggestion(key, known, most=len(known))
        raise UsageError(f"{self.noun} have no column '{key}'", hint=near)

    def sorted(self, items: Iterable[Any], sort: str) -> list[Any]:
        """By a column, descending with a leading ``-``; unknown values last; equal ones stay."""
        descending, key = sort.startswith("-"), sort.removeprefix("-")
        column, everything = self.column(key), list(items)
        known = [item for item in everything if column.value(item) is not None]
        unknown = [item for item in everything if column.value(item) is None]
        return [*sorted(known, key=lambda one: _comparable(column.value(one)), reverse=descending),
                *unknown]  # fmt: skip

    def names(self, items: Iterable[Any], extra: frozenset[str]) -> Iterator[list[str]]:
        """The shortest forms that other commands accept and that are unique in this list.

        Some at a time; all at once where one may need its kind because of another.
        """
        spaced = "namespace" in extra
        for some in [list(items)] if self.kind else chunks(items):
            plain = [(item.namespace if spaced else "", self.name(item)) for item in some]
            count = Counter(plain)
            yield [
                "/".join(
                    part
                    for part in (
                        space,
                        self.kind(item) if self.kind and count[space, name] > 1 else "",
                        name,
                    )
                    if part
                )
                for item, (space, name) in zip(some, plain, strict=True)
            ]


def _comparable(value: Cell) -> Any:
    return value.casefold() if isinstance(value, str) else value


def short_image(image: str | None) -> str | None:
    """An image without its registry, its digest cut to twelve digits."""
    if not image:
        return None
    name = image.rsplit("/", 1)[-1]
    base, at, digest = name.partition("@sha256:")
    return f"{base}{at}{digest[:12]}"


def _places() -> list[Column]:
    return [
        Column("project", lambda one: one.project, extra=True, elastic=1),
        Column("environment", lambda one: one.environment, extra=True, elastic=1),
        Column("namespace", lambda one: one.namespace, extra=True, elastic=1),
    ]


def _ready(instance: Instance) -> str:
    """Ready containers of those that go on running, as kubectl counts them."""
    lasting = [one for one in instance.containers if not one.init]
    return f"{sum(one.ready for one in lasting)}/{len(lasting)}"


def instance_state(instance: Instance) -> str:
    """The one word for people: what stands in the way, or else the status."""
    return instance.reason or str(instance.status)


def _instance_style(instance: Instance) -> str:
    if instance.reason == "Terminating":
        return BUSY
    if any(word in (instance.reason or "") for word in _TROUBLE) or instance.health == "unhealthy":
        return BAD
    return STYLES[instance.status]


def _endpoints(workload: Workload) -> str:
    return ", ".join(dict.fromkeys(one.url or _host(one) for one in workload.endpoints))


def _host(endpoint: Endpoint) -> str:
    host = endpoint.address or endpoint.name
    return f"{host}:{endpoint.port}" if endpoint.port else host


def _guard(environment: EnvironmentInfo) -> str | None:
    if environment.read_only:
        return "read-only"
    return "protected" if environment.protected else None


def _label(check: Check) -> str:
    return f"{check.project}/{check.environment}" if check.project else check.environment


def _denied(check: Check) -> str | None:
    return ", ".join(one.action for one in check.permissions if one.allowed is False) or None


def _untried(check: Check) -> str | None:
    return ", ".join(one.action for one in check.permissions if one.allowed is None) or None


def _allowed(check: Check) -> str | None:
    return ", ".join(one.action for one in check.permissions if one.allowed) or None


def _last(container: Container) -> str | None:
    last = container.last_termination
    return f"{last.reason} (exit {last.exit_code})" if last else None


def _healthy(endpoint: Endpoint) -> str | None:
    return None if endpoint.total is None else f"{endpoint.healthy}/{endpoint.total}"


def _health_style(endpoint: Endpoint) -> str:
    return "" if endpoint.healthy == endpoint.total else BAD


def _few(reason: Reason, most: int = 3) -> str | None:
    names = reason.instances[:most]
    left = len(reason.instances) - most
    return ", ".join([*names, *([f"+{left} more"] if left > 0 else [])]) or None


WORKLOADS = View(
    "workloads",
    [
        *_places(),
        Column("name", lambda one: one.name, elastic=1, least=14),
        Column("type", lambda one: str(one.type), short=lambda one: KIND_OF[one.type]),
        Column("status", lambda one: str(one.status), lambda one: STYLES[one.status]),
        Column("ready", lambda one: f"{one.available}/{one.desired}"),
        Column("rollout", lambda one: str(one.rollout.state),
               lambda one: STYLES[one.rollout.state]),
        Column("image", lambda one: one.image, short=lambda one: short_image(one.image), elastic=2),
        Column("created", lambda one: one.created_at, age_header="AGE"),
        Column("revision", lambda one: one.rollout.revision, wide=True, elastic=1, least=14),
        Column("cpu", lambda one: one.cpu, wide=True, right=True),
        Column("memory", lambda one: one.memory, wide=True, right=True),
        Column("endpoints", lambda one: _endpoints(one) or None, wide=True, elastic=2),
        Column("updated", lambda one: one.updated_at, wide=True, age_header="UPDATED"),
        Column("message", lambda one: one.rollout.message, wide=True, elastic=3, least=16),
    ],
    kind=lambda one: KIND_OF[one.type],
)  # fmt: skip

INSTANCES = View(
    "instances",
    [
        *_places(),
        Column("name", lambda one: one.name, elastic=1, least=14),
        Column("workload", lambda one: one.workload, elastic=1),
        Column("ready", _ready),
        Column("status", instance_state, _instance_style),
        Column("restarts", lambda one: one.restarts, right=True),
        Column("created", lambda one: one.created_at, age_header="AGE"),
        Column("ip", lambda one: one.ip, wide=True),
        Column("node", lambda one: one.node, wide=True, elastic=1, least=14),
        Column("zone", lambda one: one.zone, wide=True),
        Column("revision", lambda one: one.revision, wide=True, elastic=1, least=14),
        Column("message", lambda one: one.message, wide=True, elastic=3, least=16),
    ],
)

CHECKS = View(
    "checks",
    [
        Column("environment", _label),
        Column("orchestrator", lambda one: one.orchestrator),
        Column("reachable", lambda one: one.reachable,
               lambda one: GOOD if one.reachable and not one.error else BAD),
        Column("identity", lambda one: one.identity, elastic=1, least=14),
        Column("version", lambda one: one.version),
        Column("seconds", lambda one: one.seconds if one.reachable else None, right=True),
        Column("denied", _denied, lambda _: BUSY),
        Column("allowed", _allowed, wide=True),
        Column("untried", _untried, wide=True),
        Column("error", lambda one: one.error, lambda _: BAD, elastic=3, least=16),
        Column("endpoint", lambda one: one.endpoint, wide=True),
    ],
    name=_label,
)  # fmt: skip


ENVIRONMENTS = View(
    "environments",
    [
        Column("current", lambda one: "*" if one.current else ""),
        Column("name", lambda one: one.name, elastic=1, least=14),
        Column("orchestrator", lambda one: one.orchestrator),
        Column("target", lambda one: one.target),
        Column("namespace", lambda one: one.namespace),
        Column("region", lambda one: one.region),
        Column("profile", lambda one: one.profile, wide=True),
        Column("guard", _guard, lambda _: BUSY),
    ],
)


DISCOVERED = View(
    "environments",
    [
        Column("name", lambda one: one.name, elastic=1, least=14),
        Column("orchestrator", lambda one: one.orchestrator),
        Column("target", lambda one: one.target, elastic=2, least=16),
        Column("region", lambda one: one.region),
        Column("profile", lambda one: one.profile),
        Column("guard", lambda one: "protected" if one.protected else None, lambda _: BUSY),
        Column("configured", lambda one: one.configured,
               lambda one: QUIET if one.configured else GOOD),
    ],
)  # fmt: skip


CONTAINERS = View(
    "containers",
    [
        Column("name", lambda one: one.name, elastic=1, least=14),
        Column("status", lambda one: one.reason or str(one.status), lambda one: STYLES[one.status]),
        Column("ready", lambda one: one.ready),
        Column("restarts", lambda one: one.restarts, right=True),
        Column("exit", lambda one: one.exit_code, right=True),
        Column("last", _last, lambda _: BUSY),
        Column("image", lambda one: one.image, elastic=2),
    ],
)


ENDPOINTS = View(
    "endpoints",
    [
        Column("type", lambda one: str(one.type)),
        Column("name", lambda one: one.name, elastic=1, least=14),
        Column("address", lambda one: one.address, elastic=3),
        Column("port", lambda one: one.port, right=True),
        Column("protocol", lambda one: one.protocol),
        Column("healthy", _healthy, _health_style),
        Column("url", lambda one: one.url, elastic=2),
    ],
)


REASONS = View(
    "reasons",
    [
        Column("reason", lambda one: one.reason, lambda _: BAD),
        Column("count", lambda one: one.count, right=True),
        Column("seen", lambda one: one.last_seen, age_header="LAST SEEN"),
        Column("instances", _few, elastic=2),
        Column("message", lambda one: one.message, elastic=3, least=16),
    ],
    name=lambda one: str(one.reason),
)


REVISIONS = View(
    "revisions",
    [
        Column(
            "revision",
            lambda one: one.revision,
            lambda one: GOOD if one.current else "",
            elastic=1,
            least=14,
        ),
        Column("current", lambda one: one.current),
        Column("created", lambda one: one.created_at, age_header="AGE"),
        Column("images", lambda one: ", ".join(one.images), elastic=2),
        Column("message", lambda one: one.message, elastic=3, least=16),
    ],
    name=lambda one: str(one.revision),
)

EVENTS = View(
    "events",
    [
        Column("seen", lambda one: one.timestamp, age_header="LAST SEEN"),
        Column("type", lambda one: str(one.type), lambda one: STYLES.get(one.type, "")),
        Column("reason", lambda one: one.reason),
        Column("object", lambda one: one.object, elastic=1, least=14),
        Column("count", lambda one: one.count, right=True),
        Column("message", lambda one: one.message, elastic=3, least=16),
    ],
    name=lambda one: str(one.object),
)

ROLLOUTS = View(
    "rollouts",
    [
        Column("state", lambda one: str(one.state), lambda one: STYLES[one.state]),
        Column("revision", lambda one: one.revision, elastic=1, least=14),
        Column("message", lambda one: one.message, elastic=3, least=16),
    ],
    name=lambda one: str(one.state),
)

CHANGES = View(
    "changes",
    [
        Column("action", lambda one: one.action),
        Column("environment", lambda one: one.environment),
        Column("namespace", lambda one: one.namespace),
        Column("name", lambda one: one.instance or one.workload),
        Column("before", lambda one: one.before),
        Column("after", lambda one: one.after),
        Column("dryrun", lambda one: one.dry_run),
        Column("rollout", lambda one: str(one.rollout.state) if one.rollout else None),
    ],
    name=lambda one: str(one.instance or one.workload),
)
