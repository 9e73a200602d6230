"""What ``-o json`` prints, field by field, as the design has it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from dashborion.models.cause import Code, Confidence, Severity, Verdict

Shape = Callable[[Any], None]
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def plain(*types: type) -> Shape:
    def check(value: Any) -> None:
        assert type(value) in types, f"{value!r} is none of {types}"

    return check


def words(*known: str) -> Shape:
    def check(value: Any) -> None:
        assert value in known, f"{value!r} is none of {known}"

    return check


def time(value: Any) -> None:
    assert isinstance(value, str), value
    assert _TIME.fullmatch(value), f"{value!r} is not RFC 3339 in UTC"


def maybe(shape: Shape) -> Shape:
    def check(value: Any) -> None:
        if value is not None:
            shape(value)

    return check


def many(shape: Shape) -> Shape:
    def check(value: Any) -> None:
        assert isinstance(value, list), value
        for one in value:
            shape(one)

    return check


def exactly(**fields: Shape) -> Shape:
    """An object with these fields, all of them and no other."""

    def check(value: Any) -> None:
        assert isinstance(value, dict), value
        assert set(value) == set(fields)
        for name, shape in fields.items():
            try:
                shape(value[name])
            except AssertionError as error:
                raise AssertionError(f"{name}: {error}") from error

    return check


def mapping(value: Any) -> None:
    assert isinstance(value, dict), value
    assert {type(part) for pair in value.items() for part in pair} <= {str}


text, number, flag, real = plain(str), plain(int), plain(bool), plain(int, float)
optional, maybe_number, maybe_time = maybe(text), maybe(number), maybe(time)

_PLACE = {"project": optional, "environment": text, "namespace": text}
_ORCHESTRATOR = words("ecs", "kubernetes")
_CONTAINER_STATUS = words("running", "pending", "stopped")

ENDPOINT = exactly(
    type=words("target-group", "load-balancer", "service", "ingress", "route", "service-connect"),
    name=text, address=optional, port=maybe_number, protocol=optional, url=optional,
    healthy=maybe_number, total=maybe_number,
)  # fmt: skip
_CODE = words(*Code)
CAUSE = exactly(
    code=_CODE, severity=words(*Severity), confidence=words(*Confidence), title=text,
    reason=optional, message=optional, instances=many(text), count=number, firstSeen=maybe_time,
    lastSeen=maybe_time, explains=many(_CODE),
    evidence=many(exactly(source=text, field=text, value=text, timestamp=maybe_time)),
    advice=many(exactly(text=text, command=optional)),
)  # fmt: skip
ROLLOUT = exactly(
    state=words("complete", "progressing", "paused", "failed"),
    revision=optional,
    message=optional,
    causes=maybe(many(CAUSE)),
    strategy=optional,
    stage=optional,
    traffic=maybe(exactly(production=maybe(real), test=maybe(real))),
    bakeUntil=maybe_time,
    waitingFor=maybe(
        exactly(hook=optional, stage=optional, expiresAt=maybe_time, onTimeout=optional)
    ),
)
_WORKLOAD = {
    **_PLACE,
    "name": text,
    "type": words(
        *("ecs-service", "ecs-express-service"),
        *("k8s-deployment", "k8s-statefulset", "k8s-daemonset", "k8s-rollout"),
    ),
    "orchestrator": _ORCHESTRATOR,
    "status": words("running", "degraded", "stopped"),
    "desired": number,
    "running": number,
    "available": number,
    "image": optional,
    "images": many(text),
    "createdAt": maybe_time,
    "updatedAt": maybe_time,
    "cpu": optional,
    "memory": optional,
    "resources": exactly(cpuMillicores=maybe_number, memoryMiB=maybe_number),
    "rollout": ROLLOUT,
    "endpoints": many(ENDPOINT),
    "labels": mapping,
    "reason": optional,
    "cause": maybe(_CODE),
    "restarts": maybe_number,
    "parked": maybe(exactly(desired=number, min=maybe_number, max=maybe_number, at=maybe_time)),
}
_TERMINATION = exactly(reason=optional, exitCode=maybe_number, message=optional,
                       finishedAt=maybe_time)  # fmt: skip
CONTAINER = exactly(
    name=text, status=_CONTAINER_STATUS, image=optional, ready=flag, restarts=number,
    exitCode=maybe_number, reason=optional, lastTermination=maybe(_TERMINATION), init=flag,
)  # fmt: skip
_INSTANCE = {
    **_PLACE,
    "id": text,
    "name": text,
    "workload": optional,
    "orchestrator": _ORCHESTRATOR,
    "status": _CONTAINER_STATUS,
    "ready": flag,
    "reason": optional,
    "message": optional,
    "health": maybe(words("healthy", "unhealthy")),
    "ip": optional,
    "node": optional,
    "zone": optional,
    "revision": optional,
    "restarts": number,
    "createdAt": maybe_time,
    "startedAt": maybe_time,
    "stoppedAt": maybe_time,
    "cpu": optional,
    "memory": optional,
    "containers": many(CONTAINER),
    "owner": maybe(exactly(kind=text, name=text)),
}
EVENT = exactly(timestamp=maybe_time, type=words("normal", "warning"), reason=optional,
                message=text, object=text, count=number, firstSeen=maybe_time, **_PLACE,
                workload=optional)  # fmt: skip
LIMITS = exactly(
    container=text, init=flag, cpu=optional, cpuLimit=optional, memory=optional,
    memoryLimit=optional,
    probes=many(exactly(kind=words("startup", "liveness", "readiness", "health"), check=text,
                        delay=maybe_number, period=maybe_number, timeout=maybe_number,
                        failures=maybe_number)),
)  # fmt: skip
LOG = many(exactly(instance=text, container=optional, lines=many(text)))
REVISION = exactly(revision=text, current=flag, images=many(text), createdAt=maybe_time,
                   message=optional)  # fmt: skip
AUTOSCALING = exactly(min=number, max=number, current=maybe_number, desired=maybe_number,
                      source=text, suspended=flag)  # fmt: skip
REASON = exactly(reason=text, message=optional, count=number, lastSeen=maybe_time,
                 instances=many(text))  # fmt: skip

DIAGNOSIS = exactly(
    **_PLACE, workload=optional, instance=optional, type=optional, verdict=words(*Verdict),
    since=maybe_time, headline=text, causes=many(CAUSE), checked=many(text),
    log=LOG,
    notChecked=many(exactly(what=text, permission=optional, reason=text)),
)  # fmt: skip
WORKLOAD = exactly(**_WORKLOAD)
INSTANCE = exactly(**_INSTANCE)
WORKLOAD_DETAIL = exactly(
    **_WORKLOAD, instances=many(INSTANCE), causes=many(CAUSE), reasons=many(REASON),
    autoscaling=maybe(AUTOSCALING), revisions=many(REVISION), events=many(EVENT),
    limits=many(LIMITS), log=LOG, managedBy=maybe(exactly(tool=text, name=optional)),
)  # fmt: skip
INSTANCE_DETAIL = exactly(
    **_INSTANCE, labels=mapping, limits=many(LIMITS), events=many(EVENT), log=LOG
)
CHECK = exactly(
    project=optional, environment=text, orchestrator=_ORCHESTRATOR, endpoint=optional,
    reachable=flag, identity=optional, version=optional, seconds=real,
    permissions=many(exactly(action=text, allowed=maybe(flag))), error=optional,
)  # fmt: skip
ERROR = exactly(code=text, message=text, hint=optional, environment=optional)
