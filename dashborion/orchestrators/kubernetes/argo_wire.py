"""What an Argo Rollout has besides what a Deployment has, cut down to the fields that are used."""

from __future__ import annotations

from msgspec import field

from dashborion.orchestrators.kubernetes import wire
from dashborion.orchestrators.kubernetes.wire import Int, Time, Wire


class Pause(Wire, frozen=True):
    duration: Int | str | None = None  # without one it waits for a person


class Step(Wire, frozen=True):
    """One of many kinds of steps; only what waits is told from the others."""

    pause: Pause | None = None


class Canary(wire.RollingUpdate, frozen=True):
    steps: list[Step] | None = None


class BlueGreen(wire.RollingUpdate, frozen=True):
    auto_promotion_enabled: bool | None = None
    auto_promotion_seconds: Int | None = None


class RolloutStrategy(wire.Strategy, frozen=True):
    canary: Canary | None = None
    blue_green: BlueGreen | None = None


class RolloutSpec(wire.DeploymentSpec, frozen=True):
    strategy: RolloutStrategy = RolloutStrategy()
    workload_ref: wire.Reference | None = None  # whose pod template it takes
    restart_at: Time | None = None


class PauseCondition(Wire, frozen=True):
    reason: str = ""
    start_time: Time | None = None


class Weight(Wire, frozen=True):
    weight: Int = 0


class Weights(Wire, frozen=True):
    canary: Weight = Weight()


class AnalysisStatus(Wire, frozen=True):
    status: str = ""


class CanaryStatus(Wire, frozen=True):
    current_step_analysis_run_status: AnalysisStatus = AnalysisStatus()
    weights: Weights | None = None


class BlueGreenStatus(Wire, frozen=True):
    active_selector: str = ""


class RolloutStatus(wire.DeploymentStatus, frozen=True):
    phase: str | None = None
    message: str | None = None
    pause_conditions: list[PauseCondition] | None = None
    controller_pause: bool = False
    abort: bool = False
    stable_rs: str = field(name="stableRS", default="")
    current_pod_hash: str = ""
    current_step_index: Int | None = None
    restarted_at: Time | None = None
    canary: CanaryStatus = CanaryStatus()
    blue_green: BlueGreenStatus = BlueGreenStatus()


class Rollout(wire.Deployment, frozen=True):
    """A Deployment in its replicas, its template and its ReplicaSets, not in how it rolls out."""

    spec: RolloutSpec = RolloutSpec()
    status: RolloutStatus = RolloutStatus()
