"""Gateways and routes of ``dashborion k8s``: what their conditions say, in plain words."""

from __future__ import annotations

import pytest

from dashborion.config.targets import Environment, KubernetesTarget
from dashborion.models import kubernetes as models
from dashborion.orchestrators.kubernetes import gateway_wire, native_gateway
from tests.unit.kubernetes.raw_kubernetes import Raw, condition
from tests.unit.kubernetes.raw_kubernetes_gateways import (
    ACCEPTED,
    HTTP,
    HTTPS,
    RESOLVED,
    backend,
    gateway,
    parent,
    route,
    rule,
)
from tests.unit.kubernetes.raw_kubernetes_network import service

HERE = Environment(project=None, name="here", target=KubernetesTarget(context="x"))
PROGRAMMED = condition("Programmed", reason="Programmed")
PENDING = condition("Accepted", "Unknown", reason="Pending", message="Waiting for controller")


def no(type_: str, reason: str, message: str = "") -> Raw:
    return condition(type_, "False", reason=reason, message=message)


@pytest.mark.parametrize(
    ("conditions", "status", "message"),
    [
        ([ACCEPTED, PROGRAMMED], "ready", None),
        (
            [ACCEPTED, no("Programmed", "AddressNotAssigned", "no pool")], "not-ready",
            "it has no address yet (AddressNotAssigned: no pool)",
        ),
        (
            [no("Accepted", "ListenersNotValid"), no("Programmed", "Invalid")], "rejected",
            "a listener is not valid (ListenersNotValid)",
        ),
        ([no("Accepted", "OwnWord", "because")], "rejected", "OwnWord: because"),
        (
            [PENDING], "pending",
            "no controller has looked at it (Pending: Waiting for controller)",
        ),
        ([], "pending", "no controller has looked at it"),
    ],
    ids=["ready", "no address", "a bad listener", "a word of its own", "pending", "nothing"],
)  # fmt: skip
def test_a_gateway_says_whether_it_serves(
    conditions: list[Raw], status: str, message: str | None
) -> None:
    found = native_gateway.gateway(gateway(HTTP, conditions=conditions), HERE)
    assert (found.status, found.message) == (status, message)


def test_a_gateways_listeners_say_what_is_wrong_with_them() -> None:
    bad = no("ResolvedRefs", "InvalidCertificateRef", "no Secret web-tls")
    told = [
        {"name": "http", "attachedRoutes": 3, "conditions": [ACCEPTED, PROGRAMMED, RESOLVED]},
        {"name": "https", "attachedRoutes": 0, "conditions": [ACCEPTED, bad, PROGRAMMED]},
    ]
    found = native_gateway.gateway(
        gateway(HTTP, HTTPS | {"hostname": "a.example"}, HTTP | {"name": "new"}, listeners=told),
        HERE,
    )
    assert [(one.name, one.routes, one.message) for one in found.listeners] == [
        ("http", 3, None),
        ("https", 0, "its certificate cannot be used (InvalidCertificateRef: no Secret web-tls)"),
        ("new", None, "no controller has looked at it"),
    ]
    assert [one.hostname for one in found.listeners] == [None, "a.example", None]
    assert found.addresses == ["203.0.113.7"]


@pytest.mark.parametrize(
    ("conditions", "status", "message"),
    [
        ([ACCEPTED, RESOLVED], "accepted", None),
        ([ACCEPTED], "accepted", None),
        (
            [ACCEPTED, no("ResolvedRefs", "BackendNotFound", "no cart")], "unresolved",
            "a backend does not exist (BackendNotFound: no cart)",
        ),
        (
            [no("Accepted", "NoMatchingParent"), RESOLVED], "rejected",
            "no listener fits what it names (NoMatchingParent)",
        ),
        (
            [no("Accepted", "NotAllowedByListeners")], "rejected",
            "no listener allows routes of this namespace or kind (NotAllowedByListeners)",
        ),
        (
            [ACCEPTED, no("ResolvedRefs", "RefNotPermitted")], "unresolved",
            "no ReferenceGrant allows what it refers to in another namespace (RefNotPermitted)",
        ),
        ([], "pending", "no controller has looked at it"),
    ],
    ids=["well", "nothing to resolve", "backend", "parent", "not allowed", "grant", "nobody"],
)  # fmt: skip
def test_a_route_says_whether_it_is_served(
    conditions: list[Raw], status: str, message: str | None
) -> None:
    found = native_gateway.route(route(rule(backend()), conditions=conditions), HERE)
    assert (found.status, found.message) == (status, message)
    assert [one.status for one in found.parents] == [status]


def test_the_worst_parent_speaks_for_a_route() -> None:
    item = route(rule(backend()), parents=[parent(), parent("inner", namespace="infra", port=80)])
    told = gateway_wire.RouteStatus(parents=(item.status.parents or [])[:1])
    found = native_gateway.route(gateway_wire.GRPCRoute(item.metadata, item.spec, told), HERE)
    assert [(one.parent, one.listener, one.status) for one in found.parents] == [
        (f"Gateway/{item.metadata.namespace}/front", None, "accepted"),
        ("Gateway/infra/inner", "80", "pending"),
    ]
    assert (found.status, found.kind) == ("pending", "GRPCRoute")


def test_a_route_that_is_attached_to_nothing_says_so() -> None:
    found = native_gateway.route(route(rule(backend()), parents=[]), HERE)
    assert (found.status, found.message) == ("rejected", "it is attached to nothing")


def test_rules_say_where_requests_go_and_a_description_what_is_not_there() -> None:
    item = route(
        rule(backend(weight=9), backend("gone"), path={"value": "/a"}),
        rule(backend(port=81), backend("far", namespace="infra"), method="GET"),
        rule(backend("pictures", None, kind="Bucket")),
        rule(),
    )
    plain = native_gateway.route(item, HERE).rules
    rules: list[models.RouteRule] = native_gateway.route_details(item, [service()])["rules"]
    rows = [
        ("/a", [], "web", 80, 9, None, None),
        ("/a", [], "gone", 80, 1, None, "no such Service"),
        ("/", ["method GET"], "web", 81, 1, None, "the Service has no such port"),
        ("/", ["method GET"], "infra/far", 80, 1, None, None),
        ("/", [], None, None, 1, "Bucket/pictures", None),
        ("/", [], None, None, None, None, None),
    ]
    told = [
        (one.path, one.conditions, one.service, one.port, one.weight, one.resource, one.problem)
        for one in rules
    ]
    assert told == rows
    assert {one.problem for one in plain} == {None}
