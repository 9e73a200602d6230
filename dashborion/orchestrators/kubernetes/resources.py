"""The API's resources: their paths, and the types that their objects are decoded into."""

from __future__ import annotations

from enum import StrEnum
from typing import Generic, TypeVar
from urllib.parse import quote

from msgspec import Struct

from dashborion.errors import NotFound
from dashborion.orchestrators.kubernetes import (
    argo_wire,
    nearby_wire,
    network_wire,
    wire,
)
from dashborion.orchestrators.kubernetes.errors import Missing

T = TypeVar("T")
U = TypeVar("U")


class Form(StrEnum):
    """How the server returns a list, as the ``Accept`` header that asks for it."""

    OBJECTS = "application/json"
    METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    ROWS = "application/json;as=Table;g=meta.k8s.io;v=v1"  # what kubectl prints, cell by cell


class Resource(Struct, Generic[T], frozen=True):
    """One resource of one version of the API, and the form in which its lists are asked for.

    One that ``is_optional`` is not asked for where the server does not serve it.
    """

    type_: type[T]
    group_version: str
    plural: str
    kind: str
    namespaced: bool = True
    form: Form = Form.OBJECTS
    is_optional: bool = False

    def path(self, namespace: str | None, name: str | None = None) -> str:
        """The URL path of one object, or of the list in a namespace or in all.

        Raises:
            NotFound: a namespace that cannot be part of a path (``IsValidPathSegmentName``).
            Missing: such a name.
        """
        if namespace is not None and not _is_segment(namespace):
            raise NotFound("namespace", namespace, where="the cluster")
        if name is not None and not _is_segment(name):
            raise Missing(f"'{name}' cannot be a name")
        root = "/api" if "/" not in self.group_version else "/apis"
        parts = [root, self.group_version]
        if namespace is not None:
            parts += ["namespaces", _quoted(namespace)]
        parts.append(self.plural)
        if name is not None:
            parts.append(_quoted(name))
        return "/".join(parts)

    @property
    def metadata(self) -> Resource[wire.Object]:
        """The same resource, whose lists have metadata only."""
        return self.listed_as(wire.Object, Form.METADATA)

    def listed_as(self, type_: type[U], form: Form) -> Resource[U]:
        """The same resource, whose lists have another form."""
        more = (self.namespaced, form, self.is_optional)
        return Resource(type_, self.group_version, self.plural, self.kind, *more)


DEPLOYMENTS = Resource(wire.Deployment, "apps/v1", "deployments", "Deployment")
STATEFULSETS = Resource(wire.StatefulSet, "apps/v1", "statefulsets", "StatefulSet")
DAEMONSETS = Resource(wire.DaemonSet, "apps/v1", "daemonsets", "DaemonSet")
ROLLOUTS = Resource(
    argo_wire.Rollout, "argoproj.io/v1alpha1", "rollouts", "Rollout", is_optional=True
)
REPLICASETS = Resource(wire.ReplicaSet, "apps/v1", "replicasets", "ReplicaSet")
CONTROLLER_REVISIONS = Resource(
    wire.ControllerRevision, "apps/v1", "controllerrevisions", "ControllerRevision"
)
PODS = Resource(wire.Pod, "v1", "pods", "Pod")
SERVICES = Resource(network_wire.Service, "v1", "services", "Service")
INGRESSES = Resource(network_wire.Ingress, "networking.k8s.io/v1", "ingresses", "Ingress")
ENDPOINT_SLICES = Resource(
    network_wire.EndpointSlice, "discovery.k8s.io/v1", "endpointslices", "EndpointSlice"
)
ENDPOINTS = Resource(network_wire.Endpoints, "v1", "endpoints", "Endpoints")
AUTOSCALERS = Resource(
    wire.Autoscaler, "autoscaling/v1", "horizontalpodautoscalers", "HorizontalPodAutoscaler"
)
TRACED_AUTOSCALERS = AUTOSCALERS.listed_as(wire.TracedAutoscaler, Form.OBJECTS)
CLAIMS = Resource(nearby_wire.Claim, "v1", "persistentvolumeclaims", "PersistentVolumeClaim")
# `policy/v1` has them since 1.21.
BUDGETS, OLD_BUDGETS = (
    Resource(nearby_wire.Budget, version, "poddisruptionbudgets", "PodDisruptionBudget")
    for version in ("policy/v1", "policy/v1beta1")
)
NETWORK_POLICIES = Resource(
    nearby_wire.NetworkPolicy, "networking.k8s.io/v1", "networkpolicies", "NetworkPolicy"
)
WEBHOOKS = [
    Resource(
        nearby_wire.WebhookConfiguration, "admissionregistration.k8s.io/v1",
        f"{kind.lower()}s", kind, namespaced=False,
    )
    for kind in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
]  # fmt: skip
API_SERVICES = Resource(
    nearby_wire.ApiService, "apiregistration.k8s.io/v1", "apiservices", "APIService",
    namespaced=False,
)  # fmt: skip
USING_ROLLOUTS = Resource(nearby_wire.Rollout, "argoproj.io/v1alpha1", "rollouts", "Rollout")
SCALED_OBJECTS = Resource(
    nearby_wire.ScaledObject, "keda.sh/v1alpha1", "scaledobjects", "ScaledObject"
)
INGRESS_CLASSES = Resource(
    wire.Object, "networking.k8s.io/v1", "ingressclasses", "IngressClass", namespaced=False
)
CONFIG_MAPS = Resource(wire.Object, "v1", "configmaps", "ConfigMap").listed_as(
    wire.TracedObject, Form.METADATA
)
TRACED_REVISIONS = CONTROLLER_REVISIONS.listed_as(wire.TracedObject, Form.METADATA)
EVENTS = Resource(wire.Event, "v1", "events", "Event")
NAMESPACES = Resource(wire.Object, "v1", "namespaces", "Namespace", namespaced=False)
NODES = Resource(wire.Object, "v1", "nodes", "Node", namespaced=False)
NODE_STATUS = NODES.listed_as(wire.Node, Form.OBJECTS)


def _is_segment(name: str) -> bool:
    return name not in ("", ".", "..") and "/" not in name and "%" not in name


def _quoted(name: str) -> str:
    """A name in a path; bytes that are no text reach the API as they were typed."""
    return quote(name, safe="", errors="surrogateescape")
