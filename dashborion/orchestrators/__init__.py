"""The orchestrators behind one protocol; ``connect`` is the only import of an adapter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashborion.config import EcsTarget, EksTarget
from dashborion.errors import UsageError

if TYPE_CHECKING:
    from dashborion.config import Environment
    from dashborion.orchestrators.protocol import Orchestrator, Runtime


def connect(environment: Environment, runtime: Runtime) -> Orchestrator:
    """The adapter for an environment, with its credentials loaded; nothing is sent yet.

    Raises:
        UsageError: an orchestrator that this version does not speak to.
        CredentialsError: there are none, or the plugin that makes them failed.
    """
    if isinstance(environment.target, EcsTarget | EksTarget):
        raise UsageError(
            f"this version of dashborion does not reach "
            f"{'ECS' if isinstance(environment.target, EcsTarget) else 'EKS'} yet",
            hint="give a kubeconfig context with `orchestrator: kubernetes`",
        )
    from dashborion.orchestrators.kubernetes.adapter import KubernetesOrchestrator

    return KubernetesOrchestrator.connect(environment, runtime)
