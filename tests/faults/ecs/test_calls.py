"""Only what is shown is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from tests.faults.ecs.conftest import Serve
from tests.support.aws import point_at
from tests.support.aws_balancing import balancing, behind, group, rule
from tests.support.aws_objects import CLUSTER, AwsObjects, definition, service, task
from tests.support.calls import FEW, MANY, Calls, rows, services
from tests.support.cli import Cli

DEFINITIONS, TASKS = "ecs:DescribeTaskDefinition", "ecs:ListTasks"
GROUPS = "elasticloadbalancing:DescribeTargetGroups"
CHECKED = {"name": "app", "image": "app:1", "healthCheck": {"command": ["CMD", "true"]}}


@pytest.fixture(scope="module")
def of_size() -> Iterator[Mapping[int, AwsObjects]]:
    """A few services, and many."""
    with AwsObjects(**services(FEW)) as few, AwsObjects(**services(MANY)) as many:
        yield {FEW: few, MANY: many}


@pytest.mark.parametrize(
    ("command", "calls"), [pytest.param(*row, id=row[0]) for row in rows("ecs")]
)
def test_a_command_asks_as_often_as_the_page_says(
    dashborion: Cli,
    of_size: Mapping[int, AwsObjects],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    calls: Calls,
) -> None:
    typed = command.replace("NAME", "web0").replace("ID", f"{0:032x}")
    seen = []
    for size in (FEW, MANY, MANY):
        aws = of_size[size]
        point_at(monkeypatch, aws, cluster=CLUSTER)
        aws.spy.reset()
        assert dashborion(typed.replace("REVISION", "app0:1")).exit_code == 0
        seen.append(aws.spy.counts.total())
    assert Calls(*seen) == calls


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        pytest.param("-o name", set(), id="names"),
        pytest.param("--columns name,rollout,created", set(), id="columns that the list has"),
        pytest.param("--raw", set(), id="AWS' own objects"),
        pytest.param("-o name --sort created", set(), id="sorted by what the list has"),
        pytest.param("-o csv --columns name", set(), id="one column of a file"),
        pytest.param("--columns image", {DEFINITIONS}, id="images"),
        pytest.param("--columns memory", {DEFINITIONS}, id="requests"),
        pytest.param("-o name --sort -cpu", {DEFINITIONS}, id="sorted by requests"),
        pytest.param("--columns NAME,Ready", {DEFINITIONS, TASKS}, id="health"),
        pytest.param("-o name --status degraded", {DEFINITIONS, TASKS}, id="filtered by health"),
        pytest.param("--raw --status running", {DEFINITIONS, TASKS}, id="filtered, raw"),
        pytest.param("--columns endpoints", {GROUPS}, id="endpoints"),
        pytest.param("--columns name,updated", set(), id="what a deployment says"),
        pytest.param("--columns reason", {DEFINITIONS, TASKS}, id="what is wrong"),
        pytest.param("-o name --problems", {DEFINITIONS, TASKS}, id="only what is not well"),
        pytest.param("", {DEFINITIONS, TASKS}, id="a table"),
        pytest.param("-o wide", {DEFINITIONS, TASKS, GROUPS}, id="a wide table"),
        pytest.param("-o json", {DEFINITIONS, TASKS, GROUPS}, id="all"),
    ],
)
def test_a_list_asks_for_what_it_shows(
    dashborion: Cli, serve: Serve, options: str, asked: set[str]
) -> None:
    aws = serve(
        services=[service("web", loadBalancers=[behind("web")])],
        tasks=[task(1, "web")],
        definitions=[definition("web", CHECKED)],
        **balancing(rule(1, web=1), groups=[group("web")]),
    )
    assert dashborion(f"workloads list {options}").exit_code == 0
    assert {DEFINITIONS, TASKS, GROUPS} & set(aws.spy.counts) == asked


STOPPED, ALL = ["STOPPED"], ["RUNNING", "STOPPED"]


@pytest.mark.parametrize(
    ("command", "checks", "asked"),
    [
        pytest.param("list", {}, [], id="a bare pipe shows nothing of it"),
        pytest.param("list -o table", {}, STOPPED, id="a table"),
        pytest.param("list -o json", {}, STOPPED, id="all"),
        pytest.param("list -o json", CHECKED, ALL, id="all, where health counts"),
        pytest.param("list --problems", {}, STOPPED, id="what is not well"),
        pytest.param("why", {}, ALL, id="why"),
        pytest.param("why", CHECKED, ALL, id="why, where health counts"),
    ],
)
def test_the_tasks_that_have_stopped_are_listed_once_for_the_whole_cluster(
    dashborion: Cli, serve: Serve, command: str, checks: dict[str, object], asked: list[str]
) -> None:
    names = [f"s{number}" for number in range(12)]
    aws = serve(
        services=[service(name) for name in names],
        tasks=[task(number, name) for number, name in enumerate(names)],
        definitions=[definition(name, checks or {"name": "app"}) for name in names],
    )
    assert dashborion(f"workloads {command}").exit_code == 0
    calls = aws.spy.of("ecs:ListTasks")
    assert sorted(call["desiredStatus"] for call in calls) == asked
    assert not any("serviceName" in call for call in calls)


# --- One instance of many -----------------------------------------------------------------------

TASKS_OF_MANY = 230  # three pages
WEB, OTHER = f"a87dd2ba{7:024x}", f"b87dd2ba{7:024x}"


@pytest.fixture
def crowd(serve: Serve) -> AwsObjects:
    """Two tasks with ids of their own, one of them of a small service, among many others."""
    tasks = [task(number, "many") for number in range(TASKS_OF_MANY)]
    tasks += [task(int(WEB, 16), "web"), task(int(OTHER, 16), "many")]
    return serve(services=[service("many", count=TASKS_OF_MANY), service("web")], tasks=tasks)


@pytest.mark.parametrize(
    ("typed", "lists", "describes"),
    [
        pytest.param(WEB, 0, 1, id="a whole id"),
        pytest.param(f"arn:aws:ecs:eu-west-3:123456789012:task/docs/{WEB}", 0, 1, id="an ARN"),
        pytest.param(WEB[:8], 3, 1, id="the beginning of an id"),
        pytest.param(f"web-{WEB[:6]}", 1, 1, id="a name"),
        pytest.param(f"task/web-{WEB[:6]}", 1, 1, id="a name with its kind"),
    ],
)
def test_one_instance_is_found_without_looking_at_all(
    dashborion: Cli, crowd: AwsObjects, typed: str, lists: int, describes: int
) -> None:
    seen = dashborion(f"instances describe {typed} -o json")
    assert (seen.exit_code, seen.json["id"]) == (0, WEB)
    assert crowd.spy.counts[TASKS] == lists
    assert crowd.spy.counts["ecs:DescribeTasks"] == describes


def test_a_names_beginning_is_looked_for_among_all(dashborion: Cli, crowd: AwsObjects) -> None:
    assert dashborion("instances describe web- -o json").json["id"] == WEB
    seen = dashborion("instances describe many-0 -o json")
    assert (seen.exit_code, seen.error["code"]) == (2, "ambiguous")
    assert dashborion("instances describe nobody-123456 -o json").exit_code == 3


def test_a_stopped_instance_is_found_by_its_name(dashborion: Cli, crowd: AwsObjects) -> None:
    (web,) = [one for one in crowd.objects["tasks"] if one["group"] == "service:web"]
    web |= {"desiredStatus": "STOPPED", "lastStatus": "STOPPED"}
    assert dashborion(f"instances describe web-{WEB[:6]} -o json").json["id"] == WEB
    assert crowd.spy.counts["ecs:DescribeTasks"] == 1
