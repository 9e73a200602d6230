"""Services, Ingresses and the addresses behind them, as the API has them."""

from __future__ import annotations

from dashborion.models.workload import Endpoint
from dashborion.orchestrators.kubernetes import network_wire, wire
from dashborion.orchestrators.kubernetes.endpoints import EndpointIndex, Health
from tests.unit.kubernetes.raw_kubernetes import Raw, decode, merged, metadata
from tests.unit.kubernetes.raw_kubernetes_workloads import template


def port(number: int, protocol: str = "TCP", name: str = "") -> Raw:
    return {"name": name, "port": number, "targetPort": 8080, "protocol": protocol}


def service(
    name: str = "web", *, status: Raw | None = None, **spec: object
) -> network_wire.Service:
    base = {
        "metadata": metadata(name),
        "spec": {
            "type": "ClusterIP",
            "clusterIP": "10.96.0.20",
            "clusterIPs": ["10.96.0.20"],
            "selector": {"app": "web"},
            "ports": [port(80)],
            "sessionAffinity": "None",
        }
        | spec,
        "status": merged({"loadBalancer": {}}, status),
    }
    return decode(network_wire.Service, base)


def balancer(**point: str) -> Raw:
    return {"loadBalancer": {"ingress": [point]}}


def rule(host: str | None, *paths: tuple[str, str]) -> Raw:
    """A rule with its paths as (path, Service)."""
    routes = [{"path": path, "pathType": "Prefix", "backend": backend(to)} for path, to in paths]
    return ({"host": host} if host else {}) | {"http": {"paths": routes}}


def backend(name: str) -> Raw:
    return {"service": {"name": name, "port": {"number": 80}}}


def ingress(*rules: Raw, status: Raw | None = None, **spec: object) -> network_wire.Ingress:
    base = {
        "metadata": metadata("front"),
        "spec": {"ingressClassName": "nginx", "rules": list(rules) or None} | spec,
        "status": merged({"loadBalancer": {}}, status),
    }
    return decode(network_wire.Ingress, base)


def endpoints_of(
    *items: network_wire.Service | network_wire.Ingress,
    namespace: str = "media",
    labels: Raw | None = None,
    health: dict[str, Health] | None = None,
) -> list[Endpoint]:
    """The endpoints of a workload with these labels, among these objects."""
    services = [one for one in items if isinstance(one, network_wire.Service)]
    ingresses = [one for one in items if isinstance(one, network_wire.Ingress)]
    whole = template()
    if labels is not None:
        whole["metadata"]["labels"] = labels
    index = EndpointIndex.build(services, ingresses)
    return index.endpoints(namespace, decode(wire.Template, whole), health)
