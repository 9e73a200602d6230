"""The orchestrators behind one protocol; here alone adapters are imported, when they are needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cached_property, partial
from typing import TYPE_CHECKING

from dashborion.concurrency import Deadline, result, start
from dashborion.config import EcsTarget, EksTarget
from dashborion.errors import TimedOut, UsageError

if TYPE_CHECKING:
    from dashborion.config import Environment
    from dashborion.orchestrators.aws import Sessions
    from dashborion.orchestrators.protocol import Orchestrator, Runtime


class Connector:
    """Makes adapters for environments; AWS sessions are shared between them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def prepare(self, environments: Iterable[Environment], deadline: Deadline) -> None:
        """What has to happen one after the other, before environments are asked side by side.

        AWS credentials may prompt for an MFA code, once for each profile. What
        hangs is left to the environment's own calls to report.
        """
        targets = [one.target for one in environments if isinstance(one.target, EcsTarget)]
        if not targets:
            return
        with suppress(TimedOut):
            for target in targets:
                result(start(partial(self._sessions.prepare, target)), deadline)

    def connect(self, environment: Environment, runtime: Runtime) -> Orchestrator:
        """The adapter for an environment, with its credentials loaded; nothing is sent yet.

        Raises:
            UsageError: an orchestrator that this version does not speak to.
            CredentialsError: there are none, or the plugin that makes them failed.
        """
        if isinstance(environment.target, EksTarget):
            raise UsageError(
                "this version of dashborion does not reach EKS without a kubeconfig yet",
                hint="give its kubeconfig context with `orchestrator: kubernetes`",
            )
        if isinstance(environment.target, EcsTarget):
            from dashborion.orchestrators.ecs.adapter import EcsOrchestrator

            return EcsOrchestrator.connect(environment, runtime, self._sessions)
        from dashborion.orchestrators.kubernetes.adapter import KubernetesOrchestrator

        return KubernetesOrchestrator.connect(environment, runtime)

    @cached_property
    def _sessions(self) -> Sessions:
        from dashborion.orchestrators.aws import Sessions

        return Sessions(self._environ)
