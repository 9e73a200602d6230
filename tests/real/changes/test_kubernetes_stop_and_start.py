"""``workloads stop`` and ``start`` on a real control plane, and whoever acts meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dashborion.orchestrators.changing import Verdict
from dashborion.orchestrators.kubernetes import parking
from tests.support.api import ApiError, Manifest
from tests.support.cli import Cli
from tests.support.control_plane import ControlPlane
from tests.support.killed import killed_after
from tests.support.manifests import autoscaler, daemon_set, deployment, service, stateful_set
from tests.support.real_namespace import Space, writes

MARK = "dashborion.io/parked"
CUSTOM = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
HOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
PAUSED = "autoscaling.keda.sh/paused-replicas"


@pytest.fixture(scope="module")
def small(space: Space) -> str:
    return space.add(deployment("small", replicas=2))


def mark(space: Space, name: str, plural: str = "deployments") -> str | None:
    found = space.get(name, plural)["metadata"].get("annotations", {}).get(MARK)
    return None if found is None else str(found)


def custom(plane: ControlPlane, group: str, version: str, kind: str) -> None:
    """A CustomResourceDefinition that takes anything."""
    plural = f"{kind.lower()}s"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    served = {"name": version, "served": True, "storage": True}
    made = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind, "singular": kind.lower()},
            "versions": [{**served, "schema": {"openAPIV3Schema": schema}}],
        },
    }
    plane.request("POST", CUSTOM, made)

    def is_served() -> bool:
        try:
            plane.request("GET", f"/apis/{group}/{version}/{plural}")
        except ApiError:
            return False
        return True

    plane.wait_for(f"{plural} are served", is_served)


@pytest.fixture
def keda(space: Space) -> Iterator[str]:
    """A Deployment whose count a ScaledObject sets; nobody plays KEDA unless the test does."""
    custom(space.plane, "keda.sh", "v1alpha1", "ScaledObject")
    name = space.add(deployment("queue", replicas=2))
    path = f"/apis/keda.sh/v1alpha1/namespaces/{space.name}/scaledobjects"
    made: Manifest = {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": "queue-scaler", "namespace": space.name},
        "spec": {"scaleTargetRef": {"name": name}},
    }
    space.plane.request("POST", path, made)
    yield f"{path}/queue-scaler"
    space.plane.request("DELETE", f"{CUSTOM}/scaledobjects.keda.sh")


def test_the_mark_and_the_count_are_one_patch_and_come_back_in_one(
    dashborion: Cli, here: Space, small: str
) -> None:
    seen = dashborion(f"workloads stop {small} --wait -v -o json")
    assert (seen.exit_code, here.replicas(small), writes(seen)) == (0, 0, ["PATCH 200"]), seen.err
    assert (mark(here, small) or "").startswith("desired=2 at=")
    managers = here.get(small)["metadata"]["managedFields"]
    assert "dashborion" in {one["manager"] for one in managers}
    (row,) = dashborion(f"workloads list {small} -o json").json
    assert (row["status"], row["parked"]["desired"]) == ("stopped", 2)
    again = dashborion(f"workloads stop {small} -v -o json")
    assert (again.exit_code, again.json["outcome"], writes(again)) == (0, "skipped", [])
    refused = dashborion(f"workloads scale {small} -r 1")
    assert (refused.exit_code, "workloads start" in refused.err) == (1, True)
    seen = dashborion(f"workloads start {small} --wait -v -o json")
    assert (seen.exit_code, here.replicas(small), writes(seen)) == (0, 2, ["PATCH 200"]), seen.err
    assert mark(here, small) is None
    nothing = dashborion(f"workloads start {small} -o json")
    assert (nothing.exit_code, nothing.error["code"]) == (2, "not-applicable")


def test_a_plain_autoscaler_leaves_what_is_stopped_alone_and_budgets_are_named(
    dashborion: Cli, here: Space
) -> None:
    name = here.add(deployment("bounded", replicas=3))
    here.add(autoscaler(name, low=2, high=4))
    here.plane.apply(
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": "keep-two", "namespace": here.name},
            "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": name}}},
        }
    )
    seen = dashborion(f"workloads stop {name} --wait")
    assert (seen.exit_code, "poddisruptionbudget/keep-two is not asked" in seen.err) == (0, True)
    assert (mark(here, name) or "").startswith("desired=3 min=2 max=4 at=")
    assert dashborion(f"workloads start {name} --wait").exit_code == 0
    assert here.replicas(name) == 3


def test_an_autoscaler_that_scales_from_zero_may_not_scale_up_meanwhile(
    dashborion: Cli, here: Space
) -> None:
    """From 1.37 a minimum of zero is taken; each step is killed once."""
    name = here.add(deployment("waking", replicas=2))
    metric = {"type": "External", "external": {
        "metric": {"name": "jobs"}, "target": {"type": "Value", "value": "1"}}}  # fmt: skip
    root = f"/apis/autoscaling/v2/namespaces/{here.name}/horizontalpodautoscalers"
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    spec = {"scaleTargetRef": target, "minReplicas": 0, "maxReplicas": 5, "metrics": [metric]}
    head = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"}
    here.plane.request("POST", root, {**head, "metadata": {"name": name}, "spec": spec})

    def policy() -> Any:
        spec = here.plane.request("GET", f"{root}/{name}")["spec"]
        return (spec.get("behavior") or {}).get("scaleUp", {}).get("selectPolicy")

    with killed_after(1):
        assert dashborion(f"workloads stop {name}").exit_code == 130
    assert (here.replicas(name), policy()) == (0, None)
    assert dashborion(f"workloads stop {name}").exit_code == 0
    assert (here.replicas(name), policy()) == (0, "Disabled")
    assert "up=Max" in (mark(here, name) or "")
    # By now it may not scale from zero any more; what a stop held of it is given back all the same.
    from_one = {"spec": {"minReplicas": 1}}
    here.plane.request("PATCH", f"{root}/{name}", from_one, "application/merge-patch+json")
    for _ in "the count", "its scaling up":
        with killed_after(1):
            assert dashborion(f"workloads start {name}").exit_code == 130
    assert dashborion(f"workloads start {name}").exit_code == 0
    assert (here.replicas(name), policy(), mark(here, name)) == (2, "Max", None)


def test_keda_is_paused_and_its_count_is_its_own(dashborion: Cli, here: Space, keda: str) -> None:
    """Its HorizontalPodAutoscaler is gone while it is paused: the ScaledObject names the target."""

    def paused() -> str | None:
        found = here.plane.request("GET", keda)["metadata"].get("annotations", {})
        return None if PAUSED not in found else str(found[PAUSED])

    def is_observed() -> bool:
        found = here.get("queue")
        return bool(found["status"]["observedGeneration"] == found["metadata"]["generation"])

    for former in (None, "3"):
        noted = {"metadata": {"annotations": {PAUSED: former}}}
        here.plane.request("PATCH", keda, noted, "application/merge-patch+json")
        with killed_after(1):
            assert dashborion("workloads stop queue").exit_code == 130
        here.plane.wait_for("the mark to be observed", is_observed)
        assert (here.replicas("queue"), paused()) == (2, former)
        dashborion.steps = [lambda: here.merge("queue", {"replicas": 0})]  # as KEDA does
        seen = dashborion("workloads stop queue --wait")
        assert (seen.exit_code, here.replicas("queue"), paused()) == (0, 0, "0"), seen.err
        assert f"keda={former or '-'}" in (mark(here, "queue") or "")
        with killed_after(1):
            assert dashborion("workloads start queue").exit_code == 130
        assert paused() == former
        assert dashborion("workloads start queue").exit_code == 0
        assert (here.replicas("queue"), mark(here, "queue")) == (0, None), "KEDA says how many"
        here.merge("queue", {"replicas": 2})
        here.add(deployment("queue"))  # waits until it is settled


def test_volumes_that_would_go_are_never_stopped_with_others(dashborion: Cli, here: Space) -> None:
    here.add(service("db", clusterIP="None"))
    policy = {"whenDeleted": "Retain", "whenScaled": "Delete"}
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    templates = [{"metadata": {"name": "data"}, "spec": claim}]
    spec: dict[str, Any] = {
        "persistentVolumeClaimRetentionPolicy": policy,
        "volumeClaimTemplates": templates,
    }
    here.add(stateful_set("db", **spec), settled=False)
    for words in ("stop db --force", "stop 'd*' --yes --keep-going --force", "scale 'd*' -r 0 -y"):
        seen = dashborion(f"workloads {words} -o json")
        assert (seen.exit_code, seen.error["code"]) == (1, "refused"), seen.err
        assert "data-db-0" in seen.error["message"]
    assert here.replicas("db", "statefulsets") == 1
    here.delete("db", "statefulsets")


def test_a_daemonset_is_passed_over_in_bulk_and_wrong_by_name(dashborion: Cli, here: Space) -> None:
    here.add(daemon_set("agent"), settled=False)
    assert dashborion("workloads stop agent").exit_code == 2
    seen = dashborion("workloads stop 'age*' --yes -o json")
    assert (seen.exit_code, seen.json[0]["outcome"]) == (0, "skipped")
    assert "every node" in seen.json[0]["error"]["message"]
    here.delete("agent", "daemonsets")


def test_patterns_spare_what_the_api_server_and_rollouts_rely_on(
    dashborion: Cli, here: Space
) -> None:
    """One behind a webhook, one behind an APIService, one whose template a Rollout uses."""
    custom(here.plane, "argoproj.io", "v1alpha1", "Rollout")
    for name in ("vital-hook", "vital-api", "vital-argo", "vital-not"):
        here.add(deployment(name), settled=False)
    for name in ("vital-hook", "vital-api"):
        here.add(service(name))
    asked = {"namespace": here.name, "name": "vital-hook"}
    rule = {"operations": ["CREATE"], "apiGroups": ["example.test"], "apiVersions": ["v1"],
            "resources": ["things"]}  # fmt: skip
    hook = {"name": "a.example.test", "clientConfig": {"service": asked}, "rules": [rule],
            "sideEffects": "None", "admissionReviewVersions": ["v1"]}  # fmt: skip
    named = {"metadata": {"name": here.name}}
    kind = "ValidatingWebhookConfiguration"
    head = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind}
    here.plane.request("POST", HOOKS, {**head, **named, "webhooks": [hook]})
    registration = "apiregistration.k8s.io/v1"
    here.plane.apply(
        {
            "apiVersion": registration,
            "kind": "APIService",
            "metadata": {"name": "v1.example.test"},
            "spec": {
                "group": "example.test",
                "version": "v1",
                "groupPriorityMinimum": 1,
                "versionPriority": 1,
                "insecureSkipTLSVerify": True,
                "service": {"namespace": here.name, "name": "vital-api"},
            },
        }
    )
    used = {"workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "vital-argo"}}
    rollout = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "spec": used}
    root = f"/apis/argoproj.io/v1alpha1/namespaces/{here.name}/rollouts"
    here.plane.request("POST", root, {**rollout, "metadata": {"name": "canary"}})
    try:
        seen = dashborion("workloads stop 'vital-*' --force --dry-run -o json")
        assert [one["workload"] for one in seen.json] == ["vital-not"], seen.err
        for why in ("validatingwebhookconfiguration/", "apiservice/v1.example.test",
                    "rollout/canary of Argo"):  # fmt: skip
            assert why in seen.err
        zero = dashborion("workloads scale 'vital-*' -r 0 --dry-run -o json")
        assert [one["workload"] for one in zero.json] == ["vital-not"]
        by_name = dashborion("workloads stop vital-hook")
        assert (by_name.exit_code, here.replicas("vital-hook")) == (1, 1)
        assert dashborion("workloads stop vital-hook --force --dry-run").exit_code == 0
    finally:
        here.plane.request("DELETE", f"/apis/{registration}/apiservices/v1.example.test")
        here.plane.request("DELETE", f"{HOOKS}/{here.name}")
        here.plane.request("DELETE", f"{CUSTOM}/rollouts.argoproj.io")


def test_who_may_not_list_webhooks_is_told_that_nobody_looked(
    dashborion: Cli, here: Space, small: str, as_viewer: None
) -> None:
    seen = dashborion(f"workloads stop deployment/{small} --dry-run")
    assert (seen.exit_code, here.replicas(small)) == (0, 2), seen.err
    assert "not checked whether webhooks are behind it" in seen.err


def test_what_was_started_by_somebody_else_is_reverted_and_the_mark_goes(
    dashborion: Cli, here: Space, small: str
) -> None:
    def reverts() -> None:
        path = f"{here.path(small)}?fieldManager=some-reconciler"
        here.plane.merge(path, {"spec": {"replicas": 2}})

    dashborion.steps = [reverts]
    with pytest.MonkeyPatch.context() as patch:
        # Its pods do not end before somebody has acted.
        patch.setattr(parking.FollowedStop, "_verdict", lambda *_: Verdict("ending"))
        seen = dashborion(f"workloads stop {small} --wait -o json")
    assert (seen.exit_code, seen.error["code"]) == (7, "superseded"), seen.err
    assert "reverted by some-reconciler" in seen.error["message"]
    assert (here.replicas(small), mark(here, small)) == (2, None)


def test_a_rollout_that_is_not_complete_is_not_stopped(dashborion: Cli, here: Space) -> None:
    name = here.add(deployment("rolling"))
    here.change_image(name, "pull")
    here.plane.wait_for("pull", lambda: here.is_waiting(name, "ImagePullBackOff"))
    seen = dashborion(f"workloads stop {name}")
    assert (seen.exit_code, here.replicas(name), "--force" in seen.err) == (1, 1, True)
    assert dashborion(f"workloads stop {name} --force").exit_code == 0


def test_jobs_are_suspended_and_resumed_under_the_same_mark(dashborion: Cli, here: Space) -> None:
    """Those that somebody else has suspended stay so."""
    root = f"/apis/batch/v1/namespaces/{here.name}/cronjobs"
    template = {"spec": {"restartPolicy": "Never", "containers": [
        {"name": "app", "image": "example.com/app:1.0"}]}}  # fmt: skip
    for name, suspend in (("nightly", False), ("nightly-off", True)):
        spec = {"schedule": "0 3 * * *", "suspend": suspend,
                "jobTemplate": {"spec": {"template": template}}}  # fmt: skip
        here.plane.request("POST", root, {"apiVersion": "batch/v1", "kind": "CronJob",
                                          "metadata": {"name": name}, "spec": spec})  # fmt: skip

    def suspended() -> list[bool]:
        found = here.plane.request("GET", root)["items"]
        return [one["spec"]["suspend"] for one in found]

    seen = dashborion("workloads stop 'nightly*' --with-jobs --yes -o json")
    assert (seen.exit_code, suspended()) == (0, [True, True]), seen.err
    assert [(one["workload"], one["outcome"]) for one in seen.json] == [("cronjob/nightly", "done")]
    seen = dashborion("workloads start 'nightly*' --with-jobs --yes -o json")
    assert (seen.exit_code, suspended()) == (0, [False, True]), seen.err
    for name in ("nightly", "nightly-off"):
        here.plane.request("DELETE", f"{root}/{name}")
