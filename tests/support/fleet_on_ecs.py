"""The twins on ECS of `cluster.py`'s fleet: one of everything that can be right or wrong."""

from dataclasses import dataclass, field
from typing import Any

from moto.ecs.models import Service, Task, TaskDefinition

from dashborion.demo.ecs.moto_objects import Json
from tests.support.aws_server import StrictAws
from tests.support.ecs_cluster import Cluster, awslogs, container
from tests.support.ecs_region import Region, serves

REGION = "eu-west-3"
CLUSTER = "homebox-staging"
_CHECK = "curl -f http://localhost:8080/health"
_CONNECTED = {"portName": "http", "clientAliases": [{"port": 80, "dnsName": "web.home"}]}
_BREAKER: dict[str, Any] = {"circuit_breaker": True, "rollback": True}


@dataclass
class Fleet:
    """What stands: tests read ids from here and change what they like."""

    aws: StrictAws
    region: Region
    cluster: Cluster
    tasks: dict[str, list[Task]] = field(default_factory=dict)

    def service(self, name: str) -> Service:
        return self.cluster.backend.services[f"{self.cluster.name}:{name}"]

    def add(self, name: str, definition: TaskDefinition, **more: Any) -> Task:
        """One more task; of the service of that name if there is one."""
        service = self.cluster.backend.services.get(f"{self.cluster.name}:{name}")
        task = self.cluster.task(definition, service=service, **more)
        self.tasks.setdefault(name, []).append(task)
        return task

    def define(self, name: str, *containers: Json, **more: Any) -> TaskDefinition:
        logs = awslogs(f"/ecs/{self.cluster.name}/{name}", name, self.region.name)
        found = [each | {"logConfiguration": logs} for each in containers or (container(),)]
        return self.cluster.definition(name, *found, **more)


def populate(aws: StrictAws, cluster: str = CLUSTER, region: str = REGION) -> Fleet:
    """Everything that `cluster.py` has and that ECS can have."""
    where = aws.region(region)
    with aws.lock:
        fleet = Fleet(aws, where, where.cluster(cluster, tags={"team": "home"}))
        _web(fleet)
        for make in (_crash, _pull, _oom, _unready, _idle, _rolling, _failed, _db, _agent):
            make(fleet)
        for make in (_draining, _huge, _spot, _external, _blue_green, _old, _by_hand):
            make(fleet)
    return fleet


def many(aws: StrictAws, services: int = 150, tasks: int = 750, region: str = REGION) -> Fleet:
    """A cluster `homebox-many`, for counting calls; ten task definitions among all services."""
    where = aws.region(region)
    with aws.lock:
        fleet = Fleet(aws, where, where.cluster("homebox-many"))
        definitions = [fleet.define(f"app-{n}") for n in range(10)]
        each = tasks // services
        for n in range(services):
            count = each + (n < tasks % services)
            definition = definitions[n % len(definitions)]
            fleet.cluster.service(f"service-{n:03}", definition, desired=count)
            for _ in range(count):
                fleet.add(f"service-{n:03}", definition)
    return fleet


def _web(fleet: Fleet) -> None:
    """Healthy, behind a load balancer, autoscaled."""
    region, cluster = fleet.region, fleet.cluster
    definition = fleet.define(
        "web",
        container(
            cpu=128,
            memory=256,
            health=_CHECK,
            portMappings=[{"containerPort": 8080, "name": "http"}],
            environment=[{"name": "MODE", "value": "fast"}],
            secrets=[{"name": "TOKEN", "valueFrom": "arn:aws:ssm:eu-west-3::parameter/token"}],
        ),
        container("proxy", cpu=128, memory=256),
    )
    group = region.target_group("web")
    listener = region.listener(region.load_balancer("public"))
    region.rule(listener, group, hosts=["web.example.test"])
    service = cluster.service(
        "web",
        definition,
        desired=2,
        tags={"team": "blue", "namespace": "media"},
        load_balancers=[serves(group, "app")],
        events=[
            (cluster.ago(minutes=5), "(service web) has reached a steady state."),
            (cluster.ago(minutes=9), "(service web) has started 2 tasks: (task 1) (task 2)."),
        ],
        service_connect={"enabled": True, "namespace": "home", "services": [_CONNECTED]},
        **_BREAKER,
    )
    for number, zone in enumerate("ab"):
        task = fleet.add("web", definition, zone=zone, ip=f"10.0.0.{10 + number}")
        region.target(group, f"10.0.0.{10 + number}")
        for each in ("app", "proxy"):
            lines = [(cluster.ago(minutes=3 - n), f"{each} says {n}") for n in range(3)]
            region.log_stream(f"/ecs/{cluster.name}/web", f"web/{each}/{task.id}", lines)
    region.scalable_target(service, low=2, high=6)


def _crash(fleet: Fleet) -> None:
    """The essential container exits 1, again and again."""
    definition = fleet.define("crash")
    message = "(service crash) is unable to consistently start tasks successfully."
    deployment = fleet.cluster.deployment(
        definition, running=0, failed=4, state="IN_PROGRESS", created_at=fleet.cluster.ago(hours=2)
    )
    fleet.cluster.service(
        "crash",
        definition,
        running=0,
        deployments=[deployment],
        events=[(fleet.cluster.ago(minutes=1), message)],
    )
    for minutes in (1, 3, 5):
        _stopped(fleet, "crash", definition, minutes, {"app": {"exitCode": 1}})


def _pull(fleet: Fleet) -> None:
    """The image does not exist."""
    definition = fleet.define("pull", container(image="example.test/missing:9"))
    reason = (
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to "
        "resolve ref example.test/missing:9: example.test/missing:9: not found"
    )
    deployment = fleet.cluster.deployment(definition, running=0, failed=3, state="IN_PROGRESS")
    fleet.cluster.service("pull", definition, running=0, pending=1, deployments=[deployment])
    for minutes in (2, 4):
        fleet.add(
            "pull",
            definition,
            last_status="STOPPED",
            stop_code="TaskFailedToStart",
            stopped_reason=reason,
            created_at=fleet.cluster.ago(minutes=minutes + 1),
            stopped_at=fleet.cluster.ago(minutes=minutes),
            containers={"app": {"reason": reason}},
        )
    fleet.add("pull", definition, last_status="PENDING", created_at=fleet.cluster.ago(seconds=30))


def _oom(fleet: Fleet) -> None:
    """Ran out of memory some minutes ago; its successor runs."""
    definition = fleet.define("oom", container(memory=64))
    fleet.cluster.service("oom", definition)
    reason = "OutOfMemoryError: Container killed due to memory usage"
    killed = {"exitCode": 137, "reason": reason}
    _stopped(fleet, "oom", definition, 10, {"app": killed})
    fleet.add("oom", definition, created_at=fleet.cluster.ago(minutes=9))


def _unready(fleet: Fleet) -> None:
    """Runs, and its health check says no; so does its load balancer."""
    definition = fleet.define("unready", container(health=_CHECK))
    group = fleet.region.target_group("unready")
    fleet.region.listener(fleet.region.load_balancer("inner", scheme="internal"), to=group)
    fleet.cluster.service("unready", definition, load_balancers=[serves(group, "app")])
    fleet.add("unready", definition, ip="10.0.0.20", health="UNHEALTHY")
    fleet.region.target(
        group,
        "10.0.0.20",
        "unhealthy",
        "Target.ResponseCodeMismatch",
        "Health checks failed: [503]",
    )


def _idle(fleet: Fleet) -> None:
    fleet.cluster.service("idle", fleet.define("idle"), desired=0)


def _rolling(fleet: Fleet) -> None:
    """Half way from one revision to the next."""
    cluster = fleet.cluster
    old = fleet.define("rolling")
    new = fleet.define("rolling", container(image="example.test/app:2.0"))
    yesterday = cluster.ago(days=1)
    before = cluster.deployment(old, status="ACTIVE", running=2, created_at=yesterday)
    now = cluster.deployment(
        new,
        desired=3,
        running=1,
        pending=1,
        state="IN_PROGRESS",
        created_at=cluster.ago(minutes=2),
    )
    cluster.service(
        "rolling",
        new,
        desired=3,
        running=3,
        pending=1,
        minimum=67,
        deployments=[now, before],
        **_BREAKER,
    )
    for _ in range(2):
        fleet.add("rolling", old, started_by=before["id"])
    fleet.add("rolling", new)
    fleet.add("rolling", new, last_status="PROVISIONING", created_at=cluster.ago(seconds=5))


def _failed(fleet: Fleet) -> None:
    """The circuit breaker took a bad revision back; the one before runs."""
    cluster = fleet.cluster
    good = fleet.define("failed")
    bad = fleet.define("failed", container(image="example.test/app:broken"))
    reason = "ECS deployment circuit breaker: rolling back to deploymentId {}."
    back = cluster.deployment(good, created_at=cluster.ago(minutes=20))
    broken = cluster.deployment(
        bad,
        status="INACTIVE",
        desired=0,
        failed=3,
        state="FAILED",
        reason=reason.format(back["id"]),
        created_at=cluster.ago(minutes=30),
        serviceDeployment={
            "status": "ROLLBACK_SUCCESSFUL",
            "statusReason": "Service deployment rolled back because the circuit breaker threshold "
            "was exceeded.",
        },
    )
    cluster.service(
        "failed",
        good,
        deployments=[back, broken],
        earlier=[cluster.deployment(good, created_at=cluster.ago(days=3))],
        events=[(cluster.ago(minutes=20), "(service failed) " + broken["rolloutStateReason"])],
        **_BREAKER,
    )
    fleet.add("failed", good, created_at=cluster.ago(days=3))
    _stopped(fleet, "failed", bad, 21, {"app": {"exitCode": 2}}, started_by=broken["id"])


def _db(fleet: Fleet) -> None:
    """Healthy, on instances of its own: no addresses of its tasks, no logs of its own."""
    definition = fleet.cluster.definition(
        "db",
        container("postgres", "postgres:16", memory=1024, cpu=512),
        cpu=None,
        memory=None,
        compatibility="EC2",
    )
    fleet.cluster.service(
        "db", definition, desired=2, launch_type="EC2", tags={"namespace": "media"}
    )
    for zone in "ab":
        where = {"zone": zone, "container_instance_arn": fleet.cluster.instance(zone=zone)}
        fleet.add("db", definition, launch_type="EC2", containers={"postgres": _BOUND}, **where)


def _agent(fleet: Fleet) -> None:
    definition = fleet.define("agent", compatibility="EC2")
    fleet.cluster.service("agent", definition, strategy="DAEMON", launch_type="EC2", minimum=0)
    fleet.add("agent", definition, launch_type="EC2")


def _draining(fleet: Fleet) -> None:
    """Deleted while its last task still runs: lists no longer show it."""
    definition = fleet.define("draining")
    fleet.cluster.service("draining", definition, desired=0, running=1, status="DRAINING")
    fleet.add("draining", definition, last_status="DEACTIVATING", desired_status="STOPPED")
    fleet.cluster.service("deleted", definition, desired=0, status="INACTIVE")


def _huge(fleet: Fleet) -> None:
    """No instance has room for it."""
    definition = fleet.define("huge", cpu="4096", memory="30720", compatibility="EC2")
    message = (
        "(service huge) was unable to place a task because no container instance met all of its "
        "requirements. Reason: No Container Instances were found in your cluster."
    )
    deployment = fleet.cluster.deployment(
        definition, running=0, state="IN_PROGRESS", launch={"launchType": "EC2"}
    )
    fleet.cluster.service(
        "huge",
        definition,
        running=0,
        launch_type="EC2",
        deployments=[deployment],
        events=[(fleet.cluster.ago(minutes=1), message)],
    )


def _spot(fleet: Fleet) -> None:
    """Through capacity providers; one task has just lost its place."""
    definition = fleet.define("spot")
    fleet.cluster.service(
        "spot", definition, launch_type=None, capacity_providers=["FARGATE_SPOT", "FARGATE"]
    )
    fleet.add("spot", definition, capacity_provider_name="FARGATE_SPOT")
    _stopped(
        fleet,
        "spot",
        definition,
        2,
        {"app": {"exitCode": 143}},
        stop_code="SpotInterruption",
        stopped_reason="Your Spot Task was interrupted.",
    )


def _external(fleet: Fleet) -> None:
    """Somebody else deploys it, in task sets; the service has no deployments."""
    definition = fleet.define("external")
    task_set = {"taskDefinition": definition.arn, "launchType": "FARGATE"}
    fleet.cluster.service("external", None, controller="EXTERNAL", task_sets=[task_set])
    fleet.add("external", definition)


def _blue_green(fleet: Fleet) -> None:
    """CodeDeploy's: the green set stands beside the blue one."""
    blue = fleet.define("blue-green")
    green = fleet.define("blue-green", container(image="example.test/app:2.0"))
    fleet.cluster.service(
        "blue-green",
        blue,
        controller="CODE_DEPLOY",
        task_sets=[
            {"taskDefinition": blue.arn},
            {
                "taskDefinition": green.arn,
                "status": "ACTIVE",
                "stabilityStatus": "STABILIZING",
                "runningCount": 0,
                "pendingCount": 1,
                "createdAt": fleet.cluster.ago(minutes=1),
            },
        ],
    )
    fleet.add("blue-green", blue)


def _old(fleet: Fleet) -> None:
    """From before 2018: short ARNs, no rollout state, a classic load balancer."""
    definition = fleet.define("old", compatibility="EC2")
    deployment = fleet.cluster.deployment(definition, state=None, launch={"launchType": "EC2"})
    classic = {"loadBalancerName": "classic", "containerName": "app", "containerPort": 80}
    fleet.cluster.service(
        "old",
        definition,
        launch_type="EC2",
        deployments=[deployment],
        minimum=None,
        load_balancers=[classic],
        has_old_arn=True,
    )
    fleet.add("old", definition, launch_type="EC2", has_old_arn=True)


def _by_hand(fleet: Fleet) -> None:
    """Nobody's: one that runs, one that has done its work."""
    toolbox = fleet.define("toolbox")
    fleet.add("toolbox", toolbox, started_by="alice")
    once = fleet.define("once")
    _stopped(fleet, "once", once, 15, {"app": {"exitCode": 0}}, started_by="events-rule/nightly")


_BOUND = {"networkBindings": [{"containerPort": 5432, "hostPort": 32768, "protocol": "tcp"}]}


def _stopped(
    fleet: Fleet,
    name: str,
    definition: TaskDefinition,
    minutes: float,
    containers: dict[str, Json],
    **more: Any,
) -> None:
    """A task that ran for a minute and ended so many minutes ago."""
    told: dict[str, Any] = {
        "stop_code": "EssentialContainerExited",
        "stopped_reason": "Essential container in task exited",
    }
    fleet.add(
        name,
        definition,
        last_status="STOPPED",
        created_at=fleet.cluster.ago(minutes=minutes + 1),
        stopped_at=fleet.cluster.ago(minutes=minutes),
        containers=containers,
        **(told | more),
    )
