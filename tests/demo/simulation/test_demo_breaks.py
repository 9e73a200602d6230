"""`demo break`: a workload suffers from each cause, and the APIs say what real ones would."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dashborion.demo.ecs import troubles as ecs
from dashborion.demo.fleets.media import Media
from dashborion.demo.fleets.shop import REGION
from dashborion.demo.kubernetes import troubles as kubernetes
from dashborion.models.cause import Code
from tests.support.aws import connect, point_at
from tests.support.aws_server import StrictAws
from tests.support.cli import Cli
from tests.support.living_shop import LivingShop
from tests.support.stand_in import StandIn

NAMESPACE, CLUSTER = "media-staging", "shop-production"
KUBERNETES = {  # by cause: what the pods, the workload or their events must say
    "image-not-found": ": not found",
    "image-auth": "401 Unauthorized",
    "image-rate-limit": "429 Too Many Requests",
    "image-platform": "no match for platform in manifest",
    "image-unreachable": "no such host",
    "image-name": "InvalidImageName",
    "image-never": "ErrImageNeverPull",
    "exit": "exitCode: 1",
    "exit-0": "exitCode: 0",
    "exit-126": "exitCode: 126",
    "exit-127": "exitCode: 127",
    "exit-134": "exitCode: 134",
    "exit-137": "exitCode: 137",
    "exit-139": "exitCode: 139",
    "exit-143": "exitCode: 143",
    "oom": "OOMKilled",
    "init-failed": "restarting failed container migrate",
    "create-failed": "no command specified",
    "liveness": "failed liveness probe, will be restarted",
    "startup-probe": "failed startup probe, will be restarted",
    "readiness-status": "Readiness probe failed: HTTP probe failed with statuscode: 503",
    "readiness-refused": "connect: connection refused",
    "readiness-timeout": "context deadline exceeded",
    "config-missing": 'configmap "{name}-settings" not found',
    "config-key": "couldn't find key theme in ConfigMap media-staging/settings",
    "run-as-root": "container has runAsNonRoot and image will run as root",
    "mount": 'MountVolume.SetUp failed for volume "files"',
    "volume-unbound": "pod has unbound immediate PersistentVolumeClaims",
    "sandbox": "failed to find plugin",
    "no-addresses": "failed to assign an IP address to container",
    "endpoints-none": "Readiness probe failed",
    "unschedulable-cpu": "3 Insufficient cpu",
    "unschedulable-memory": "3 Insufficient memory",
    "unschedulable-taint": "3 node(s) had untolerated taint(s)",
    "unschedulable-node": "3 node(s) didn't match Pod's node affinity/selector",
    "unschedulable-port": "didn't have free ports for the requested pod ports",
    "unschedulable-anti-affinity": "didn't match pod anti-affinity rules",
    "node-not-ready": "Node is not ready",
    "evicted": "The node was low on resource: memory",
    "stuck-terminating": "media.example/detach",
    "quota": "exceeded quota: compute",
    "limit-range": "maximum memory usage per Container is 128Mi",
    "pod-security": 'violates PodSecurity "restricted:latest"',
    "webhook-denied": "denied the request: images need a digest",
    "webhook-down": "failed calling webhook",
    "service-account": "error looking up service account media-staging/{name}",
    "deadline": "ProgressDeadlineExceeded",
    "paused": "DeploymentPaused",
    "autoscaler-metrics": "FailedGetResourceMetric",
}


ECS = {  # by cause: what the service, its tasks or its targets must say
    "image-not-found": "failed to resolve ref registry.example/shop/web:10.4.1-image-not-found",
    "image-auth": "failed with status code [manifests 10.4.1-image-auth]: 403 Forbidden",
    "image-rate-limit": "toomanyrequests: You have reached your pull rate limit",
    "image-platform": "does not contain descriptor matching platform 'linux/amd64'",
    "image-unreachable": "dial tcp 203.0.113.20:443: i/o timeout",
    "image-disk": "no space left on device",
    "config-missing": "ResourceNotFoundException: Secrets Manager can't find the specified secret",
    "config-access": "is not authorized to perform: secretsmanager:GetSecretValue",
    "config-unreachable": "context deadline exceeded",
    "config-key": "did not contain json key USER",
    "config-file": "failed to download env files",
    "log-target": "failed to validate logger args",
    "mount": "failed to invoke EFS utils commands",
    "no-addresses": "InsufficientFreeAddressesInSubnet",
    "network-interface": "Timeout waiting for network interface provisioning",
    "create-failed": "CannotCreateContainerError",
    **{f"exit-{code}": f"exitCode: {code}" for code in (0, 126, 127, 134, 137, 139)},
    "exit": "exitCode: 1",
    "oom": "OutOfMemoryError: Container killed due to memory usage",
    "start-backoff": "is unable to consistently start tasks successfully",
    "circuit-breaker": "ECS deployment circuit breaker: tasks failed to start.",
    "draining": "DEACTIVATING",
    "liveness": "Task failed container health checks",
    "target-status": "Health checks failed with these codes: [503]",
    "target-timeout": "Target.Timeout",
    "target-refused": "Target.FailedHealthChecks",
    "spot": "SpotInterruption",
    "unschedulable-memory": "has insufficient memory available",
    "unschedulable-cpu": "has insufficient CPU units available",
    "unschedulable-port": "is already using a port required by your task",
    "unschedulable-node": "is missing an attribute required by your task",
    "node-agent": 'encountered error "AGENT"',
    "no-nodes": "No Container Instances were found in your cluster",
    "capacity": "Capacity is unavailable at this time",
    "quota": "You've reached the limit on the number of vCPUs",
    "throttled": "operations are being throttled on ec2",
    "role": "ECS was unable to assume the role",
    "rollout-percent": "because of the service deployment configuration",
}


def name_of(cause: str) -> str:
    return f"{cause}-x"


class Namespace:
    """A Deployment for each cause, each of which suffers from it."""

    def __init__(self, stand_in: StandIn) -> None:
        self.plane, self.store = stand_in, stand_in.cluster.store
        media = Media(stand_in.cluster, "staging")
        self.media = media
        with self.store.lock:
            stand_in.cluster.put({"kind": "Namespace", "metadata": {"name": NAMESPACE}})
            for cause in kubernetes.TROUBLES:
                media.workload(name_of(cause), f"{name_of(cause)}:1.0.0", replicas=1)
        stand_in.wait_for("all to be ready", lambda: self.ready == len(kubernetes.TROUBLES))
        with self.store.lock:
            for cause in kubernetes.TROUBLES:
                media.disturb(name_of(cause), cause)

    @property
    def ready(self) -> int:
        found = self.store.all("deployments", NAMESPACE)
        return sum((item.get("status") or {}).get("readyReplicas", 0) for item in found)

    def told(self, name: str) -> str:
        """Everything that the API says of a workload, its pods and what is beside it."""
        plurals = ("deployments", "pods", "events", "horizontalpodautoscalers")
        items = [one for plural in plurals for one in self.store.all(plural, NAMESPACE)]
        return "\n".join(leaves([{**one, "spec": None} for one in items if _is_of(one, name)]))


def _is_of(item: Any, name: str) -> bool:
    about = str((item.get("involvedObject") or item["metadata"])["name"])
    return about == name or about.startswith(f"{name}-")


def leaves(item: Any, key: str = "") -> Iterator[str]:
    """`key: value` of everything that holds nothing else."""
    if isinstance(item, dict | list):
        for inner in item.items() if isinstance(item, dict) else ((key, one) for one in item):
            yield from leaves(inner[1], inner[0])
    else:
        yield f"{key}: {item}"


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Namespace]:
    with StandIn.running(tmp_path_factory.mktemp("broken")) as stand_in:
        yield Namespace(stand_in)


@pytest.fixture(scope="module")
def shop() -> Iterator[LivingShop]:
    with StrictAws(plays_out=True) as aws:
        yield LivingShop(aws)


def test_every_cause_has_a_text_here_and_a_code() -> None:
    assert set(KUBERNETES) == set(kubernetes.TROUBLES)
    assert set(ECS) == set(ecs.TROUBLES)
    assert {*KUBERNETES, *ECS} <= {str(code) for code in Code}


@pytest.mark.parametrize("cause", KUBERNETES)
def test_the_kubernetes_api_says_what_a_real_one_would_and_why_tells_the_cause(
    broken: Namespace,
    dashborion: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cause: str,
) -> None:
    name, plane = name_of(cause), broken.plane
    expected = KUBERNETES[cause].replace("{name}", name)
    plane.wait_for(f"{name} to suffer", lambda: expected in broken.told(name))
    path = plane.write_kubeconfig(tmp_path / "kubeconfig", namespace=NAMESPACE)
    monkeypatch.setenv("KUBECONFIG", str(path))
    dashborion.moment = datetime.now(UTC) + timedelta(minutes=5)  # what is young may still pass
    plane.wait_for(f"{cause} to be told", lambda: cause in codes_of(dashborion, name))


@pytest.mark.parametrize("cause", ECS)
def test_ecs_says_what_a_real_one_would_and_why_tells_the_cause(
    shop: LivingShop, dashborion: Cli, monkeypatch: pytest.MonkeyPatch, cause: str
) -> None:
    point_at(monkeypatch, shop.aws, CLUSTER)
    begun = shop.now
    shop.shop.disturb("web", cause)
    told, codes = "", set[str]()
    for _ in range(25):
        shop.passes(4)
        told = told_of_web(shop, begun - timedelta(seconds=1))
        codes |= codes_of(dashborion, "web")
        if ECS[cause] in told and cause in codes:
            break
    assert ECS[cause] in told
    assert cause in codes
    assert dashborion("workloads why web -o json --no-logs").json["notChecked"] == []
    shop.shop.disturb("web", "none")
    for _ in range(10):
        shop.passes(4)
        if shop.service("web").deployments[0]["rolloutState"] == "COMPLETED":
            break
    service = shop.service("web")
    assert service.running_count == service.desired_count
    assert service.deployments[0]["rolloutState"] == "COMPLETED"


@pytest.mark.parametrize(
    ("cause", "expected"),
    [("exit", {"UNKNOWN"}), ("liveness", {"UNKNOWN", "UNHEALTHY"})],
)
def test_a_task_that_crashes_at_once_fails_no_health_check_of_its_container(
    cause: str, expected: set[str]
) -> None:
    with StrictAws(plays_out=True) as aws:
        shop = LivingShop(aws)
        shop.shop.disturb("web", cause)
        seen = set[str]()
        for _ in range(20):
            shop.passes(0.5)
            newest = shop.service("web").deployments[0]["id"]
            seen |= {
                task["healthStatus"]
                for task in _tasks_of_web(shop, "RUNNING")
                if task["startedBy"] == newest
            }
    assert seen == expected


def test_no_task_of_the_demo_is_protected(shop: LivingShop) -> None:
    arns = [task["taskArn"] for task in _tasks_of_web(shop, "RUNNING")]
    answer = shop.ecs.get_task_protection(cluster=CLUSTER, tasks=arns)
    assert [one["taskArn"] for one in answer["protectedTasks"]] == arns
    assert not any(one["protectionEnabled"] for one in answer["protectedTasks"])


def _tasks_of_web(shop: LivingShop, *states: str) -> list[dict[str, Any]]:
    asked = {"cluster": CLUSTER, "serviceName": "web"}
    arns = [
        arn
        for state in states
        for arn in shop.ecs.list_tasks(**asked, desiredStatus=state)["taskArns"]
    ]
    return list(shop.ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"]) if arns else []


def told_of_web(shop: LivingShop, since: Any) -> str:
    """Everything that ECS and its load balancer say of the service since then."""
    service = {"cluster": CLUSTER, "services": ["web"]}
    (described,) = shop.ecs.describe_services(**service)["services"]
    events = [one for one in described["events"] if one["createdAt"] > since]
    tasks = _tasks_of_web(shop, "RUNNING", "STOPPED")
    balancing = connect(shop.aws, "elbv2", REGION)
    group = described["loadBalancers"][0]["targetGroupArn"]
    health = balancing.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    return "\n".join(leaves([{**described, "events": events}, tasks, health]))


def codes_of(dashborion: Cli, name: str) -> set[str]:
    """The causes of a workload, and what they explain."""
    causes = dashborion(f"workloads describe {name} -o json").json["causes"]
    return {code for one in causes for code in (one["code"], *one["explains"])}
