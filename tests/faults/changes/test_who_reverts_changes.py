"""A change of what a reconciler keeps says so before it is made, and where to make it instead."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Cli, Keyboard
from tests.support.misbehaviour import body
from tests.support.stub_api import Api
from tests.support.stub_changes import SCALE, WEB, changed, point_at, take_all_methods
from tests.support.stub_objects import deployment, metadata
from tests.unit.kubernetes.raw_kubernetes import owner

DEPLOY = "workloads deploy deployment/web --image example.com/web:2"
RESTART = "workloads restart deployment/web"
MARKED = {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:default/web"}
ARGO = {"tool": "Argo CD", "name": "shop"}


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    take_all_methods(monkeypatch)
    with Api() as server:
        point_at(server, tmp_path, monkeypatch)
        server.on(f"{WEB}/scale", body({"metadata": {}}))
        yield server


def marked(api: Api, **more: Any) -> None:
    made = deployment("web")
    made["metadata"] |= {"annotations": MARKED, **more}
    api.objects["deployments"] = [made]


def protect(home: Path) -> None:
    path = home / ".config" / "dashborion" / "config.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(
        "environments:\n  prod: {orchestrator: kubernetes, context: here, protected: true}\n"
    )


def warnings(err: str) -> list[dict[str, Any]]:
    told = [json.loads(line) for line in err.splitlines()]
    return [one["warning"] for one in told if "warning" in one]


@pytest.mark.parametrize(
    ("command", "sent", "is_reverted"),
    [
        pytest.param(SCALE, 1, True, id="scale"),
        pytest.param(DEPLOY, 1, True, id="deploy"),
        pytest.param(f"{DEPLOY} --dry-run", 0, True, id="a dry run"),
        pytest.param(f"{RESTART} --dry-run", 0, False, id="restart"),
    ],
)
def test_a_change_says_whose_it_is_and_who_reverts_it(
    dashborion: Cli, api: Api, command: str, sent: int, is_reverted: bool
) -> None:
    """A restart's annotation is in no manifest, so that nobody takes it away."""
    marked(api)
    seen = dashborion(f"{command} -o json")
    assert (seen.exit_code, seen.json["managedBy"]) == (0, ARGO)
    assert (
        warnings(seen.err)
        == [
            {
                "code": "reverted",
                "message": "Argo CD application shop may revert this",
                "hint": "change it in the source of application shop",
                "environment": "k8s:here",
            }
        ]
        * is_reverted
    )
    assert len(changed(api)) == sent


def test_a_change_of_several_says_it_once_with_their_names(dashborion: Cli, api: Api) -> None:
    api.objects["deployments"] = [deployment(name) for name in ("web", "work")]
    for one in api.objects["deployments"]:
        tracked = f"shop:apps/Deployment:default/{one['metadata']['name']}"
        one["metadata"] |= {"annotations": {"argocd.argoproj.io/tracking-id": tracked}}
    seen = dashborion("workloads stop 'w*' --yes --force -o json")
    (said,) = warnings(seen.err)
    assert said["message"] == (
        "Argo CD application shop may revert this: deployment/web, deployment/work"
    )
    assert (seen.exit_code, len(changed(api))) == (0, 2), seen.err


def test_a_plan_says_what_is_done_before_what_is_noted_of_it(dashborion: Cli, api: Api) -> None:
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 9}
    api.objects["horizontalpodautoscalers"] = [{"metadata": metadata("web"), "spec": spec}]
    plan = "\n" + dashborion("workloads scale 'web*' -r 7 --yes").err
    done, noted = "scale deployment/web in namespace default", "  web: horizontalpodautoscaler/web"
    assert plan.index(f"\n{done}") < plan.index(f"\n{noted}")
    assert "would" not in plan


def test_what_changes_nothing_says_whose_it_is_and_warns_of_nothing(
    dashborion: Cli, api: Api
) -> None:
    marked(api)
    seen = dashborion("workloads scale web -r 1 -o json")
    assert (seen.json["managedBy"], warnings(seen.err), changed(api)) == (ARGO, [], [])


def test_what_nobody_keeps_is_changed_without_a_warning(dashborion: Cli, api: Api) -> None:
    seen = dashborion(f"{SCALE} -o json")
    assert (seen.exit_code, seen.json["managedBy"], warnings(seen.err)) == (0, None, [])


def test_a_protected_environments_question_says_it(dashborion: Cli, api: Api, home: Path) -> None:
    marked(api)
    protect(home)
    dashborion.keyboard = Keyboard("n\n")
    seen = dashborion(f"{SCALE} -e prod", tty=True)
    assert (seen.exit_code, changed(api)) == (1, [])
    assert "3 replicas, which Argo CD application shop may revert? [y/N]" in seen.err
    assert seen.err.index("warning: prod: Argo CD") < seen.err.index("[y/N]")
    assert dashborion(f"{SCALE} -e prod").exit_code == 2
    assert dashborion(f"{SCALE} -e prod --yes").exit_code == 0


def test_describe_and_its_page_say_whose_it_is(dashborion: Cli, api: Api) -> None:
    dashborion("workloads describe web -o json")  # which asks what the server has, once
    before = len(api.requests)
    plain = dashborion("workloads describe web -o json")
    middle = len(api.requests)
    marked(api)
    seen = dashborion("workloads describe web -o json")
    assert (plain.json["managedBy"], seen.json["managedBy"]) == (None, ARGO)
    assert len(api.requests) - middle == middle - before  # the object says it itself
    page = dashborion("workloads describe web").out
    assert "Managed by:  Argo CD shop\n" in page


def test_scaling_what_keda_scales_names_its_scaled_object(dashborion: Cli, api: Api) -> None:
    reference = owner("ScaledObject", "web-events", group="keda.sh/v1alpha1")
    made = metadata("keda-hpa-web") | {"ownerReferences": [reference]}
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 4}
    api.objects["horizontalpodautoscalers"] = [{"metadata": made, "spec": spec}]
    seen = dashborion(f"{SCALE} -o json")
    assert seen.json["managedBy"] == {"tool": "KEDA", "name": "web-events"}
    assert "scaledobject/web-events keeps it between 1 and 4 and may change it again" in seen.err
    assert "Managed by:  KEDA web-events\n" in dashborion(SCALE).out
    refused = dashborion("workloads scale web -r 9 -o json")
    assert refused.error["message"] == (
        "scaledobject/web-events keeps it between 1 and 4, and 9 is outside"
    )
