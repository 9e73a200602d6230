"""What may not be read, does not answer, or answers something else costs its part alone."""

from __future__ import annotations

import json

import pytest

from tests.support.cli import Cli
from tests.support.kind_samples import KINDS as KINDS_OF_KUBERNETES
from tests.support.misbehaviour import PAGE, Fault, body, hang, status
from tests.support.rich_objects import rich
from tests.support.stub_api import Api

KINDS = ("deployments", "statefulsets", "daemonsets")
FAULTS: dict[str, Fault] = {
    "forbidden": status(403, "jane may not", reason="Forbidden"),
    "an error of the server": status(500, "etcd is away", headers={"Retry-After": "99"}),
    "a page": body(PAGE, "text/html"),
    "a Status": body({"kind": "Status", "status": "Failure", "metadata": {}}),
    "an odd object": body({"metadata": {}, "items": [{"metadata": {"name": "x", "uid": 7}}]}),
}
FAILING = [pytest.param(fault, id=name) for name, fault in FAULTS.items()]
PARTS = [
    pytest.param(command, plural, id=f"{command}: {plural}")
    for command, plurals in {
        "workloads list": ("services", "ingresses"),
        "workloads describe web": (
            "services", "ingresses", "endpointslices", "horizontalpodautoscalers", "events",
            "replicasets", "pods",
        ),
        "workloads describe db": ("controllerrevisions",),
        "instances list": ("replicasets",),
        "instances describe web-5d9-x": ("events",),
        "k8s jobs describe web": ("events",),
        "k8s nodes describe node-a": ("events",),
    }.items()
    for plural in plurals
]  # fmt: skip


@pytest.fixture(autouse=True)
def whole(cluster: Api) -> None:
    cluster.objects = rich()


@pytest.mark.parametrize("fault", FAILING)
@pytest.mark.parametrize(("command", "plural"), PARTS)
def test_a_part_that_fails_is_a_warning_and_the_rest_is_printed(
    dashborion: Cli, cluster: Api, command: str, plural: str, fault: Fault
) -> None:
    expected = dashborion(f"{command} -o json").json
    cluster.on(f"*/{plural}", fault)

    seen = dashborion(f"{command} -o json")

    assert seen.exit_code == 0
    assert json.loads(seen.err)["warning"]["message"]
    both = [one if isinstance(one, list) else [one] for one in (seen.json, expected)]
    assert [one["name"] for one in both[0]] == [one["name"] for one in both[1]]


@pytest.mark.parametrize(("command", "plural"), PARTS)
def test_a_part_that_never_answers_costs_its_time_and_not_the_rest(
    dashborion: Cli, cluster: Api, command: str, plural: str
) -> None:
    cluster.on(f"*/{plural}", hang)

    seen = dashborion.while_some_never_answer(f"{command} -o json")

    assert seen.exit_code == 0
    assert seen.json
    assert "no complete answer within" in seen.err or "was not answered within" in seen.err


@pytest.mark.parametrize("fault", [*FAILING, pytest.param(hang, id="silence")])
@pytest.mark.parametrize("plural", KINDS)
def test_a_kind_that_cannot_be_listed_costs_its_rows_and_the_exit_code_tells(
    dashborion: Cli, cluster: Api, plural: str, fault: Fault
) -> None:
    cluster.on(f"*/{plural}", fault)

    seen = dashborion("workloads list -o json", seconds=2)

    assert seen.exit_code == 5
    assert len(seen.json) == 2
    warnings = [line for line in seen.err.splitlines() if '"warning"' in line]
    assert (
        len([line for line in warnings if "services" not in line and "ingresses" not in line]) == 1
    )


@pytest.mark.parametrize(
    ("fault", "code"), [(FAULTS["forbidden"], 4), (FAULTS["a page"], 6)], ids=["forbidden", "page"]
)
@pytest.mark.parametrize("command", ["list", "describe web", "status web", "events web"])
def test_kinds_that_cannot_be_read_at_all_are_an_error(
    dashborion: Cli, cluster: Api, command: str, fault: Fault, code: int
) -> None:
    for kind in KINDS:
        cluster.on(f"*/{kind}*", fault)

    seen = dashborion(f"workloads {command} -o json")

    assert (seen.exit_code, seen.out) == (code, "")


@pytest.mark.parametrize("more", ["", " -A"])
@pytest.mark.parametrize("command", ["describe", "events"])
def test_a_name_that_may_be_of_a_forbidden_kind_is_not_told_as_missing(
    dashborion: Cli, cluster: Api, command: str, more: str
) -> None:
    cluster.on("*/deployments*", FAULTS["forbidden"])

    seen = dashborion(f"workloads {command} web{more} -o json")

    assert (seen.exit_code, seen.error["code"]) == (4, "forbidden")
    assert "sts/NAME" in seen.error["hint"]


@pytest.mark.parametrize(
    "command", ["workloads list web", "workloads list web db", "instances list -w web"]
)
def test_a_name_that_a_list_may_have_missed_is_not_told_as_missing(
    dashborion: Cli, cluster: Api, command: str
) -> None:
    cluster.on("*/deployments*", FAULTS["forbidden"])

    seen = dashborion(f"{command} -o json")

    assert (seen.exit_code, seen.out, seen.error["code"]) == (4, "", "forbidden")


def test_a_name_that_no_list_has_missed_is_missing(dashborion: Cli, cluster: Api) -> None:
    cluster.on("*/ingresses", FAULTS["forbidden"])

    assert dashborion("workloads list nowhere -o json").exit_code == 3


def test_a_name_of_another_kind_than_the_forbidden_one_is_found(
    dashborion: Cli, cluster: Api
) -> None:
    cluster.on("*/deployments*", FAULTS["forbidden"])

    seen = dashborion("workloads describe db -o json")

    assert (seen.exit_code, seen.json["name"]) == (0, "db")
    assert "jane may not" in seen.err


def test_events_that_were_asked_for_and_may_not_be_read_are_an_error(
    dashborion: Cli, cluster: Api
) -> None:
    cluster.on("*/events", FAULTS["forbidden"])

    assert dashborion("workloads events web").exit_code == 4


@pytest.mark.parametrize("plural", ["pods", "replicasets"])
def test_events_of_objects_that_cannot_be_listed_may_be_missing(
    dashborion: Cli, cluster: Api, plural: str
) -> None:
    cluster.on(f"*/{plural}", FAULTS["an error of the server"])

    seen = dashborion("workloads events web -o json")

    assert seen.exit_code == 5


def test_one_odd_object_of_many_is_named(dashborion: Cli, cluster: Api) -> None:
    odd = rich()["pods"][0]
    odd["metadata"] |= {"name": "odd-1", "uid": "odd-1"}
    odd["status"]["podIP"] = 4
    cluster.objects["pods"].append(odd)

    seen = dashborion("instances list -o name")

    assert (seen.exit_code, seen.lines) == (5, ["web-5d9-x"])
    assert "Pod 'default/odd-1' is left out" in seen.err
    assert "`$.status.podIP`" in seen.err


@pytest.mark.parametrize("place", [0, 1, 2], ids=["first", "second", "last"])
@pytest.mark.parametrize("chunk", [1, 2, 500])
@pytest.mark.parametrize("more", ["", " -A -o json"], ids=["table", "streamed"])
def test_an_odd_object_costs_no_other_whichever_page_it_is_on(
    dashborion: Cli, cluster: Api, more: str, chunk: int, place: int
) -> None:
    pods = [rich()["pods"][0] for _ in range(3)]
    for number, pod in enumerate(pods):
        pod["metadata"] |= {"name": f"web-{number}", "uid": f"uid-{number}"}
    pods[place]["status"]["podIP"] = 4
    cluster.objects["pods"] = pods
    cluster.chunk = chunk

    seen = dashborion(f"instances list{more}")

    assert seen.exit_code == 5
    assert [f"web-{number}" in seen.out for number in range(3)] == [
        number != place for number in range(3)
    ]


NO_LISTS: dict[str, Fault] = {
    "a page": body(PAGE, "text/html"),
    "a Status": body({"kind": "Status", "status": "Failure", "metadata": {}}),
    "another kind": body({"kind": "APIVersions", "versions": ["v1"]}),
    "half of it": body(b'{"metadata": {}, "items": ['),
    "broken gzip": body(b"no gzip", Content_Encoding="gzip"),
    "a list": body([]),
}


@pytest.mark.parametrize("fault", [pytest.param(one, id=name) for name, one in NO_LISTS.items()])
@pytest.mark.parametrize("kind", KINDS_OF_KUBERNETES)
def test_what_is_no_list_is_a_bad_answer_that_names_the_environment(
    dashborion: Cli, cluster: Api, kind: str, fault: Fault
) -> None:
    cluster.on(f"*/{'horizontalpodautoscalers' if kind == 'autoscalers' else kind}*", fault)

    for command in (f"k8s {kind} list", f"k8s {kind} describe web"):
        seen = dashborion(f"{command} -o json")

        assert (seen.exit_code, seen.error["code"]) == (6, "bad-answer")
        assert seen.error["environment"] == "k8s:here"


ASKED_FOR = {*KINDS, None}  # None is discovery: is there argoproj.io?
ASKED = {
    "list -o name": {*ASKED_FOR},
    "list": {*ASKED_FOR},
    "events web": {*ASKED_FOR, "events", "pods", "replicasets"},
    "status web": {*ASKED_FOR},
    "history web": {*ASKED_FOR, "replicasets"},
}


@pytest.mark.parametrize("command", ASKED)
def test_a_command_asks_for_what_it_shows(dashborion: Cli, cluster: Api, command: str) -> None:
    assert dashborion(f"workloads {command}").exit_code == 0

    assert {one.plural for one in cluster.requests} == ASKED[command]
    assert len(cluster.requests) == len(ASKED[command])


def test_events_of_a_workload_need_no_bodies_of_pods(dashborion: Cli, cluster: Api) -> None:
    dashborion("workloads events web")

    bodies = [one for kind in ("pods", "replicasets") for one in cluster.to(kind)]
    assert all("PartialObjectMetadataList" in one.headers["accept"] for one in bodies)


MESSAGE = "first line\n\n\tsecond\tline\n"


@pytest.mark.parametrize("tty", [True, False], ids=["terminal", "pipe"])
def test_a_message_of_several_lines_is_one_in_a_table(
    dashborion: Cli, cluster: Api, *, tty: bool
) -> None:
    cluster.objects["events"][0]["message"] = MESSAGE

    seen = dashborion("workloads events web", tty=tty, width=160)

    assert "first line second line" in seen.out


def test_a_message_of_several_lines_is_indented_on_a_page(dashborion: Cli, cluster: Api) -> None:
    cluster.objects["pods"][0]["status"]["message"] = "first line\nEnvironment: forged"

    seen = dashborion("instances describe web-5d9-x")

    assert "Message:     first line\n             Environment: forged\n" in seen.out


def test_a_message_of_several_lines_is_one_in_an_error(dashborion: Cli, cluster: Api) -> None:
    cluster.on("*/pods", status(403, MESSAGE))

    assert dashborion("instances list").err == "error: k8s:here: first line second line\n"


def test_tabs_of_a_configmap_stay(dashborion: Cli, cluster: Api) -> None:
    cluster.objects["configmaps"][0]["data"] = {"Makefile": "all:\r\n\techo \x1b[2J\n"}

    seen = dashborion("k8s configmaps describe web")

    assert "\nall:\n\techo \\x1b[2J\n" in seen.out
