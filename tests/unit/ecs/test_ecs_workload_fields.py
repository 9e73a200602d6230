"""Every field of a workload that is not its status, its rollout or its endpoints."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.models.kinds import WorkloadType
from dashborion.orchestrators.ecs import normalise
from tests.unit.ecs.raw_ecs import (
    ABSENT,
    ENVIRONMENT,
    HEAD,
    SCOPE,
    Raw,
    ago,
    container_definition,
    definition,
    deployment,
    service,
    tags,
    workload,
)


def test_the_identity_of_a_service() -> None:
    found = workload(service(), definition())
    assert (found.project, found.environment) == ("homebox", "staging")
    assert (found.name, found.type, found.orchestrator) == ("web", WorkloadType.ECS_SERVICE, "ecs")


def test_the_times_of_a_service() -> None:
    found = workload(service())
    assert (found.created_at, found.updated_at) == (ago(days=2), ago(hours=2))


def test_old_services_do_not_say_when_they_were_made() -> None:
    found = workload(service(createdAt=ABSENT, deployments=[deployment(createdAt=ABSENT)]))
    assert (found.created_at, found.updated_at) == (None, None)


@pytest.mark.parametrize(
    ("given", "tag", "expected"),
    [
        pytest.param({"namespace": "media"}, "namespace", "media", id="the tag"),
        pytest.param({}, "namespace", "homebox-staging", id="no tag"),
        pytest.param({"namespace": ""}, "namespace", "homebox-staging", id="an empty tag"),
        pytest.param({"Namespace": "media"}, "namespace", "homebox-staging", id="another case"),
        pytest.param({"team": "blue", "namespace": "x"}, "team", "blue", id="a tag of one's own"),
    ],
)
def test_the_namespace_is_a_tags_value(given: dict[str, str], tag: str, expected: str) -> None:
    scope = normalise.ClusterScope(ENVIRONMENT, "homebox-staging", tag)
    found = normalise.workload(service(tags=tags(**given)), None, 0, [], scope)
    assert found.namespace == expected


def test_labels_are_the_tags() -> None:
    found = workload(service(tags=tags(team="blue", namespace="media")))
    assert found.labels == {"team": "blue", "namespace": "media"}
    assert workload(service(tags=ABSENT)).labels == {}


def test_images_are_those_of_the_definition_in_its_order() -> None:
    item = definition(container_definition("app"), container_definition("proxy"))
    found = workload(service(), item)
    assert found.image == "registry.example.com/app:1.4.2"
    assert found.images == ["registry.example.com/app:1.4.2", "registry.example.com/proxy:1.4.2"]


def test_a_container_without_an_image_has_none() -> None:
    assert workload(service(), definition(container_definition(image=""))).image is None


def test_a_definition_that_nobody_could_read_costs_what_it_says() -> None:
    found = workload(service(), None)
    assert (found.image, found.images, found.cpu, found.memory) == (None, [], None, None)
    assert (found.resources.cpu_millicores, found.resources.memory_mib) == (None, None)


def test_the_definition_is_that_of_the_primary_deployment() -> None:
    newer = f"{HEAD}:task-definition/web:8"
    old = deployment(status="ACTIVE", id="ecs-svc/1")
    item = service(deployments=[old, deployment(taskDefinition=newer)])
    assert normalise.definition_of(item) == newer


@pytest.mark.parametrize(
    ("containers", "change", "expected"),
    [
        pytest.param([{}], {}, ("256", "512", 250, 512), id="of the task"),
        pytest.param(
            [{"cpu": 10, "memory": 100}], {}, ("256", "512", 250, 512), id="of the task first"
        ),
        pytest.param(
            [{"cpu": 128, "memory": 100}, {"cpu": 256, "memory": 28}],
            {"cpu": ABSENT, "memory": ABSENT},
            ("384", "128", 375, 128),
            id="of containers, summed",
        ),
        pytest.param(
            [{"memoryReservation": 64}, {"memory": 128}],
            {"cpu": ABSENT, "memory": ABSENT},
            (None, "192", None, 192),
            id="a reservation where there is no limit",
        ),
        pytest.param(
            [{"memoryReservation": 64, "memory": 512}],
            {"cpu": ABSENT, "memory": ABSENT},
            (None, "64", None, 64),
            id="a reservation beside a limit: the request is what a task is placed by",
        ),
        pytest.param(
            [{}], {"cpu": ABSENT, "memory": ABSENT}, (None, None, None, None), id="nobody says"
        ),
        pytest.param(
            [{"cpu": 1}],
            {"cpu": ABSENT, "memory": "512"},
            ("1", "512", 1, 512),
            id="rounded up to a thousandth of a core",
        ),
    ],
)
def test_the_requests_of_all_containers_are_added(
    containers: list[Raw], change: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    made = [container_definition(f"c{n}", **more) for n, more in enumerate(containers)]
    found = workload(service(), definition(*made, **change))
    resources = found.resources
    assert expected == (found.cpu, found.memory, resources.cpu_millicores, resources.memory_mib)


@pytest.mark.parametrize(
    ("containers", "expected"),
    [
        pytest.param([{}], False, id="none"),
        pytest.param([{"healthCheck": {"command": ["CMD-SHELL", "true"]}}], True, id="one"),
        pytest.param([{}, {"healthCheck": {"command": ["CMD", "x"]}}], True, id="of the second"),
    ],
)
def test_whether_health_means_anything(containers: list[Raw], *, expected: bool) -> None:
    made = [container_definition(f"c{n}", **more) for n, more in enumerate(containers)]
    assert normalise.has_health_check(definition(*made)) is expected
    assert normalise.has_health_check(None) is False


def test_the_arn_of_an_old_account_is_no_matter() -> None:
    item = service(serviceArn=f"{HEAD}:service/web")
    assert workload(item).name == "web"
    assert SCOPE.cluster == workload(item).namespace
