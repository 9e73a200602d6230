"""Options that are completed under whatever command has them, and words that never change."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer._completion_classes import BashComplete

from dashborion.cli.lazy_commands import command, group
from dashborion.cli.options import NamespaceOptions
from dashborion.completion.completers import Line
from dashborion.completion.scripts import PROGRAM, VARIABLE
from tests.support.cli import Cli
from tests.support.stub_api import Api

app = group()


@command(app, "try")
def try_(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    *,
    where: NamespaceOptions,
    container: Annotated[str | None, typer.Option("--container", "-c")] = None,
    to: Annotated[str | None, typer.Option("--to")] = None,
) -> None:
    """A command that another group may have."""


@command(app, "other")
def other(name: Annotated[str, typer.Argument(metavar="NAME")]) -> None:
    """So that there are two."""


root = group()
root.add_typer(app, name="workloads")


def _offered(*before: str, word: str = "") -> list[str]:
    request = BashComplete(typer.main.get_command(root), {"obj": Line()}, PROGRAM, VARIABLE)
    return [one.value for one in request.get_completions(["workloads", *before], word)]


def test_containers_are_those_of_the_workload_on_the_line(dashborion: Cli, fleet: Api) -> None:
    fleet.objects["pods"][0]["metadata"]["ownerReferences"] = [
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "name": "db",
            "uid": "x",
            "controller": True,
        }
    ]
    dashborion("instances list")

    assert _offered("try", "db", "-c") == ["main"]
    assert _offered("try", "db", "--container") == ["main"]
    assert _offered("try", "web", "-c") == []


def test_revisions_are_those_of_the_workload_on_the_line(dashborion: Cli, fleet: Api) -> None:
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "controller": True}
    made = fleet.objects["deployments"][0]
    fleet.objects["replicasets"] = [
        {
            "metadata": {
                "name": f"web-{number}", "namespace": "default", "uid": f"rs-{number}",
                "annotations": {"deployment.kubernetes.io/revision": str(number)},
                "labels": made["spec"]["selector"]["matchLabels"],
                "ownerReferences": [{**owner, "uid": made["metadata"]["uid"]}],
            },
            "spec": {"template": made["spec"]["template"]},
        }
        for number in (1, 2)
    ]  # fmt: skip
    assert dashborion("workloads describe web").exit_code == 0

    assert sorted(_offered("try", "web", "--to")) == ["1", "2"]
    assert _offered("try", "--to") == []


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        pytest.param("workloads list --status ", ["running", "degraded", "stopped"], id="statuses"),
        pytest.param("instances list --status ", ["running", "pending", "stopped"], id="of pods"),
        pytest.param("workloads list --type sta", ["statefulset"], id="types"),
        pytest.param("timeline --kind ro", ["rollout"], id="kinds"),
        pytest.param("timeline --sort last", ["last-seen"], id="columns of a timeline"),
        pytest.param("workloads list --columns name,sta", ["name,status"], id="another column"),
        pytest.param("workloads list --sort upd", ["updated"], id="a column to sort by"),
        pytest.param("workloads list -o j", ["json"], id="formats"),
        pytest.param("workloads logs -o r", ["raw"], id="formats of logs"),
        pytest.param("env list --columns ta", ["target"], id="columns of environments"),
        pytest.param("--color a", ["auto", "always"], id="colours"),
        pytest.param("workloads describe --config ", [":files"], id="files"),
        pytest.param("serv", [], id="a hidden group"),
        pytest.param("env use k8s:h", ["k8s:here"], id="environments"),
        pytest.param("workloads diff k8s:h", ["k8s:here"], id="the first environment"),
        pytest.param("workloads diff k8s:here k8s:h", ["k8s:here"], id="the second environment"),
        pytest.param("workloads diff --only auto", ["autoscaler"], id="fields"),
        pytest.param("workloads diff --ignore cpu,plat", ["cpu,platform"], id="another field"),
        pytest.param("workloads deploy --image-from k8s:", ["k8s:here"], id="a source"),
        pytest.param("workloads deploy --repository ", ["keep", "target"], id="repositories"),
        pytest.param("workloads status web --until s", ["shifted", "stage:NAME"], id="a goal"),
        pytest.param("workloads cont", ["continue"], id="a verb"),
    ],
)  # fmt: skip
def test_fixed_words_are_offered(
    fleet: Api, dashborion: Cli, line: str, offered: list[str]
) -> None:
    assert dashborion.complete(f"dashborion {line}") == offered


@pytest.mark.parametrize(
    "line",
    [
        "workloads diff k8s:here k8s:here w",
        "workloads deploy web --image-from k8s:here --from-workload w",
    ],
)
def test_workloads_are_those_of_the_environments_on_the_line(
    fleet: Api, dashborion: Cli, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dashborion("workloads list -e k8s:here")
    monkeypatch.setenv("DASHBORION_ENV", "k8s:nowhere")
    assert dashborion.complete(f"dashborion {line}") == ["web"]


def test_projects_and_their_environments(dashborion: Cli, tmp_path: Path) -> None:
    file = tmp_path / "some.yaml"
    places = "{orchestrator: kubernetes, context: a}"
    file.write_text(
        f"projects: {{shop: {{environments: {{one: {places}, two: {places}}}}},"
        f" media: {{environments: {{one: {places}}}}}}}"
    )
    line = f"dashborion --config {file} workloads list"

    assert dashborion.complete(f"{line} -p ") == ["shop", "media"]
    known = ["two", "shop/one", "shop/two", "media/one", "shop", "media"]
    assert dashborion.complete(f"{line} -e ") == known
    assert dashborion.complete(f"{line} -p media -e ") == ["one", "media/one"]


@pytest.mark.parametrize(
    ("command", "some", "never"),
    [
        pytest.param("k8s services list", {"cluster-ip", "ports"}, "image", id="services of k8s"),
        pytest.param("services list", {"image", "rollout"}, "cluster-ip", id="the other name"),
        pytest.param("k8s events list", {"seen", "object"}, "image", id="events of k8s"),
        pytest.param("ecs clusters list", {"name"}, "image", id="clusters of ecs"),
    ],
)
def test_columns_are_those_of_the_list(
    dashborion: Cli, command: str, some: set[str], never: str
) -> None:
    for option in ("--sort", "--columns"):
        offered = set(dashborion.complete(f"dashborion {command} {option} "))
        assert some <= offered
        assert never not in offered
