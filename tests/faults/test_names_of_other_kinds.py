"""NAMEs and IDs: empty parts, words of other kinds, API groups, ARNs."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest

from dashborion.models.kinds import WorkloadType
from dashborion.models.query import Name
from tests.support.aws import point_at
from tests.support.aws_objects import CLUSTER, AwsObjects, arn, definition, service, task
from tests.support.cli import Cli
from tests.support.rich_objects import rich
from tests.support.stub_api import Api

OF_WORKLOADS = (
    "workloads describe {}", "workloads status {}", "workloads events {}", "workloads history {}",
    "workloads logs {}", "workloads scale {} -r 2", "workloads restart {}",
    "workloads deploy {} --image x:1", "workloads rollback {}", "workloads list {}",
    "instances list -w {}",
)  # fmt: skip
OF_INSTANCES = (
    "instances describe {}", "instances logs {}", "instances stop {}", "instances exec {} -- true",
)  # fmt: skip


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsObjects]:
    objects = AwsObjects(
        services=[service("web")], tasks=[task(10, "web")], definitions=[definition("web")]
    )
    with objects as running:
        point_at(monkeypatch, running, cluster=CLUSTER)
        yield running


@pytest.mark.parametrize(
    "name", ["/web", "web/", "a//web", "/", "//", "default/", "deploy/", " /x"]
)
@pytest.mark.parametrize("command", [*OF_WORKLOADS, *OF_INSTANCES, "k8s services describe {}"])
def test_an_empty_part_of_a_name_is_wrong_usage_and_nothing_is_changed(
    dashborion: Cli, cluster: Api, command: str, name: str
) -> None:
    """``$NAMESPACE/web`` without that variable is another namespace's web."""
    seen = dashborion(f"{command.format(shlex.quote(name))}")

    assert seen.exit_code == 2
    assert "a part of it is empty" in seen.err
    assert {one.method for one in cluster.requests} <= {"GET"}


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("pod/web-1", "instances describe web-1"),
        ("po/web-1", "instances describe web-1"),
        ("task/0a1b", "instances describe 0a1b"),
        ("rs/web-6c", "workloads history NAME"),
        ("replicasets.apps/web-6c", "workloads history NAME"),
        ("job/import", "k8s jobs describe import"),
        ("jobs.v1.batch/import", "k8s jobs describe import"),
        ("cronjob.batch/nightly", "k8s cronjobs describe nightly"),
        ("svc/web", "k8s services describe web"),
        ("service/web", "k8s services describe web"),
        ("cm/settings", "k8s configmaps describe settings"),
        ("shop/cm/settings", "k8s configmaps describe settings"),
        ("ing/web", "k8s ingresses describe web"),
        ("ingress.networking.k8s.io/web", "k8s ingresses describe web"),
        ("hpa/web", "k8s autoscalers describe web"),
        ("node/n1", "k8s nodes describe n1"),
        ("secret/password", "no command shows Secrets"),
        ("task-definition/web", "ecs task-definitions describe web"),
        (arn("service", f"{CLUSTER}/web"), "is a service of ECS"),
        (arn("task", f"{CLUSTER}/0a1b"), "instances describe arn:aws:ecs"),
        (arn("task-definition", "web:3"), "ecs task-definitions describe web:3"),
        (arn("cluster", CLUSTER), f"ecs clusters describe {CLUSTER}"),
        (arn("function", "web", of="lambda"), "is not the ARN of an ECS service"),
        ("arn:aws:ecs:eu-west-3::service/web", "is not the ARN of an ECS service"),
        ("arn:aws:ecs", "is not the ARN of an ECS service"),
    ],
)
@pytest.mark.parametrize("command", OF_WORKLOADS)
def test_the_word_of_another_kind_names_the_command_for_it(
    dashborion: Cli, cluster: Api, command: str, name: str, instead: str
) -> None:
    seen = dashborion(command.format(name))

    assert seen.exit_code == 2
    assert instead in seen.err


@pytest.mark.parametrize(
    ("id_", "instead"),
    [
        ("deploy/web", "workloads describe deploy/web"),
        ("deployments.apps/web", "workloads describe deployments.apps/web"),
        ("rs/web-6c", "workloads history NAME"),
        ("job/import", "k8s jobs describe import"),
        (arn("service", f"{CLUSTER}/web"), "workloads describe arn:aws:ecs"),
        (arn("container-instance", f"{CLUSTER}/1"), "ecs container-instances list"),
    ],
)
@pytest.mark.parametrize("command", OF_INSTANCES)
def test_the_word_of_another_kind_before_an_id_names_the_command_for_it(
    dashborion: Cli, cluster: Api, command: str, id_: str, instead: str
) -> None:
    seen = dashborion(command.format(id_))

    assert seen.exit_code == 2
    assert instead in seen.err


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("deployments.apps/web", WorkloadType.DEPLOYMENT),
        ("deployment.v1.apps/web", WorkloadType.DEPLOYMENT),
        ("deploy.apps/web", WorkloadType.DEPLOYMENT),
        ("Deployment/web", WorkloadType.DEPLOYMENT),
        ("statefulset.v1.apps/web", WorkloadType.STATEFULSET),
        ("sts.v1beta2.apps/web", WorkloadType.STATEFULSET),
        ("daemonsets.extensions/web", WorkloadType.DAEMONSET),
        ("ecs-service/web", WorkloadType.ECS_SERVICE),
    ],
)
def test_a_kind_may_have_its_api_group(text: str, type_: WorkloadType) -> None:
    assert Name.parse(text) == Name("web", type_)
    assert Name.parse(f"shop/{text}") == Name("web", type_, "shop")


def test_a_kind_with_its_api_group_finds_the_workload(dashborion: Cli, cluster: Api) -> None:
    assert dashborion("workloads describe deployments.apps/web -o name").exit_code == 0
    assert dashborion("workloads describe statefulset.v1.apps/web").exit_code == 3
    assert dashborion("workloads list --type statefulsets.apps -o name").lines == ["db"]


# --- ARNs -----------------------------------------------------------------------------------------

OF_THE_SERVICE = {
    "the new format": arn("service", f"{CLUSTER}/web"),
    "the old format": arn("service", "web"),
}
ELSEWHERE = {
    "another cluster": arn("service", "other/web"),
    "another region": arn("service", f"{CLUSTER}/web", region="us-east-1"),
    "another account": arn("service", f"{CLUSTER}/web").replace("123456789012", "210987654321"),
    "another service": arn("service", f"{CLUSTER}/api"),
}


@pytest.mark.parametrize("name", OF_THE_SERVICE.values(), ids=OF_THE_SERVICE)
@pytest.mark.parametrize(
    "command", ["workloads describe", "workloads list", "workloads status", "instances list -w"]
)
def test_a_services_arn_is_its_name(
    dashborion: Cli, aws: AwsObjects, command: str, name: str
) -> None:
    seen = dashborion(f"{command} {name} -o json")

    assert seen.exit_code == 0, seen.err
    assert "web" in seen.out


@pytest.mark.parametrize("name", ELSEWHERE.values(), ids=ELSEWHERE)
@pytest.mark.parametrize(
    "command", ["workloads describe {}", "workloads scale {} -r 0", "instances list -w {}"]
)
def test_an_arn_of_another_place_is_not_found(
    dashborion: Cli, aws: AwsObjects, command: str, name: str
) -> None:
    seen = dashborion(f"{command.format(name)} -o json")

    assert seen.exit_code == 3
    assert f"no workload '{name}' in cluster '{CLUSTER}'" in seen.error["message"]


@pytest.mark.parametrize("place", ["another cluster", "another region"])
def test_a_list_has_no_workload_of_an_arn_of_another_place(
    dashborion: Cli, aws: AwsObjects, place: str
) -> None:
    assert dashborion(f"workloads list {ELSEWHERE[place]}").exit_code == 3
    assert dashborion(f"workloads list {ELSEWHERE[place]} web -o name").exit_code in (0, 3)


@pytest.mark.parametrize("path", [f"{CLUSTER}/{10:032x}", f"{10:032x}"], ids=["new", "old"])
def test_a_tasks_arn_is_its_id(dashborion: Cli, aws: AwsObjects, path: str) -> None:
    seen = dashborion(f"instances describe {arn('task', path)} -o json")

    assert seen.exit_code == 0, seen.err
    assert seen.json["id"] == f"{10:032x}"


@pytest.mark.parametrize(
    "id_",
    [
        arn("task", f"other/{10:032x}"),
        arn("task", f"{CLUSTER}/{10:032x}", region="us-east-1"),
        arn("task", f"{CLUSTER}/{11:032x}"),
        arn("task", f"{CLUSTER}/0000"),
    ],
    ids=["another cluster", "another region", "another id", "a prefix"],
)
def test_a_tasks_arn_of_another_place_is_not_found(
    dashborion: Cli, aws: AwsObjects, id_: str
) -> None:
    seen = dashborion(f"instances describe {id_}")

    assert seen.exit_code == 3
    assert f"no instance '{id_}'" in seen.err


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("services", "svc/web"), ("services", "default/service/web"), ("jobs", "jobs.batch/web"),
        ("autoscalers", "hpa/web"), ("ingresses", "ingress.networking.k8s.io/web"),
        ("configmaps", "default/cm/web"), ("nodes", "node/node-a"), ("namespaces", "ns/default"),
    ],
)  # fmt: skip
def test_an_object_of_kubernetes_may_have_its_kind_before_its_name(
    dashborion: Cli, cluster: Api, kind: str, name: str
) -> None:
    cluster.objects = rich()

    assert dashborion(f"k8s {kind} describe {name}").exit_code == 0


@pytest.mark.parametrize(
    ("kind", "name", "instead"),
    [
        ("jobs", "svc/web", "k8s services describe web"),
        ("services", "deploy/web", "workloads describe deploy/web"),
        ("events", "default/pod/web-1", "instances describe web-1"),
        ("ingresses", "cm/web", "k8s configmaps describe web"),
        ("configmaps", "rs/web", "workloads history NAME"),
    ],
)
def test_the_word_of_another_kind_before_an_objects_name_names_the_command_for_it(
    dashborion: Cli, cluster: Api, kind: str, name: str, instead: str
) -> None:
    seen = dashborion(f"k8s {kind} describe {name}")

    assert seen.exit_code == 2
    assert instead in seen.err


def test_a_tasks_arn_begins_no_pods_name(dashborion: Cli, cluster: Api) -> None:
    seen = dashborion(f"instances describe {arn('task', f'{CLUSTER}/web')}")

    assert seen.exit_code == 3
    assert f"no instance '{arn('task', f'{CLUSTER}/web')}'" in seen.err
