"""The life of an ECS task: what its containers' images make of it, second by second."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from moto.ecs.models import TaskDefinition
from moto.logs.models import LogEvent, LogGroup, LogStream, logs_backends

from dashborion.demo.behaviour import Behaviour, behaviour_of, cause_of, digest_of, lines, said
from dashborion.demo.commands import commanded
from dashborion.demo.ecs.moto_objects import Json, digits_of, runtime_id
from dashborion.demo.ecs.troubles import TROUBLES, told, trouble_of

PROVISIONING_SECONDS = 1.0
PENDING_SECONDS = 2.5  # since its creation, as are all of these
_CHECKED_SECONDS = 4.0
_OUT_OF_MEMORY_SECONDS = 60.0
_STOPPING = (("DEACTIVATING", 0.5), ("STOPPING", 1.5), ("DEPROVISIONING", 2.0))
_NO_IMAGE = TROUBLES["image-not-found"].fails
_OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"


@dataclass(frozen=True)
class Fate:
    """When and how a task ends: with the first of its containers that does."""

    after: float | None = None
    container: str = ""
    exit_code: int | None = None
    code: str = ""
    reason: str = ""
    container_reason: str = ""


def behaviour_in(task: Any, container: Json) -> Behaviour:
    """A container's behaviour, with the command that a task of its own has for it."""
    overridden: list[Json] = task.overrides.get("containerOverrides") or []
    given = next((one for one in overridden if one["name"] == container["name"]), Json())
    pairs = [*(container.get("environment") or ()), *(given.get("environment") or ())]
    variables = {one["name"]: one["value"] for one in pairs}
    return commanded(str(container["image"]), given.get("command") or (), task.id, variables)


def fate_of(task: Any, definition: TaskDefinition) -> Fate:
    for container in definition.container_definitions:
        name = str(container["name"])
        behaviour = behaviour_in(task, container)
        trouble = trouble_of([container])
        why = trouble.fails or ("" if behaviour.is_pulled else _NO_IMAGE)
        if why:
            reason = told(why, **_facts(definition, container))
            after = PENDING_SECONDS + 1
            return Fate(after, name, None, "TaskFailedToStart", reason, reason)
        if not container.get("essential", True):
            continue
        if behaviour.reason == "StartError":
            reason = "CannotStartContainerError: exec: executable file not found in $PATH"
            return Fate(PENDING_SECONDS, name, None, "TaskFailedToStart", reason, reason)
        if behaviour.runs_for is not None and not trouble.stops:
            lasts, why = behaviour.runs_for, ""
            if behaviour.reason == "OOMKilled":
                why = _OUT_OF_MEMORY
                lasts = lasts if behaviour.ends is None else _OUT_OF_MEMORY_SECONDS
            return Fate(
                PENDING_SECONDS + lasts,
                name,
                behaviour.exit_code,
                "EssentialContainerExited",
                "Essential container in task exited",
                why,
            )
    return Fate()


def _facts(definition: TaskDefinition, container: Json) -> Json:
    """What a text may name."""
    image, account = str(container["image"]), definition.arn.split(":")[4]
    return {
        "image": image,
        "tag": image.rpartition(":")[2],
        "name": container["name"],
        "region": definition.arn.split(":")[3],
        "account": account,
        "task": digits_of(definition.arn),
    }


def has_ended_early(task: Any) -> bool:
    """Whether ECS counts it as a failed task: it ended by itself within 30 seconds."""
    if task.stop_code not in ("TaskFailedToStart", "EssentialContainerExited"):
        return False
    started = task.started_at
    return started is None or (task.stopping_at - started).total_seconds() < 30


def advance_task(task: Any, definition: TaskDefinition, now: datetime, speed: float) -> None:
    if task.last_status == "STOPPED":
        return
    if task.desired_status == "STOPPED":
        _stop_by_steps(task, now, speed)
        return
    age = (now - task.created_at).total_seconds() * speed
    fate = fate_of(task, definition)
    images = [str(container["image"]) for container in definition.container_definitions]
    creating = any(not behaviour_of(image).is_created for image in images)
    if age < PROVISIONING_SECONDS:
        return
    if age < PENDING_SECONDS or creating or (fate.code == "TaskFailedToStart"):
        _set(task, "PENDING")
    elif task.started_at is None:
        _start(task, definition, task.created_at + timedelta(seconds=PENDING_SECONDS / speed))
    if task.last_status == "RUNNING":
        _check(task, definition, age)
        _end_alone(task, definition, age)
    if fate.after is not None and age >= fate.after:
        at = task.created_at + timedelta(seconds=fate.after / speed)
        begin_stop(task, at, fate.code, fate.reason, fate=fate)
        if fate.code == "TaskFailedToStart":
            finish_stop(task, at)


def _set(task: Any, status: str) -> None:
    if task.last_status == status:
        return
    task.last_status = status
    task.version += 1
    shown = "RUNNING" if "ING" in status and task.started_at else status
    for container in task.containers:
        if status == "STOPPED" or getattr(container, "exitCode", None) is None:
            vars(container)["lastStatus"] = shown


def _start(task: Any, definition: TaskDefinition, at: datetime) -> None:
    task.started_at = task.pull_stopped_at = task.connectivity_at = at
    task.pull_started_at, task.connectivity = task.created_at, "CONNECTED"
    _set(task, "RUNNING")
    for container, defined in zip(task.containers, definition.container_definitions, strict=True):
        vars(container)["runtimeId"] = runtime_id(task.id, str(defined["name"]))
        vars(container)["imageDigest"] = digest_of(str(defined["image"]))
        if task.enable_execute_command:
            agent = {"name": "ExecuteCommandAgent", "lastStatus": "RUNNING"}
            vars(container)["managed_agents"] = [agent]


def _check(task: Any, definition: TaskDefinition, age: float) -> None:
    if age < _CHECKED_SECONDS:
        return
    for container, defined in zip(task.containers, definition.container_definitions, strict=True):
        image = str(defined["image"])
        behaviour, is_checked_down = behaviour_of(image), cause_of(image) == "liveness"
        is_crashing = behaviour.runs_for is not None and not behaviour.ready_after
        # One that ends before the check has failed ``retries`` times stays UNKNOWN.
        if "healthCheck" in defined and not is_crashing:
            is_well = behaviour.ready_after and not is_checked_down
            is_well = is_well or cause_of(image).startswith("target-")  # only the balancer minds
            vars(container)["healthStatus"] = "HEALTHY" if is_well else "UNHEALTHY"
    statuses = {vars(container)["healthStatus"] for container in task.containers} - {"UNKNOWN"}
    if statuses:
        task.health_status = "UNHEALTHY" if "UNHEALTHY" in statuses else "HEALTHY"


def _end_alone(task: Any, definition: TaskDefinition, age: float) -> None:
    """Containers that are not essential end without the task."""
    for container, defined in zip(task.containers, definition.container_definitions, strict=True):
        behaviour = behaviour_in(task, defined)
        if defined.get("essential", True) or behaviour.runs_for is None:
            continue
        if age >= PENDING_SECONDS + behaviour.runs_for:
            vars(container).update(exitCode=behaviour.exit_code, lastStatus="STOPPED")


def begin_stop(
    task: Any, at: datetime, code: str, reason: str, *, fate: Fate | None = None
) -> None:
    """Begin to stop a task; its log ends here."""
    if task.desired_status == "STOPPED":
        return
    task.desired_status, task.stop_code, task.stopped_reason = "STOPPED", code, reason
    task.stopping_at = task.execution_stopped_at = at
    task.version += 1
    for container in task.containers:
        if fate and container.name == fate.container:
            why = {"reason": fate.container_reason} if fate.container_reason else {}
            vars(container).update(why, exitCode=fate.exit_code, lastStatus="STOPPED")
        elif getattr(container, "exitCode", None) is not None:
            continue
        elif task.started_at is not None and not (fate and fate.code == "TaskFailedToStart"):
            vars(container).update(exitCode=143 if fate is None else 137)


def _stop_by_steps(task: Any, now: datetime, speed: float) -> None:
    age = (now - task.stopping_at).total_seconds() * speed
    for status, until in _STOPPING:
        if age < until:
            _set(task, status)
            return
    finish_stop(task, task.stopping_at + timedelta(seconds=_STOPPING[-1][1] / speed))


def finish_stop(task: Any, at: datetime) -> None:
    task.stopped_at = at
    task.health_status = "UNKNOWN"
    task.connectivity = task.connectivity_at = None
    _set(task, "STOPPED")


class TaskStream(LogStream):
    """The log of one container, computed at every read: nothing is stored."""

    def __init__(
        self,
        group: LogGroup,
        name: str,
        *,
        task: Any,
        container: Json,
        clock: Callable[[], datetime],
        epoch: datetime | None,
        speed: float,
    ) -> None:
        self._task, self._container, self._clock, self._epoch = task, container, clock, epoch
        self._speed = speed
        super().__init__(group, name)
        self.creation_time = task.started_at.replace(tzinfo=None)  # moto's times are naive
        self.last_ingestion_time = self.creation_time

    @property
    def events(self) -> list[LogEvent]:
        task, now = self._task, self._clock()
        says = behaviour_in(task, self._container).says
        if says is not None:
            until = min(now, task.stopping_at or now)
            written = said(says, task.started_at, now=until, speed=self._speed)
            return [self._event(number, line.at, line.text) for number, line in enumerate(written)]
        is_own_end = task.stop_code != "ServiceSchedulerInitiated"
        written = lines(
            f"{task.id[:8]}/{self._container['name']}",
            task.started_at,
            task.stopping_at,
            now=now,
            epoch=self._epoch or now,
            last=behaviour_of(self._container["image"]).last_words if is_own_end else "",
        )
        return [self._event(number, line.at, line.text) for number, line in enumerate(written)]

    @events.setter
    def events(self, _: list[LogEvent]) -> None:
        """Accept moto's initial empty list."""

    def _event(self, number: int, at: datetime, text: str) -> LogEvent:
        stamp = round(at.timestamp() * 1000)
        event = LogEvent(stamp + 300, {"timestamp": stamp, "message": text})
        event.event_id = f"{stamp}{digits_of(f'{self.arn} {number}', 12)}"  # type: ignore[assignment]
        return event


def open_logs(
    task: Any,
    definition: TaskDefinition,
    account: str,
    *,
    clock: Callable[[], datetime],
    epoch: datetime | None,
    speed: float,
) -> None:
    """A stream for each container that writes to CloudWatch Logs."""
    for container, group, name in _streams(task, definition, account):
        group.streams[name] = TaskStream(
            group, name, task=task, container=container, clock=clock, epoch=epoch, speed=speed
        )


def forget_logs(task: Any, definition: TaskDefinition, account: str) -> None:
    for _, group, name in _streams(task, definition, account):
        group.streams.pop(name, None)


def _streams(
    task: Any, definition: TaskDefinition, account: str
) -> Iterator[tuple[Json, LogGroup, str]]:
    """The containers that write to CloudWatch Logs, each with its group and stream."""
    containers: list[Any] = definition.container_definitions
    for container in containers:
        logging = container.get("logConfiguration") or {}
        if logging.get("logDriver") == "awslogs":
            options = logging["options"]
            group = options["awslogs-group"]
            backend = logs_backends[account][options["awslogs-region"]]
            if group not in backend.groups:
                backend.create_log_group(group, {})
            name = f"{options['awslogs-stream-prefix']}/{container['name']}/{task.id}"
            yield container, backend.groups[group], name
