"""ECS and Kubernetes in one table: fetched side by side, one failing without the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.aws import credentials, skip_naps
from tests.support.aws_server import StrictAws
from tests.support.cli import Cli
from tests.support.control_plane import ControlPlane
from tests.support.fleet_on_ecs import CLUSTER, REGION, populate
from tests.support.several import errors, on_ecs, write

LIST = "workloads list --all-envs"


@pytest.fixture(scope="module")
def aws() -> Iterator[StrictAws]:
    with StrictAws() as own:
        populate(own)
        yield own


@pytest.fixture
def three(
    aws: StrictAws,
    cluster: ControlPlane,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[StrictAws]:
    """homebox/staging on ECS, rubix/staging on Kubernetes, and homebox/broken that is not there."""
    credentials(monkeypatch)
    skip_naps(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    kubeconfig = cluster.write_kubeconfig(tmp_path / "kubeconfig", user="admin", namespace="media")
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    write(
        home,
        homebox={"staging": on_ecs(CLUSTER), "broken": on_ecs("nowhere")},
        rubix={"staging": {"orchestrator": "kubernetes", "context": "real"}},
    )
    yield aws
    aws.faults.clear()


def test_both_are_in_one_table_and_the_third_is_missing(dashborion: Cli, three: StrictAws) -> None:
    seen = dashborion(LIST)
    header, *rows = [line.split("\t") for line in seen.lines]
    assert header[:4] == ["PROJECT", "ENVIRONMENT", "NAMESPACE", "NAME"]
    assert {tuple(row[:2]) for row in rows} == {("homebox", "staging"), ("rubix", "staging")}
    webs = [row for row in rows if row[3] == "web"]
    assert [row[4] for row in webs] == ["ecs-service", "k8s-deployment"]
    assert seen.exit_code == 5
    assert "homebox/broken: no cluster 'nowhere' in eu-west-3" in seen.err


def test_the_failure_is_an_object_of_its_own(dashborion: Cli, three: StrictAws) -> None:
    seen = dashborion(f"{LIST} -o json")
    assert seen.exit_code == 5
    assert {one["orchestrator"] for one in seen.json} == {"ecs", "kubernetes"}
    assert errors(seen) == {"homebox/broken": "not-found", None: "partial"}


def test_rows_are_in_the_order_of_project_environment_namespace_and_name(
    dashborion: Cli, three: StrictAws
) -> None:
    keys = ("project", "environment", "namespace", "name")
    found = [tuple(one[key] for key in keys) for one in dashborion(f"{LIST} -o json").json]
    assert found == sorted(found)


@pytest.mark.parametrize(
    ("options", "columns"),
    [
        ("-e '*/staging'", ["PROJECT", "ENVIRONMENT", "NAMESPACE", "NAME"]),
        ("-p homebox -e staging", ["NAMESPACE", "NAME"]),
        ("-e rubix/staging", ["NAME"]),
        (f"-e ecs:{REGION}/{CLUSTER} -e k8s:real", ["ENVIRONMENT", "NAMESPACE", "NAME"]),
    ],
)
def test_columns_appear_where_there_is_more_than_one(
    dashborion: Cli, three: StrictAws, options: str, columns: list[str]
) -> None:
    seen = dashborion(f"workloads list {options}")
    assert seen.exit_code == 0, seen.err
    assert seen.lines[0].split("\t")[: len(columns)] == columns


@pytest.mark.parametrize(
    ("order", "code"), [(1, 3), (-1, 6)], ids=["unknown first", "throttled first"]
)
def test_the_exit_code_is_that_of_the_first_failure(
    dashborion: Cli, three: StrictAws, order: int, code: int
) -> None:
    three.faults.throttle("ecs:DescribeServices", times=1000)
    first, second = ["homebox/broken", "homebox/staging"][::order]
    seen = dashborion(f"workloads list -e {first} -e {second} -o json")
    assert seen.exit_code == code
    assert set(errors(seen)) == {"homebox/broken", "homebox/staging"}


def test_a_name_in_two_environments_is_ambiguous(dashborion: Cli, three: StrictAws) -> None:
    seen = dashborion("workloads describe media/web -e '*/staging' -o json")
    assert (seen.exit_code, seen.error["code"]) == (2, "ambiguous")
    assert "homebox/staging, rubix/staging" in seen.error["message"]
    assert "-e" in seen.error["hint"]


def test_a_name_in_one_of_two_environments_is_found(dashborion: Cli, three: StrictAws) -> None:
    for name, project in (("spot", "homebox"), ("paused", "rubix")):
        seen = dashborion(f"workloads describe {name} -e '*/staging' -o json")
        assert (seen.exit_code, seen.err) == (0, "")
        assert seen.json["project"] == project


def test_a_name_in_no_environment_is_not_found(dashborion: Cli, three: StrictAws) -> None:
    seen = dashborion("workloads describe spto -e '*/staging' -o json")
    assert (seen.exit_code, seen.error["code"]) == (3, "not-found")
    assert "homebox/staging, rubix/staging" in seen.error["message"]
    assert "'spot'" in seen.error["hint"]


def test_a_name_that_may_be_where_nobody_could_look(dashborion: Cli, three: StrictAws) -> None:
    """It is not known that there is none: the failure counts, not the absence."""
    three.faults.deny("ecs:*")
    seen = dashborion("workloads describe spto -e '*/staging' -o json")
    assert (seen.exit_code, seen.error["code"]) == (4, "forbidden")


def test_an_instance_is_found_in_whichever_has_it(dashborion: Cli, three: StrictAws) -> None:
    seen = dashborion("instances describe spot- -e '*/staging' -o json")
    assert (seen.exit_code, seen.json["project"]) == (0, "homebox")
    seen = dashborion("instances describe toolbox -e '*/staging' -o json")
    assert (seen.exit_code, seen.error["code"]) == (2, "ambiguous")


def test_a_check_has_a_row_for_each(dashborion: Cli, three: StrictAws) -> None:
    seen = dashborion("env check --all-envs -o json")
    assert seen.exit_code == 5
    rows = {f"{one['project']}/{one['environment']}": one for one in seen.json}
    assert set(rows) == {"homebox/staging", "homebox/broken", "rubix/staging"}
    assert "no cluster" in rows["homebox/broken"]["error"]
