"""Namespaces that are a cluster's own are left alone, but by exact names and force."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Cli
from tests.support.misbehaviour import status
from tests.support.stub_api import Api
from tests.support.stub_changes import changed, point_at, take_all_methods
from tests.support.stub_objects import deployment, metadata


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    take_all_methods(monkeypatch)
    with Api() as server:
        point_at(server, tmp_path, monkeypatch)
        dns, web = deployment("dns", "kube-system"), deployment("web")
        for one in (dns, web):
            one["status"]["conditions"] = None
        server.objects = {
            "deployments": [dns, web],
            "namespaces": [{"metadata": metadata(name, None)} for name in ("default",)],
        }
        yield server


@pytest.mark.parametrize("words", ["stop '*'", "scale '*' -r 0"])
def test_patterns_never_match_the_clusters_own(dashborion: Cli, api: Api, words: str) -> None:
    seen = dashborion(f"workloads {words} -A --force --dry-run -o json")
    assert [one["workload"] for one in seen.json] == ["web"], seen.err
    assert "left out: deployment/dns: namespace kube-system is the cluster's own" in seen.err
    assert changed(api) == []


def cron_job(name: str, namespace: str) -> dict[str, Any]:
    return {"metadata": metadata(name, namespace), "spec": {"schedule": "@daily", "suspend": False}}


def test_nor_the_clusters_own_jobs(dashborion: Cli, api: Api) -> None:
    api.objects["cronjobs"] = [cron_job("backup", "kube-system"), cron_job("report", "default")]
    seen = dashborion("workloads stop '*' -A --with-jobs --force --dry-run -o json")
    assert [one["workload"] for one in seen.json] == ["web", "cronjob/report"], seen.err
    assert "left out: cronjob/backup: namespace kube-system is the cluster's own" in seen.err


@pytest.mark.parametrize(
    ("more", "outcomes", "code"),
    [("", ["skipped", "failed", "skipped"], 5), ("--keep-going", ["done", "failed", "failed"], 5)],
    ids=["the first failure ends it", "keep going"],
)
def test_a_job_that_cannot_be_suspended_is_a_failure_as_any_other(
    dashborion: Cli, api: Api, more: str, outcomes: list[str], code: int
) -> None:
    api.objects["deployments"] = [api.objects["deployments"][1]]
    api.objects["cronjobs"] = [cron_job("one", "default"), cron_job("two", "default")]
    denied = status(403, "no", reason="Forbidden")
    for one in ("one", "two"):
        api.on(f"/apis/batch/v1/namespaces/default/cronjobs/{one}", denied)
    seen = dashborion(f"workloads stop '*' --with-jobs --yes -o json {more}")
    assert (seen.exit_code, [one["outcome"] for one in seen.json]) == (code, outcomes), seen.err


@pytest.mark.parametrize("words", ["stop", "scale -r 0"])
def test_its_exact_name_and_force_do(dashborion: Cli, api: Api, words: str) -> None:
    command = f"workloads {words} kube-system/dns -o json"
    seen = dashborion(command)
    assert (seen.exit_code, changed(api), seen.error["code"]) == (1, [], "refused")
    assert "--force" in seen.error["hint"]
    assert dashborion(f"{command} --force --dry-run").exit_code == 0


def test_a_restart_and_a_start_are_of_all_that_match(dashborion: Cli, api: Api) -> None:
    for words in ("restart", "start"):
        seen = dashborion(f"workloads {words} '*' -A --dry-run -o json")
        assert {one["workload"] for one in seen.json} == {"dns", "web"}, seen.err


def test_where_webhooks_may_not_be_listed_the_plan_says_so(dashborion: Cli, api: Api) -> None:
    api.on("/apis/admissionregistration.k8s.io/v1", lambda one: one.respond(200, b"{}"))
    api.on("/apis/admissionregistration.k8s.io/v1/*", status(403, "no", reason="Forbidden"))
    seen = dashborion("workloads stop 'w*' --dry-run -o json")
    assert (seen.exit_code, len(seen.json)) == (0, 1), seen.err
    assert "not checked whether webhooks are behind it" in seen.err


@pytest.mark.parametrize(
    "words", ["stop", "stop --dry-run", "restart --dry-run", "scale -r 0 --dry-run"]
)
def test_a_kind_that_cannot_be_listed_may_have_been_meant(
    dashborion: Cli, api: Api, words: str
) -> None:
    api.on("*/statefulsets", status(403, "no", reason="Forbidden"))
    seen = dashborion(f"workloads {words} 'w*' --yes -o json")
    assert (seen.exit_code, [one["workload"] for one in seen.json]) == (5, ["web"]), seen.err
