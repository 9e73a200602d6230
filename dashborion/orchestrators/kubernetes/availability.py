"""Whether what looks rolled out has ever been available, which only pods can tell of some kinds.

A Deployment has a condition for it. A StatefulSet or DaemonSet without an available pod says
the same counts when its new pods cannot start as when its pods died a week later.
"""

from __future__ import annotations

from collections.abc import Iterable

from dashborion.orchestrators.kubernetes import instances as pods
from dashborion.orchestrators.kubernetes import normalise, rollout, wire
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.listing import ListOptions


def never_available(client: Client, items: Iterable[wire.Controller]) -> frozenset[str]:
    """The uids of those that look complete and of which no pod has ever been ready.

    Asks for the pods of those in doubt only; where these may not be read, none was seen ready.
    """
    listed = {
        item.metadata.uid: client.collect(
            api.PODS,
            item.metadata.namespace,
            ListOptions(normalise.selector(item.spec.selector)),
            decoration=True,
        )
        for item in items
        if rollout.is_in_doubt(item)
    }
    return frozenset(
        uid for uid, found in listed.items() if not was_available(client.optional(found), uid)
    )


def was_available(known: Iterable[wire.Pod], uid: str) -> bool:
    """Whether one of these pods is of that controller and is, or was, ready.

    Those that are being deleted are of an older revision: in doubt are only workloads all of
    whose other pods are of the newest.
    """
    own = (pod for pod in known if (owner := pods.controller(pod.metadata)) and owner.uid == uid)
    return any(pods.was_ready(pod) for pod in own if pod.metadata.deletion_timestamp is None)
