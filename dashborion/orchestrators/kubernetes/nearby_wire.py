"""What rules ask for beside a workload: claims, budgets and policies, cut down as in ``wire``."""

from __future__ import annotations

from typing import Any

from dashborion.orchestrators.kubernetes.wire import Int, LabelSelector, Object, Wire


class ClaimSpec(Wire, frozen=True):
    storage_class_name: str | None = None


class Phase(Wire, frozen=True):
    phase: str | None = None


class Claim(Object, frozen=True):
    """A PersistentVolumeClaim."""

    spec: ClaimSpec = ClaimSpec()
    status: Phase = Phase()


class Selecting(Wire, frozen=True):
    selector: LabelSelector | None = None


class BudgetStatus(Wire, frozen=True):
    disruptions_allowed: Int | None = None
    current_healthy: Int = 0
    desired_healthy: Int = 0
    expected_pods: Int = 0


class Budget(Object, frozen=True):
    """A PodDisruptionBudget."""

    spec: Selecting = Selecting()
    status: BudgetStatus = BudgetStatus()


class PolicySpec(Wire, frozen=True):
    """Without ``policy_types`` it is about what comes in."""

    pod_selector: LabelSelector = LabelSelector()
    policy_types: list[str] | None = None
    ingress: list[dict[str, Any]] | None = None


class NetworkPolicy(Object, frozen=True):
    spec: PolicySpec = PolicySpec()
