"""Why workloads are not well, in the words of the kubelet and the runtime themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.boxes import box, box_deployment, box_pod
from tests.support.broken_boxes import WELL, Broken, broken, settings, words
from tests.support.cli import Cli
from tests.support.real_namespace import Space
from tests.support.registry import registry
from tests.support.waiting import wait_for

NAMES = list(broken("HOST"))
SLOW_PROBE = {"exec": {"command": ["false"]}, "initialDelaySeconds": 300, "periodSeconds": 10}


@pytest.fixture(scope="module")
def cases() -> Iterator[dict[str, Broken]]:
    with registry() as host:
        yield broken(host)


@pytest.fixture(scope="module")
def clinic(space: Space, cases: dict[str, Broken]) -> Space:
    """All broken workloads, each as far as it gets, and some that are well."""
    settings(space)
    for case in cases.values():
        space.add(case.manifest, settled=False)
    space.add(box_deployment("well", WELL), settled=False)
    space.add(box_deployment("starting", box(readinessProbe=SLOW_PROBE)), settled=False)
    space.add(box_pod("alone", "exit 5", restartPolicy="Never"))
    space.add(box_pod("done", "exit 0", restartPolicy="OnFailure"))

    missing = dict(cases)

    def all_have_come() -> bool:
        for name, seen in words(space).items():
            if name in missing and missing[name].until in seen:
                del missing[name]
        return not missing

    wait_for("all to have come as far as they get", all_have_come, interval=0.5)
    space.add(box_deployment("well", WELL))
    return space


@pytest.fixture
def later(dashborion: Cli) -> Cli:
    """Commands that are typed some minutes later: what a start may take is over."""
    dashborion.moment = datetime.now(UTC) + timedelta(minutes=5)
    return dashborion


def told(dashborion: Cli, name: str) -> list[dict[str, Any]]:
    causes = dashborion(f"workloads describe {name} -o json").json["causes"]
    assert all(one["evidence"] for one in causes), "no cause without the API's own words"
    return list(causes)


@pytest.mark.parametrize("name", NAMES)
def test_a_broken_workload_has_its_one_cause(
    clinic: Space, here: Space, later: Cli, cases: dict[str, Broken], name: str
) -> None:
    causes = told(later, name)
    assert [(one["code"], one["severity"]) for one in causes] == [(cases[name].code, "error")], (
        causes
    )
    assert causes[0]["instances"] == [here.only_pod(name)]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("exit-3", "app exited with 3"),
        ("oom-sidecar", "side was killed at its memory limit of 16Mi"),
        ("unwell", "statuscode: 404|connection refused"),
        ("no-pull-secret", "401 Unauthorized"),
        ("gated", "example.com/open"),
    ],
)
def test_a_cause_says_what_happens(
    clinic: Space, here: Space, later: Cli, name: str, words: str
) -> None:
    (cause,) = told(later, name)
    assert re.search(words, cause["message"])


def test_an_absent_pull_secret_is_evidence(clinic: Space, here: Space, later: Cli) -> None:
    (cause,) = told(later, "no-pull-secret")
    assert any("(nobody)" in one["value"] for one in cause["evidence"])
    assert "pull secret" in cause["advice"][0]["text"]


@pytest.mark.parametrize("name", ["well", "starting"])
def test_what_is_well_or_still_starts_has_no_cause(
    clinic: Space, here: Space, dashborion: Cli, name: str
) -> None:
    assert told(dashborion, name) == []


def test_a_debug_container_is_nobodys_cause(clinic: Space, here: Space, dashborion: Cli) -> None:
    pod = here.only_pod("well")
    debugger = {"name": "debugger", "image": "127.0.0.1:9/none:1"}
    path = f"{here.path(pod, 'pods')}/ephemeralcontainers"
    here.plane.merge(path, {"spec": {"ephemeralContainers": [debugger]}})
    here.plane.wait_for("its image to fail", lambda: "Failed" in words(here)["well"])
    assert told(dashborion, "well") == []


@pytest.mark.parametrize(
    ("name", "verdict", "codes"),
    [("alone", "failing", ["exit"]), ("done", "stopped", [])],
)
def test_a_pod_of_no_workload_is_told_by_itself(
    clinic: Space, here: Space, dashborion: Cli, name: str, verdict: str, codes: list[str]
) -> None:
    here.plane.wait_for("its end", lambda: here.get(name, "pods")["status"]["phase"] != "Running")
    found = dashborion(f"instances why {name} -o json").json
    assert (found["verdict"], [one["code"] for one in found["causes"]]) == (verdict, codes)


def test_a_pod_of_a_workload_has_the_causes_that_it_has_there(
    clinic: Space, here: Space, later: Cli
) -> None:
    found = later(f"instances why {here.only_pod('exit-3')} -o json").json
    assert (found["workload"], found["verdict"]) == ("exit-3", "failing")
    assert [one["code"] for one in found["causes"]] == ["exit"]
    assert found["log"][0]["lines"] == ["goodbye"]


def test_events_that_may_not_be_read_are_told(
    clinic: Space, here: Space, dashborion: Cli, tmp_path: Path
) -> None:
    here.allow("nobody", {"": ["pods"]})
    here.plane.write_kubeconfig(tmp_path / "kubeconfig", user="nobody", namespace=here.name)
    found = dashborion("instances why alone --no-logs -o json").json
    assert [(one["what"], one["permission"]) for one in found["notChecked"]] == [
        ("events", "list events")
    ]
    assert [one["code"] for one in found["causes"]] == ["exit"]
