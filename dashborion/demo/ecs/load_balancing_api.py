"""Load balancers and autoscaling as moto has them, with AWS's limits, pages and health."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from moto.applicationautoscaling.exceptions import AWSValidationException
from moto.applicationautoscaling.responses import (
    ApplicationAutoScalingResponse,
    _build_target,
)
from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult
from moto.elbv2 import exceptions
from moto.elbv2.models import FakeTargetGroup
from moto.elbv2.responses import ELBV2Response

from dashborion.demo.ecs.aws_protocol import page_of

_MOST_NAMED = 20  # documented for load balancers and tags; taken for the others too
_NOT_REGISTERED = ("unused", "Target.NotRegistered", "Target is not registered to the target group")
_NOT_IN_USE = (
    "unused",
    "Target.NotInUse",
    "Target group is not configured to receive traffic from the load balancer",
)
# Where a condition's values also are, which is where newer clients write them.
_CONFIGS = {
    "host-header": "HostHeaderConfig",
    "path-pattern": "PathPatternConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "source-ip": "SourceIpConfig",
}
_LINKED_ROLE = (
    "aws-service-role/ecs.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_ECSService"
)


class LoadBalancingApi(ELBV2Response):
    """One request to Elastic Load Balancing v2."""

    def describe_load_balancers(self) -> ActionResult:
        known = self.elbv2_backend.load_balancers.values()
        for balancer in known:
            balancer.activate()
        named = self._named("LoadBalancerArns", "Names")
        return self._known("LoadBalancers", known, named, exceptions.LoadBalancerNotFoundError)

    def describe_target_groups(self) -> ActionResult:
        known = sorted(self.elbv2_backend.target_groups.values(), key=lambda group: group.name)
        for group in known:  # moto adds one for every rule
            group.load_balancer_arns = list(dict.fromkeys(group.load_balancer_arns))
        balancer = self._get_param("LoadBalancerArn")
        named = self._named("TargetGroupArns", "Names")
        if balancer and named is not None:
            message = "A load balancer and target groups cannot both be specified"
            raise exceptions.ValidationError(message)
        if balancer:
            if balancer not in self.elbv2_backend.load_balancers:
                raise exceptions.LoadBalancerNotFoundError
            known = [group for group in known if balancer in group.load_balancer_arns]
        return self._known("TargetGroups", known, named, exceptions.TargetGroupNotFoundError)

    def describe_listeners(self) -> ActionResult:
        balancer = self._get_param("LoadBalancerArn")
        named = None if balancer else self._named("ListenerArns") or set()
        listeners = self.elbv2_backend.describe_listeners(balancer, list(named or ()))
        return self._known("Listeners", listeners, named, exceptions.ListenerNotFoundError)

    def describe_rules(self) -> ActionResult:
        listener = self._get_param("ListenerArn")
        named = self._named("RuleArns")
        rules = self.elbv2_backend.describe_rules(listener, sorted(named) if named else None)
        for rule in rules:
            rule.conditions = [_in_both_places(condition) for condition in rule.conditions]
        return self._known("Rules", rules, named, exceptions.RuleNotFoundError)

    def describe_tags(self) -> ActionResult:
        self._named("ResourceArns")
        return super().describe_tags()

    def describe_target_health(self) -> ActionResult:
        group = self.elbv2_backend.target_groups.get(self._get_param("TargetGroupArn"))
        if group is None:
            raise exceptions.TargetGroupNotFoundError
        asked = self._get_param("Targets", []) or group.targets.values()
        return ActionResult({"TargetHealthDescriptions": [_health(group, e) for e in asked]})

    def _named(self, *parameters: str) -> set[str] | None:
        """Names or ARNs in a request: at most 20, in one of the parameters."""
        given = [value for parameter in parameters if (value := self._get_param(parameter))]
        if len(given) > 1:
            raise exceptions.ValidationError(f"{' and '.join(parameters)} cannot both be specified")
        if given and len(given[0]) > _MOST_NAMED:
            raise exceptions.ValidationError(f"Up to {_MOST_NAMED} can be named in one call")
        return set(given[0]) if given else None

    def _known(
        self,
        result: str,
        known: Iterable[Any],
        named: set[str] | None,
        missing: Callable[[], Exception],
    ) -> ActionResult:
        """The named items, an error if one of them does not exist; without names, one page."""
        if named is not None:
            items = [item for item in known if named & {item.arn, getattr(item, "name", "")}]
            if len(items) < len(named):
                raise missing()
            return ActionResult({result: items})
        size = self._get_int_param("PageSize", 400)
        if not 1 <= size <= 400:
            message = f"1 validation error detected: PageSize {size} is not in 1..400"
            raise exceptions.ValidationError(message)
        asked = {k: v for k, v in self._get_params().items() if k not in ("Marker", "PageSize")}
        question, marker = [result, asked], self._get_param("Marker")
        invalid = exceptions.ValidationError("Invalid marker")
        page, marker = page_of(
            known, size, marker, question, invalid=invalid, key=_arn, is_sorted=True
        )
        return ActionResult({result: page, "NextMarker": marker})


class AutoScalingApi(ApplicationAutoScalingResponse):
    """One request to Application Auto Scaling."""

    def describe_scalable_targets(self) -> str:
        self._validate_params()
        resources = self._get_param("ResourceIds")
        dimension = self._get_param("ScalableDimension")
        size = self._get_int_param("MaxResults", 50)
        if dimension and not resources:
            raise AWSValidationException("A scalable dimension needs a resource ID")
        if len(resources or ()) > 50 or not 1 <= size <= 50:
            raise AWSValidationException("ResourceIds and MaxResults are limited to 50")
        targets = self.applicationautoscaling_backend.describe_scalable_targets(
            self._get_param("ServiceNamespace"), resources, dimension
        )
        question, token = [resources, dimension], self._get_param("NextToken")
        invalid = AWSError("Invalid token", "InvalidNextTokenException")
        page, token = page_of(targets, size, token, question, invalid=invalid, key=_arn)
        answer: dict[str, Any] = {"ScalableTargets": [self._target(target) for target in page]}
        return json.dumps(answer | ({"NextToken": token} if token else {}))

    def describe_scaling_activities(self) -> str:
        """None: nothing here follows metrics."""
        return json.dumps({"ScalingActivities": []})

    def _target(self, target: Any) -> dict[str, Any]:
        """A scalable target with defaults that moto leaves out."""
        linked = f"arn:aws:iam::{self.current_account}:role/{_LINKED_ROLE}"
        kinds = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended")
        suspended = dict.fromkeys((*kinds, "ScheduledScalingSuspended"), False)
        return _build_target(target) | {
            "RoleARN": target.role_arn or linked,
            "SuspendedState": suspended | (target.suspended_state or {}),
        }


def _arn(item: Any) -> str:
    return str(item.arn)


def _in_both_places(condition: dict[str, Any]) -> dict[str, Any]:
    config = _CONFIGS.get(condition["Field"])
    if config is None:
        return condition
    values = condition.get("Values") or condition.get(config, {}).get("Values", [])
    return {**condition, "Values": values, config: {"Values": values}}


def _health(group: FakeTargetGroup, asked: dict[str, Any]) -> dict[str, Any]:
    target = group.targets.get(asked["Id"])
    if target is None:
        state = _NOT_REGISTERED
    elif not group.load_balancer_arns:
        state = _NOT_IN_USE
    else:
        state = target.get("Health", ("healthy", None, None))
    port = (target or asked).get("Port", group.port)
    members = zip(("State", "Reason", "Description"), state, strict=True)
    return {
        "Target": {"Id": asked["Id"], "Port": port, "AvailabilityZone": "all"},
        "HealthCheckPort": str(port),
        "TargetHealth": {name: value for name, value in members if value is not None},
    }
