"""Connects environments; the only place that imports adapters, each when it is needed."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from dashborion.concurrency import Deadline, start
from dashborion.config.targets import (
    AwsClusterTarget,
    EcsTarget,
    EksTarget,
    InClusterTarget,
    KubernetesTarget,
)
from dashborion.errors import AccessError, ConfigError, TimedOut, UsageError

if TYPE_CHECKING:
    from dashborion.config.targets import Environment, Target
    from dashborion.orchestrators.aws.clusters import Search
    from dashborion.orchestrators.aws.sessions import Sessions
    from dashborion.orchestrators.kubernetes.credentials.eks_plugins import EksUser
    from dashborion.orchestrators.kubernetes.credentials.exec_plugin import ExecPlugins
    from dashborion.orchestrators.kubernetes.credentials.kubeconfig import Credentials
    from dashborion.orchestrators.kubernetes.credentials.settings import ExecCredential
    from dashborion.orchestrators.locating import Locator
    from dashborion.orchestrators.protocol import Orchestrator
    from dashborion.orchestrators.runtime import Runtime


class Connector:
    """Makes adapters for environments, which share AWS sessions and exec plugins."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._made_sessions: Sessions | None = None
        self._made_plugins: ExecPlugins | None = None
        self._lock = threading.RLock()
        self._loading: dict[tuple[str | None, ...], Future[None]] = {}
        self._late: set[Future[None]] = set()

    def prepare(self, environments: Iterable[Environment], deadline: Deadline) -> None:
        """Begin to load AWS credentials, each once, before environments are asked side by side.

        Those that may ask for an MFA code come now, one after the other, each with the
        whole deadline; it starts again when they are done. The others are loaded on their
        own threads: what hangs there, and what fails, is for ``connect`` to report.
        """
        targets = [
            environment.target
            for environment in environments
            if isinstance(environment.target, AwsClusterTarget)
            and not environment.target.contradiction
        ]
        asking = [
            profile for profile in {target.profile for target in targets} if self._asks(profile)
        ]
        for target in targets:
            if target.profile in asking:
                from dashborion.terminal import unchanged

                with suppress(Exception), unchanged(0):  # it is raised again by `connect`
                    self._load(target, deadline)
                deadline.restart()
        for target in targets:
            self._start_loading(target, deadline)

    def _asks(self, profile: str | None) -> bool:
        """Whether its credentials may ask for an MFA code."""
        from dashborion.orchestrators.aws.sessions import may_ask_for_code

        with suppress(Exception):  # a broken AWS config is its environment's failure
            return may_ask_for_code(profile, self._environ)
        return False

    def _load(self, target: AwsClusterTarget, deadline: Deadline) -> None:
        """Wait for the credentials of a target, which are loaded once for all that share them.

        Raises:
            TimedOut: they did not come in time; whoever asks next need not wait again.
            Exception: whatever went wrong with them.
        """
        loading = self._start_loading(target, deadline)
        if loading not in self._late:
            wait([loading], deadline.remaining())
        if not loading.done():
            self._late.add(loading)
            whose = f"AWS profile '{target.profile}'" if target.profile else "AWS"
            raise TimedOut(f"no credentials of {whose} within {deadline.seconds:g} seconds")
        loading.result()

    def _start_loading(self, target: AwsClusterTarget, deadline: Deadline) -> Future[None]:
        with self._lock:
            key = (target.profile, target.role_arn, target.endpoint_url)
            if key not in self._loading:
                self._loading[key] = start(partial(self._sessions.prepare, target, deadline))
            return self._loading[key]

    def connect(self, environment: Environment, runtime: Runtime) -> Orchestrator:
        """The adapter for an environment, with its credentials loaded.

        Nothing is sent yet, save that EKS is asked where its cluster is.

        Raises:
            CredentialsError: there are none, or the plugin that makes them failed.
            ConfigError: the cluster's ARN and the region contradict each other.
            DashborionError: EKS does not say where the cluster is.
            Exception: what nobody foresaw.
        """
        target = environment.target
        if isinstance(target, AwsClusterTarget):
            if target.contradiction:
                hint = "leave `region` out, or write the cluster's name alone"
                hint = hint if target.cluster.startswith("arn:") else "correct `cluster:`"
                raise ConfigError(target.contradiction, hint=hint)
            self._load(target, runtime.deadline)
        if isinstance(target, EcsTarget):
            from dashborion.orchestrators.ecs.adapter import EcsOrchestrator

            return EcsOrchestrator.connect(environment, runtime, self._sessions)
        from dashborion.orchestrators.kubernetes.adapter import KubernetesOrchestrator
        from dashborion.orchestrators.kubernetes.client import Client

        credentials = self._credentials(target, runtime)
        return KubernetesOrchestrator(environment, Client(credentials, runtime))

    def locator(self) -> Locator:
        """What says where environments are that were not chosen."""
        from dashborion.orchestrators.locating import Locator

        return Locator(
            self._environ,
            lambda: self._sessions,
            lambda target, runtime: self._load(target, runtime.deadline),
        )

    def search(self) -> Search:
        """The search for clusters in AWS accounts."""
        from dashborion.orchestrators.aws.clusters import Search

        return Search(self._sessions)

    def _credentials(self, target: Target, runtime: Runtime) -> Credentials:
        if isinstance(target, KubernetesTarget):
            from dashborion.orchestrators.kubernetes.credentials import kubeconfig

            substitutes = partial(self._plugin_substitute, runtime)
            return kubeconfig.connect(target, runtime, self._exec_plugins, substitutes)
        if isinstance(target, EksTarget):
            from dashborion.orchestrators.kubernetes.credentials import eks

            return eks.connect(target, runtime, self._sessions)
        if isinstance(target, InClusterTarget):
            from dashborion.orchestrators.kubernetes.credentials import in_cluster

            return in_cluster.connect(target, runtime)
        raise UsageError(f"not a Kubernetes target: {type(target).__name__}")

    def _plugin_substitute(
        self, runtime: Runtime, entry: Any
    ) -> Callable[[], ExecCredential | None] | None:
        """What gives a plugin's credential without running it, None where there is no such way."""
        from dashborion.orchestrators.kubernetes.credentials.eks_plugins import eks_user

        user = eks_user(entry, runtime.environ)
        return None if user is None else partial(self._eks_credential, user, runtime)

    def _eks_credential(self, user: EksUser, runtime: Runtime) -> ExecCredential | None:
        """A token made here; None where only the plugin may have a way to log in.

        Raises:
            DashborionError: no token, and the plugin is not installed.
        """
        from dashborion.orchestrators.kubernetes.credentials.eks import EksTokens

        try:
            return EksTokens(self._sessions).credential(user, runtime)
        except (AccessError, UsageError):
            if shutil.which(user.command, path=runtime.environ.get("PATH")):
                return None
            raise

    def _exec_plugins(self) -> ExecPlugins:
        from dashborion.orchestrators.kubernetes.credentials.exec_plugin import ExecPlugins

        with self._lock:
            if self._made_plugins is None:
                self._made_plugins = ExecPlugins()
            return self._made_plugins

    @property
    def _sessions(self) -> Sessions:
        from dashborion.orchestrators.aws.sessions import Sessions

        with self._lock:
            if self._made_sessions is None:
                self._made_sessions = Sessions(self._environ)
            return self._made_sessions
