"""What metrics-server serves, cut down to the fields that are used."""

from __future__ import annotations

from dashborion.orchestrators.kubernetes.resources import Resource
from dashborion.orchestrators.kubernetes.wire import Object, Time, Wire

Quantity = str | int | float


class Used(Wire, frozen=True):
    cpu: Quantity | None = None
    memory: Quantity | None = None


class ContainerMetrics(Wire, frozen=True):
    name: str = ""
    usage: Used = Used()


class PodMetrics(Object, frozen=True):
    timestamp: Time | None = None
    window: str = ""  # a duration as Go writes it: ``15.021s``, ``1m0s``
    containers: list[ContainerMetrics] | None = None


class NodeMetrics(Object, frozen=True):
    timestamp: Time | None = None
    window: str = ""
    usage: Used = Used()


POD_METRICS = Resource(PodMetrics, "metrics.k8s.io/v1beta1", "pods", "PodMetrics")
NODE_METRICS = Resource(
    NodeMetrics, "metrics.k8s.io/v1beta1", "nodes", "NodeMetrics", namespaced=False
)
