"""Nodes, namespaces and ConfigMaps, which only ``dashborion k8s`` shows."""

from __future__ import annotations

from dashborion.orchestrators.kubernetes.wire.meta import Condition, Object, Wire


class Taint(Wire, frozen=True):
    key: str
    effect: str = ""
    value: str | None = None


class NodeSpec(Wire, frozen=True):
    unschedulable: bool | None = None
    taints: list[Taint] | None = None


class NodeAddress(Wire, frozen=True):
    type: str
    address: str


class NodeInfo(Wire, frozen=True):
    kubelet_version: str | None = None
    os_image: str | None = None
    kernel_version: str | None = None
    container_runtime_version: str | None = None


class NodeStatus(Wire, frozen=True):
    allocatable: dict[str, str | int | float] | None = None
    conditions: list[Condition] | None = None
    addresses: list[NodeAddress] | None = None
    node_info: NodeInfo = NodeInfo()


class Node(Object, frozen=True):
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()


class NamespaceStatus(Wire, frozen=True):
    phase: str | None = None
    conditions: list[Condition] | None = None


class Namespace(Object, frozen=True):
    status: NamespaceStatus = NamespaceStatus()


class ConfigMap(Object, frozen=True):
    data: dict[str, str] | None = None
    binary_data: dict[str, str] | None = None  # base64
    immutable: bool | None = None
