"""The ECS service scheduler: starts and stops tasks a step at a time, as AWS's does."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.ecs.models import Cluster, EC2ContainerServiceBackend, TaskDefinition
from moto.elbv2.models import elbv2_backends

from dashborion.demo.behaviour import behaviour_of
from dashborion.demo.ecs.deployments import (
    add_event,
    check_circuit_breaker,
    complete_deployment,
    retire_deployments,
)
from dashborion.demo.ecs.moto_objects import EcsTask, Json, digits_of
from dashborion.demo.ecs.tasks import (
    advance_task,
    begin_stop,
    forget_logs,
    has_ended_early,
    open_logs,
)

_KEPT_STOPPED = 8  # tasks of a service that describe still finds
_ROOM = 2048  # CPU units of an EC2 instance here
_BACK_OFF = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # seconds between tasks that fail
_NO_ROOM = (
    "was unable to place a task because no container instance met all of its requirements. "
    "Reason: No Container Instances were found in your cluster."
)


@dataclass
class _ServiceMemory:
    """What the scheduler remembers about a service."""

    deployment: str = ""
    failed: set[str] = field(default_factory=set)
    failures: int = 0
    next_start: datetime | None = None
    next_report: datetime | None = None
    was_steady: bool = True


class EcsScheduler:
    """All services of one cluster. Nothing moves but in ``tick``."""

    def __init__(
        self, backend: EC2ContainerServiceBackend, cluster: Cluster, *, speed: float = 1.0
    ) -> None:
        self.backend, self.cluster, self.speed = backend, cluster, speed
        self.made = 0  # tasks so far, each of which has an address of its own
        self.epoch: datetime | None = None
        self._now: datetime | None = None
        self._memories: dict[str, _ServiceMemory] = {}
        self._opened: set[str] = set()

    def clock(self) -> datetime:
        return self._now or datetime.now(UTC)

    def tick(self, now: datetime | None = None) -> None:
        """Move all services on; call with the AWS server's lock held."""
        self._now = now
        moment = self.clock()
        tasks: dict[str, list[Any]] = {}
        for task in list(self.backend.tasks.get(self.cluster.name, {}).values()):
            tasks.setdefault(str(task.group), []).append(task)
        for service in list(self.backend.services.values()):
            is_ours = service.cluster_name == self.cluster.name
            if is_ours and service.status != "INACTIVE" and service.deployments:
                own_tasks = tasks.get(f"service:{service.name}", [])
                _ServiceTick(self, service, own_tasks, moment).take()

    def definition(self, arn: str) -> TaskDefinition:
        family, _, revision = arn.rpartition("/")[2].rpartition(":")
        return self.backend.task_definitions[family][int(revision)]

    def memory(self, service: Any) -> _ServiceMemory:
        return self._memories.setdefault(service.name, _ServiceMemory())

    def open_logs_of(self, task: Any) -> None:
        if task.started_at is not None and task.id not in self._opened:
            self._opened.add(task.id)
            definition = self.definition(task.task_definition_arn)
            open_logs(task, definition, self.backend.account_id, self)

    def forget(self, task: Any) -> None:
        self._opened.discard(task.id)
        forget_logs(task, self.definition(task.task_definition_arn), self.backend.account_id)
        self.backend.tasks[self.cluster.name].pop(task.task_arn, None)


@dataclass
class _ServiceTick:
    """One service in one tick."""

    scheduler: EcsScheduler
    service: Any
    tasks: list[Any]
    now: datetime

    @property
    def primary(self) -> Json:
        deployment: Json = self.service.deployments[0]
        return deployment

    @property
    def memory(self) -> _ServiceMemory:
        return self.scheduler.memory(self.service)

    def take(self) -> None:
        for task in self.tasks:
            definition = self.scheduler.definition(task.task_definition_arn)
            advance_task(task, definition, self.now, self.scheduler.speed)
            self.scheduler.open_logs_of(task)
        if self.service.scheduling_strategy == "DAEMON":
            known = self.scheduler.backend.container_instances
            self.service.desired_count = len(known.get(self.service.cluster_name, {}))
        if self.service.status == "DRAINING":
            self.service.desired_count = 0
        self._count_failures()
        check_circuit_breaker(self.service, self.primary, self.now)
        if self.memory.deployment != self.primary["id"]:  # a new one starts without a back-off
            self.memory.deployment = self.primary["id"]
            self.memory.failures, self.memory.next_start = 0, None
        self._start()
        self._stop()
        self._balance()
        self._drop_old_tasks()
        self._report()

    def _alive(self, *, of_primary: bool) -> list[Any]:
        return [
            task
            for task in self.tasks
            if task.desired_status == "RUNNING"
            and (task.started_by == self.primary["id"]) == of_primary
        ]

    def _count_failures(self) -> None:
        memory, primary = self.memory, self.primary
        for task in self.tasks:
            is_new = task.id not in memory.failed
            if task.desired_status == "STOPPED" and is_new and has_ended_early(task):
                memory.failed.add(task.id)
                self._report_failed_task(task)
                for deployment in self.service.deployments:
                    if deployment["id"] == task.started_by:
                        deployment["failedTasks"] += 1
                memory.failures += 1
                wait = _BACK_OFF[min(memory.failures, len(_BACK_OFF)) - 1]
                memory.next_start = self.now + timedelta(seconds=wait / self.scheduler.speed)
        lasting = 10 / self.scheduler.speed
        for task in self._alive(of_primary=True):
            started = task.started_at
            if started and (self.now - started).total_seconds() > lasting and memory.failures:
                memory.failures = primary["failedTasks"] = 0

    def _report_failed_task(self, task: Any) -> None:
        if task.stop_code == "TaskFailedToStart":
            message = f"was unable to start a task. Reason: {task.stopped_reason}"
        else:
            message = f"deregistered a failed task (task {task.id}): {task.stopped_reason}."
        add_event(self.service, self.now, message)
        if self.memory.failures == 3:
            add_event(self.service, self.now, "is unable to consistently start tasks successfully.")

    def _limits(self) -> tuple[int, int]:
        """The least number of running tasks, and the largest number of tasks."""
        percents, desired = self.service.deployment_configuration or {}, self.service.desired_count
        least = 0 if self.service.scheduling_strategy == "DAEMON" else 100
        low = math.ceil(desired * percents.get("minimumHealthyPercent", least) / 100)
        return low, math.floor(desired * percents.get("maximumPercent", 200) / 100)

    def _start(self) -> None:
        new, old = self._alive(of_primary=True), self._alive(of_primary=False)
        _, most = self._limits()
        if self.service.scheduling_strategy == "DAEMON":
            most = self.service.desired_count
        missing = self.service.desired_count - len(new)
        room = most - len(new) - len(old)
        waits = self.memory.next_start is not None and self.now < self.memory.next_start
        if min(missing, room) <= 0 or waits or self.primary.get("rolloutState") == "FAILED":
            return
        definition = self.scheduler.definition(self.primary["taskDefinition"])
        is_ec2 = self.service.launch_type == "EC2"
        if is_ec2 and int(definition.cpu or 0) > _ROOM:
            self._report_no_room()
            return
        started = [self._make(definition, n) for n in range(min(missing, room))]
        names = " ".join(f"(task {task.id})" for task in started)
        count = "1 tasks" if len(started) == 1 else f"{len(started)} tasks"
        add_event(self.service, self.now, f"has started {count}: {names}.")

    def _report_no_room(self) -> None:
        due = self.memory.next_report
        if due is None or self.now >= due:
            add_event(self.service, self.now, _NO_ROOM)
            self.memory.next_report = self.now + timedelta(seconds=60 / self.scheduler.speed)

    def _make(self, definition: TaskDefinition, number: int) -> Any:
        backend, cluster = self.scheduler.backend, self.scheduler.cluster
        self.scheduler.made += 1
        made, zone = self.scheduler.made, "abc"[(len(self.tasks) + number) % 3]
        placement: Json = {"availability_zone": f"{backend.region_name}{zone}"}
        providers = self.service.capacity_provider_strategy
        launch_type = "EC2" if self.service.launch_type == "EC2" else "FARGATE"
        if launch_type == "EC2":
            known = list(backend.container_instances.get(cluster.name, {}).values())
            if known:
                host: Any = known[(len(self.tasks) + number) % len(known)]
                placement = {
                    "availability_zone": host.attributes["ecs.availability-zone"],
                    "container_instance_arn": host.container_instance_arn,
                }
        if providers:
            placement["capacity_provider_name"] = providers[0]["capacityProvider"]
        task = EcsTask(
            backend,
            cluster,
            definition,
            digits_of(f"{cluster.arn} {self.service.name} {made}"),
            address=f"10.0.{1 + made // 250}.{1 + made % 250}" if launch_type == "FARGATE" else "",
            group=f"service:{self.service.name}",
            started_by=self.primary["id"],
            created_at=self.now,
            launch_type=launch_type,
            **placement,
        )
        backend.tasks.setdefault(cluster.name, {})[task.task_arn] = task
        self.tasks.append(task)
        return task

    def _stop(self) -> None:
        new, old = self._alive(of_primary=True), self._alive(of_primary=False)
        desired = self.service.desired_count
        surplus = sorted(new, key=lambda task: (task.started_at is not None, task.created_at))
        self._end(surplus[: max(0, len(new) - desired)])
        low, most = self._limits()
        waiting = [task for task in old if task.last_status != "RUNNING"]
        running = [task for task in old if task.last_status == "RUNNING"]
        ready = [task for task in new if self._is_ready(task)]
        is_free = most <= len(old) + len(new) or bool(ready) or not new
        spare = len(ready) + len(running) - low
        if desired == 0:
            spare = len(running)
        self._end(waiting + (running[: max(0, spare)] if is_free else []))

    def _is_ready(self, task: Any) -> bool:
        is_healthy = task.last_status == "RUNNING" and task.health_status != "UNHEALTHY"
        return bool(is_healthy and not self._is_starting(task))

    def _end(self, tasks: Iterable[Any]) -> None:
        ended = list(tasks)
        for task in ended:
            reason = f"Scaling activity initiated by (deployment {self.primary['id']})"
            begin_stop(task, self.now, "ServiceSchedulerInitiated", reason)
        if ended:
            names = " ".join(f"(task {task.id})" for task in ended)
            add_event(self.service, self.now, f"has stopped {len(ended)} running tasks: {names}.")

    def _balance(self) -> None:
        """Register running tasks with the target groups, and deregister the others."""
        backend = elbv2_backends[self.scheduler.backend.account_id][
            self.scheduler.backend.region_name
        ]
        for balancer in self.service.load_balancers or ():
            group = backend.target_groups.get(balancer.get("targetGroupArn", ""))
            if group is None:
                continue
            targets: dict[str, Any] = {}
            for task in self.tasks:
                address = task.address
                if address and task.started_at and task.last_status != "STOPPED":
                    health = self._target(task)
                    targets[address] = {"Id": address, "Port": group.port, "Health": health}
            group.targets.clear()
            group.targets.update(targets)

    def _target(self, task: Any) -> tuple[str, str | None, str | None]:
        if task.desired_status == "STOPPED":
            why = "Target deregistration is in progress"
            return "draining", "Target.DeregistrationInProgress", why
        age = (self.now - task.started_at).total_seconds() * self.scheduler.speed
        if age < 2:
            return "initial", "Elb.RegistrationInProgress", "Target registration is in progress"
        definition = self.scheduler.definition(task.task_definition_arn)
        images = [str(container["image"]) for container in definition.container_definitions]
        if any(behaviour_of(image).ready_after is None for image in images):
            return "unhealthy", "Target.ResponseCodeMismatch", "Health checks failed: [503]"
        return "healthy", None, None

    def _drop_old_tasks(self) -> None:
        over = [task for task in self.tasks if task.last_status == "STOPPED"]
        over.sort(key=lambda task: task.stopped_at)
        for task in over[: max(0, len(over) - _KEPT_STOPPED)]:
            self.scheduler.forget(task)
            self.memory.failed.discard(task.id)
            self.tasks.remove(task)

    def _report(self) -> None:
        service = self.service
        for deployment in service.deployments:
            tasks = [
                task
                for task in self.tasks
                if task.started_by == deployment["id"] and task.desired_status == "RUNNING"
            ]
            counts = {
                "runningCount": sum(task.last_status == "RUNNING" for task in tasks),
                "pendingCount": sum(task.last_status != "RUNNING" for task in tasks),
            }
            primary = deployment["status"] == "PRIMARY"
            counts["desiredCount"] = service.desired_count if primary else len(tasks)
            if any(deployment[key] != value for key, value in counts.items()):
                deployment |= {**counts, "updatedAt": self.now}
        service.running_count = sum(part["runningCount"] for part in service.deployments)
        service.pending_count = sum(part["pendingCount"] for part in service.deployments)
        self._settle()
        retire_deployments(service)
        if service.status == "DRAINING" and not service.running_count:
            service.status = "INACTIVE"

    def _settle(self) -> None:
        service, primary = self.service, self.primary
        desired = service.desired_count
        old = self._alive(of_primary=False)
        ending = any(
            task.desired_status == "STOPPED" and task.last_status != "STOPPED"
            for task in self.tasks
        )
        unready = [task for task in self._alive(of_primary=True) if self._is_starting(task)]
        has_all = service.running_count == desired == primary["runningCount"]
        is_steady = has_all and not (old or unready or ending)
        if is_steady and primary.get("rolloutState") == "IN_PROGRESS":
            complete_deployment(service, primary, self.now)
        elif is_steady and not self.memory.was_steady:
            add_event(service, self.now, "has reached a steady state.")
        self.memory.was_steady = is_steady

    def _is_starting(self, task: Any) -> bool:
        """Whether a task is so new that its deployment cannot be completed yet."""
        if task.started_at is None:
            return True
        age = (self.now - task.started_at).total_seconds() * self.scheduler.speed
        return bool(age < 3 and self.primary.get("rolloutState") == "IN_PROGRESS")
