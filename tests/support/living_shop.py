"""The demo's ECS, whose deployments play out while a command sleeps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.ecs.models import Service

from dashborion.demo.fleets.shop import REGION, Shop, populate
from tests.support.aws import connect
from tests.support.aws_server import StrictAws

CLUSTER = "shop-production"


class LivingShop:
    """The fleet of ``shop``; the clock stands still unless ``passes`` is called."""

    def __init__(self, aws: StrictAws) -> None:
        self.aws = aws
        self.now = datetime.now(UTC)
        self.shop: Shop = populate(aws, self.now, 1.0)[1]
        self.ecs = connect(aws, "ecs", REGION)

    def passes(self, seconds: float) -> None:
        for _ in range(round(seconds * 2)):
            self.now += timedelta(seconds=0.5)
            with self.aws.lock:
                self.shop.scheduler.tick(self.now)

    @property
    def meanwhile(self) -> list[Callable[[], object]]:
        """What a command's sleeps take: two seconds each."""
        return [lambda: self.passes(2)] * 400

    def service(self, name: str) -> Service:
        found: Service = self.shop.scheduler.backend.services[f"{CLUSTER}:{name}"]
        return found

    def definition(self, name: str) -> Any:
        """What a service runs, as the API tells it; with tags."""
        arn = self.service(name).task_definition
        found = self.ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
        return {**found["taskDefinition"], "tags": found.get("tags", [])}

    def images(self, name: str) -> list[str]:
        return [one["image"] for one in self.definition(name)["containerDefinitions"]]

    def sent(self, *operations: str) -> list[str]:
        """Writes, in the order in which they came."""
        wanted = operations or ("ecs:RegisterTaskDefinition", "ecs:UpdateService")
        return [one.operation for one in self.aws.spy.calls if one.operation in wanted]
