"""A StatefulSet may delete the volumes of the pods that go: nobody does that by accident."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Cli, Keyboard
from tests.support.stub_api import Api
from tests.support.stub_changes import changed, point_at, take_all_methods
from tests.support.stub_objects import statefulset

DELETE = {"whenDeleted": "Retain", "whenScaled": "Delete"}
CLAIMS = ["data-db-1", "data-db-2", "logs-db-1", "logs-db-2"]


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    take_all_methods(monkeypatch)
    with Api() as server:
        point_at(server, tmp_path, monkeypatch)
        yield server


def has(api: Api, policy: Any = DELETE, **spec: Any) -> None:
    made = statefulset("db")
    templates = [{"metadata": {"name": name}, "spec": {}} for name in ("data", "logs")]
    made["spec"] |= {
        "replicas": 3,
        "persistentVolumeClaimRetentionPolicy": policy,
        "volumeClaimTemplates": templates,
        **spec,
    }
    api.objects["statefulsets"] = [made]


@pytest.mark.parametrize("more", ["", "--force", "--yes", "--dry-run", "--current 3"])
def test_a_scale_down_that_deletes_volumes_is_refused_with_their_names(
    dashborion: Cli, api: Api, more: str
) -> None:
    has(api)
    seen = dashborion(f"workloads scale db -r 1 {more} -o json")
    assert (seen.exit_code, seen.error["code"], changed(api)) == (1, "refused", [])
    assert all(claim in seen.error["message"] for claim in CLAIMS)
    assert "data-db-0" not in seen.error["message"]
    assert "--delete-volumes" in seen.error["hint"]


def test_the_ordinals_are_those_of_the_set(dashborion: Cli, api: Api) -> None:
    has(api, ordinals={"start": 5})
    seen = dashborion("workloads scale db -r 2 -o json")
    assert "data-db-7, logs-db-7)" in seen.error["message"]


def test_the_option_does_it_and_says_so(dashborion: Cli, api: Api) -> None:
    has(api)
    seen = dashborion("workloads scale db -r 1 --delete-volumes --dry-run")
    assert (seen.exit_code, changed(api)) == (0, [])
    assert "delete 4 volumes with their data (data-db-1" in seen.err
    dashborion("workloads scale db -r 1 --delete-volumes")
    assert len(changed(api)) == 1


@pytest.fixture
def protected(home: Path) -> None:
    path = home / ".config" / "dashborion" / "config.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(
        "environments: {prod: {orchestrator: kubernetes, context: here, protected: true}}\n"
    )


@pytest.mark.usefixtures("protected")
def test_a_person_is_asked_about_the_volumes(dashborion: Cli, api: Api) -> None:
    has(api)
    dashborion.keyboard = Keyboard("n\n")
    seen = dashborion("workloads scale db -r 2 --delete-volumes -e prod", tty=True)
    assert changed(api) == []
    assert "data-db-2" in seen.err


MEANWHILE = {
    "the policy": ({"policy": None}, {}, "", "data-db-1, data-db-2, logs-db-1, logs-db-2"),
    "the policy, back": ({}, {"policy": None}, "--delete-volumes", "no volumes"),
    "the ordinals": ({}, {"ordinals": {"start": 1}}, "--delete-volumes", "data-db-2, data-db-3"),
}


@pytest.mark.usefixtures("protected")
@pytest.mark.parametrize(("shown", "now", "option", "said"), MEANWHILE.values(), ids=MEANWHILE)
def test_other_volumes_than_were_shown_are_a_conflict(
    dashborion: Cli, api: Api, shown: Any, now: Any, option: str, said: str
) -> None:
    has(api, **shown)
    dashborion.keyboard = Keyboard("y\n", before=lambda: has(api, **now))
    seen = dashborion(f"workloads scale db -r 1 {option} -e prod", tty=True)
    assert (seen.exit_code, changed(api)) == (1, []), seen.err
    assert said in seen.err


KEEPS = {
    "a scale-up": ({}, 4),
    "the same count": ({}, 3),
    "Retain": ({"policy": {"whenScaled": "Retain"}}, 1),
    "no policy": ({"policy": None}, 1),
    "no claims": ({"volumeClaimTemplates": None}, 1),
}


@pytest.mark.parametrize(("spec", "replicas"), KEEPS.values(), ids=KEEPS)
def test_what_deletes_nothing_needs_no_option(
    dashborion: Cli, api: Api, spec: dict[str, Any], replicas: int
) -> None:
    has(api, **spec)
    dashborion(f"workloads scale db -r {replicas}")
    assert len(changed(api)) == (replicas != 3), "the same count is not sent"
