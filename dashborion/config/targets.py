"""Environments, and the targets that they point at, as a config file describes them.

A kind of target is one class: how it is decoded, shown, compared and cached.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import force_setattr

from dashborion.config.kubeconfig import (
    Kubeconfig,
    in_cluster_namespace,
    kubeconfig_paths,
    read_kubeconfig,
)
from dashborion.errors import DashborionError, short
from dashborion.storage.files import expanded

FILE_NAME = "dashborion.yaml"
IN_CLUSTER = "in-cluster"

# How cloud tools name the contexts that they write: gke_PROJECT_LOCATION_CLUSTER and
# USER@CLUSTER.REGION.eksctl.io.
_GKE_CONTEXT = re.compile(r"gke_[^_]+_[^_]+_(.+)")
_EKSCTL_CONTEXT = re.compile(r"(.+)\.[a-z0-9-]+\.eksctl\.io")

# An empty name would be the account's default cluster.
_CLUSTER_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_CLUSTER_ARN = re.compile(
    r"arn:[\w-]+:(?P<service>\w+):(?P<region>[\w-]+):(?P<account>\d*):cluster/[A-Za-z0-9_-]+"
)


class Origin(Enum):
    """How a config file was found, which decides how far it is trusted."""

    NAMED = "named"  # --config or $DASHBORION_CONFIG
    FOLDER = "folder"  # perhaps another person's: a cloned repository
    USER = "user"
    NONE = "none"


class Target(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an environment points at, and whether it may be changed.

    ``protected`` asks before any change, ``read_only`` refuses changes. Methods that
    take an ``environ`` know what can be told without asking an API or the user.
    """

    protected: bool = False
    read_only: bool = False

    orchestrator_name: ClassVar[str] = "kubernetes"  # as the models have it

    @property
    def kind(self) -> str:
        """The word for ``orchestrator`` in a config file."""
        return str(self.__struct_config__.tag)

    @property
    def location(self) -> str:
        """The cluster or context, as ``env list`` shows it."""
        raise NotImplementedError

    @property
    def cluster_name(self) -> str:
        """The cluster's own name, without the region, account or user in ``location``."""
        return self.location

    @property
    def description(self) -> str:
        """The target in a sentence."""
        return f"the cluster '{short(self.location)}'"

    @property
    def namespace(self) -> str | None:
        """The namespace that the config names."""
        return None

    @property
    def region(self) -> str | None:
        return None

    @property
    def profile(self) -> str | None:
        return None

    @property
    def files(self) -> tuple[Path, ...]:
        """Further files that say what the target is."""
        return ()

    def is_same(self, other: Target) -> bool:
        """Whether both point at the same cluster as the same user."""
        return isinstance(other, type(self)) and self.location == other.location

    def identity(self, environ: Mapping[str, str], /) -> tuple[str | None, ...]:
        """The endpoint and the user, to keep one's caches apart from another's."""
        raise NotImplementedError

    def default_namespace(self, _environ: Mapping[str, str], /) -> str | None:
        """The namespace that commands use unless another is named; None for all."""
        return self.namespace or "default"

    def may_log_in_unasked(self, _environ: Mapping[str, str], /) -> bool:
        """Whether a tab may use its credentials: they cannot prompt, and go to nobody else.

        Raises:
            ConfigError: the kubeconfig cannot be read.
        """
        return True


class AwsClusterTarget(Target, frozen=True, kw_only=True):
    """A cluster in AWS, as a profile sees it in a region.

    ``cluster`` may be an ARN; then ``region`` is the ARN's, unless another is written.
    """

    cluster: str
    region: str | None = None
    profile: str | None = None
    role_arn: str | None = None
    endpoint_url: str | None = None

    def may_log_in_unasked(self, environ: Mapping[str, str], /) -> bool:
        """Requests carry a session's token: none of a tab leaves the machine unencrypted."""
        named = [value for name, value in environ.items() if name.startswith("AWS_ENDPOINT_URL")]
        return all(map(_is_private, filter(None, [self.endpoint_url, *named])))

    def __post_init__(self) -> None:
        if self.region is None and (region := self._region_of_arn):
            force_setattr(self, "region", region)

    @property
    def _region_of_arn(self) -> str | None:
        arn = _CLUSTER_ARN.fullmatch(self.cluster)
        return arn["region"] if arn else None

    @property
    def account(self) -> str | None:
        """The account, where the cluster is written as an ARN."""
        arn = _CLUSTER_ARN.fullmatch(self.cluster)
        return arn["account"] if arn else None

    @property
    def contradiction(self) -> str | None:
        """Why the cluster cannot be where the target says, None if it can."""
        service = "eks" if self.kind == "eks" else "ecs"
        if not self.cluster.startswith("arn:"):
            if _CLUSTER_NAME.fullmatch(self.cluster):
                return None
            return f"'{short(self.cluster)}' is not the name of an {service.upper()} cluster"
        arn = _CLUSTER_ARN.fullmatch(self.cluster)
        if arn is None or arn["service"] != service:
            return f"'{short(self.cluster)}' is not the ARN of an {service.upper()} cluster"
        if arn["region"] != self.region:
            return f"the cluster is in {arn['region']} by its ARN, and `region` is {self.region}"
        return None

    @property
    def location(self) -> str:
        return self.cluster

    @property
    def cluster_name(self) -> str:
        return self.cluster.rpartition("/")[2]  # it may be an ARN

    def is_same(self, other: Target) -> bool:
        """Whether cluster, region and profile are equal.

        A region or profile that is left out may come from a variable: it counts as
        equal, so that ``protected`` holds once too often rather than not at all.
        """
        if not isinstance(other, type(self)):
            return False
        pairs = ((self.region, other.region), (self.profile, other.profile))
        compatible = all(first in (None, second) or second is None for first, second in pairs)
        return compatible and self.cluster_name == other.cluster_name

    def identity(self, environ: Mapping[str, str], /) -> tuple[str | None, ...]:
        return (
            self.kind,
            self.endpoint_url or environ.get("AWS_ENDPOINT_URL"),
            self.region or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION"),
            self.profile or environ.get("AWS_PROFILE") or environ.get("AWS_ACCESS_KEY_ID"),
            self.role_arn,
            self.cluster,
        )


def _is_private(url: str) -> bool:
    with suppress(ValueError):
        parts = urlsplit(url)
        return parts.scheme == "https" or parts.hostname in ("127.0.0.1", "::1", "localhost")
    return False


class EcsTarget(AwsClusterTarget, frozen=True, kw_only=True, tag="ecs", tag_field="orchestrator"):
    """An ECS cluster."""

    namespace_tag: str = "namespace"
    log_group: str | None = None

    orchestrator_name: ClassVar[str] = "ecs"

    def default_namespace(self, _environ: Mapping[str, str], /) -> str | None:
        return None  # a cluster's services are one list


class EksTarget(AwsClusterTarget, frozen=True, kw_only=True, tag="eks", tag_field="orchestrator"):
    """An EKS cluster reached through AWS credentials, without a kubeconfig."""

    namespace: str | None = None


class KubernetesTarget(
    Target, frozen=True, kw_only=True, tag="kubernetes", tag_field="orchestrator"
):
    """A kubeconfig context; ``namespace`` overrides the context's."""

    context: str
    namespace: str | None = None
    kubeconfig: str | None = None

    @property
    def location(self) -> str:
        return self.context

    @property
    def cluster_name(self) -> str:
        name = self.context
        if name.startswith("arn:"):
            name = name.rpartition("/")[2]
        name = name.rpartition("@")[2] or name
        for pattern in (_GKE_CONTEXT, _EKSCTL_CONTEXT):
            if match := pattern.fullmatch(name):
                name = match[1]
        return name

    @property
    def description(self) -> str:
        return f"the kubeconfig's context '{short(self.context)}'"

    @property
    def files(self) -> tuple[Path, ...]:
        return (expanded(self.kubeconfig),) if self.kubeconfig else ()

    def identity(self, environ: Mapping[str, str], /) -> tuple[str | None, ...]:
        known = self._kubeconfig_or_empty(environ)
        server = known.server(known.clusters.get(self.context) or "")
        return ("kubernetes", server, self.context, known.users.get(self.context))

    def default_namespace(self, environ: Mapping[str, str], /) -> str | None:
        known = self._kubeconfig_or_empty(environ)
        return self.namespace or known.namespaces.get(self.context) or "default"

    def may_log_in_unasked(self, environ: Mapping[str, str], /) -> bool:
        return self._kubeconfig(environ).may_log_in_unasked(self.context)

    def _kubeconfig(self, environ: Mapping[str, str]) -> Kubeconfig:
        return read_kubeconfig(kubeconfig_paths(environ, self.kubeconfig))

    def _kubeconfig_or_empty(self, environ: Mapping[str, str]) -> Kubeconfig:
        with suppress(DashborionError):
            return self._kubeconfig(environ)
        return Kubeconfig()


class InClusterTarget(Target, frozen=True, kw_only=True, tag=IN_CLUSTER, tag_field="orchestrator"):
    """The cluster whose pod this process runs in. Never written in a file."""

    namespace: str | None = None

    @property
    def location(self) -> str:
        return IN_CLUSTER

    @property
    def description(self) -> str:
        return "this pod's own cluster"

    def identity(self, environ: Mapping[str, str], /) -> tuple[str | None, ...]:
        return (IN_CLUSTER, environ.get("KUBERNETES_SERVICE_HOST"))

    def default_namespace(self, _environ: Mapping[str, str], /) -> str | None:
        return self.namespace or in_cluster_namespace() or "default"


TARGETS: dict[str, type[Target]] = {
    str(target.__struct_config__.tag): target for target in (EcsTarget, KubernetesTarget, EksTarget)
}
"""The targets that a config file may have, by the word for ``orchestrator``."""

# In a folder's file these would run a stranger's exec plugin, send signed requests to a
# stranger's endpoint, or assume a stranger's role.
REFUSED_IN_FOLDER = ("kubeconfig", "endpoint_url", "role_arn")


class Environment(Struct, frozen=True, kw_only=True):
    """A target under the name by which it is chosen. ``project`` is None for ad-hoc ones.

    ``redefines`` says which file of the user's own has another target under this name.
    """

    project: str | None
    name: str
    target: Target
    redefines: str | None = None

    @property
    def label(self) -> str:
        """``project/name``, or the name alone."""
        return f"{self.project}/{self.name}" if self.project else self.name

    @property
    def orchestrator(self) -> str:
        """``ecs`` or ``kubernetes``, as the models have it; EKS is Kubernetes."""
        return self.target.orchestrator_name


class Config(Struct, frozen=True, kw_only=True):
    """The environments, and where they come from. ``default`` is an environment's label."""

    origin: Origin = Origin.NONE
    path: Path | None = None
    title: str | None = None  # what messages call it instead of its path
    default: str | None = None
    environments: tuple[Environment, ...] = ()

    @property
    def where(self) -> str:
        """The source as messages name it."""
        return self.title or (str(self.path) if self.path else "the kubeconfig")
