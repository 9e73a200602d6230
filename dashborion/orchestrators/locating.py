"""Where an environment is: the account of its profile, the endpoint of its EKS cluster.

Asked before a change of something that may be there, of environments that no command has
chosen: briefly, once for each identity, and without a question to a person.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from dashborion.concurrency import result, start
from dashborion.config.kubeconfig import (
    default_kubeconfig,
    kubeconfig_paths,
    read_kubeconfig,
    server_address,
)
from dashborion.config.places import (
    Place,
    ecs_place,
    is_at,
    name_at_address,
    plain_host,
    server_place,
)
from dashborion.config.targets import EcsTarget, EksTarget, KubernetesTarget, Target
from dashborion.errors import ConfigError, NotFound, short
from dashborion.orchestrators.runtime import Runtime

if TYPE_CHECKING:
    from dashborion.config.targets import AwsClusterTarget
    from dashborion.orchestrators.aws.sessions import Sessions


@dataclass(frozen=True)
class Locator:
    """Says where targets are. ``load`` waits for a target's credentials."""

    environ: Mapping[str, str]
    sessions: Callable[[], Sessions]
    load: Callable[[AwsClusterTarget, Runtime], None]
    _accounts: dict[tuple[str | None, ...], Future[str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def is_at(self, place: Place, target: Target, runtime: Runtime) -> bool:
        """Whether a target, which could be at a place, is there; raises as ``places``."""
        return any(
            is_at(place, one) or _is_by_address(place, one) for one in self.places(target, runtime)
        )

    def places(self, target: Target, runtime: Runtime) -> list[Place]:
        """Where a target is: one place, or where several kubeconfigs have its context, several.

        Raises:
            NotFound: it is nowhere: no such cluster, no such context.
            DashborionError: it cannot be told.
        """
        if isinstance(target, EcsTarget):
            account = self._account(target, runtime)
            return [ecs_place(account, target.region or "", target.cluster_name)]
        if isinstance(target, EksTarget):
            from dashborion.orchestrators.kubernetes.credentials import eks

            self._load_unasked(target, runtime)
            return [server_place(eks.endpoint(target, runtime, self.sessions()))]
        if isinstance(target, KubernetesTarget):
            return [server_place(url) for url in self._servers(target)]
        raise NotFound("cluster", target.location, where="any file")

    def _account(self, target: EcsTarget, runtime: Runtime) -> str:
        key = (target.profile, target.role_arn, target.endpoint_url)
        with self._lock:
            if key not in self._accounts:
                self._accounts[key] = start(partial(self._asked_account, target, runtime))
        return result(self._accounts[key], runtime.deadline)

    def _asked_account(self, target: EcsTarget, runtime: Runtime) -> str:
        sessions = self.sessions()
        if known := sessions.written_account(target):
            return known
        self._load_unasked(target, runtime)
        return sessions.account(target, runtime)

    def _load_unasked(self, target: AwsClusterTarget, runtime: Runtime) -> None:
        self.sessions().ask_nobody(target)
        self.load(target, runtime)

    def _servers(self, target: KubernetesTarget) -> list[str]:
        """The addresses in the kubeconfigs: those that a variable or another file hides, too."""
        paths = kubeconfig_paths(self.environ, target.kubeconfig)
        hidden = () if target.kubeconfig else default_kubeconfig(self.environ)
        merges = [paths[first:] for first in range(len(paths))]
        kubeconfigs = [read_kubeconfig(files) for files in (*merges, hidden)]
        named = [known for known in kubeconfigs if target.context in known.context_entries]
        if not named:
            nowhere = NotFound("context", short(target.context), where="any kubeconfig")
            nowhere.hint = "write `kubeconfig:` beside its `context:`"
            raise nowhere
        found = []
        for known in named:
            cluster = known.cluster_entries.get(known.clusters[target.context] or "")
            user = known.user_entries.get(known.users[target.context] or "")
            if cluster is not None:  # it may be in a file before
                found.append(server_address(cluster, user).url)
        if not found:
            raise ConfigError(
                f"{named[0].context_entries[target.context].label}: it names no cluster"
            )
        return found


def _is_by_address(first: Place, second: Place) -> bool:
    """Whether two places are one server, by its name and by an address of it."""
    pair = name_at_address(first, second)
    if pair is None:
        return False
    name, address = pair
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return address in {plain_host(str(sockaddr[0])) for *_, sockaddr in found}
