"""Gateways and routes as the API has them."""

from __future__ import annotations

from typing import Any

from dashborion.orchestrators.kubernetes import gateway_wire
from tests.unit.kubernetes.raw_kubernetes import Raw, condition, decode, metadata

ACCEPTED = condition("Accepted", reason="Accepted")
RESOLVED = condition("ResolvedRefs", reason="ResolvedRefs")
HTTP: Raw = {"name": "http", "port": 80, "protocol": "HTTP"}
HTTPS: Raw = {"name": "https", "port": 443, "protocol": "HTTPS", "tls": {"mode": "Terminate"}}


def gateway(
    *listeners: Raw, name: str = "front", address: str | None = "203.0.113.7", **status: Any
) -> gateway_wire.Gateway:
    told = {"addresses": [{"type": "IPAddress", "value": address}] if address else None, **status}
    spec = {"gatewayClassName": "envoy", "listeners": list(listeners)}
    return decode(gateway_wire.Gateway, {"metadata": metadata(name), "spec": spec, "status": told})


def parent(name: str = "front", **more: Any) -> Raw:
    return {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": name, **more}


def rule(*backends: Raw, **match: Any) -> Raw:
    return {"matches": [match] if match else None, "backendRefs": list(backends) or None}


def backend(name: str = "web", port: int | None = 80, **more: Any) -> Raw:
    return {"group": "", "kind": "Service", "name": name, "port": port, "weight": 1, **more}


def route(
    *rules: Raw,
    hosts: list[str] | None = None,
    parents: list[Raw] | None = None,
    conditions: list[Raw] | None = None,
    type_: type[gateway_wire.Route] = gateway_wire.HTTPRoute,
) -> gateway_wire.Route:
    """Attached to the Gateway ``front``, and accepted and resolved unless said otherwise."""
    attached = [parent()] if parents is None else parents
    told = [ACCEPTED, RESOLVED] if conditions is None else conditions
    body = {
        "metadata": metadata("shop"),
        "spec": {"parentRefs": attached, "hostnames": hosts, "rules": list(rules)},
        "status": {"parents": [{"parentRef": one, "conditions": told} for one in attached]},
    }
    return decode(type_, body)
