"""Workloads as the pure parts of both adapters define them, from the APIs' own JSON."""

from __future__ import annotations

from typing import Any

import msgspec

from dashborion.config.targets import EcsTarget, Environment, KubernetesTarget
from dashborion.models.definition import Defined
from dashborion.models.workload import Autoscaling
from dashborion.orchestrators.ecs import definition as of_ecs
from dashborion.orchestrators.ecs import definition_wire as ecs_wire
from dashborion.orchestrators.ecs import normalise as ecs_normalise
from dashborion.orchestrators.ecs import wire as ecs
from dashborion.orchestrators.kubernetes import definition as of_kubernetes
from dashborion.orchestrators.kubernetes import normalise as kubernetes_normalise
from dashborion.orchestrators.kubernetes import wire as kubernetes
from tests.support import aws_objects

Json = dict[str, Any]
IMAGE = "registry.example/shop/web:1.0"
ECS_STAGING = Environment(
    project="shop", name="staging", target=EcsTarget(cluster="docs", region="eu-west-3")
)
ECS_PRODUCTION = Environment(
    project="shop", name="production", target=EcsTarget(cluster="docs", region="eu-west-3")
)
K8S_STAGING = Environment(
    project="shop", name="staging", target=KubernetesTarget(context="staging")
)
K8S_PRODUCTION = Environment(
    project="shop", name="production", target=KubernetesTarget(context="production")
)


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def on_ecs(
    *containers: Json,
    environment: Environment = ECS_STAGING,
    bounds: tuple[int, int] | None = None,
    count: int = 2,
    digests: Any = None,
    service: Json | None = None,
    endpoints: Any = (),
    **definition: Any,
) -> Defined:
    """A service ``web``; without containers it has one of that name."""
    given = [{"name": "web", "image": IMAGE, **one} for one in containers or ({},)]
    raw = aws_objects.definition("web", *given, **definition)
    plain = msgspec.convert(
        aws_objects.service("web", count=count) | (service or {}), ecs.Service, strict=False
    )
    scope = ecs_normalise.ClusterScope(environment, "docs", "namespace")
    target = bounds and ecs.ScalableTarget(
        resource_id="service/docs/web", min_capacity=bounds[0], max_capacity=bounds[1]
    )
    workload = ecs_normalise.workload(plain, None, 0, list(endpoints), scope)
    whole = ecs_wire.task_definition(raw)
    return of_ecs.defined(plain, whole, workload, digests=digests, target=target)


def on_kubernetes(
    *containers: Json,
    environment: Environment = K8S_STAGING,
    bounds: tuple[int, int] | None = None,
    count: int = 2,
    digests: Any = None,
    endpoints: Any = (),
    controller: Json | None = None,
    **spec: Any,
) -> Defined:
    """A Deployment ``web``; without containers it has one of that name."""
    given = [{"name": "web", "image": IMAGE, **one} for one in containers or ({},)]
    template = {"spec": {"containers": given, **spec}}
    raw = {
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": count, "template": template, **(controller or {})},
        "status": {
            "replicas": count,
            "updatedReplicas": count,
            "readyReplicas": count,
            "availableReplicas": count,
        },
    }
    # What is not looked at by lists may be of any shape for them.
    bare = {**raw, "spec": {**raw["spec"], "template": {"spec": {"containers": []}}}}
    item = msgspec.convert(bare, kubernetes.Deployment)
    workload = kubernetes_normalise.workload(item, environment, list(endpoints))
    scaling = bounds and Autoscaling(
        min=bounds[0], max=bounds[1], current=None, desired=None, source="hpa", suspended=False
    )
    return of_kubernetes.defined(item, template, workload, digests=digests, scaling=scaling)
