"""Environments and what they point at, as a config file describes them."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from msgspec import Struct

FILE_NAME = "dashborion.yaml"


class Origin(Enum):
    """How a file was found, which decides how far it is trusted."""

    NAMED = "named"  # --config or $DASHBORION_CONFIG
    FOLDER = "folder"  # somebody else's text until proved otherwise
    USER = "user"
    NONE = "none"


class Target(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an environment points at, and whether it may be changed.

    ``protected`` asks before any change, ``read_only`` refuses changes.
    """

    protected: bool = False
    read_only: bool = False


class EcsTarget(Target, frozen=True, kw_only=True, tag="ecs", tag_field="orchestrator"):
    """An ECS cluster, seen through an AWS profile and region."""

    cluster: str
    region: str | None = None
    profile: str | None = None
    role_arn: str | None = None
    endpoint_url: str | None = None
    namespace_tag: str = "namespace"
    log_group: str | None = None


class KubernetesTarget(
    Target, frozen=True, kw_only=True, tag="kubernetes", tag_field="orchestrator"
):
    """A kubeconfig context; ``namespace`` overrides the context's own."""

    context: str
    namespace: str | None = None
    kubeconfig: str | None = None


class EksTarget(Target, frozen=True, kw_only=True, tag="eks", tag_field="orchestrator"):
    """An EKS cluster reached through AWS credentials, without a kubeconfig."""

    cluster: str
    region: str | None = None
    profile: str | None = None
    role_arn: str | None = None
    endpoint_url: str | None = None
    namespace: str | None = None


class InClusterTarget(
    Target, frozen=True, kw_only=True, tag="in-cluster", tag_field="orchestrator"
):
    """The cluster whose pod this process runs in. Never written in a file."""

    namespace: str | None = None


TARGETS: dict[str, type[Target]] = {
    "ecs": EcsTarget,
    "kubernetes": KubernetesTarget,
    "eks": EksTarget,
}


# In a folder's file these would run somebody's exec plugin, send signed requests to somebody's
# endpoint, or act under somebody's role.
REFUSED_IN_FOLDER = ("kubeconfig", "endpoint_url", "role_arn")


class Environment(Struct, frozen=True, kw_only=True):
    """One cluster under the name by which it is chosen. ``project`` is None for ad-hoc ones."""

    project: str | None
    name: str
    target: Target

    @property
    def label(self) -> str:
        """``project/name``, or the name alone."""
        return f"{self.project}/{self.name}" if self.project else self.name

    @property
    def orchestrator(self) -> str:
        """``ecs`` or ``kubernetes``, as the models have it; EKS is Kubernetes."""
        return "ecs" if isinstance(self.target, EcsTarget) else "kubernetes"


class Config(Struct, frozen=True, kw_only=True):
    """What was read, and from where. ``default`` is an environment's label."""

    origin: Origin = Origin.NONE
    path: Path | None = None
    title: str | None = None  # what messages call it, where the path says nothing to anybody
    default: str | None = None
    environments: tuple[Environment, ...] = ()

    @property
    def where(self) -> str:
        """The source in an error's words."""
        return self.title or (str(self.path) if self.path else "the kubeconfig")
