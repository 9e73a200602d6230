"""The addresses at which a workload is reachable."""

from __future__ import annotations

from enum import StrEnum

from dashborion.models.base import Model


class EndpointType(StrEnum):
    TARGET_GROUP = "target-group"
    LOAD_BALANCER = "load-balancer"
    SERVICE = "service"
    INGRESS = "ingress"
    SERVICE_CONNECT = "service-connect"


class Endpoint(Model, frozen=True, kw_only=True):
    """An address at which a workload is reachable.

    ``healthy`` of its ``total`` targets are healthy; both are null if this was not
    asked for or is unknown.
    """

    type: EndpointType
    name: str
    address: str | None = None
    port: int | None = None
    protocol: str | None = None
    url: str | None = None
    healthy: int | None = None
    total: int | None = None
