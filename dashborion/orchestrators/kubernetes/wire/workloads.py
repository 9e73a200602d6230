"""Deployments, StatefulSets, DaemonSets, and the objects that keep their revisions."""

from __future__ import annotations

from dashborion.orchestrators.kubernetes.wire.meta import Condition, Object, Wire
from dashborion.orchestrators.kubernetes.wire.pods import PodSpec


class TemplateMeta(Wire, frozen=True):
    labels: dict[str, str] | None = None


class Template(Wire, frozen=True):
    metadata: TemplateMeta = TemplateMeta()
    spec: PodSpec = PodSpec()


class Requirement(Wire, frozen=True):
    key: str
    operator: str
    values: list[str] | None = None


class LabelSelector(Wire, frozen=True):
    match_labels: dict[str, str] | None = None
    match_expressions: list[Requirement] | None = None


class RollingUpdate(Wire, frozen=True):
    max_unavailable: int | str | None = None
    max_surge: int | str | None = None
    partition: int | None = None


class Strategy(Wire, frozen=True):
    type: str | None = None
    rolling_update: RollingUpdate | None = None


class ControllerSpec(Wire, frozen=True):
    """What the specs of all three kinds have."""

    selector: LabelSelector = LabelSelector()
    template: Template = Template()


class ControllerStatus(Wire, frozen=True):
    """What the statuses of all three kinds have."""

    observed_generation: int = 0
    conditions: list[Condition] | None = None


class ReplicasStatus(ControllerStatus, frozen=True):
    """The counts that Deployments and StatefulSets have in common."""

    replicas: int = 0
    updated_replicas: int = 0
    ready_replicas: int = 0


class DeploymentSpec(ControllerSpec, frozen=True):
    replicas: int | None = None
    paused: bool | None = None
    strategy: Strategy = Strategy()


class DeploymentStatus(ReplicasStatus, frozen=True):
    available_replicas: int = 0


class Deployment(Object, frozen=True):
    spec: DeploymentSpec = DeploymentSpec()
    status: DeploymentStatus = DeploymentStatus()


class StatefulSetSpec(ControllerSpec, frozen=True):
    replicas: int | None = None
    update_strategy: Strategy = Strategy()


class StatefulSetStatus(ReplicasStatus, frozen=True):
    available_replicas: int | None = None  # servers before 1.22 do not report it
    current_revision: str | None = None
    update_revision: str | None = None


class StatefulSet(Object, frozen=True):
    spec: StatefulSetSpec = StatefulSetSpec()
    status: StatefulSetStatus = StatefulSetStatus()


class DaemonSetSpec(ControllerSpec, frozen=True):
    update_strategy: Strategy = Strategy()


class DaemonSetStatus(ControllerStatus, frozen=True):
    desired_number_scheduled: int = 0
    updated_number_scheduled: int = 0
    number_ready: int = 0
    number_available: int = 0


class DaemonSet(Object, frozen=True):
    spec: DaemonSetSpec = DaemonSetSpec()
    status: DaemonSetStatus = DaemonSetStatus()


class RevisionSpec(Wire, frozen=True):
    template: Template = Template()


class ReplicaSet(Object, frozen=True):
    """One revision of a Deployment."""

    spec: RevisionSpec = RevisionSpec()


class RevisionData(Wire, frozen=True):
    """A ControllerRevision's ``data``: a strategic-merge patch that replaces the template."""

    spec: RevisionSpec = RevisionSpec()


class ControllerRevision(Object, frozen=True):
    """One revision of a StatefulSet or DaemonSet."""

    revision: int = 0
    data: RevisionData | None = None
