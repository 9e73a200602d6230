"""The project ``shop``: two ECS clusters with a service in every state, made to have a past."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.ecs.models import ecs_backends
from moto.elbv2 import models as elbv2
from moto.events.models import events_backends
from moto.logs.models import logs_backends

from dashborion.demo.behaviour import cause_of
from dashborion.demo.ecs import express
from dashborion.demo.ecs.aws_server import AwsServer
from dashborion.demo.ecs.deployments import begin_deployment
from dashborion.demo.ecs.moto_objects import (
    Json,
    add_instance,
    digits_of,
    request_time,
    requests_at,
)
from dashborion.demo.ecs.scheduler import EcsScheduler
from dashborion.demo.ecs.troubles import TROUBLES

REGION = "eu-west-3"
ENVIRONMENTS = ("staging", "production")
REPEATING = "checkout"  # the service whose rollout begins again and again
_CHECK = {"command": ["CMD-SHELL", "curl -fsS http://localhost:8080/health"], "interval": 30}
_BREAKER: Json = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
_NO_BREAKER: Json = {"deploymentCircuitBreaker": {"enable": False, "rollback": False}}
_DEFINED = ("family", "executionRoleArn", "cpu", "memory", "requiresCompatibilities")
_FLEET = msgspec.yaml.decode(Path(__file__).with_suffix(".yaml").read_bytes())
_VPC = "vpc-0a1b2c3d4e5f60718"


@dataclass
class Shop:
    """One environment's cluster and its scheduler."""

    aws: AwsServer
    scheduler: EcsScheduler
    environment: str
    _steady_since: datetime | None = None
    _broken: dict[str, Json] = field(default_factory=dict)  # services as they were before

    @property
    def cluster(self) -> str:
        return self.scheduler.cluster.name

    def define(
        self,
        name: str,
        *tags: str,
        sidecar: Json | None = None,
        container_cpu: int = 256,
        **more: Any,
    ) -> list[str]:
        """Register one revision for each tag; returns their ARNs."""
        options = {"awslogs-group": f"/ecs/{self.cluster}/{name}", "awslogs-region": REGION}
        logs = {"logDriver": "awslogs", "options": {**options, "awslogs-stream-prefix": name}}
        container: Json = {
            "name": name,
            "essential": True,
            "cpu": container_cpu,
            "memory": 512,
            "portMappings": [{"containerPort": 8080, "name": "http", "protocol": "tcp"}],
            "environment": [{"name": "STAGE", "value": self.environment}],
            "logConfiguration": logs,
        }
        if more.pop("is_checked", False):
            container["healthCheck"] = {**_CHECK, "retries": 3}
        others = [{**sidecar, "logConfiguration": logs}] if sidecar else []
        defaults = {"cpu": "256", "memory": "512", "requiresCompatibilities": ["FARGATE"]}
        arns = []
        for tag in tags:
            first = {**container, "image": f"registry.example/shop/{name}:{tag}"}
            answer = self.call(
                "RegisterTaskDefinition",
                family=f"{self.cluster}-{name}",
                containerDefinitions=[first, *others],
                executionRoleArn=f"arn:aws:iam::{self.aws.account}:role/ecsTaskExecutionRole",
                **(defaults | more),
            )
            arns.append(str(answer["taskDefinition"]["taskDefinitionArn"]))
        return arns

    def call(self, operation: str, **parameters: Any) -> Any:
        return self.aws.call(REGION, operation, **parameters)

    def serve(
        self, name: str, task_definition: str, count: int | None, *, team: str = "shop", **more: Any
    ) -> None:
        tags = {"team": team, "environment": self.environment}
        given: Json = {} if count is None else {"desiredCount": count}
        self.call(
            "CreateService",
            cluster=self.cluster,
            serviceName=name,
            taskDefinition=task_definition,
            tags=[{"key": key, "value": value} for key, value in tags.items()],
            **({"launchType": "FARGATE"} | given | more),
        )

    def change(self, name: str, task_definition: str) -> None:
        self.call(
            "UpdateService", cluster=self.cluster, service=name, taskDefinition=task_definition
        )

    def balance(self, name: str, host: str, *, scheme: str = "internet-facing") -> list[Json]:
        """Create a load balancer for a host; returns a service's ``loadBalancers``.

        moto's own calls want subnets, so its objects are made here.
        """
        full = f"{name}-{self.environment}"
        digits = digits_of(f"balancer {full}", 16)
        arn = f"arn:aws:elasticloadbalancing:{REGION}:{self.aws.account}:{{}}/{full}/{digits}"
        inner = "internal-" if scheme == "internal" else ""
        dns = f"{inner}{full}-{int(digits, 16) % 10**10:010}.{REGION}.elb.amazonaws.com"
        group = elbv2.FakeTargetGroup(  # type: ignore[abstract]
            full,
            self.aws.account,
            REGION,
            _VPC,
            "HTTP",
            "8080",
            healthcheck_path="/",
            target_type="ip",
        )
        group.arn = arn.format("targetgroup")
        balancer = elbv2.FakeLoadBalancer(  # type: ignore[abstract]
            full, [], [], _VPC, arn.format("loadbalancer/app"), dns, "active", scheme, "application"
        )
        fixed = {"StatusCode": "404", "ContentType": "text/plain"}
        otherwise = elbv2.FakeAction({"Type": "fixed-response", "FixedResponseConfig": fixed})
        listener_arn = f"{arn.format('listener/app')}/{digits_of(f'{full} 443', 16)}"
        listener = elbv2.FakeListener(  # type: ignore[abstract]
            balancer.arn, listener_arn, "HTTPS", "443", "", None, [otherwise], alpn_policy=None
        )
        balancer.listeners[listener_arn] = listener
        groups = [{"TargetGroupArn": group.arn, "Weight": 1}]
        forward = {"TargetGroupArn": group.arn, "ForwardConfig": {"TargetGroups": groups}}
        rule_arn = listener_arn.replace(":listener/", ":listener-rule/") + f"/{digits}"
        conditions = [{"Field": "host-header", "Values": [host]}]
        action = elbv2.FakeAction({"Type": "forward", **forward})
        rule = elbv2.FakeListenerRule(listener_arn, rule_arn, conditions, 1, [action])  # type: ignore[abstract]
        listener.register(rule_arn, rule)
        group.load_balancer_arns.append(balancer.arn)
        backend = elbv2.elbv2_backends[self.aws.account][REGION]
        backend.target_groups[group.arn] = group
        backend.load_balancers[balancer.arn] = balancer
        return [{"targetGroupArn": group.arn, "containerName": name, "containerPort": 8080}]

    def scale_automatically(self, name: str, *, low: int, high: int) -> None:
        applicationautoscaling_backends[self.aws.account][REGION].register_scalable_target(
            "ecs",
            f"service/{self.cluster}/{name}",
            "ecs:service:DesiredCount",
            min_capacity=low,
            max_capacity=high,
            role_arn="",
            suspended_state={},  # type: ignore[arg-type]
        )

    def schedule(self, name: str, expression: str) -> None:
        """Let EventBridge start something on the cluster; nobody plays it out."""
        events = events_backends[self.aws.account][REGION]
        rule = events.put_rule(f"{self.cluster}-{name}", scheduled_expression=expression)
        target = {"Id": name, "Arn": self.scheduler.cluster.arn}
        events.put_targets(rule.name, None, [target])

    def repeat(self, now: datetime, pause: float) -> None:
        """Begin the repeating rollout, ``pause`` seconds after the last one ended."""
        service: Any = self.scheduler.backend.services.get(f"{self.cluster}:{REPEATING}")
        if service is None or service.status != "ACTIVE" or REPEATING in self._broken:
            return
        if service.deployments[0]["rolloutState"] != "COMPLETED":
            self._steady_since = None
        elif self._steady_since is None:
            self._steady_since = now
        elif (now - self._steady_since).total_seconds() * self.scheduler.speed >= pause:
            family = f"{self.cluster}-{REPEATING}"
            is_first = str(service.task_definition).endswith(":1")
            self.change(REPEATING, f"{family}:{2 if is_first else 1}")
            self._steady_since = None

    @property
    def causes(self) -> Sequence[str]:
        """What services may suffer from."""
        return list(TROUBLES)

    @property
    def breakable(self) -> dict[str, Any]:
        """The services that may suffer, by their names."""
        return {
            service.name: service
            for service in self.scheduler.backend.services.values()
            if service.cluster_name == self.cluster and service.scheduling_strategy == "REPLICA"
        }

    def disturb(self, name: str, cause: str) -> None:
        """Let a service suffer from a cause; it is healed before."""
        service = self.breakable[name]
        trouble = TROUBLES.get(cause)
        if trouble and trouble.target and not service.load_balancers:
            raise LookupError(f"{name} has no load balancer, which {cause!r} is about: take web")
        before = self._broken.pop(name, None) or {
            "deployment_configuration": service.deployment_configuration,
            "launch_type": service.launch_type,
            "task_definition": self._revise(service.task_definition, ""),
        }
        changed = before
        if trouble:
            self._broken[name] = before
            configuration = {**before["deployment_configuration"], **_NO_BREAKER}
            changed = {
                "deployment_configuration": {**configuration, **trouble.configuration},
                "launch_type": trouble.launch or before["launch_type"],
                "task_definition": self._revise(before["task_definition"], cause),
            }
        definition = changed["task_definition"]
        vars(service).update({**changed, "task_definition": service.task_definition})
        if definition != service.task_definition:
            begin_deployment(service, definition, request_time())
            service.deployments[0]["launchType"] = service.launch_type

    def _revise(self, arn: str, cause: str) -> str:
        """The revision whose first image's tag has that cause behind it, and no other."""
        definition = self.call("DescribeTaskDefinition", taskDefinition=arn)["taskDefinition"]
        first, *others = definition["containerDefinitions"]
        image = first["image"]
        plain = image.removesuffix(f"-{cause_of(image)}")
        wanted = f"{plain}-{cause}" if cause else plain
        if wanted == image:
            return arn
        given = {key: definition[key] for key in _DEFINED if definition.get(key) is not None}
        given["containerDefinitions"] = [{**first, "image": wanted}, *others]
        made = self.call("RegisterTaskDefinition", **given)["taskDefinition"]
        return str(made["taskDefinitionArn"])


def populate(aws: AwsServer, now: datetime, speed: float) -> list[Shop]:
    backend = ecs_backends[aws.account][REGION]
    shops = []
    with aws.lock:
        for environment in ENVIRONMENTS:
            tags = [{"key": "project", "value": "shop"}]
            cluster = backend.create_cluster(f"shop-{environment}", tags)
            scheduler = EcsScheduler(backend, cluster, speed=speed, epoch=now)
            logs_backends[aws.account][REGION].create_log_group(
                f"/aws/ecs/containerinsights/{cluster.name}/performance", {}
            )
            shops.append(Shop(aws, scheduler, environment))
            _live(shops[-1], now, speed)
    return shops


def _live(shop: Shop, now: datetime, speed: float) -> None:
    """Create the services and play a day forward."""
    moment = now - timedelta(hours=26)
    with requests_at(moment):
        changes = _build(shop)
    for tick in _moments(moment, 12, speed):
        shop.scheduler.tick(tick)
    moment = now - timedelta(minutes=40)
    shop.scheduler.tick(moment)
    with requests_at(moment):
        for name, task_definition in changes.items():
            shop.change(name, task_definition)
    for tick in _moments(moment, 40, speed):
        shop.scheduler.tick(tick)
    for tick in _moments(now - timedelta(seconds=60), 60, speed):
        shop.scheduler.tick(min(tick, now))


def _moments(start: datetime, seconds: int, speed: float) -> Iterator[datetime]:
    return (start + timedelta(seconds=n / speed) for n in range(seconds))


def _build(shop: Shop) -> dict[str, str]:
    """Create the services; returns the task definitions that they are changed to later."""
    domain = "shop.example" if shop.environment == "production" else "staging.shop.example"
    for zone in "ab" if shop.environment == "production" else "a":
        add_instance(shop.scheduler.backend, shop.scheduler.cluster, request_time(), zone=zone)
    changes = {}
    for name, common in _FLEET.items():
        given = {**common, **common.get(shop.environment, {})}
        if given.get("only", shop.environment) != shop.environment:
            continue
        revisions = shop.define(name, *given["tags"], **given.get("definition", {}))
        more: Json = dict(given.get("service", {}))
        if "host" in given:
            scheme = given.get("scheme", "internet-facing")
            more["loadBalancers"] = shop.balance(name, f"{given['host']}.{domain}", scheme=scheme)
        low, high = given.get("percents", (100, 200))
        percents = {"minimumHealthyPercent": low, "maximumPercent": high}
        if "breaker" in given:
            more["deploymentConfiguration"] = {**_BREAKER, **percents}
        if "deployment" in given:
            more["deploymentConfiguration"] = {**percents, **given["deployment"]}
        shop.serve(name, revisions[0], given.get("count"), team=given.get("team", "shop"), **more)
        if "express" in given:
            express.make(shop.scheduler.backend.services[f"{shop.cluster}:{name}"])
        if "bounds" in given:
            shop.scale_automatically(name, **given["bounds"])
        if "later" in given:
            changes[name] = revisions[given["later"]]
    shop.schedule("reports", "cron(0 6 ? * MON *)")
    return changes
