"""The orchestrators behind one protocol; here alone adapters are imported, when they are needed."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from dashborion.concurrency import Deadline, result, start
from dashborion.config.targets import EcsTarget, EksTarget
from dashborion.errors import AccessError, TimedOut, UsageError
from dashborion.orchestrators.kubernetes.credentials.eks_plugins import EksUser, eks_user

if TYPE_CHECKING:
    from dashborion.config.targets import Environment
    from dashborion.orchestrators.aws.clusters import Search
    from dashborion.orchestrators.aws.sessions import Sessions
    from dashborion.orchestrators.kubernetes.credentials.eks import OwnTokens
    from dashborion.orchestrators.kubernetes.credentials.kubeconfig import Credentials
    from dashborion.orchestrators.protocol import Orchestrator, Runtime


class Connector:
    """Makes adapters for environments; AWS sessions are shared between them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._made: Sessions | None = None
        self._lock = threading.Lock()
        self._one_prompt = threading.Lock()

    def prepare(self, environments: Iterable[Environment], deadline: Deadline) -> None:
        """What has to happen one after the other, before environments are asked side by side.

        AWS credentials may prompt for an MFA code, once for each profile. What
        hangs is left to the environment's own calls to report.
        """
        targets = [
            one.target for one in environments if isinstance(one.target, EcsTarget | EksTarget)
        ]
        if not targets:
            return
        with suppress(TimedOut):
            for target in targets:
                result(start(partial(self._sessions.prepare, target)), deadline)

    def connect(self, environment: Environment, runtime: Runtime) -> Orchestrator:
        """The adapter for an environment, with its credentials loaded.

        Nothing is sent yet, save that EKS is asked where its cluster is.

        Raises:
            CredentialsError: there are none, or the plugin that makes them failed.
            DashborionError: EKS does not say where the cluster is.
        """
        if isinstance(environment.target, EcsTarget):
            from dashborion.orchestrators.ecs.adapter import EcsOrchestrator

            return EcsOrchestrator.connect(environment, runtime, self._sessions)
        from dashborion.orchestrators.kubernetes.adapter import KubernetesOrchestrator

        credentials = self._credentials(environment, runtime)
        return KubernetesOrchestrator.connect(environment, runtime, credentials)

    def search(self) -> Search:
        """What asks AWS which clusters there are."""
        from dashborion.orchestrators.aws.clusters import Search

        return Search(self._sessions)

    def _credentials(self, environment: Environment, runtime: Runtime) -> Credentials:
        if isinstance(environment.target, EksTarget):
            from dashborion.orchestrators.kubernetes.credentials import eks

            return eks.connect(environment.target, runtime, self._sessions)
        from dashborion.orchestrators.kubernetes.credentials import kubeconfig as credentials

        own = partial(self._own_answers, runtime)
        return credentials.connect(environment.target, runtime.environ, own)

    def _own_answers(
        self, runtime: Runtime, entry: Any
    ) -> Callable[[], Mapping[str, Any] | None] | None:
        """What answers for a kubeconfig user's plugin, None where the plugin has to run."""
        user = eks_user(entry, runtime.environ)
        return None if user is None else partial(self._own_answer, user, runtime)

    def _own_answer(self, user: EksUser, runtime: Runtime) -> Mapping[str, Any] | None:
        """A token made here; None when that is for the plugin, which may know a way to log in.

        Raises:
            DashborionError: no token, and no plugin either.
        """
        try:
            return self._own_tokens.answer(user, runtime)
        except (AccessError, UsageError):
            if shutil.which(user.command, path=runtime.environ.get("PATH")):
                return None
            raise

    @property
    def _own_tokens(self) -> OwnTokens:
        from dashborion.orchestrators.kubernetes.credentials.eks import OwnTokens

        return OwnTokens(self._sessions, self._one_prompt)

    @property
    def _sessions(self) -> Sessions:
        from dashborion.orchestrators.aws.sessions import Sessions

        with self._lock:
            if self._made is None:
                self._made = Sessions(self._environ)
            return self._made
