"""Ids, names, owners, addresses, places and times of tasks: Fargate, EC2 and EXTERNAL."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.orchestrators.ecs import wire
from tests.unit.ecs.raw_ecs import ABSENT, HEAD, TASK_ID, ago, container, instance, task

ON_EC2 = {
    "launchType": "EC2",
    "attachments": [],
    "containerInstanceArn": f"{HEAD}:container-instance/homebox-staging/9f8e7d6c",
}


@pytest.mark.parametrize(
    "arn",
    [f"{HEAD}:task/homebox-staging/{TASK_ID}", f"{HEAD}:task/{TASK_ID}"],
    ids=["new arn", "old arn"],
)
def test_an_id_and_a_name_come_from_either_format(arn: str) -> None:
    found = instance(task(taskArn=arn))
    assert (found.id, found.name) == (TASK_ID, "web-0f3c5d")


def test_an_id_with_dashes_stays_whole() -> None:
    old = "0f3c5d7e-9a1b-2c3d-4e5f-60718293a4b5"
    found = instance(task(taskArn=f"{HEAD}:task/{old}"))
    assert (found.id, found.name) == (old, "web-0f3c5d")


@pytest.mark.parametrize(
    ("group", "workload", "name"),
    [
        pytest.param("service:web", "web", "web-0f3c5d", id="a service's"),
        pytest.param("service:my-web_1", "my-web_1", "my-web_1-0f3c5d", id="an odd name"),
        pytest.param("family:web", None, "web-0f3c5d", id="run by hand"),
        pytest.param("nightly", None, "web-0f3c5d", id="a group of one's own"),
        pytest.param(ABSENT, None, "web-0f3c5d", id="no group"),
    ],
)
def test_a_task_belongs_to_its_service(group: str, workload: str | None, name: str) -> None:
    found = instance(task(group=group))
    assert (found.workload, found.name) == (workload, name)


@pytest.mark.parametrize(
    ("item", "ip"),
    [
        pytest.param(task(), "10.0.0.7", id="its network interface"),
        pytest.param(task(attachments=[]), None, id="none yet"),
        pytest.param(
            task(attachments=[{"type": "ServiceConnect", "details": []}]), None, id="not one"
        ),
        pytest.param(
            task(container(networkInterfaces=[{"privateIpv4Address": "10.0.0.9"}]), attachments=[]),
            "10.0.0.9",
            id="a container's",
        ),
        pytest.param(task(**ON_EC2), None, id="the instance's own, which the task does not say"),
    ],
)
def test_the_address_of_a_task(item: wire.Task, ip: str | None) -> None:
    assert instance(item).ip == ip


@pytest.mark.parametrize(
    ("change", "node", "zone"),
    [
        pytest.param({}, None, "eu-west-3a", id="fargate"),
        pytest.param(ON_EC2, "9f8e7d6c", "eu-west-3a", id="ec2"),
        pytest.param(
            ON_EC2 | {"containerInstanceArn": f"{HEAD}:container-instance/9f8e7d6c"},
            "9f8e7d6c",
            "eu-west-3a",
            id="ec2, old arn",
        ),
        pytest.param(
            ON_EC2 | {"launchType": "EXTERNAL", "availabilityZone": ABSENT},
            "9f8e7d6c",
            None,
            id="external",
        ),
    ],
)
def test_the_node_and_zone_of_a_task(
    change: dict[str, Any], node: str | None, zone: str | None
) -> None:
    found = instance(task(**change))
    assert (found.node, found.zone) == (node, zone)


@pytest.mark.parametrize(
    ("change", "started"),
    [
        pytest.param({}, ago(minutes=9), id="started"),
        pytest.param({"startedAt": ABSENT}, ago(minutes=9.5), id="pulling its images"),
        pytest.param({"startedAt": ABSENT, "pullStartedAt": ABSENT}, None, id="not yet"),
    ],
)
def test_the_times_of_a_task(change: dict[str, Any], started: object) -> None:
    found = instance(task(**change))
    assert (found.created_at, found.started_at) == (ago(minutes=10), started)


def test_the_revision_and_size_of_a_task() -> None:
    found = instance(task())
    assert (found.revision, found.cpu, found.memory) == ("web:7", "256", "512")
    assert (found.restarts, found.namespace, found.orchestrator) == (0, "media", "ecs")


def test_a_task_with_as_few_fields_as_possible() -> None:
    found = instance(task(
        containers=[], attachments=[], healthStatus=ABSENT, group=ABSENT, cpu=ABSENT, memory=ABSENT,
        availabilityZone=ABSENT, connectivity=ABSENT, createdAt=ABSENT, tags=ABSENT,
    ))  # fmt: skip
    assert (found.containers, found.cpu, found.ip, found.zone) == ([], None, None, None)
