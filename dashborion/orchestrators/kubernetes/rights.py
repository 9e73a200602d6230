"""The rights that commands need on Kubernetes: data of ``check`` and of the README.

A right is ``VERB RESOURCE.GROUP/SUBRESOURCE``, as in a Role. Where two verbs stand before it, a
websocket needs both (``check.rights_of_stream``). Behind it stands what is missing without it;
without that the command fails.
"""

from __future__ import annotations

from collections.abc import Mapping

from dashborion.models.environment import Verb

Rights = Mapping[str, str | None]

CLUSTER_WIDE = frozenset(
    {"nodes", "ingressclasses", "apiservices", "mutatingwebhookconfigurations",
     "validatingwebhookconfigurations"}
)  # fmt: skip
"""Resources without a namespace."""

_KINDS = ("deployments.apps", "statefulsets.apps", "daemonsets.apps")


def _each(verb: str, kinds: tuple[str, ...], part: str | None = None) -> Rights:
    return dict.fromkeys([f"{verb} {kind}" for kind in kinds], part)


_FIND = _each("get", _KINDS)
_CHANGE = _each("patch", _KINDS)
_REVISIONS = _each("list", ("replicasets.apps", "controllerrevisions.apps"))
_HPA = "horizontalpodautoscalers.autoscaling"
_SCALER = {f"list {_HPA}": "who else sets the replicas"}
_FOLLOW = _each("list", ("pods", "replicasets.apps", "events"), "how the rollout gets on")
_INSTANCE = dict.fromkeys(
    ("get replicasets.apps", "get nodes", "list events"), "its workload, its zone and its events"
)
_PARKED = {
    **_FIND,
    **_each("patch", ("deployments.apps", "statefulsets.apps")),
    f"list {_HPA}": "what an autoscaler does meanwhile",
    f"patch {_HPA}": "autoscalers that scale up from zero (1.37)",
    **_each("list", ("scaledobjects.keda.sh",), "workloads that KEDA scales"),
    **_each("patch", ("scaledobjects.keda.sh",), "workloads that KEDA scales"),
    **_each("list", ("cronjobs.batch",), "--with-jobs"),
    **_each("patch", ("cronjobs.batch",), "--with-jobs"),
}

RIGHTS: Mapping[Verb, Rights] = {
    Verb.WHY: {
        **_FIND,
        "list pods": "whether it is well at all",
        "list events": "what only events tell",
        **_each("list", ("replicasets.apps", "controllerrevisions.apps"), "its revisions"),
        **_each(
            "list",
            ("services", "ingresses.networking.k8s.io", "endpointslices.discovery.k8s.io",
             "networkpolicies.networking.k8s.io", "ingressclasses.networking.k8s.io"),
            "why nobody reaches it",
        ),
        f"list {_HPA}": "what its autoscaler lacks",
        "get pods/log": "the last lines of what failed",
        "get nodes": "what is wrong with its nodes",
        "list persistentvolumeclaims": "what its volumes wait for",
        "list poddisruptionbudgets.policy": "what holds up a drain",
    },
    Verb.LOGS: {
        **_FIND,
        "list pods": None,
        "get pods/log": None,
        "list replicasets.apps": "which pods are a Deployment's",
    },
    Verb.EXEC: {
        "get pods": None,
        "get,create pods/exec": None,
        "list pods": "an ID that is only the beginning of one",
        **_INSTANCE,
        **_each("get", _KINDS, "-w WORKLOAD"),
    },
    Verb.PORT_FORWARD: {
        "get pods": None,
        "get,create pods/portforward": None,
        **_each("get", _KINDS, "a workload as the target"),
        **_each("list", ("pods", "replicasets.apps"), "a workload as the target"),
        "list services": "ports by the name of a Service's",
        **_INSTANCE,
    },
    Verb.RUN: {
        **_FIND,
        "create jobs.batch": None,
        "list pods": None,
        "get pods": "what the command writes",
        "get pods/log": "what the command writes",
        "get jobs.batch": "whether it was made, if the answer is lost",
        "delete jobs.batch": "that the Job goes before its hour is over",
        "list jobs.batch": "which runs are still active",
        **_each(
            "list",
            ("services", "poddisruptionbudgets.policy", "networkpolicies.networking.k8s.io"),
            "which labels would bring it traffic",
        ),
        "list events": "why it does not start",
        "get,create pods/attach": "-i and -t",
    },
    Verb.SCALE: {
        **_FIND,
        **_each("patch", ("deployments.apps/scale", "statefulsets.apps/scale")),
        **_SCALER,
        **_FOLLOW,
    },
    Verb.RESTART: {**_FIND, **_CHANGE, **_SCALER, **_FOLLOW},
    Verb.DEPLOY: {**_FIND, **_CHANGE, **_SCALER, **_FOLLOW},
    Verb.ROLLBACK: {**_FIND, **_CHANGE, **_SCALER, **_FOLLOW, **_REVISIONS},
    Verb.STOP: {
        **_PARKED,
        **_each(
            "list",
            ("mutatingwebhookconfigurations.admissionregistration.k8s.io",
             "validatingwebhookconfigurations.admissionregistration.k8s.io",
             "apiservices.apiregistration.k8s.io", "rollouts.argoproj.io"),
            "whether the cluster, or a Rollout, relies on it",
        ),
        **_each("list", ("pods", "replicasets.apps"), "whether what runs is proven"),
        "list poddisruptionbudgets.policy": "which budgets it does not honour",
    },
    Verb.START: _PARKED,
    Verb.CONTINUE: {**_FIND, "patch deployments.apps": None, **_SCALER, **_FOLLOW},
    Verb.ABORT: {**_FIND, **_CHANGE, **_SCALER, **_FOLLOW, **_REVISIONS},
    Verb.PAUSE: {**_FIND, "patch deployments.apps": None, **_SCALER, **_FOLLOW},
    Verb.RESUME: {**_FIND, "patch deployments.apps": None, **_SCALER, **_FOLLOW},
}  # fmt: skip
"""The rights of each command."""
