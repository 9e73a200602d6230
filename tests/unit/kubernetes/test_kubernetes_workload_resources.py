"""What a workload's and an instance's containers request, added up in canonical form."""

from __future__ import annotations

import json

import msgspec
import pytest

from dashborion.models.instance import Instance
from dashborion.models.workload import Resources, Workload
from tests.unit.kubernetes.raw_kubernetes import Raw, container, instance, pod, running
from tests.unit.kubernetes.raw_kubernetes_workloads import (
    daemonset,
    deployment,
    statefulset,
    template,
    workload,
)


def workload_with(*requests: Raw | None, init: list[Raw] | None = None) -> Workload:
    asked = [container(f"c{number}", one) for number, one in enumerate(requests)]
    return workload(deployment(spec={"template": template(asked, init or [])}))


def test_requests_are_added_up() -> None:
    found = workload_with({"cpu": "250m", "memory": "256Mi"}, {"cpu": "1", "memory": "1Gi"})
    assert (found.cpu, found.memory) == ("1250m", "1280Mi")
    assert found.resources == Resources(cpu_millicores=1250, memory_mib=1280)


@pytest.mark.parametrize("requests", [[], [None], [{}], [{"ephemeral-storage": "1Gi"}]])
def test_no_requests_are_null(requests: list[Raw | None]) -> None:
    found = workload_with(*requests)
    assert (found.cpu, found.memory) == (None, None)
    assert found.resources == Resources(cpu_millicores=None, memory_mib=None)


def test_one_may_be_requested_without_the_other() -> None:
    found = workload_with({"memory": "1Gi"}, {"memory": "1Gi"}, None)
    assert (found.cpu, found.memory) == (None, "2Gi")


def test_a_request_of_zero_is_not_null() -> None:
    found = workload_with({"cpu": "0", "memory": "0"})
    assert (found.cpu, found.memory) == ("0", "0")
    assert found.resources == Resources(cpu_millicores=0, memory_mib=0)


@pytest.mark.parametrize(("cpu", "expected"), [(2, "2"), (0.5, "500m"), ("0.1", "100m")])
def test_cpu_may_be_written_as_a_number(cpu: object, expected: str) -> None:
    assert workload_with({"cpu": cpu}).cpu == expected


def test_plain_numbers_are_rounded_up() -> None:

    found = workload_with({"cpu": "100u", "memory": "1500k"})
    assert found.resources == Resources(cpu_millicores=1, memory_mib=2)


def test_a_sidecar_counts_and_an_init_container_does_not() -> None:
    asked = {"cpu": "100m", "memory": "64Mi"}
    proxy = container("proxy", asked, restartPolicy="Always")
    migrate = container("migrate", {"cpu": "4", "memory": "8Gi"})
    found = workload_with(asked, init=[migrate, proxy])
    assert (found.cpu, found.memory) == ("200m", "128Mi")


@pytest.mark.parametrize(
    ("whole", "cpu", "memory"),
    [
        pytest.param({"cpu": "2", "memory": "4Gi"}, "2", "4Gi", id="both"),
        pytest.param({"cpu": "2"}, "2", "128Mi", id="one, the other by its containers"),
        pytest.param({}, "200m", "128Mi", id="none"),
        pytest.param(None, "200m", "128Mi", id="null"),
        pytest.param({"cpu": "0"}, "0", "128Mi", id="zero"),
    ],
)
def test_what_a_pod_requests_as_a_whole_goes_before_its_containers(
    whole: Raw | None, cpu: str, memory: str
) -> None:
    asked = container("app", {"cpu": "100m", "memory": "64Mi"})
    made = template([asked, asked | {"name": "b"}])
    made["spec"]["resources"] = {"requests": whole}
    found = workload(deployment(spec={"template": made}))
    assert (found.cpu, found.memory) == (cpu, memory)
    one = instance(pod(spec=made["spec"]))
    assert (one.cpu, one.memory) == (cpu, memory)


LIMITS = {"cpu": "1", "memory": "1Gi"}


@pytest.mark.parametrize(
    ("requests", "limits", "whole", "expected"),
    [
        pytest.param({}, LIMITS, {}, ("1", "1Gi"), id="a container's"),
        pytest.param({"cpu": "10m"}, LIMITS, {}, ("10m", "1Gi"), id="where it requests nothing"),
        pytest.param({}, None, LIMITS, ("1", "1Gi"), id="the pod's"),
        pytest.param({"cpu": "10m"}, {}, LIMITS, ("10m", "1Gi"), id="the pod's for the rest"),
        pytest.param({}, LIMITS, {"cpu": "4"}, ("1", "1Gi"), id="a container's before the pod's"),
    ],
)
def test_a_limit_without_a_request_is_requested(
    requests: Raw, limits: Raw | None, whole: Raw, expected: tuple[str, str]
) -> None:
    app = container("app", resources={"requests": requests, "limits": limits})
    made = template([app])
    made["spec"]["resources"] = {"limits": whole}
    found = workload(deployment(spec={"template": made}))
    assert (found.cpu, found.memory) == expected


def resizing(status: Raw, **spec: object) -> Instance:
    """A pod that wishes for two cores, and what its node says of that."""
    spec |= {"containers": [container("app", {"cpu": "2", "memory": "1Gi"})]}
    condition = {"type": "PodResizePending", "status": "True", "reason": "Infeasible",
                 "message": "Node didn't have enough capacity: cpu"}  # fmt: skip
    return instance(pod(spec=spec, status=status | {"conditions": [condition]}))


@pytest.mark.parametrize(
    ("granted", "expected"),
    [
        pytest.param({"requests": {"cpu": "100m", "memory": "1Gi"}}, ("100m", "1Gi"), id="less"),
        pytest.param({"requests": {"memory": "1Gi"}}, (None, "1Gi"), id="no cpu yet"),
        pytest.param({}, (None, None), id="nothing"),
        pytest.param(None, ("2", "1Gi"), id="unsaid, as before 1.33"),
    ],
)
def test_an_instance_has_what_its_node_has_granted(
    granted: Raw | None, expected: tuple[str | None, str | None]
) -> None:
    found = resizing({"containerStatuses": [running("app") | {"resources": granted}]})
    assert (found.cpu, found.memory) == expected
    assert found.message == "resize Infeasible: Node didn't have enough capacity: cpu"


def test_what_is_granted_to_a_pod_as_a_whole_goes_before_its_wish() -> None:
    granted = {"requests": {"cpu": "3"}, "limits": {"memory": "9007199254740988Ki"}}
    status = {"resources": granted, "containerStatuses": [running("app")]}
    found = resizing(status, resources={"requests": {"cpu": "4"}, "limits": {"cpu": "4"}})
    assert (found.cpu, found.memory) == ("3", "1Gi")


@pytest.mark.parametrize(
    "written",
    ["", "odd", "0x10", "1_000", "NaN", "Infinity", "--1", "1.5Zi", "1e", "\u0661", "100 m"],
)
def test_what_is_no_quantity_is_not_added_up(written: str) -> None:
    assert workload_with({"cpu": written, "memory": written}).cpu is None
    assert workload_with({"memory": written}, {"memory": "1Gi"}).memory == "1Gi"


@pytest.mark.parametrize("written", ["9" * 400, "1e400", "1e999", f"{'9' * 400}Ei"])
def test_an_absurd_request_is_bounded(written: str) -> None:
    found = workload_with({"cpu": written, "memory": written}, {"cpu": written, "memory": "1"})
    assert found.cpu is not None
    assert found.memory is not None
    assert max(len(found.cpu), len(found.memory)) <= 20
    assert json.loads(msgspec.json.encode(found))["resources"]["cpuMillicores"] == 2**63 - 1


@pytest.mark.parametrize("build", [deployment, statefulset, daemonset])
def test_every_kind_has_them(build: object) -> None:
    whole = {"template": template([container("app", {"cpu": "1500m"})])}
    assert callable(build)
    assert workload(build(spec=whole)).cpu == "1500m"


def test_an_instance_has_its_own() -> None:
    asked = {"cpu": "250m", "memory": "256Mi"}
    found = instance(pod(spec={"containers": [container("app", asked), container("b", asked)]}))
    assert (found.cpu, found.memory) == ("500m", "512Mi")


@pytest.mark.parametrize(
    ("each", "expected"),
    [
        pytest.param(["2G"], "2G", id="one"),
        pytest.param(["16G"], "16G", id="a large one"),
        pytest.param(["1G", "1G"], "2G", id="a sum"),
        pytest.param(["128k"], "128k", id="a small one"),
        pytest.param(["2000M"], "2G", id="reduced"),
    ],
)
def test_decimal_sizes_stay_decimal(each: list[str], expected: str) -> None:

    # `resource.Quantity` keeps the family of what was written (of the first, in a sum).
    assert workload_with(*({"memory": one} for one in each)).memory == expected
