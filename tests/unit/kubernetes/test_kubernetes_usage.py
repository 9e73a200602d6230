"""What metrics-server says of a pod, beside what the pod asks for."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.orchestrators.kubernetes import native_wire, usage, usage_wire
from dashborion.orchestrators.samples import MEBIBYTE, NANOCORES, Figures, Sample
from tests.unit.kubernetes.raw_kubernetes import ENVIRONMENT, Raw, container, decode, pod, running

MILLI = NANOCORES // 1000
BOTH = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "128Mi"}}


def metrics(**used: tuple[Any, Any]) -> usage_wire.PodMetrics:
    named = [
        {"name": name, "usage": {"cpu": cpu, "memory": memory}}
        for name, (cpu, memory) in used.items()
    ]
    whole = {
        "metadata": {"name": "web", "namespace": "media"},
        "timestamp": "2024-05-01T09:00:00Z",
        "window": "15.021s",
        "containers": named,
    }
    return decode(usage_wire.PodMetrics, whole)


def sampled(
    resources: dict[str, Raw],
    found: usage_wire.PodMetrics | None = None,
    *,
    granted: Raw | None = None,
    **change: Any,
) -> Sample:
    """A pod with these containers; ``granted`` is what the node says of the first."""
    names = list(resources)
    states = [running(name) for name in names]
    if granted is not None:
        states[0]["resources"] = granted
    spec = {"containers": [container(name, resources=one) for name, one in resources.items()]}
    item = pod(*states, spec=spec | change.pop("spec", {}), **change)
    return usage.sample(item, None, found)


@pytest.mark.parametrize(
    ("cpu", "memory", "expected"),
    [
        pytest.param("123456789n", "262144Ki", (123_456_789, 256 * MEBIBYTE), id="as it writes"),
        pytest.param("5m", "12Mi", (5 * MILLI, 12 * MEBIBYTE), id="as kubectl writes"),
        pytest.param("1", "1Gi", (NANOCORES, 1024 * MEBIBYTE), id="whole units"),
        pytest.param("0", "0", (0, 0), id="nothing"),
        pytest.param("1500u", 1048576, (1_500_000, MEBIBYTE), id="other units, plain numbers"),
        pytest.param("1e-3", "1k", (MILLI, 1000), id="exponents and decimal units"),
        pytest.param("a lot", None, (None, None), id="no quantities"),
    ],
)
def test_quantities(cpu: Any, memory: Any, expected: tuple[int | None, int | None]) -> None:
    found = sampled({"app": {}}, metrics(app=(cpu, memory)))
    assert (found.cpu.used, found.memory.used) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("15.021s", 15.021), ("1m0s", 60.0), ("1h2m3.5s", 3723.5), ("30m", 1800.0),
        ("", None), ("soon", None), ("5", None), ("1m x", None), ("500ms", None),
    ],
)  # fmt: skip
def test_durations(text: str, expected: float | None) -> None:
    assert usage.seconds(text) == expected


def test_containers_are_added_up() -> None:
    found = sampled({"app": BOTH, "proxy": BOTH}, metrics(app=("50m", "8Mi"), proxy=("1m", "1Mi")))
    assert found.cpu == Figures(51 * MILLI, 200 * MILLI, 2 * NANOCORES)
    assert found.memory == Figures(9 * MEBIBYTE, 128 * MEBIBYTE, 256 * MEBIBYTE)
    assert [one[0] for one in found.parts] == ["app", "proxy"]
    assert found.window == 15.021


def test_a_pod_that_was_not_measured_yet_asks_all_the_same() -> None:
    found = sampled({"app": BOTH})
    assert (found.cpu.used, found.cpu.requested) == (None, 100 * MILLI)
    assert (found.sampled_at, found.window) == (None, None)


@pytest.mark.parametrize(
    ("resources", "spec", "expected"),
    [
        pytest.param({"a": BOTH, "b": {}}, {}, None, id="one has none"),
        pytest.param({"a": BOTH, "b": BOTH}, {}, 256, id="both have one"),
        pytest.param({"a": {}, "b": {}}, {}, None, id="none has one"),
        pytest.param(
            {"a": BOTH, "b": {}}, {"resources": {"limits": {"memory": "200Mi"}}}, 200,
            id="the pod as a whole has one",
        ),
    ],
)  # fmt: skip
def test_the_limit_of_a_pod(resources: Any, spec: Any, expected: int | None) -> None:
    found = sampled(resources, spec=spec).memory.limit
    assert found == (expected and expected * MEBIBYTE)


@pytest.mark.parametrize(
    ("granted", "expected"),
    [
        pytest.param(None, 128, id="nothing is said"),
        pytest.param({"limits": {"memory": "256Mi"}}, 256, id="another is granted"),
        pytest.param({"limits": {"memory": "nonsense"}}, 128, id="nonsense is said"),
        pytest.param({"limits": {"memory": "0"}}, 128, id="nothing is granted"),
        pytest.param({"limits": None}, 128, id="null"),
    ],
)
def test_the_limit_that_holds_is_the_one_that_was_granted(granted: Any, expected: int) -> None:
    found = sampled({"app": BOTH}, granted=granted)
    assert found.memory.limit == found.parts[0][2].limit == expected * MEBIBYTE


def test_a_cgroups_limit_that_nobody_has_set_is_none() -> None:
    found = sampled({"app": {}}, granted={"limits": {"memory": "9223372036854771712"}})
    assert found.memory.limit is None


def test_a_limit_is_requested_where_nothing_else_is() -> None:
    found = sampled({"app": {"limits": {"cpu": "500m"}}}).parts[0][1]
    assert (found.requested, found.limit) == (500 * MILLI, 500 * MILLI)


def test_sidecars_count_and_init_containers_do_not() -> None:
    spec = {
        "containers": [container("app", resources=BOTH)],
        "initContainers": [
            container("migrate", resources=BOTH),
            container("mesh", resources=BOTH, restartPolicy="Always"),
        ],
    }
    found = usage.sample(pod(running("app"), spec=spec), None, metrics(mesh=("1m", "1Mi")))
    assert [one[0] for one in found.parts] == ["app", "mesh"]
    assert (found.cpu.used, found.cpu.limit) == (MILLI, 2 * NANOCORES)


def test_a_debugging_container_is_used_but_takes_no_limit_away() -> None:
    found = sampled({"app": BOTH}, metrics(app=("1m", "1Mi"), debugger=("2m", "2Mi")))
    assert (found.cpu.used, found.cpu.limit) == (3 * MILLI, NANOCORES)
    assert [one[0] for one in found.parts] == ["app", "debugger"]


def test_a_node_that_does_not_answer_has_no_numbers() -> None:
    room = {"allocatable": {"cpu": "3920m", "memory": "7Gi"}}
    nodes = [
        decode(native_wire.Node, {"metadata": {"name": name}, "status": room})
        for name in ("node-1", "node-2")
    ]
    seen = {"metadata": {"name": "node-1"}, "usage": {"cpu": "392m", "memory": "1Gi"}}
    found = usage.machines(nodes, [decode(usage_wire.NodeMetrics, seen)], ENVIRONMENT)
    assert [(one.name, one.cpu.used, one.cpu.limit, one.cpu.percent) for one in found] == [
        ("node-1", 392, 3920, 10.0),
        ("node-2", None, 3920, None),
    ]
