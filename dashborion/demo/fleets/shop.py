"""The project `shop`: two ECS clusters with a service in every state, made to have a past."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dashborion.demo.ecs.deployments import begin
from dashborion.demo.ecs.scheduler import EcsScheduler
from dashborion.demo.ecs.strict_moto import StrictAws
from dashborion.demo.fleets.seeding import Cluster
from dashborion.demo.fleets.seeding_around import Region, serves
from dashborion.demo.fleets.seeding_tasks import Json, awslogs, container

REGION = "eu-west-3"
ENVIRONMENTS = ("staging", "production")
REPEATING = "checkout"  # the service whose rollout begins again and again
_CHECK = "curl -fsS http://localhost:8080/health"
_BREAKER: Json = {"circuit_breaker": True, "rollback": True}


@dataclass
class Shop:
    """One environment's cluster and its scheduler."""

    scheduler: EcsScheduler
    region: Region
    environment: str
    _steady_since: datetime | None = None

    @property
    def cluster(self) -> Cluster:
        return self.scheduler.cluster

    def define(self, name: str, *tags: str, **more: Any) -> list[Any]:
        """One revision for each tag."""
        logs = awslogs(f"/ecs/{self.cluster.name}/{name}", name, REGION)
        extra = [each | {"logConfiguration": logs} for each in more.pop("beside", ())]
        found = []
        for tag in tags:
            own = container(
                name,
                f"registry.example/shop/{name}:{tag}",
                cpu=more.get("own_cpu", 256),
                memory=512,
                health=_CHECK if more.get("is_checked") else None,
                portMappings=[{"containerPort": 8080, "name": "http", "protocol": "tcp"}],
                environment=[{"name": "STAGE", "value": self.environment}],
            )
            rest = {k: v for k, v in more.items() if k not in ("own_cpu", "is_checked")}
            found.append(
                self.cluster.definition(
                    f"{self.cluster.name}-{name}", own | {"logConfiguration": logs}, *extra, **rest
                )
            )
        return found

    def serve(self, name: str, definition: Any, count: int, **more: Any) -> Any:
        """A service that is only now created."""
        now = self.cluster.now
        deployment = self.cluster.deployment(
            definition, desired=count, running=0, state="IN_PROGRESS", created_at=now
        )
        if more.get("launch_type") == "EC2":
            deployment["launchType"] = "EC2"
        tags = {"team": more.pop("team", "shop"), "environment": self.environment}
        return self.cluster.service(
            name,
            definition,
            desired=count,
            running=0,
            deployments=[deployment],
            created_at=now,
            tags=tags,
            **more,
        )

    def change(self, name: str, definition: Any, now: datetime) -> None:
        service = self.cluster.backend.services[f"{self.cluster.name}:{name}"]
        begin(service, definition.arn, now)

    def balance(self, name: str, host: str, *, scheme: str = "internet-facing") -> Any:
        group = self.region.target_group(f"{name}-{self.environment}")
        balancer = self.region.load_balancer(f"{name}-{self.environment}", scheme=scheme)
        listener = self.region.listener(balancer)
        self.region.rule(listener, group, hosts=[host])
        return group

    def repeat(self, now: datetime, pause: float) -> None:
        """Begins the rollout that is always there to be watched, a while after the last."""
        service: Any = self.cluster.backend.services.get(f"{self.cluster.name}:{REPEATING}")
        if service is None or service.status != "ACTIVE":
            return
        primary = service.deployments[0]
        if primary["rolloutState"] != "COMPLETED":
            self._steady_since = None
        elif self._steady_since is None:
            self._steady_since = now
        elif (now - self._steady_since).total_seconds() * self.scheduler.speed >= pause:
            family = self.cluster.backend.task_definitions[f"{self.cluster.name}-{REPEATING}"]
            current = int(str(service.task_definition).rpartition(":")[2])
            other = next((n for n in (1, 2) if n != current), 1)
            begin(service, str(family[other].arn), now)
            self._steady_since = None


def populate(aws: StrictAws, now: datetime, speed: float) -> list[Shop]:
    region = aws.region(REGION)
    found = []
    with aws.lock:
        for environment in ENVIRONMENTS:
            cluster = region.cluster(f"shop-{environment}", tags={"project": "shop"})
            shop = Shop(EcsScheduler(cluster, aws.account, speed=speed), region, environment)
            shop.scheduler.epoch = now
            found.append(shop)
            _live(shop, now, speed)
    return found


def _live(shop: Shop, now: datetime, speed: float) -> None:
    """Lets the cluster have been there for a day."""
    moment = now - timedelta(hours=26)
    shop.cluster.now = moment
    changes = _build(shop)
    for each in _moments(moment, 12, speed):
        shop.scheduler.tick(each)
    moment = now - timedelta(minutes=40)
    shop.scheduler.tick(moment)
    for change in changes:
        change(moment)
    for each in _moments(moment, 40, speed):
        shop.scheduler.tick(each)
    for each in _moments(now - timedelta(seconds=60), 60, speed):
        shop.scheduler.tick(min(each, now))


def _moments(start: datetime, seconds: int, speed: float) -> Iterator[datetime]:
    return (start + timedelta(seconds=n / speed) for n in range(seconds))


def _build(shop: Shop) -> list[Callable[[datetime], None]]:
    """Everything as it was at first, and what was changed later."""
    is_production = shop.environment == "production"
    more = 2 if is_production else 1
    domain = "shop.example" if is_production else "staging.shop.example"
    _web(shop, 2 * more, domain)
    checkout, _ = shop.define("checkout", "4.1.0", "4.2.0")
    shop.serve("checkout", checkout, 4, minimum=75, maximum=125, **_BREAKER)
    payments, broken = shop.define("payments", "2.9.1", "2.10.0-crash")
    shop.serve("payments", payments, more + 1, team="payments", **_BREAKER)
    (recommendations,) = shop.define("recommendations", "0.7.0" if is_production else "0.8.0-crash")
    shop.serve("recommendations", recommendations, more)
    search, missing = shop.define("search", "5.0.2", "5.1.0-missing")
    shop.serve("search", search, more)
    (thumbnails,) = shop.define("thumbnails", "1.3.0-oom" if is_production else "1.2.9")
    shop.serve("thumbnails", thumbnails, more)
    (cart,) = shop.define("cart", "3.3.0" if is_production else "3.4.0-unready", is_checked=True)
    group = shop.balance("cart", f"cart.{domain}", scheme="internal")
    shop.serve("cart", cart, 2, load_balancers=[serves(group, "cart")])
    (reports,) = shop.define("reports", "2025.11")
    shop.serve("reports", reports, 0, team="data")
    for zone in "ab"[:more]:
        shop.cluster.instance(zone=zone)
    (agent,) = shop.define("agent", "7.50", compatibility="EC2", own_cpu=64)
    shop.serve("agent", agent, more, strategy="DAEMON", launch_type="EC2", minimum=0, maximum=100)

    def fail(now: datetime) -> None:
        shop.change("payments", broken, now)
        if is_production:
            shop.change("search", missing, now)

    return [fail]


def _web(shop: Shop, count: int, domain: str) -> None:
    """Healthy, behind a load balancer, autoscaled, with a proxy beside it."""
    proxy = container("proxy", "registry.example/shop/envoy:1.31", cpu=128, memory=256)
    (web,) = shop.define("web", "10.4.1", is_checked=True, beside=[proxy], cpu="512", memory="1024")
    group = shop.balance("web", f"www.{domain}")
    service = shop.serve("web", web, count, load_balancers=[serves(group, "web")], **_BREAKER)
    shop.region.scalable_target(service, low=2, high=10)
