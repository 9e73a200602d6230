"""Whose a workload is, by the marks of tools that are around in 2026."""

from __future__ import annotations

import pytest

from dashborion.orchestrators.kubernetes import managed, normalise
from tests.unit.kubernetes.raw_kubernetes import Raw, owner
from tests.unit.kubernetes.raw_kubernetes_workloads import deployment
from tests.unit.kubernetes.test_kubernetes_autoscaling import autoscaler

SPACE = deployment().metadata.namespace
TRACKED = {"argocd.argoproj.io/tracking-id": f"shop:apps/Deployment:{SPACE}/web"}
COPIED = {"argocd.argoproj.io/tracking-id": f"shop:apps/Deployment:{SPACE}/cart"}
KUSTOMIZED = {
    "kustomize.toolkit.fluxcd.io/name": "apps",
    "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
}
RELEASED_BY_FLUX = {
    "helm.toolkit.fluxcd.io/name": "web",
    "helm.toolkit.fluxcd.io/namespace": "releases",
}
RELEASE = {"meta.helm.sh/release-name": "front", "meta.helm.sh/release-namespace": SPACE}
BY_HELM = {"app.kubernetes.io/managed-by": "Helm"}
OF_AN_OPERATOR = [owner("Prometheus", "main", group="monitoring.coreos.com/v1")]
OF_KEDA = [owner("ScaledObject", "web-events", group="keda.sh/v1alpha1")]


def wrote(manager: str, field: str = "f:template", **more: str) -> list[Raw]:
    return [{"manager": manager, "fieldsV1": {"f:spec": {field: {}}}, **more}]


@pytest.mark.parametrize(
    ("meta", "expected", "is_reverted"),
    [
        pytest.param({}, None, False, id="nobody"),
        pytest.param({"annotations": TRACKED}, "Argo CD shop", True, id="Argo CD"),
        pytest.param({"annotations": COPIED}, None, False, id="a copy of what Argo CD has"),
        pytest.param(
            {"annotations": {"argocd.argoproj.io/tracking-id": "shop"}}, None, False,
            id="no tracking id",
        ),
        pytest.param(
            {"labels": {"app.kubernetes.io/instance": "shop"}}, None, False,
            id="a label that charts set, too",
        ),
        pytest.param(
            {"labels": KUSTOMIZED}, "Flux kustomization/flux-system/apps", True,
            id="a Kustomization",
        ),
        pytest.param(
            {"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}},
            f"Flux kustomization/{SPACE}/apps", True,
            id="a Kustomization of the same namespace",
        ),
        pytest.param(
            {"labels": RELEASED_BY_FLUX | BY_HELM, "annotations": RELEASE},
            "Flux helmrelease/releases/web", True, id="Flux, which deploys by Helm",
        ),
        pytest.param({"labels": BY_HELM, "annotations": RELEASE}, "Helm front", False, id="Helm"),
        pytest.param({"labels": BY_HELM}, None, False, id="rendered by Helm for another tool"),
        pytest.param({"annotations": RELEASE}, None, False, id="half of Helm's marks"),
        pytest.param(
            {"ownerReferences": OF_AN_OPERATOR}, "Prometheus main", True, id="an operator"
        ),
        pytest.param(
            {"ownerReferences": OF_AN_OPERATOR, "labels": KUSTOMIZED}, "Prometheus main", True,
            id="an operator that copies Flux' labels",
        ),
        pytest.param(
            {"ownerReferences": [OF_AN_OPERATOR[0] | {"controller": False}]}, None, False,
            id="only deleted together",
        ),
        pytest.param({"managedFields": wrote("argocd-controller")}, "Argo CD", True, id="a writer"),
        pytest.param(
            {"managedFields": wrote("kustomize-controller", "f:replicas")}, "Flux", True,
            id="a writer of the count",
        ),
        pytest.param(
            {"managedFields": wrote("argocd-controller", "f:paused")}, None, False,
            id="a writer of something else",
        ),
        pytest.param(
            {"managedFields": wrote("argocd-controller", subresource="status")}, None, False,
            id="a writer of the status",
        ),
        pytest.param(
            {"managedFields": wrote("kubectl-client-side-apply")}, None, False, id="a person"
        ),
    ],
)  # fmt: skip
def test_a_workload_says_whose_it_is(meta: Raw, expected: str | None, is_reverted: bool) -> None:
    found = managed.keeper(deployment(meta=meta))
    assert (str(found.managed_by) if found else None) == expected
    assert bool(found and found.reverts) == is_reverted
    assert bool(found and found.instead) == is_reverted


@pytest.mark.parametrize(
    ("meta", "said", "instead"),
    [
        ({"annotations": TRACKED}, "Argo CD application shop", "the source of application shop"),
        ({"labels": KUSTOMIZED}, "Flux kustomization/flux-system/apps", "suspend that first"),
        ({"labels": RELEASED_BY_FLUX}, "Flux helmrelease/releases/web", "the values of"),
        ({"ownerReferences": OF_AN_OPERATOR}, "the controller of Prometheus main", "owns it"),
        (
            {"managedFields": wrote("argocd-controller")},
            "Argo CD, whose argocd-controller has written it,",
            "change it there",
        ),
    ],
    ids=["argo", "kustomization", "helm release", "operator", "writer"],
)
def test_it_says_who_reverts_and_where_to_change_it(meta: Raw, said: str, instead: str) -> None:
    found = managed.keeper(deployment(meta=meta))
    assert found is not None
    assert found.reverts == said
    assert instead in (found.instead or "")


def test_a_name_without_end_is_told_in_short() -> None:
    endless = f"{'a' * 9000}:apps/Deployment:{SPACE}/web"
    found = managed.keeper(
        deployment(meta={"annotations": {"argocd.argoproj.io/tracking-id": endless}})
    )
    assert found is not None
    assert len(f"{found.reverts}{found.instead}") < 400


def test_a_count_that_keda_keeps_is_kedas_and_named_by_its_object() -> None:
    scaler = autoscaler("keda-hpa-web", metadata={"ownerReferences": OF_KEDA})
    found = managed.keeper(deployment(), [scaler])
    assert found is not None
    assert str(found.managed_by) == "KEDA web-events"
    assert found.reverts is None  # it is the count alone that KEDA keeps, which scaling says
    told = normalise.autoscaling([scaler, autoscaler("other")], 3)
    assert told is not None
    assert told.source == "scaledobject/web-events, horizontalpodautoscaler/other"


def test_who_owns_the_whole_object_goes_before_who_scales_it() -> None:
    scaler = autoscaler("keda-hpa-web", metadata={"ownerReferences": OF_KEDA})
    found = managed.keeper(deployment(meta={"labels": KUSTOMIZED}), [scaler])
    assert found is not None
    assert found.managed_by.tool == "Flux"
