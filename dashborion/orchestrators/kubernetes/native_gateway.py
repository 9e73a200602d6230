"""Gateways and routes of ``dashborion k8s`` as models, their conditions in plain words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dashborion.config.targets import Environment
from dashborion.models import kubernetes as models
from dashborion.orchestrators.kubernetes import endpoints, gateway_wire, network_wire, wire
from dashborion.orchestrators.kubernetes.gateway_routes import conditions, statuses_of
from dashborion.orchestrators.kubernetes.native_normalise import namespaced_fields
from dashborion.orchestrators.kubernetes.rollout import condition

_PENDING = "no controller has looked at it"
_SAID = {
    "AddressNotAssigned": "it has no address yet",
    "AddressNotUsable": "its address cannot be used",
    "BackendNotFound": "a backend does not exist",
    "HostnameConflict": "another listener has the same hostname",
    "InvalidCertificateRef": "its certificate cannot be used",
    "InvalidKind": "a backend is of a kind that cannot be used",
    "InvalidParameters": "the parameters of its class cannot be used",
    "InvalidRouteKinds": "it allows a kind of route that is not known",
    "ListenersNotValid": "a listener is not valid",
    "NoMatchingListenerHostname": "no listener has such a hostname",
    "NoMatchingParent": "no listener fits what it names",
    "NoResources": "there is nothing that could serve it",
    "NotAllowedByListeners": "no listener allows routes of this namespace or kind",
    "Pending": _PENDING,
    "PortUnavailable": "its port is taken",
    "ProtocolConflict": "another listener has the same port and another protocol",
    "RefNotPermitted": "no ReferenceGrant allows what it refers to in another namespace",
    "UnsupportedAddress": "its kind of address is not supported",
    "UnsupportedProtocol": "its protocol is not supported",
    "UnsupportedValue": "it has a value that is not supported",
}
"""What the API's reasons mean (its ``ConditionReason`` constants)."""

# The conditions that are looked at, in order, and what it is called where one is not true.
_OF_GATEWAY = (("Accepted", "rejected"), ("Programmed", "not-ready"))
_OF_LISTENER = (
    ("Accepted", "rejected"), ("ResolvedRefs", "unresolved"), ("Programmed", "not-ready")
)  # fmt: skip
_OF_ROUTE = (("Accepted", "rejected"), ("ResolvedRefs", "unresolved"))
_WORST = ("rejected", "unresolved", "pending", "accepted")


def _standing(
    conditions: Iterable[wire.Condition] | None, asked: Sequence[tuple[str, str]], well: str
) -> tuple[str, str | None]:
    """How something stands by its conditions, and why not ``well``.

    One that is missing or ``Unknown`` says nothing yet; but what resolves no references has none.
    """
    for type_, otherwise in asked:
        found = condition(conditions, type_)
        if found is None and type_ == "ResolvedRefs":
            continue
        if found is None or found.status not in ("True", "False"):
            return "pending", _why(found) or _PENDING
        if found.status == "False":
            return otherwise, _why(found)
    return well, None


def _why(found: wire.Condition | None) -> str | None:
    """``a backend does not exist (BackendNotFound: no Service cart)``."""
    if found is None:
        return None
    reason, message = found.reason or "", found.message or ""
    told = ": ".join(filter(None, (reason, message)))
    plain = _SAID.get(reason)
    return f"{plain} ({told})" if plain else told or None


def gateway(item: gateway_wire.Gateway, environment: Environment) -> models.Gateway:
    status, message = _standing(item.status.conditions, _OF_GATEWAY, "ready")
    known = {one.name: one for one in item.status.listeners or ()}
    return models.Gateway(
        **namespaced_fields(item.metadata, environment),
        status=status,
        message=message,
        gateway_class=item.spec.gateway_class_name,
        addresses=[one.value for one in item.status.addresses or () if one.value],
        listeners=[_listener(one, known.get(one.name)) for one in item.spec.listeners or ()],
    )


def _listener(
    item: gateway_wire.Listener, status: gateway_wire.ListenerStatus | None
) -> models.GatewayListener:
    return models.GatewayListener(
        name=item.name,
        port=item.port,
        protocol=item.protocol,
        hostname=item.hostname or None,
        routes=status.attached_routes if status else None,
        message=_standing(status.conditions, _OF_LISTENER, "")[1] if status else _PENDING,
    )


def route(item: gateway_wire.Route, environment: Environment) -> models.Route:
    parents = [_parent(item, one) for one in item.spec.parent_refs or ()]
    worst = min(parents, key=lambda one: _WORST.index(one.status), default=None)
    return models.Route(
        **namespaced_fields(item.metadata, environment),
        kind=type(item).__name__,
        status=worst.status if worst else "rejected",
        message=worst.message if worst else "it is attached to nothing",
        hosts=item.spec.hostnames or [],
        parents=parents,
        rules=_rules(item, None),
    )


def _parent(item: gateway_wire.Route, parent: gateway_wire.ParentRef) -> models.RouteParent:
    """Of several controllers that speak of one parent, the worst is told."""
    told = [_standing(one.conditions, _OF_ROUTE, "accepted") for one in statuses_of(item, parent)]
    status, message = min(told, key=lambda one: _WORST.index(one[0]), default=("pending", _PENDING))
    place = parent.namespace or item.metadata.namespace
    listener = parent.section_name or (str(parent.port) if parent.port else None)
    return models.RouteParent(
        parent=f"{parent.kind}/{place}/{parent.name}",
        listener=listener,
        status=status,
        message=message,
    )


def route_details(
    item: gateway_wire.Route, services: Iterable[network_wire.Service]
) -> dict[str, Any]:
    """What a description adds: which backends of its own namespace are not there."""
    return {"rules": _rules(item, {one.metadata.name: one for one in services})}


def _rules(
    item: gateway_wire.Route, services: Mapping[str, network_wire.Service] | None
) -> list[models.RouteRule]:
    """A row for each path and backend; no problem is known without ``services``."""
    own = item.metadata.namespace
    rows: list[models.RouteRule] = []
    for rule in item.spec.rules or ():
        for match in rule.matches or [gateway_wire.RouteMatch()]:
            path, others = conditions(match)
            backends: Sequence[gateway_wire.BackendRef | None] = rule.backend_refs or [None]
            rows += [_rule(path, others, backend, own, services) for backend in backends]
    return rows


def _rule(
    path: str,
    others: list[str],
    backend: gateway_wire.BackendRef | None,
    own: str,
    services: Mapping[str, network_wire.Service] | None,
) -> models.RouteRule:
    service = resource = problem = None
    if backend is not None and backend.kind == "Service":
        is_near = backend.namespace in (None, own)
        service = backend.name if is_near else f"{backend.namespace}/{backend.name}"
        if is_near and services is not None:
            number = network_wire.BackendPort(number=backend.port)
            problem = endpoints.problem_of(services.get(backend.name), number)
    elif backend is not None:
        resource = f"{backend.kind}/{backend.name}"
    return models.RouteRule(
        path=path,
        conditions=others,
        service=service,
        port=backend.port if backend else None,
        weight=backend.weight if backend else None,
        resource=resource,
        problem=problem,
    )
