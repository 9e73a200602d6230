"""What happens in ECS during a wait: a service's deployments and tasks moved, under the lock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.ecs.models import Service

from dashborion.demo.ecs.aws_protocol import AwsRequest
from dashborion.demo.http_server import Answer
from tests.support.fleet_on_ecs import Fleet

Json = dict[str, Any]
BREAKER = "ECS deployment circuit breaker: rolling back to deploymentId {}."


@dataclass
class Mover:
    """One service; each method is a moment that `Cli.steps` may hold."""

    fleet: Fleet
    name: str

    @property
    def service(self) -> Service:
        return self.fleet.service(self.name)

    @property
    def primary(self) -> Json:
        found: Json = next(e for e in self.service.deployments if e["status"] == "PRIMARY")
        return found

    def begins(self) -> None:
        """The scheduler takes up what UpdateService asked for."""
        with self.fleet.aws.lock:
            counts = {"rolloutState": "IN_PROGRESS", "rolloutStateReason": "in progress."}
            self.primary.update(counts, runningCount=0, createdAt=datetime.now(UTC))

    def shrinks(self) -> None:
        """A change of count has been taken, and nothing has started yet."""
        with self.fleet.aws.lock:
            self.service.running_count = 0
            self.service.pending_count = self.service.desired_count

    def grows(self, count: int) -> None:
        """There are so many tasks, which are healthy and in traffic."""
        with self.fleet.aws.lock:
            group = self.fleet.region.known_group(self.name)
            for number in range(len(self.fleet.tasks[self.name]), count):
                first = self.fleet.tasks[self.name][0]
                definition = first.task_definition_arn.rpartition("/")[2]
                described = self.fleet.cluster.backend.describe_task_definition(definition)
                task = self.fleet.add(self.name, described, ip=f"10.0.0.{10 + number}")
                vars(task)["health_status"] = vars(first)["health_status"]
                if group is not None:
                    self.fleet.region.target(group, f"10.0.0.{10 + number}")

    def runs(self, count: int) -> Callable[[], None]:
        def moment() -> None:
            self.grows(count)
            with self.fleet.aws.lock:
                self.service.running_count = self.primary["runningCount"] = count
                self.service.pending_count = 0

        return moment

    def completes(self) -> None:
        with self.fleet.aws.lock:
            wanted = self.service.desired_count
            reason = f"ECS deployment {self.primary['id']} completed."
            counts = {"rolloutState": "COMPLETED", "rolloutStateReason": reason}
            self.primary.update(counts, desiredCount=wanted, runningCount=wanted)
            self.service.running_count, self.service.pending_count = wanted, 0
            self.service.deployments = [self.primary]

    def replaced(self, **lost: Any) -> None:
        """Another deployment leads; `lost` is what ours says of itself now."""
        with self.fleet.aws.lock:
            ours = self.primary
            ours.update({"status": "ACTIVE", **lost})
            later = ours["createdAt"] + timedelta(seconds=30)
            told = {"id": "ecs-svc/7777777777777777777", "createdAt": later, "updatedAt": later}
            theirs = {**ours, **told, "status": "PRIMARY", "rolloutState": "IN_PROGRESS"}
            theirs["rolloutStateReason"] = "in progress."
            theirs.pop("serviceDeployment", None)
            self.service.deployments = [theirs, ours]

    def rolls_back(self) -> None:
        """The circuit breaker, as both APIs tell it; the older one forgets ours soon."""
        why = BREAKER.format("ecs-svc/7777777777777777777")
        self.replaced(rolloutState="FAILED", rolloutStateReason=why)

    def task_fails(self, **more: Any) -> None:
        """One more task of the leading deployment starts and ends."""
        told: Json = {
            "stop_code": "EssentialContainerExited",
            "stopped_reason": "Essential container in task exited",
            "containers": {"app": {"exitCode": 1}},
            "started_by": self.primary["id"],
        }
        with self.fleet.aws.lock:
            definition = self.fleet.define(self.name)
            self.fleet.add(self.name, definition, last_status="STOPPED", **(told | more))
            self.primary["failedTasks"] = 0  # one that ran has reset ECS' own count

    def says(self, message: str) -> None:
        """An event of the service, newest first."""
        with self.fleet.aws.lock:
            moment = self.fleet.cluster.now + timedelta(seconds=1)
            event = self.fleet.cluster._event(self.name, moment, f"(service {self.name}) {message}")
            self.service.events.insert(0, event)

    def drains(self) -> None:
        """Somebody deletes it with --force."""
        with self.fleet.aws.lock:
            self.service.status = "DRAINING"
            self.service.desired_count = self.service.running_count = 0
            self.primary.update(desiredCount=0, runningCount=0, rolloutState="COMPLETED")

    def is_gone(self) -> None:
        with self.fleet.aws.lock:
            self.service.status = "INACTIVE"


def after_operation(fleet: Fleet, operation: str, moment: Callable[[], None]) -> None:
    """Something happens in ECS right behind a call."""

    def fault(_: AwsRequest, do: Callable[[], Answer]) -> Answer:
        answer = do()
        moment()
        return answer

    fleet.aws.faults.add(operation, fault, times=1)
