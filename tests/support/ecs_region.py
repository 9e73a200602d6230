"""A region of the stand-in, and what stands around services: load balancers, scaling, logs."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.applicationautoscaling.models import FakeScalableTarget, applicationautoscaling_backends
from moto.ecs.models import Service, ecs_backends
from moto.elbv2.models import (
    FakeAction,
    FakeListener,
    FakeListenerRule,
    FakeLoadBalancer,
    FakeTargetGroup,
    elbv2_backends,
)
from moto.logs.models import logs_backends

from dashborion.demo.ecs.moto_objects import digits_of
from tests.support.ecs_cluster import Cluster, tag_list


@dataclass(frozen=True)
class Region:
    """One region of one account. All times are told from `now`."""

    name: str
    account: str
    lock: threading.RLock
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def cluster(self, name: str, *, tags: Mapping[str, str] | None = None) -> Cluster:
        backend = ecs_backends[self.account][self.name]
        with self.lock:
            return Cluster(backend, backend.create_cluster(name, tag_list(tags or {})), self.now)

    def target_group(
        self, name: str, *, port: int = 8080, kind: str = "ip", protocol: str = "HTTP"
    ) -> FakeTargetGroup:
        group = FakeTargetGroup(  # type: ignore[abstract]
            name,
            self.account,
            self.name,
            "vpc-0a1b2c3d4e5f60718",
            protocol,
            str(port),
            healthcheck_path="/" if protocol == "HTTP" else None,
            target_type=kind,
        )
        group.arn = f"{self._elb('targetgroup')}/{name}/{digits_of(f'group {name}', 16)}"
        elbv2_backends[self.account][self.name].target_groups[group.arn] = group
        return group

    def known_group(self, name: str) -> FakeTargetGroup | None:
        groups = elbv2_backends[self.account][self.name].target_groups.values()
        return next((group for group in groups if group.name == name), None)

    def target(
        self,
        group: FakeTargetGroup,
        address: str,
        state: str = "healthy",
        reason: str | None = None,
        description: str | None = None,
    ) -> None:
        """Registers an address with a health; again, to change it."""
        health = (state, reason, description)
        group.targets[address] = {"Id": address, "Port": group.port, "Health": health}

    def load_balancer(
        self, name: str, *, kind: str = "application", scheme: str = "internet-facing"
    ) -> FakeLoadBalancer:
        path = {"application": "app", "network": "net", "gateway": "gwy"}[kind]
        digits = digits_of(f"balancer {name}", 16)
        where = f"{self.name}.elb" if kind == "application" else f"elb.{self.name}"
        inner = "internal-" if scheme == "internal" else ""
        balancer = FakeLoadBalancer(  # type: ignore[abstract]
            name,
            [],
            [],
            "vpc-0a1b2c3d4e5f60718",
            f"{self._elb('loadbalancer')}/{path}/{name}/{digits}",
            f"{inner}{name}-{int(digits, 16) % 10**10:010}.{where}.amazonaws.com",
            "active",
            scheme,
            kind,
        )
        elbv2_backends[self.account][self.name].load_balancers[balancer.arn] = balancer
        return balancer

    def listener(
        self,
        balancer: FakeLoadBalancer,
        *,
        port: int = 443,
        protocol: str = "HTTPS",
        to: FakeTargetGroup | None = None,
    ) -> FakeListener:
        """Sends to a target group what no rule wants, or answers 404."""
        arn = balancer.arn.replace(":loadbalancer/", ":listener/")
        arn = f"{arn}/{digits_of(f'{balancer.name} {port}', 16)}"
        listener = FakeListener(  # type: ignore[abstract]
            balancer.arn, arn, protocol, str(port), "", None, [_action(to)], alpn_policy=None
        )
        balancer.listeners[arn] = listener
        if to:
            to.load_balancer_arns.append(balancer.arn)
        return listener

    def rule(
        self,
        listener: FakeListener,
        to: FakeTargetGroup,
        *,
        hosts: Iterable[str] = (),
        paths: Iterable[str] = (),
        priority: int = 0,
    ) -> FakeListenerRule:
        priority = priority or len(listener.rules)
        arn = listener.arn.replace(":listener/", ":listener-rule/")
        conditions = [
            {"Field": kind, "Values": list(values)}
            for kind, values in (("host-header", list(hosts)), ("path-pattern", list(paths)))
            if values
        ]
        arn = f"{arn}/{digits_of(f'{listener.arn} {priority}', 16)}"
        rule = FakeListenerRule(  # type: ignore[abstract]
            listener.arn, arn, conditions, priority, [_action(to)]
        )
        listener.register(arn, rule)
        to.load_balancer_arns.append(listener.load_balancer_arn)
        return rule

    def scalable_target(
        self, service: Service, *, low: int, high: int, suspended: bool = False
    ) -> FakeScalableTarget:
        states = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended")
        return applicationautoscaling_backends[self.account][self.name].register_scalable_target(
            "ecs",
            f"service/{service.cluster_name}/{service.name}",
            "ecs:service:DesiredCount",
            min_capacity=low,
            max_capacity=high,
            role_arn="",
            suspended_state=dict.fromkeys(states, suspended),  # type: ignore[arg-type]
        )

    def log_stream(
        self, group: str, stream: str, lines: Iterable[tuple[datetime, str]] = ()
    ) -> None:
        """A stream with lines in it; its group comes to be with it."""
        backend = logs_backends[self.account][self.name]
        with self.lock:
            if group not in backend.groups:
                backend.create_log_group(group, {})
            if stream not in backend.groups[group].streams:
                backend.create_log_stream(group, stream)
            events = sorted((int(when.timestamp() * 1000), line) for when, line in lines)
            if events:
                found = [{"timestamp": when, "message": line} for when, line in events]
                backend.put_log_events(group, stream, found)

    def _elb(self, kind: str) -> str:
        return f"arn:aws:elasticloadbalancing:{self.name}:{self.account}:{kind}"


def serves(group: FakeTargetGroup, container: str, port: int = 8080) -> dict[str, Any]:
    """An entry of a service's `loadBalancers`."""
    return {"targetGroupArn": group.arn, "containerName": container, "containerPort": port}


def _action(to: FakeTargetGroup | None) -> FakeAction:
    if to is None:
        fixed = {"StatusCode": "404", "ContentType": "text/plain"}
        return FakeAction({"Type": "fixed-response", "FixedResponseConfig": fixed})
    groups = [{"TargetGroupArn": to.arn, "Weight": 1}]
    return FakeAction(
        {"Type": "forward", "TargetGroupArn": to.arn, "ForwardConfig": {"TargetGroups": groups}}
    )
