"""The HorizontalPodAutoscaler (``autoscaling/v1``) that scales a workload."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dashborion.models.workload import Autoscaling
from dashborion.orchestrators.kubernetes import normalise, wire
from tests.unit.kubernetes.raw_kubernetes import ABSENT, Raw, decode, merged, metadata
from tests.unit.kubernetes.raw_kubernetes_workloads import daemonset, deployment, statefulset


def autoscaler(name: str = "web", **change: Raw) -> wire.Autoscaler:
    base: Raw = {
        "metadata": metadata(name),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "minReplicas": 2,
            "maxReplicas": 10,
            "targetCPUUtilizationPercentage": 80,
        },
        "status": {"currentReplicas": 3, "desiredReplicas": 4, "lastScaleTime": None},
    }
    return decode(wire.Autoscaler, merged(base, change))


def autoscaler_of(kind: str, name: str = "web") -> wire.Autoscaler:
    return autoscaler("cpu", spec={"scaleTargetRef": {"kind": kind, "name": name}})


def of_web(*autoscalers: wire.Autoscaler, desired: int = 3) -> Autoscaling | None:
    return normalise.autoscaling(normalise.autoscalers_of(deployment(), autoscalers), desired)


def test_bounds_and_counts() -> None:
    assert of_web(autoscaler()) == Autoscaling(
        min=2,
        max=10,
        current=3,
        desired=4,
        source="horizontalpodautoscaler/web",
        suspended=False,
    )


@pytest.mark.parametrize(
    ("build", "kind"),
    [(deployment, "Deployment"), (statefulset, "StatefulSet"), (daemonset, "DaemonSet")],
)
def test_an_autoscaler_is_found_by_kind_and_name(
    build: Callable[[], wire.Controller], kind: str
) -> None:
    others = [
        autoscaler_of(other) for other in ("Deployment", "StatefulSet", "Rollout") if other != kind
    ]
    assert normalise.autoscalers_of(build(), others) == []
    (found,) = normalise.autoscalers_of(
        build(), [*others, autoscaler_of(kind, "shop"), autoscaler_of(kind)]
    )
    assert found.metadata.name == "cpu"


def test_autoscaling_without_an_autoscaler_is_null() -> None:
    assert of_web() is None
    assert of_web(autoscaler_of("Deployment", "shop")) is None


@pytest.mark.parametrize("minimum", [None, ABSENT])
def test_an_absent_minimum_is_one(minimum: object) -> None:
    found = of_web(autoscaler(spec={"minReplicas": minimum}))
    assert found is not None
    assert found.min == 1


def test_a_minimum_of_zero_is_zero() -> None:
    found = of_web(autoscaler(spec={"minReplicas": 0}))
    assert found is not None
    assert found.min == 0


@pytest.mark.parametrize(
    ("minimum", "desired", "suspended"),
    [(2, 0, True), (None, 0, True), (0, 0, False), (2, 1, False)],
)
def test_a_workload_that_somebody_scaled_to_zero_is_left_alone(
    minimum: int | None, desired: int, *, suspended: bool
) -> None:
    found = of_web(autoscaler(spec={"minReplicas": minimum}), desired=desired)
    assert found is not None
    assert found.suspended is suspended


def test_an_autoscaler_without_status_has_no_counts() -> None:
    found = of_web(autoscaler(status={"currentReplicas": ABSENT, "desiredReplicas": ABSENT}))
    assert found is not None
    assert (found.current, found.desired) == (None, None)


def two(**of_the_other: object) -> Autoscaling:
    found = of_web(autoscaler("b", spec={"minReplicas": 3, **of_the_other}), autoscaler("a"))
    assert found is not None
    return found


@pytest.mark.parametrize("change", [{"maxReplicas": 6}, {"maxReplicas": 20}])
def test_of_two_autoscalers_the_strictest_bounds_count(change: dict[str, int]) -> None:
    found = two(**change)
    assert (found.min, found.max) == (3, min(10, change["maxReplicas"]))
    assert found.source == "horizontalpodautoscaler/a, horizontalpodautoscaler/b"
    assert not found.contradicts


def test_bounds_that_no_number_fits_contradict() -> None:
    found = two(minReplicas=12, maxReplicas=20)
    assert (found.min, found.max, found.contradicts) == (12, 10, True)
    assert "contradict each other: at least 12 replicas, and at most 10" in found.bounds


@pytest.mark.parametrize(("second", "desired"), [(4, 4), (9, None)], ids=["agree", "disagree"])
def test_what_two_autoscalers_want_is_known_if_they_agree(second: int, desired: int | None) -> None:
    found = of_web(autoscaler("a"), autoscaler("b", status={"desiredReplicas": second}))
    assert found is not None
    assert found.desired == desired
