"""The ECS service scheduler: starts and stops tasks a step at a time, as AWS's does."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.ecs.models import Cluster, EC2ContainerServiceBackend, TaskDefinition
from moto.elbv2.models import elbv2_backends

from dashborion.demo.behaviour import behaviour_of
from dashborion.demo.ecs import staged
from dashborion.demo.ecs.deployments import (
    add_event,
    check_circuit_breaker,
    complete_deployment,
    retire_deployments,
)
from dashborion.demo.ecs.moto_objects import EcsTask, Json, definition_of, digits_of
from dashborion.demo.ecs.tasks import (
    advance_task,
    begin_stop,
    forget_logs,
    has_ended_early,
    open_logs,
)
from dashborion.demo.ecs.troubles import TROUBLES, Trouble, told, trouble_of

_KEPT_STOPPED = 8  # tasks of a service that describe still finds
_ROOM = 2048  # CPU units of an EC2 instance here
_BACK_OFF = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # seconds between tasks that fail
_UNTIL_STOPPED = 8.0  # seconds that a task runs whose health checks fail


class EcsScheduler:
    """All services of one cluster. Nothing moves but in ``tick``."""

    def __init__(
        self,
        backend: EC2ContainerServiceBackend,
        cluster: Cluster,
        *,
        speed: float = 1.0,
        epoch: datetime | None = None,  # before it containers write little
    ) -> None:
        self.backend, self.cluster, self.speed = backend, cluster, speed
        self.made = 0  # tasks so far, each of which has an address of its own
        self._epoch = epoch
        self._now: datetime | None = None
        self._services: dict[str, _ServiceScheduler] = {}
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
        for group, alone in tasks.items():
            for task in alone if not group.startswith("service:") else ():
                advance_task(task, self.definition(task), moment, self.speed)
                self.open_logs_of(task)
        for service in list(self.backend.services.values()):
            is_ours = service.cluster_name == self.cluster.name
            if is_ours and service.status != "INACTIVE" and service.deployments:
                scheduler = self._services.setdefault(service.name, _ServiceScheduler(self))
                scheduler.tick(service, tasks.get(f"service:{service.name}", []), moment)

    def definition(self, task: Any) -> TaskDefinition:
        definition: TaskDefinition = definition_of(self.backend, task.task_definition_arn)
        return definition

    def open_logs_of(self, task: Any) -> None:
        if task.started_at is not None and task.id not in self._opened:
            self._opened.add(task.id)
            account = self.backend.account_id
            definition = self.definition(task)
            open_logs(
                task, definition, account, clock=self.clock, epoch=self._epoch, speed=self.speed
            )

    def forget(self, task: Any) -> None:
        self._opened.discard(task.id)
        forget_logs(task, self.definition(task), self.backend.account_id)
        self.backend.tasks[self.cluster.name].pop(task.task_arn, None)


@dataclass
class _ServiceScheduler:
    """One service: what is remembered about it, and the state of the current tick."""

    scheduler: EcsScheduler
    service: Any = None
    tasks: list[Any] = field(default_factory=list)
    now: datetime = field(init=False)
    deployment: str = ""
    trouble: Trouble = field(default_factory=Trouble)
    failed: set[str] = field(default_factory=set)
    failures: int = 0
    next_start: datetime | None = None
    next_report: datetime | None = None
    was_steady: bool = True

    @property
    def primary(self) -> Json:
        deployment: Json = self.service.deployments[0]
        return deployment

    @property
    def _definition(self) -> TaskDefinition:
        """The newest revision's."""
        made: TaskDefinition = definition_of(self.scheduler.backend, self.primary["taskDefinition"])
        return made

    def tick(self, service: Any, tasks: list[Any], now: datetime) -> None:
        self.service, self.tasks, self.now = service, tasks, now
        self.trouble = trouble_of(self._definition.container_definitions)
        for task in tasks:
            is_held = self.trouble is TROUBLES["draining"] and task.desired_status == "STOPPED"
            moment = task.stopping_at if is_held else now
            advance_task(task, self.scheduler.definition(task), moment, self.scheduler.speed)
            self.scheduler.open_logs_of(task)
        if service.scheduling_strategy == "DAEMON":
            known = self.scheduler.backend.container_instances
            service.desired_count = len(known.get(service.cluster_name, {}))
        if service.status == "DRAINING":
            service.desired_count = 0
        self._count_failures()
        check_circuit_breaker(service, self.primary, now)
        if self.deployment != self.primary["id"]:  # a new one starts without a back-off
            self.deployment = self.primary["id"]
            self.failures, self.next_start, self.next_report = 0, None, None
        self._start()
        if staged.is_staged(service, self.primary):
            new = self._alive(of_primary=True)
            is_ready = len(new) == service.desired_count and all(map(self._is_ready, new))
            staged.advance(service, self.primary, now, self.scheduler.speed, ready=is_ready)
        else:
            self._stop()
        self._stop_unhealthy()
        self._balance()
        self._drop_old_tasks()
        self._report()

    def _seconds_since(self, moment: datetime) -> float:
        """Simulated seconds: those that would have passed at speed 1."""
        return (self.now - moment).total_seconds() * self.scheduler.speed

    def _in(self, seconds: float) -> datetime:
        return self.now + timedelta(seconds=seconds / self.scheduler.speed)

    def _event(self, message: str) -> None:
        add_event(self.service, self.now, message)

    def _alive(self, *, of_primary: bool) -> list[Any]:
        return [
            task
            for task in self.tasks
            if task.desired_status == "RUNNING"
            and (task.started_by == self.primary["id"]) == of_primary
        ]

    def _count_failures(self) -> None:
        for task in self.tasks:
            is_new = task.id not in self.failed
            if task.desired_status == "STOPPED" and is_new and has_ended_early(task):
                self.failed.add(task.id)
                self._report_failed_task(task)
                for deployment in self.service.deployments:
                    if deployment["id"] == task.started_by:
                        deployment["failedTasks"] += 1
                self.failures += 1
                self.next_start = self._in(_BACK_OFF[min(self.failures, len(_BACK_OFF)) - 1])
        for task in self._alive(of_primary=True):
            if task.started_at and self._seconds_since(task.started_at) > 10 and self.failures:
                self.failures = self.primary["failedTasks"] = 0

    def _report_failed_task(self, task: Any) -> None:
        if task.stop_code == "TaskFailedToStart":
            message = f"was unable to start a task. Reason: {task.stopped_reason}"
        else:
            message = f"deregistered a failed task (task {task.id}): {task.stopped_reason}."
        self._event(message)
        if self.failures == 3:
            self._event("is unable to consistently start tasks successfully.")

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
        waits = self.next_start is not None and self.now < self.next_start
        if missing <= 0 or waits or self.primary.get("rolloutState") == "FAILED":
            return
        definition = self._definition
        is_too_big = self.service.launch_type == "EC2" and int(definition.cpu or 0) > _ROOM
        trouble = TROUBLES["no-nodes"] if is_too_big else self.trouble
        if trouble.hinders:
            self._complain(trouble.hinders)
        if trouble.hinders or room <= 0:
            return
        started = [self._make(definition, n) for n in range(min(missing, room))]
        names = " ".join(f"(task {task.id})" for task in started)
        self._event(f"has started {len(started)} tasks: {names}.")

    def _complain(self, text: str) -> None:
        """Say why no task is started, now and then."""
        if self.next_report is None or self.now >= self.next_report:
            instances = self.scheduler.backend.container_instances
            instance = next(iter(instances.get(self.service.cluster_name, ())), "")
            account = self.scheduler.backend.account_id
            self._event(told(text, instance=instance, account=account))
            self.next_report = self._in(60)

    def _make(self, definition: TaskDefinition, number: int) -> Any:
        backend, cluster = self.scheduler.backend, self.scheduler.cluster
        self.scheduler.made += 1
        made, zone = self.scheduler.made, "abc"[(len(self.tasks) + number) % 3]
        placement: Json = {"availability_zone": f"{backend.region_name}{zone}"}
        providers = self.service.capacity_provider_strategy
        launch_type = "EC2" if self.service.launch_type == "EC2" else "FARGATE"
        hosts: list[Any] = list(backend.container_instances.get(cluster.name, {}).values())
        if hosts and launch_type == "EC2":
            host = hosts[(len(self.tasks) + number) % len(hosts)]
            placement["availability_zone"] = host.attributes["ecs.availability-zone"]
            placement["container_instance_arn"] = host.container_instance_arn
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
        vars(task)["enable_execute_command"] = bool(self.service.enable_execute_command)
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

    def _stop_unhealthy(self) -> None:
        """Stop tasks whose health checks have failed for a while, or that are taken away."""
        trouble = self.trouble
        if not trouble.stops:
            return
        balancers: list[Json] = self.service.load_balancers or [{}]
        group = balancers[0].get("targetGroupArn", "")
        for task in self._alive(of_primary=True):
            if task.started_at and self._seconds_since(task.started_at) > _UNTIL_STOPPED:
                self._event(told(trouble.event, task=task.id, group=group))
                begin_stop(task, self.now, trouble.code, told(trouble.stops, group=group))

    def _is_ready(self, task: Any) -> bool:
        is_healthy = task.last_status == "RUNNING" and task.health_status != "UNHEALTHY"
        containers = self.scheduler.definition(task).container_definitions
        is_in_traffic = not trouble_of(containers).target
        return bool(is_healthy and is_in_traffic and not self._is_starting(task))

    def _end(self, tasks: list[Any]) -> None:
        for task in tasks:
            reason = f"Scaling activity initiated by (deployment {self.primary['id']})"
            begin_stop(task, self.now, "ServiceSchedulerInitiated", reason)
        if tasks:
            names = " ".join(f"(task {task.id})" for task in tasks)
            self._event(f"has stopped {len(tasks)} running tasks: {names}.")

    def _balance(self) -> None:
        """Register running tasks with the target groups, and deregister the others."""
        here = self.scheduler.backend
        groups = elbv2_backends[here.account_id][here.region_name].target_groups
        for balancer in self.service.load_balancers or ():
            group = groups.get(balancer.get("targetGroupArn", ""))
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
        if self._seconds_since(task.started_at) < 2:
            return "initial", "Elb.RegistrationInProgress", "Target registration is in progress"
        containers = self.scheduler.definition(task).container_definitions
        if known := trouble_of(containers).target:
            return "unhealthy", *known
        images = [str(container["image"]) for container in containers]
        if any(behaviour_of(image).ready_after is None for image in images):
            return "unhealthy", "Target.ResponseCodeMismatch", "Health checks failed: [503]"
        return "healthy", None, None

    def _drop_old_tasks(self) -> None:
        over = [task for task in self.tasks if task.last_status == "STOPPED"]
        over.sort(key=lambda task: task.stopped_at)
        for task in over[: max(0, len(over) - _KEPT_STOPPED)]:
            self.scheduler.forget(task)
            self.failed.discard(task.id)
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
        old = self._alive(of_primary=False)
        ending = any(
            task.desired_status == "STOPPED" and task.last_status != "STOPPED"
            for task in self.tasks
        )
        unready = [task for task in self._alive(of_primary=True) if self._is_starting(task)]
        has_all = service.running_count == service.desired_count == primary["runningCount"]
        is_staged = staged.is_staged(service, primary)
        is_steady = has_all and not (old or unready or ending or is_staged)
        if is_steady and primary.get("rolloutState") == "IN_PROGRESS":
            complete_deployment(service, primary, self.now)
        elif is_steady and not self.was_steady:
            self._event("has reached a steady state.")
        self.was_steady = is_steady

    def _is_starting(self, task: Any) -> bool:
        """Whether a task is so new that its deployment cannot be completed yet."""
        if task.started_at is None:
            return True
        is_new = self._seconds_since(task.started_at) < 3
        return bool(is_new and self.primary.get("rolloutState") == "IN_PROGRESS")
