"""Set-ups on the strict AWS stand-in: ECS clusters, and answers that take their time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

from tests.benchmarks.setups import Environment, home
from tests.support.aws_server import StrictAws
from tests.support.ecs_cluster import container
from tests.support.fleet_on_ecs import populate

REGION = "eu-west-3"
SLOW_SECONDS, FAR_SECONDS = 0.05, 0.1
ENVIRONMENTS = 50


@contextmanager
def ten_services() -> Iterator[Environment]:
    """``$CLUSTER`` with ten services, whose names are ``$NAMES``."""
    with _cloud({"bench": 10}) as environment:
        names = " ".join(f"service-{number}" for number in range(10))
        yield {**environment, "CLUSTER": "bench", "NAMES": names}


@contextmanager
def thousand_slow_services() -> Iterator[Environment]:
    """A thousand services behind calls of 50 ms; ``$SEQUENTIAL`` asks for them in a row."""
    with _cloud({"bench": 1000}, SLOW_SECONDS) as environment:
        program = Path(environment["HOME"], "sequential.py")
        program.write_text(_SEQUENTIAL, encoding="utf-8")
        yield {**environment, "SEQUENTIAL": str(program)}


@contextmanager
def fifty_far_environments() -> Iterator[Environment]:
    """Fifty environments, each call 100 ms away; ``$CONFIG`` names them all."""
    clusters = {f"cluster-{number}": 10 for number in range(ENVIRONMENTS)}
    with _cloud(clusters, FAR_SECONDS) as environment:
        yield {**environment, **_named(environment, clusters)}


@contextmanager
def four_broken_environments() -> Iterator[Environment]:
    """Four environments with five broken services each, and others, behind calls of 50 ms."""
    with home() as own, StrictAws() as aws:
        names = [f"cluster-{number}" for number in range(4)]
        for name in names:
            populate(aws, name, REGION)
        aws.faults.delay("*", SLOW_SECONDS)
        yield {**own, **_named(own, names), **_pointed_at(aws)}


def _named(own: Environment, clusters: Iterable[str]) -> Environment:
    """``$CONFIG``: each cluster as an environment."""
    config = Path(own["HOME"], "config.yaml")
    entries = "".join(
        f"  env-{number}: {{orchestrator: ecs, cluster: {name}}}\n"
        for number, name in enumerate(clusters)
    )
    config.write_text(f"environments:\n{entries}", encoding="utf-8")
    return {"CONFIG": str(config)}


@contextmanager
def _cloud(clusters: dict[str, int], seconds: float = 0.0) -> Iterator[Environment]:
    with home() as own, StrictAws() as aws:
        region = aws.region(REGION)
        for name, services in clusters.items():
            cluster = region.cluster(name)
            definition = cluster.definition("app", container("app"), cpu="256", memory="512")
            for number in range(services):
                cluster.service(f"service-{number}", definition, desired=1, running=1)
        if seconds:
            aws.faults.delay("*", seconds)
        yield {**own, **_pointed_at(aws)}


def _pointed_at(aws: StrictAws) -> Environment:
    return {
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "made-up",
        "AWS_SECRET_ACCESS_KEY": "made-up",
    }


_SEQUENTIAL = dedent(
    """\
    import boto3

    client = boto3.client("ecs")
    arns, token = [], {}
    while True:
        page = client.list_services(cluster="bench", maxResults=100, **token)
        arns += page["serviceArns"]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    for start in range(0, len(arns), 10):
        answer = client.describe_services(
            cluster="bench", services=arns[start : start + 10], include=["TAGS"]
        )
        for service in answer["services"]:
            print(service["serviceName"])
    """
)
