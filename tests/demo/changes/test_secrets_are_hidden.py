"""No command prints a secret of a task definition or a pod template, whatever changes of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ParamValidationError

from dashborion.errors import UsageError
from dashborion.orchestrators.aws.errors import translated
from dashborion.orchestrators.aws.login import Login
from dashborion.orchestrators.difference import differences
from tests.support.cli import Cli
from tests.support.living_shop import CLUSTER, LivingShop
from tests.support.manifests import deployment, image, namespace
from tests.support.secret_places import (
    FIELDS_OF_POD_TEMPLATE,
    FIELDS_OF_TASK_DEFINITION,
    SECRET,
    pod_template,
    task_definition,
)
from tests.support.stand_in import StandIn

OLD, NEW, NEWER = image("app"), image("app", "2.0"), image("app", "3.0")
SPACE = "secrets"
FORMS = ["", "-o json", "-o yaml", "-o wide"]


@pytest.mark.parametrize(
    ("before", "after", "fields"),
    [
        (task_definition("1", OLD), task_definition("2", NEW), FIELDS_OF_TASK_DEFINITION),
        (pod_template("1", OLD), pod_template("2", NEW), FIELDS_OF_POD_TEMPLATE),
    ],
    ids=["task definition", "pod template"],
)
def test_every_private_field_is_named_and_its_value_hidden(
    before: dict[str, Any], after: dict[str, Any], fields: tuple[str, ...]
) -> None:
    for lines in (differences(before, after), differences(after, before)):
        assert not [line for line in lines if SECRET in line]
        hidden = {line.partition(": ")[0] for line in lines if line.endswith("-> (hidden)")}
        assert not set(fields) - hidden


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (
            {"metadata": {"labels": {"env": "staging"}}},
            {"metadata": {"labels": {"env": "production"}}},
            "metadata.labels.env: staging -> production",
        ),
        (
            {"dnsConfig": {"options": [{"name": "ndots", "value": "2"}]}},
            {"dnsConfig": {"options": [{"name": "ndots", "value": "5"}]}},
            "dnsConfig.options[ndots].value: 2 -> 5",
        ),
        (
            {"containers": [{"name": "env", "args": ["a"]}]},
            {"containers": [{"name": "env", "args": ["b"]}]},
            'containers[env].args: ["a"] -> ["b"]',
        ),
        ({"volumes": [{"name": "v"}]}, {"volumes": []}, "volumes[v]: {} -> (none)"),
        (
            {"containers": [{"name": "a"}, {"name": "b"}]},
            {"containers": [{"name": "b"}, {"name": "a"}]},
            "containers: order a, b -> b, a",
        ),
    ],
    ids=["a label called env", "a DNS option", "a container called env", "an item", "the order"],
)
def test_other_fields_are_shown(before: dict[str, Any], after: dict[str, Any], line: str) -> None:
    assert differences(before, after) == [line]


# --- ECS ----------------------------------------------------------------------------------------


@pytest.fixture
def keeper(shop: LivingShop) -> LivingShop:
    """The service ``checkout`` runs ``keeper:2``; both revisions of it have secrets everywhere."""
    for run, tag in (("1", OLD), ("2", NEW)):
        shop.ecs.register_task_definition(family="keeper", **task_definition(run, tag))
    shop.ecs.update_service(cluster=CLUSTER, service="checkout", taskDefinition="keeper:2")
    return shop


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "command",
    [
        f"workloads deploy checkout --image app={NEWER} --dry-run",
        "workloads rollback checkout --to keeper:1 --dry-run",
        "workloads describe checkout",
        "workloads history checkout",
        "ecs task-definitions diff keeper",
        "ecs task-definitions describe keeper",
    ],
)
def test_no_command_on_ecs_prints_a_secret(
    dashborion: Cli, keeper: LivingShop, command: str, form: str
) -> None:
    seen = dashborion(f"{command} {form}")
    assert seen.exit_code == 0, seen.err
    assert SECRET not in seen.out + seen.err


def test_a_dry_run_on_ecs_names_the_fields(dashborion: Cli, keeper: LivingShop) -> None:
    seen = dashborion("workloads rollback checkout --to keeper:1 --dry-run")
    for field in FIELDS_OF_TASK_DEFINITION:
        assert f"{field}: (hidden) -> (hidden)" in seen.err


def test_an_argument_that_botocore_refuses_is_named_without_its_value() -> None:
    report = f"Invalid type for parameter env[0].value, value: {SECRET}, type: <class 'int'>, ..."
    with pytest.raises(UsageError) as caught, translated(Login()):
        raise ParamValidationError(report=report)
    assert "env[0].value, type: <class 'int'>" in caught.value.message
    assert SECRET not in caught.value.message


# --- Kubernetes ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """The demo's Kubernetes with a Deployment ``keeper`` of two revisions full of secrets."""
    with StandIn.running(tmp_path_factory.mktemp("stand-in")) as standing:
        made = deployment("keeper", namespace=SPACE)
        first = pod_template("1", OLD)
        made["spec"]["template"]["metadata"] |= first["metadata"]
        made["spec"]["template"]["spec"] = first["spec"]
        standing.apply(namespace(SPACE))
        standing.apply(made)
        standing.wait_for("a ReplicaSet", partial(has_replica_sets, standing, 1))
        path = f"/apis/apps/v1/namespaces/{SPACE}/deployments/keeper"
        standing.merge(path, {"spec": {"template": pod_template("2", NEW)}})
        standing.wait_for("another one", partial(has_replica_sets, standing, 2))
        yield standing


def has_replica_sets(standing: StandIn, count: int) -> bool:
    path = f"/apis/apps/v1/namespaces/{SPACE}/replicasets"
    return len(standing.request("GET", path)["items"]) == count


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "command",
    [
        f"workloads deploy keeper --image app={NEWER} --dry-run",
        "workloads rollback keeper --dry-run",
        "workloads describe keeper",
        "workloads history keeper",
    ],
)
def test_no_command_on_kubernetes_prints_a_secret(
    dashborion: Cli,
    cluster: StandIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    form: str,
) -> None:
    path = tmp_path / "kubeconfig-demo"
    cluster.write_kubeconfig(path, context="demo", namespace=SPACE)
    monkeypatch.setenv("KUBECONFIG", str(path))
    seen = dashborion(f"{command} {form}")
    assert seen.exit_code == 0, seen.err
    assert SECRET not in seen.out + seen.err
    if "rollback" in command:
        for field in FIELDS_OF_POD_TEMPLATE:
            assert f"spec.template.{field}: (hidden) -> (hidden)" in seen.err
