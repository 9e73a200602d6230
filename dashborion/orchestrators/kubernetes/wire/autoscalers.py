"""HorizontalPodAutoscalers of every version of their API."""

from __future__ import annotations

from msgspec import field

from dashborion.orchestrators.kubernetes.wire.meta import Condition, Object, Wire


class ScaleTarget(Wire, frozen=True):
    kind: str
    name: str


class MetricName(Wire, frozen=True):
    name: str


class MetricValue(Wire, frozen=True):
    """A metric's target or current value: the member that fits the target's type is set."""

    value: str | None = None
    average_value: str | None = None
    average_utilization: int | None = None


class MetricSource(Wire, frozen=True):
    """The fields of all types of metric; resources are named by ``name``, others by ``metric``."""

    name: str | None = None
    container: str | None = None
    metric: MetricName | None = None
    target: MetricValue = MetricValue()
    current: MetricValue = MetricValue()


class Metric(Wire, frozen=True):
    """One metric; only the member that ``type`` names is set."""

    type: str
    resource: MetricSource | None = None
    container_resource: MetricSource | None = None
    pods: MetricSource | None = None
    object: MetricSource | None = None
    external: MetricSource | None = None

    @property
    def source(self) -> MetricSource:
        known = (self.resource, self.container_resource, self.pods, self.object, self.external)
        return next(filter(None, known), MetricSource())


class AutoscalerSpec(Wire, frozen=True):
    """``autoscaling/v1`` has ``cpu_percentage``, later versions have ``metrics``."""

    scale_target_ref: ScaleTarget
    max_replicas: int
    min_replicas: int | None = None
    metrics: list[Metric] | None = None
    cpu_percentage: int | None = field(name="targetCPUUtilizationPercentage", default=None)


class AutoscalerStatus(Wire, frozen=True):
    current_replicas: int | None = None
    desired_replicas: int | None = None
    current_metrics: list[Metric] | None = None
    conditions: list[Condition] | None = None
    cpu_percentage: int | None = field(name="currentCPUUtilizationPercentage", default=None)


class Autoscaler(Object, frozen=True):
    spec: AutoscalerSpec
    status: AutoscalerStatus = AutoscalerStatus()
