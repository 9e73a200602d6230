"""How many of a Service's addresses are ready: from EndpointSlices, or from Endpoints."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from dashborion.orchestrators.kubernetes import endpoints as ways
from dashborion.orchestrators.kubernetes import network_wire
from dashborion.orchestrators.kubernetes.endpoints import Health
from tests.unit.kubernetes.raw_kubernetes import ABSENT, Raw, decode, merged, metadata
from tests.unit.kubernetes.raw_kubernetes_network import endpoints_of, ingress, port, rule, service


def behind(address: str, *, ready: bool | None = True) -> Raw:
    return {
        "addresses": [address],
        "conditions": {"ready": ready, "serving": ready, "terminating": False},
        "nodeName": "node-a",
        "targetRef": {"kind": "Pod", "name": f"web-at-{address}"},
    }


def a_slice(*endpoints: Raw, family: str = "IPv4", **change: object) -> network_wire.EndpointSlice:
    base = {
        "metadata": metadata("web-abcde"),
        "addressType": family,
        "endpoints": list(endpoints),
        "ports": [{"port": 8080, "protocol": "TCP"}],
    }
    return decode(network_wire.EndpointSlice, merged(base, change))


HTTP = network_wire.ServicePort(port=80, protocol="TCP")


def counts(health: Health, port: network_wire.ServicePort = HTTP) -> tuple[int, int]:
    return health.of(port), health.total


def slice_health(slices: Iterable[network_wire.EndpointSlice]) -> tuple[int, int]:
    return counts(ways.health(ways.from_slices(slices)))


def endpoints_health(item: network_wire.Endpoints) -> tuple[int, int]:
    return counts(ways.health(ways.from_endpoints(item)))


def test_ready_addresses_of_all() -> None:
    item = a_slice(behind("10.1.0.1"), behind("10.1.0.2", ready=False), behind("10.1.0.3"))
    assert slice_health([item]) == (2, 3)


@pytest.mark.parametrize("conditions", [{"ready": None}, {"ready": ABSENT}], ids=["null", "absent"])
def test_readiness_that_is_unsaid_is_ready(conditions: Raw) -> None:
    one = merged(behind("10.1.0.1"), {"conditions": conditions})
    assert slice_health([a_slice(one)]) == (1, 1)


def _pod(name: str, *, ready: bool, terminating: bool = False) -> Raw:
    """A pod of a node's own network, which has the node's address."""
    changed = {"terminating": terminating, "ready": ready}
    target = {"kind": "Pod", "name": name, "uid": f"uid-{name}"}
    return merged(behind("192.0.2.1"), {"conditions": changed, "targetRef": target})


@pytest.mark.parametrize(
    ("pods", "expected"),
    [
        pytest.param([("new", True, False), ("old", False, True)], (1, 1), id="replaced"),
        pytest.param([("old", False, True), ("new", True, False)], (1, 1), id="reversed"),
        pytest.param([("a", True, False), ("b", False, False)], (1, 2), id="one unready"),
        pytest.param([("a", True, False), ("b", True, False)], (2, 2), id="both ready"),
        pytest.param([("a", True, True)], (1, 1), id="ends and still takes traffic"),
    ],
)
def test_pods_with_one_address_are_told_by_their_reference(
    pods: list[tuple[str, bool, bool]], expected: tuple[int, int]
) -> None:
    found = [_pod(name, ready=ready, terminating=ending) for name, ready, ending in pods]
    assert slice_health([a_slice(*found)]) == expected


def test_pods_with_one_address_in_endpoints_are_told_by_their_reference() -> None:
    references = [{"ip": "192.0.2.1", "targetRef": {"name": name}} for name in ("a", "b")]
    subsets = [
        {"addresses": references[:1], "notReadyAddresses": references[1:], "ports": [port(80)]}
    ]
    item = decode(network_wire.Endpoints, {"metadata": metadata("web"), "subsets": subsets})
    assert endpoints_health(item) == (1, 2)


def test_addresses_without_a_reference_are_told_by_themselves() -> None:
    bare = [
        merged(behind(address), {"targetRef": ABSENT}) for address in ("192.0.2.1", "192.0.2.2")
    ]
    assert slice_health([a_slice(*bare)]) == (2, 2)


def test_several_slices_are_added_up() -> None:
    slices = [a_slice(behind("10.1.0.1")), a_slice(behind("10.1.0.2", ready=False))]
    assert slice_health(slices) == (1, 2)


def test_an_address_in_several_slices_counts_once() -> None:
    assert slice_health([a_slice(behind("10.1.0.1")), a_slice(behind("10.1.0.1"))]) == (1, 1)


def test_of_a_dual_stack_service_one_family_counts() -> None:
    four = a_slice(behind("10.1.0.1"), behind("10.1.0.2", ready=False))
    six = a_slice(behind("fd00::1"), behind("fd00::2", ready=False), family="IPv6")
    assert slice_health([four, six]) == (1, 2)


@pytest.mark.parametrize("turn", [1, -1])
def test_of_two_families_the_larger_counts(turn: int) -> None:
    four = a_slice(behind("10.1.0.1"))
    six = a_slice(behind("fd00::1"), behind("fd00::2"), family="IPv6")
    assert slice_health([four, six][::turn]) == (2, 2)


@pytest.mark.parametrize("endpoints", [None, []])
def test_no_endpoints_are_none_of_none(endpoints: object) -> None:
    assert slice_health([a_slice(endpoints=endpoints)]) == (0, 0)
    assert slice_health([]) == (0, 0)


def endpoints(*subsets: Raw) -> network_wire.Endpoints:
    return decode(
        network_wire.Endpoints, {"metadata": metadata("web"), "subsets": list(subsets) or None}
    )


def subset(ready: list[str] | None, waiting: list[str] | None = None) -> Raw:
    return {
        "addresses": ready and [{"ip": ip, "nodeName": "node-a"} for ip in ready],
        "notReadyAddresses": waiting and [{"ip": ip} for ip in waiting],
        "ports": [port(80)],
    }


@pytest.mark.parametrize(
    ("subsets", "expected"),
    [
        pytest.param([], (0, 0), id="null"),
        pytest.param([subset(None, None)], (0, 0), id="null addresses"),
        pytest.param([subset(["a", "b"], ["c"])], (2, 3), id="ready and not"),
        pytest.param([subset(["a"]), subset(["a"])], (1, 1), id="the same under two ports"),
        pytest.param([subset(["a"]), subset(None, ["b"])], (1, 2), id="two subsets"),
        pytest.param([subset(["a"], None), subset(None, ["a"])], (1, 1), id="half ready"),
    ],
)
def test_endpoints_objects_count_addresses(subsets: list[Raw], expected: tuple[int, int]) -> None:
    assert endpoints_health(endpoints(*subsets)) == expected


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        pytest.param([{"port": 8080, "protocol": "TCP"}], (2, 2), id="its own"),
        pytest.param([{"port": 8080, "protocol": None}], (2, 2), id="of no said protocol"),
        pytest.param([{"name": "admin", "port": 81, "protocol": "TCP"}], (1, 2), id="another's"),
        pytest.param([{"port": 8080, "protocol": "UDP"}], (1, 2), id="of another protocol"),
        pytest.param([], (1, 2), id="none"),
        pytest.param(None, (1, 2), id="null"),
    ],
)
def test_what_is_ready_is_so_for_the_ports_that_it_has(
    ports: list[Raw] | None, expected: tuple[int, int]
) -> None:
    fits, other = a_slice(behind("10.1.0.1")), a_slice(behind("10.1.0.2"), ports=ports)
    assert slice_health([fits, other]) == expected
    assert slice_health([other, fits]) == expected


def test_an_ingress_to_a_port_that_the_service_lacks_is_healthy_nowhere() -> None:
    known = Health(2, {("", "TCP"): 2})
    web = service(ports=[port(8080)])  # not the rule's 80
    counted = endpoints_of(web, ingress(rule("a.example.com", ("/", "web"))), health={"web": known})
    assert [(one.healthy, one.total) for one in counted] == [(2, 2), (0, 2)]


def test_a_services_health_is_its_ports_and_its_ingresses() -> None:
    web = service(ports=[port(80), port(81, name="admin")])
    front = ingress(rule("a.example.com", ("/", "web")))
    known = Health(2, {("", "TCP"): 1, ("admin", "TCP"): 2})
    counted = endpoints_of(web, front, health={"web": known})
    assert [(one.healthy, one.total) for one in counted] == [(1, 2), (2, 2), (1, 2)]


def test_health_that_nobody_asked_for_is_null() -> None:
    assert [(one.healthy, one.total) for one in endpoints_of(service())] == [(None, None)]
    unknown = endpoints_of(service(), health={"other": Health(1, {})})
    assert [(one.healthy, one.total) for one in unknown] == [(None, None)]


def test_none_healthy_is_not_null() -> None:
    (one,) = endpoints_of(service(), health={"web": Health(0, {})})
    assert (one.healthy, one.total) == (0, 0)
