"""What is beside a workload: claims, budgets, policies, and who relies on it; as in ``wire``."""

from __future__ import annotations

from typing import Any

from dashborion.orchestrators.kubernetes.wire import (
    Int,
    LabelSelector,
    Object,
    ScaleTarget,
    Wire,
)


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


class ServiceReference(Wire, frozen=True):
    name: str = ""
    namespace: str = ""


class ClientConfig(Wire, frozen=True):
    service: ServiceReference | None = None


class Webhook(Wire, frozen=True):
    client_config: ClientConfig = ClientConfig()


class WebhookConfiguration(Object, frozen=True):
    """A ValidatingWebhookConfiguration or a MutatingWebhookConfiguration."""

    webhooks: list[Webhook] | None = None


class ApiService(Object, frozen=True):
    """Whom the API server asks about an API group that is not its own."""

    spec: ClientConfig = ClientConfig()


class RolloutSpec(Wire, frozen=True):
    workload_ref: ScaleTarget | None = None


class Rollout(Object, frozen=True):
    """A Rollout of Argo, which may use a Deployment's pod template."""

    spec: RolloutSpec = RolloutSpec()


class ScaledSpec(Wire, frozen=True):
    scale_target_ref: ScaleTarget = ScaleTarget()


class ScaledObject(Object, frozen=True):
    """What KEDA makes a HorizontalPodAutoscaler of; the target is a Deployment unless it says."""

    spec: ScaledSpec = ScaledSpec()
