"""Controllers as the API has them: three replicas of ``web``, rolled out and available."""

from __future__ import annotations

from collections.abc import Sequence

from dashborion.models.workload import Workload
from dashborion.orchestrators.kubernetes import normalise, wire
from tests.unit.kubernetes.raw_kubernetes import (
    ENVIRONMENT,
    Raw,
    condition,
    container,
    decode,
    merged,
    metadata,
)

ROLLED_OUT = condition(
    "Progressing",
    reason="NewReplicaSetAvailable",
    message='ReplicaSet "web-7d9c5b8f6d" has successfully progressed.',
    lastUpdateTime="2024-05-01T08:01:00Z",
)
ROLLING = ROLLED_OUT | {"reason": "ReplicaSetUpdated", "message": "is progressing."}
OVERDUE = ROLLED_OUT | {
    "status": "False",
    "reason": "ProgressDeadlineExceeded",
    "message": 'ReplicaSet "web-7d9c5b8f6d" has timed out progressing.',
}


def template(containers: Sequence[Raw] | None = None, init: Sequence[Raw] = ()) -> Raw:
    return {
        "metadata": {"creationTimestamp": None, "labels": {"app": "web", "tier": "front"}},
        "spec": {
            "containers": [container("app")] if containers is None else list(containers),
            "initContainers": list(init),
            "restartPolicy": "Always",
        },
    }


def deployment(
    *, meta: Raw | None = None, spec: Raw | None = None, status: Raw | None = None
) -> wire.Deployment:
    numbered = {"annotations": {"deployment.kubernetes.io/revision": "4"}}
    base = {
        "metadata": metadata("web", numbered),
        "spec": {
            "replicas": 3,
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
            "selector": {"matchLabels": {"app": "web"}},
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
            },
            "template": template(),
        },
        "status": {
            "observedGeneration": 2,
            "replicas": 3,
            "updatedReplicas": 3,
            "readyReplicas": 3,
            "availableReplicas": 3,
            "conditions": [condition("Available"), ROLLED_OUT],
        },
    }
    return decode(wire.Deployment, _changed(base, meta, spec, status))


def statefulset(
    *, meta: Raw | None = None, spec: Raw | None = None, status: Raw | None = None
) -> wire.StatefulSet:
    base = {
        "metadata": metadata("web"),
        "spec": {
            "replicas": 3,
            "serviceName": "web",
            "podManagementPolicy": "OrderedReady",
            "selector": {"matchLabels": {"app": "web"}},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
            "template": template(),
        },
        "status": {
            "observedGeneration": 2,
            "replicas": 3,
            "currentReplicas": 3,
            "updatedReplicas": 3,
            "readyReplicas": 3,
            "availableReplicas": 3,
            "collisionCount": 0,
            "currentRevision": "web-6b8f9d4c77",
            "updateRevision": "web-6b8f9d4c77",
        },
    }
    return decode(wire.StatefulSet, _changed(base, meta, spec, status))


def daemonset(
    *, meta: Raw | None = None, spec: Raw | None = None, status: Raw | None = None
) -> wire.DaemonSet:
    base = {
        "metadata": metadata("web"),
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "updateStrategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0},
            },
            "template": template(),
        },
        "status": {
            "observedGeneration": 2,
            "desiredNumberScheduled": 3,
            "currentNumberScheduled": 3,
            "updatedNumberScheduled": 3,
            "numberReady": 3,
            "numberAvailable": 3,
            "numberMisscheduled": 0,
        },
    }
    return decode(wire.DaemonSet, _changed(base, meta, spec, status))


def workload(item: wire.Controller) -> Workload:
    return normalise.workload(item, ENVIRONMENT, [])


def _changed(base: Raw, meta: Raw | None, spec: Raw | None, status: Raw | None) -> Raw:
    change = {"metadata": meta, "spec": spec, "status": status}
    return merged(base, {key: part for key, part in change.items() if part})
