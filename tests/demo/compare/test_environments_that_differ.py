"""`workloads diff`, within ECS and across orchestrators: rows, what is on one side only, calls."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import Any

import pytest

from dashborion.demo.ecs.aws_protocol import refusal
from tests.demo.compare.conftest import Registry, cluster
from tests.support.cli import Cli
from tests.support.misbehaviour import status
from tests.support.stub_api import Api

SHOP = "workloads diff shop/staging shop/production"
ACROSS = "workloads diff shop/staging media/staging"
PASSWORD = "made-up-password"


def by_name(found: list[Any]) -> dict[str, Any]:
    return {one["name"]: one for one in found}


def fields(one: Any) -> list[tuple[str, Any, Any, str]]:
    return [(row["field"], row["left"], row["right"], row["kind"]) for row in one["differences"]]


def test_what_is_on_one_side_only_is_said(dashborion: Cli) -> None:
    seen = dashborion(f"{SHOP} -o json")
    found = by_name(seen.json)
    assert list(found) == ["api", "worker"]
    assert (found["api"]["left"]["environment"], found["api"]["right"]) == ("staging", None)
    assert (found["worker"]["left"], found["worker"]["same"]) == (None, False)
    assert "1 only in shop/staging, 1 only in shop/production, 1 equal" in seen.err


def test_equal_ones_are_shown_when_asked_for(dashborion: Cli) -> None:
    (web,) = dashborion(f"{SHOP} web --all -o json").json
    assert (web["same"], web["differences"]) == (True, [])
    assert "web\t-\t-\t-\t-\tsame\t-" in dashborion(f"{SHOP} web --all").out


@pytest.mark.parametrize(
    "typed",
    [
        "shop/staging:web shop/production:web",
        "shop/staging:service/web shop/production",
        "shop/staging shop/production:web",
    ],
)
def test_environments_that_come_with_a_name(dashborion: Cli, typed: str) -> None:
    seen = dashborion(f"workloads diff {typed} --all -o json")
    assert [one["name"] for one in seen.json] == ["web"], seen.err


def test_two_names_are_compared_by_map(dashborion: Cli) -> None:
    seen = dashborion("workloads diff shop/staging:api shop/production:worker -o json")
    assert seen.exit_code == 2
    assert seen.error["hint"] == "give ENV1 and ENV2 alone, then api --map api=worker"
    assert dashborion(f"{SHOP} api --map api=worker").exit_code == 0


def test_one_tag_that_means_two_images_is_found(dashborion: Cli, production: Registry) -> None:
    production.objects |= cluster("1.0", "web", image=2)
    (web,) = dashborion(f"{SHOP} web -o json").json
    (row,) = web["differences"]
    assert (row["field"], row["container"], row["note"]) == (
        "image.digest", "app", "digest differs, tag equal",
    )  # fmt: skip


def test_a_service_and_a_deployment_are_compared(dashborion: Cli, media: Api) -> None:
    (web,) = dashborion(f"{ACROSS} web -o json").json
    assert (web["left"]["type"], web["right"]["type"]) == ("ecs-service", "k8s-deployment")
    found = fields(web)
    assert ("replicas", 2, 1, "changed") in found
    assert ("cpu", 250, None, "removed") in found
    assert not [row for row in found if row[0].startswith("image")]  # one image runs on both


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        pytest.param(f"{SHOP} web --exit-code", 0, id="equal"),
        pytest.param(f"{SHOP} --exit-code", 9, id="on one side only"),
        pytest.param(f"{ACROSS} web --exit-code", 9, id="a difference"),
        pytest.param(f"{ACROSS} web", 0, id="a difference, and nobody asked"),
        pytest.param(f"{ACROSS} web --only image --exit-code", 0, id="but not in this"),
    ],
)
def test_the_exit_code_tells_whether_anything_differs(
    dashborion: Cli, typed: str, code: int
) -> None:
    assert dashborion(typed).exit_code == code


def test_what_only_may_differ_is_no_difference(dashborion: Cli, production: Registry) -> None:
    for one in production.objects["tasks"]:
        del one["containers"][0]["imageDigest"]
    seen = dashborion(f"{SHOP} web --exit-code -o json")
    (web,) = seen.json
    assert (seen.exit_code, web["same"], web["differences"][0]["kind"]) == (0, None, "unknown")
    assert "1 may differ" in seen.err


@pytest.mark.parametrize(
    ("typed", "pairs"),
    [
        pytest.param("", [("web", "web"), ("api", None), (None, "worker")], id="by name"),
        pytest.param(
            "--map api=worker", [("api", "worker"), ("web", "web")], id="as they are mapped"
        ),
        pytest.param("'w*'", [("web", "web"), (None, "worker")], id="a pattern"),
        pytest.param("api", [("api", None)], id="a name that only one has"),
    ],
)
def test_which_are_compared(dashborion: Cli, typed: str, pairs: list[Any]) -> None:
    found = dashborion(f"{SHOP} {typed} --all -o json").json
    sides = [(one["left"], one["right"]) for one in found]
    assert [(a and a["name"], b and b["name"]) for a, b in sides] == pairs


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        ("workloads diff shop/staging shop/staging", 2, "not shop/staging twice"),
        ("workloads diff shop/staging 'shop/*'", 2, "is 2 environments"),
        ("workloads diff shop/staging shop/stagin", 2, "did you mean"),
        (f"{SHOP} nothing", 3, "no workload 'nothing' in shop/staging, shop/production"),
        (f"{SHOP} --map api=nothing", 3, "no workload 'nothing' in shop/production"),
        (f"{SHOP} --map api", 2, "--map: 'api' is not A=B"),
        (f"{SHOP} --map api=api --map api=worker", 2, "--map names api of shop/staging more than"),
        (f"{SHOP} --map api=web --map web=web", 2, "names web of shop/production more"),
        (f"{SHOP} --only colour", 2, "--only: no field is called 'colour'"),
        (f"{SHOP} --only image.digests", 2, "did you mean 'image.digest'"),
        (f"{SHOP} --ignore image,variables.", 2, "--ignore: no field is called 'variables.'"),
        (f"{SHOP} -n a -A", 2, "-n and -A"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said(dashborion: Cli, typed: str, code: int, said: str) -> None:
    seen = dashborion(typed)
    assert (seen.exit_code, seen.out) == (code, "")
    assert said in seen.err


@pytest.mark.parametrize("output", ["table", "wide", "json", "yaml", "csv", "tsv", "github"])
def test_values_of_variables_are_never_shown(
    dashborion: Cli, staging: Registry, media: Api, output: str
) -> None:
    variable = {"name": "MODE", "value": PASSWORD}
    staging.objects |= cluster("1.0", "web", environment=[variable])
    template = media.objects["deployments"][0]["spec"]["template"]
    template["spec"]["containers"][0]["env"] = [{"name": "MODE", "value": f"{PASSWORD}-too"}]
    seen = dashborion(f"{ACROSS} web --only variables -o {output} --debug -v")
    assert "variables.MODE" in seen.out
    assert PASSWORD not in seen.out + seen.err


def test_csv_has_a_row_for_each_difference(dashborion: Cli) -> None:
    rows = list(
        csv.DictReader(io.StringIO(dashborion(f"{ACROSS} web --only replicas,cpu -o csv").out))
    )
    assert [(row["workload"], row["field"], row["left"], row["right"]) for row in rows] == [
        ("web", "replicas", "2", "1"), ("web", "cpu", "250", ""),
    ]  # fmt: skip


@pytest.mark.parametrize("output", ["json", "yaml", "name"])
def test_what_has_no_rows_is_not_sorted_by_them(dashborion: Cli, output: str) -> None:
    seen = dashborion(f"{ACROSS} web --sort change --columns field -o {output}")
    assert (seen.exit_code, "web" in seen.out) == (0, True), seen.err


def test_names_are_printed_once(dashborion: Cli) -> None:
    assert dashborion(f"{ACROSS} -o name").lines == ["web", "api"]


def test_github_gets_an_annotation_for_each_workload(dashborion: Cli) -> None:
    lines = dashborion(f"{ACROSS} web --only replicas -o github").lines
    assert lines == ["::warning title=web::replicas: 2 -> 1"]
    assert dashborion(f"{SHOP} web -o github").lines == ["::notice title=dashborion::1 equal"]


@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_shows_what_people_need(
    dashborion: Cli, production: Registry, width: int
) -> None:
    production.objects |= cluster("2.0", "web", image=2)
    lines = dashborion(f"{SHOP} web", tty=True, width=width).lines
    assert lines[0].split() == ["WORKLOAD", "FIELD", "SHOP/STAGING", "SHOP/PRODUCTION", "CHANGE"]
    assert lines[1].split() == ["web", "image.tag", "of", "app", "1.0", "2.0", "changed"]
    assert max(map(len, lines)) <= width


def test_a_terminal_leaves_out_what_both_sides_have_in_common(
    dashborion: Cli, production: Registry
) -> None:
    production.objects |= cluster("1.0", "web", image=2, repository="registry.example/live")
    seen = dashborion(f"{SHOP} web --only image", tty=True).lines
    assert [line.split()[-3:] for line in seen[1:3]] == [
        ["shop/web", "live/web", "changed"],
        ["sha256:000000000000", "sha256:000000000000", "changed"],
    ]
    (row,) = dashborion(f"{ACROSS} web --only cpu", tty=True).lines[1:]
    assert row.split() == ["web", "cpu", "250m", "-", "removed"]


# --- Calls, and what cannot be had ----------------------------------------------------------------


def calls(aws: Registry) -> Counter[str]:
    return Counter({
        name.partition(":")[2]: count
        for name, count in aws.spy.counts.items()
        if not name.startswith("sts:")
    })  # fmt: skip


def test_definitions_of_pairs_alone_are_asked_for(
    dashborion: Cli, staging: Registry, media: Api
) -> None:
    dashborion(ACROSS)
    assert calls(staging) == {
        "ListServices": 1, "DescribeServices": 1, "ListTasks": 1, "DescribeTasks": 1,
        "DescribeScalableTargets": 1, "DescribeTaskDefinition": 1,
    }  # fmt: skip
    assert Counter(one.plural or one.path for one in media.requests) == Counter(
        ("deployments", "statefulsets", "daemonsets", "pods", "replicasets", "services",
         "ingresses", "horizontalpodautoscalers", "/apis/gateway.networking.k8s.io/v1",
         "/apis/argoproj.io/v1alpha1")
    )  # fmt: skip


def test_two_hundred_services_take_as_many_definitions_and_few_other_calls(
    dashborion: Cli, staging: Registry, production: Registry
) -> None:
    names = [f"web-{number}" for number in range(200)]
    for one in (staging, production):
        one.objects |= cluster("1.0", *names)
    assert len(dashborion(f"{SHOP} --all -o json").json) == 200
    assert calls(staging) == calls(production) == {
        "ListServices": 2, "DescribeServices": 20, "ListTasks": 4, "DescribeTasks": 4,
        "DescribeScalableTargets": 4, "DescribeTaskDefinition": 200,
    }  # fmt: skip


def test_what_is_not_compared_is_not_asked_for(
    dashborion: Cli, staging: Registry, media: Api
) -> None:
    dashborion(f"{ACROSS} web --only variables")
    assert set(calls(staging)) == {"ListServices", "DescribeServices", "DescribeTaskDefinition"}
    asked = {one.plural for one in media.requests if one.plural}
    assert asked == {"deployments", "statefulsets", "daemonsets"}


def test_one_environment_that_fails_leaves_nothing_to_compare(dashborion: Cli, media: Api) -> None:
    media.on("*", status(403, "no", reason="Forbidden"))
    seen = dashborion(ACROSS)
    assert (seen.exit_code, seen.out) == (5, "")
    assert "media/staging" in seen.err


@pytest.mark.parametrize("output", ["json", "tsv", "github"])
def test_what_was_not_listed_may_be_there(dashborion: Cli, media: Api, output: str) -> None:
    media.on("*/statefulsets", status(403, "no", reason="Forbidden"))
    seen = dashborion(f"{ACROSS} api --exit-code -o {output}")
    assert seen.exit_code == 5  # for what was not listed; nothing is known to differ
    told = {
        "json": '"same": null',
        "tsv": "api\t-\tworkload\tservice\t?\tunknown\tthe other environment did not list",
        "github": "::notice title=api::workload: - -> - (the other environment did not list",
    }
    assert told[output] in seen.out
    assert "only in" not in seen.out + seen.err


def test_a_definition_that_may_not_be_read_costs_its_row(
    dashborion: Cli, staging: Registry
) -> None:
    denied = "is not authorized to perform: ecs:DescribeTaskDefinition"
    staging.faults.add(
        "ecs:DescribeTaskDefinition",
        lambda ask, _: refusal(ask, "AccessDeniedException", denied, 400),
    )
    seen = dashborion(f"{SHOP} -o json")
    assert (seen.exit_code, list(by_name(seen.json))) == (5, ["api", "worker"])
    assert [one["same"] for one in seen.json] == [False, False], "these are known to be alone"
    assert "DescribeTaskDefinition" in seen.err


def test_pods_that_may_not_be_listed_cost_their_digests(dashborion: Cli, media: Api) -> None:
    media.on("*/pods", status(403, "no", reason="Forbidden"))
    seen = dashborion(f"{ACROSS} web --only image -o json")
    assert (seen.exit_code, seen.json[0]["same"]) == (0, None)
    assert [row["field"] for row in seen.json[0]["differences"]] == ["image.digest"]
    assert '"forbidden"' in seen.err
