"""The newest versions of the API, which the demo has: what is asked of it, and what is printed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dashborion.demo.kubernetes.request import Request
from tests.support.cli import Cli
from tests.support.kind_samples import KINDS
from tests.support.stand_in import StandIn


@pytest.fixture
def asked(demo: StandIn) -> Iterator[list[Request]]:
    seen: list[Request] = []
    demo.cluster.api.on_request = seen.append
    yield seen
    demo.cluster.api.on_request = lambda _: None


def test_a_list_of_configmaps_does_not_ask_for_their_values(
    dashborion: Cli, asked: list[Request]
) -> None:
    found = dashborion("k8s configmaps list -o json")
    assert {one["name"]: one["keys"] for one in found.json} == {
        "settings": 2, "files": 2, "nothing": 0,
    }  # fmt: skip
    assert [one.plural for one in asked if one.plural == "configmaps"] == ["configmaps"]
    assert all(one.accepts("Table") for one in asked if one.plural == "configmaps")


def test_a_list_of_configmaps_in_chunks(
    dashborion: Cli, asked: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashborion.orchestrators.kubernetes.listing.PAGE_SIZE", 2)
    found = dashborion("k8s configmaps list -o json").json
    assert [(one["name"], one["keys"]) for one in found] == [
        ("files", 2), ("nothing", 0), ("settings", 2),
    ]  # fmt: skip
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("command", "version"),
    [
        pytest.param("autoscalers list", "autoscaling/v2", id="autoscalers"),
        pytest.param("autoscalers describe scaled", "autoscaling/v2", id="one"),
        pytest.param("cronjobs list", "batch/v1", id="cronjobs"),
    ],
)
def test_the_newest_served_version_is_asked_for(
    dashborion: Cli, asked: list[Request], command: str, version: str
) -> None:
    assert dashborion(f"k8s {command}").exit_code == 0
    plurals = ("horizontalpodautoscalers", "cronjobs")
    assert {one.group_version for one in asked if one.plural in plurals} == {version}


@pytest.mark.parametrize("kind", [one for one in KINDS if one not in ("cronjobs", "autoscalers")])
def test_a_kind_of_one_version_is_one_call(
    dashborion: Cli, asked: list[Request], kind: str
) -> None:
    assert dashborion(f"k8s {kind} list").exit_code == 0
    assert len(asked) == 1


def test_targets_are_shares_with_their_names(dashborion: Cli, demo: StandIn) -> None:
    found = dashborion("k8s autoscalers list --columns name,targets --no-headers").lines
    assert found == ["alone\tcpu: unknown/80%", "scaled\tcpu: unknown/70%"]


def test_a_terminal_says_how_long_a_job_has_been_running(dashborion: Cli, demo: StandIn) -> None:
    demo.apply(
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": "endless", "namespace": "default"},
            "spec": {"template": {"spec": {
                "restartPolicy": "Never",
                "containers": [{"name": "app", "image": "example.com/app:1.0"}],
            }}},
        }
    )  # fmt: skip
    started = demo.wait_for(
        "the job to begin",
        lambda: (
            demo.request("GET", "/apis/batch/v1/namespaces/default/jobs/endless")
            .get("status", {})
            .get("startTime")
        ),
    )
    assert started
    shown = dashborion("k8s jobs list -n default --columns status,duration --no-headers", tty=True)
    status, duration = shown.out.split()
    assert (status, duration[-1]) == ("running", "s")
    piped = dashborion("k8s jobs list -n default --columns status,duration --no-headers")
    assert piped.out == "running\t-\n"


def test_a_value_from_the_cluster_cannot_move_the_cursor(dashborion: Cli, demo: StandIn) -> None:
    hostile = {"key": "plain\n\x1b[2Jgone\u202e"}
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "hostile", "namespace": "default"},
        "data": hostile,
    }
    demo.apply(body)
    page = dashborion("k8s configmaps describe hostile -n default", tty=True).out
    assert "plain\n\\x1b[2Jgone\\u202e\n" in page


@pytest.mark.parametrize("output", ["table", "wide", "json", "yaml", "csv", "name"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_output_format_of_every_kind(
    dashborion: Cli, demo: StandIn, kind: str, output: str
) -> None:
    found = dashborion(f"k8s {kind} list -o {output}")
    assert found.exit_code == 0, found.err
    assert found.out
    assert dashborion(f"k8s {kind} list -o {output}", tty=True, width=60).out
