# ruff: noqa: N802 - methods are named as the API's operations are
"""AWS whose services keep what is asked of them: their tags, their count, and their scaling.

As AWS does it: a scalable target that is registered moves the count into its bounds at once, with
bounds in the call or without. What must never be registered for a count of zero fails the test.
"""

from __future__ import annotations

import json
from typing import Any

from dashborion.demo.ecs.aws_protocol import AwsRequest
from dashborion.demo.http_server import Answer
from tests.support.aws_objects import CLUSTER, AwsObjects, Json, service

FLAGS = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")
WRITES = {
    "ecs:TagResource": "tag",
    "ecs:UntagResource": "untag",
    "ecs:UpdateService": "update",
    "application-autoscaling:RegisterScalableTarget": "register",
}


def target(name: str, low: int, high: int, *suspended: str) -> Json:
    return {
        "ServiceNamespace": "ecs",
        "ResourceId": f"service/{CLUSTER}/{name}",
        "ScalableDimension": "ecs:service:DesiredCount",
        "MinCapacity": low,
        "MaxCapacity": high,
        "SuspendedState": {flag: flag in suspended for flag in FLAGS},
    }


class Parked(AwsObjects):
    """Of a service ``web`` that has four tasks, and a scalable target unless none is given."""

    def __init__(self, *, count: int = 4, scaling: Json | None = None, **more: Any) -> None:
        targets = [scaling] if scaling else []
        services = more.pop("services", [service("web", count=count, tags=[])])
        super().__init__(services=services, scalableTargets=targets, **more)
        self.wrong: list[str] = []  # what AWS would have taken, and nobody wants
        self.runs_on = 0  # tasks that do not end

    @property
    def web(self) -> Json:
        found: Json = self.objects["services"][0]
        return found

    @property
    def scaling(self) -> Json | None:
        targets = self.objects["scalableTargets"]
        return targets[0] if targets else None

    @property
    def mark(self) -> str | None:
        tags = {one["key"]: one["value"] for one in self.web["tags"]}
        return tags.get("dashborion:parked")

    @property
    def state(self) -> tuple[int, str | None, tuple[Any, ...] | None]:
        """The count, the mark, and the scaling: its bounds and what of it is suspended."""
        scaling = None
        if (one := self.scaling) is not None:
            flags = tuple(one["SuspendedState"][flag] for flag in FLAGS)
            scaling = (one["MinCapacity"], one["MaxCapacity"], *flags)
        return self.web["desiredCount"], self.mark, scaling

    @property
    def sent(self) -> list[str]:
        """The writes in their order."""
        return [WRITES[one.operation] for one in self.spy.calls if one.operation in WRITES]

    def count(self, number: int) -> None:
        deployments = [
            {**one, "desiredCount": number, "runningCount": number or self.runs_on}
            for one in self.web["deployments"]
        ]
        self.objects["services"] = [
            {
                **self.web,
                "desiredCount": number,
                "runningCount": number or self.runs_on,
                "deployments": deployments,
            },
            *self.objects["services"][1:],
        ]

    def _TagResource(self, asked: Json) -> Any:
        new = {one["key"]: one for one in asked["tags"]}
        self.web["tags"] = [*(t for t in self.web["tags"] if t["key"] not in new), *new.values()]
        return {}

    def _UntagResource(self, asked: Json) -> Any:
        self.web["tags"] = [t for t in self.web["tags"] if t["key"] not in asked["tagKeys"]]
        return {}

    def _UpdateService(self, asked: Json) -> Any:
        if "desiredCount" in asked:
            self.count(asked["desiredCount"])
        return {"service": self.web}

    def _RegisterScalableTarget(self, asked: Json) -> Any:
        one = self.scaling
        assert one is not None, "a target is made where there was none"
        for key in ("MinCapacity", "MaxCapacity"):
            one[key] = asked.get(key, one[key])
        one["SuspendedState"] |= asked.get("SuspendedState", {})
        desired = self.web["desiredCount"]
        if not desired and one["MinCapacity"]:
            self.wrong.append("a target with a minimum starts what is at zero")
        self.count(min(max(desired, one["MinCapacity"]), one["MaxCapacity"]))
        return {}

    def _GetTaskProtection(self, asked: Json) -> Any:
        known = self.objects.get("protected", {})
        told = [
            {
                "taskArn": one["taskArn"],
                "protectionEnabled": True,
                "expirationDate": known[one["taskArn"]],
            }
            for one in self._all("tasks")
            if one["taskArn"] in known
        ]
        assert len(asked["tasks"]) <= 100
        return {"protectedTasks": told, "failures": []}

    def _DescribeScheduledActions(self, _: Json) -> Any:
        return {"ScheduledActions": self._all("scheduledActions")}

    def _ListRuleNamesByTarget(self, _: Json) -> Any:
        return {"RuleNames": self._all("rules of events")}

    def _from_objects(self, request: AwsRequest) -> Answer:
        if request.service != "scheduler":
            return super()._from_objects(request)
        body = json.dumps({"Schedules": self._all("schedules")}).encode()  # of REST, by its path
        return Answer(200, {"Content-Type": "application/json"}, body)
