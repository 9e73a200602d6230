"""The API's objects with all that is read of them: one of each kind, of one workload.

Made anew for each caller, who may change them.
"""

from __future__ import annotations

import json
from typing import Any

from tests.support.stub_objects import CREATED, Manifest

TIME = "2026-01-02T03:05:06Z"
LABELS = {"app": "web"}
REQUESTS = {"requests": {"cpu": "250m", "memory": "64Mi"}}


def meta(name: str, owner: Manifest | None = None, **more: Any) -> Manifest:
    return {
        "name": name,
        "uid": f"uid-{name}",
        "namespace": "default",
        "generation": 2,
        "creationTimestamp": CREATED,
        "labels": {**LABELS, "pod-template-hash": "5d9"},
        "annotations": {"deployment.kubernetes.io/revision": "3"},
        "ownerReferences": [owner] if owner else [],
        **more,
    }


def owner(kind: str, name: str) -> Manifest:
    return {
        "apiVersion": "apps/v1", "kind": kind, "name": name, "uid": f"uid-{name}",
        "controller": True,
    }  # fmt: skip


def condition(type_: str, status: str = "True", reason: str = "AsItShould") -> Manifest:
    return {
        "type": type_, "status": status, "reason": reason, "message": f"{type_} is {status}",
        "lastUpdateTime": TIME, "lastTransitionTime": TIME,
    }  # fmt: skip


def template() -> Manifest:
    spec = {
        "containers": [{"name": "main", "image": "example.com/web:1", "resources": REQUESTS}],
        "initContainers": [
            {"name": "mesh", "image": "x/mesh:1", "restartPolicy": "Always", "resources": REQUESTS}
        ],
        "resources": {"requests": {"cpu": "1"}},
    }
    return {"metadata": {"labels": dict(LABELS)}, "spec": spec}


def _controller(name: str, **spec: Any) -> Manifest:
    selector = {
        "matchLabels": dict(LABELS),
        "matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["test"]}],
    }
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas",
              "desiredNumberScheduled", "updatedNumberScheduled", "numberReady",
              "numberAvailable")  # fmt: skip
    status = {
        **dict.fromkeys(counts, 1),
        "observedGeneration": 2,
        "currentRevision": "web-1",
        "updateRevision": "web-1",
        "conditions": [condition("Progressing"), condition("Available", "False")],
    }
    return {
        "metadata": meta(name),
        "spec": {"replicas": 1, "selector": selector, "template": template(), **spec},
        "status": status,
    }


def pod() -> Manifest:
    ended = {
        "exitCode": 137, "signal": 9, "reason": "OOMKilled", "message": "gone", "startedAt": TIME,
        "finishedAt": TIME, "containerID": "containerd://1",
    }  # fmt: skip
    status = {
        "image": "example.com/web:1", "ready": True, "started": True, "restartCount": 2,
        "state": {"running": {"startedAt": TIME}}, "lastState": {"terminated": ended},
        "containerID": "containerd://2",
    }  # fmt: skip
    debugger = {"name": "debugger", "image": "x/busybox:1"}
    waiting = {"waiting": {"reason": "ErrImagePull", "message": "cannot pull"}}
    spec = template()["spec"]
    return {
        "metadata": meta("web-5d9-x", owner("ReplicaSet", "web-5d9")),
        "spec": {**spec, "nodeName": "node-a", "ephemeralContainers": [debugger]},
        "status": {
            "phase": "Running",
            "reason": "",
            "message": "",
            "conditions": [condition("Ready"), condition("PodScheduled")],
            "podIP": "10.1.0.4",
            "podIPs": [{"ip": "10.1.0.4"}, {"ip": "fd00::4"}],
            "startTime": TIME,
            "containerStatuses": [{"name": "main", **status}],
            "initContainerStatuses": [{"name": "mesh", **status}],
            "ephemeralContainerStatuses": [{**debugger, "state": waiting}],
        },
    }


def _event() -> Manifest:
    return {
        "metadata": meta("web.17cb"),
        "involvedObject": {"kind": "Pod", "name": "web-5d9-x", "uid": "uid-web-5d9-x",
                           "fieldPath": "spec.containers{main}"},
        "type": "Warning",
        "reason": "BackOff",
        "message": "restarts\n",
        "count": 3,
        "firstTimestamp": TIME,
        "lastTimestamp": TIME,
        "eventTime": "2026-01-02T03:05:06.000001Z",
        "series": {"count": 4, "lastObservedTime": "2026-01-02T03:05:07.000001Z"},
        "source": {"component": "kubelet", "host": "node-a"},
        "reportingComponent": "kubelet",
        "reportingInstance": "node-a",
    }  # fmt: skip


def _autoscaler() -> Manifest:
    def queue(name: str, **value: Manifest) -> Manifest:
        selector = {"matchLabels": {"queue": name}}
        metric = {"name": "depth", "selector": selector}
        return {"type": "External", "external": {"metric": metric, **value}}

    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}
    return {
        "metadata": meta("web"),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "minReplicas": 1,
            "maxReplicas": 5,
            "metrics": [
                queue("a", target={"value": "50"}), queue("b", target={"value": "200"}),
                {"type": "Resource", "resource": cpu},
            ],
        },
        "status": {
            "currentReplicas": 1,
            "desiredReplicas": 2,
            "currentMetrics": [
                queue("a", current={"value": "10"}), queue("b", current={"value": "900"}),
                {"type": "Resource",
                 "resource": {"name": "cpu", "current": {"averageUtilization": 12}}},
            ],
            "conditions": [condition("AbleToScale")],
        },
    }  # fmt: skip


def _service() -> Manifest:
    port = {"port": 80, "name": "http", "protocol": "TCP", "targetPort": "http", "nodePort": 30080}
    balanced = {"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}, {"hostname": "lb.example"}]}}
    return {
        "metadata": meta("web"),
        "spec": {
            "type": "LoadBalancer", "clusterIP": "10.96.0.9",
            "clusterIPs": ["10.96.0.9", "fd00::9"],
            "externalIPs": ["192.0.2.8"], "selector": dict(LABELS), "ports": [port],
        },
        "status": balanced,
    }  # fmt: skip


def _ingress() -> Manifest:
    backend = {"service": {"name": "web", "port": {"name": "http", "number": 80}}}
    rule = {"host": "a.example", "http": {"paths": [{"path": "/", "backend": backend}]}}
    return {
        "metadata": meta("web"),
        "spec": {
            "ingressClassName": "nginx", "defaultBackend": backend, "rules": [rule],
            "tls": [{"hosts": ["a.example"]}],
        },
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}]}},
    }  # fmt: skip


def _slice() -> Manifest:
    endpoint = {
        "addresses": ["10.1.0.4"], "conditions": {"ready": True, "terminating": False},
        "targetRef": {"kind": "Pod", "name": "web-5d9-x", "uid": "uid-web-5d9-x"},
    }  # fmt: skip
    return {"metadata": meta("web-abc"), "addressType": "IPv4", "endpoints": [endpoint]}


def _node() -> Manifest:
    return {
        "metadata": meta("node-a", namespace=""),
        "spec": {
            "unschedulable": True, "taints": [{"key": "k", "value": "v", "effect": "NoExecute"}],
        },
        "status": {
            "allocatable": {"cpu": "4", "memory": "16Gi", "pods": "110"},
            "conditions": [condition("Ready")],
            "addresses": [
                {"type": "InternalIP", "address": "10.0.0.1"},
                {"type": "InternalIP", "address": "fd00::1"},
            ],
            "nodeInfo": {
                "kubeletVersion": "v1.34.0", "osImage": "Linux", "kernelVersion": "6",
                "containerRuntimeVersion": "containerd://2.0.0",
            },
        },
    }  # fmt: skip


def _job() -> Manifest:
    return {
        "metadata": meta("web", owner("CronJob", "nightly")),
        "spec": {"completions": 2, "parallelism": 1, "suspend": False, "template": template()},
        "status": {
            "active": 1, "succeeded": 1, "failed": 1, "startTime": TIME, "completionTime": TIME,
            "conditions": [condition("Complete")],
        },
    }  # fmt: skip


def _cron_job() -> Manifest:
    return {
        "metadata": meta("web"),
        "spec": {
            "schedule": "0 3 * * *", "timeZone": "UTC", "suspend": False,
            "jobTemplate": {"spec": {"template": template()}},
        },
        "status": {
            "active": [{"name": "web-1"}], "lastScheduleTime": TIME, "lastSuccessfulTime": TIME,
        },
    }  # fmt: skip


def rich() -> dict[str, list[Manifest]]:
    """A Deployment ``web`` with all that belongs to it, and one of each other kind."""
    update = {"maxUnavailable": "25%", "maxSurge": 1, "partition": 0}
    rolling = {"type": "RollingUpdate", "rollingUpdate": update}
    kept = {"template": template()}
    return {
        "deployments": [_controller("web", paused=False, strategy=rolling)],
        "statefulsets": [_controller("db", updateStrategy=rolling)],
        "daemonsets": [_controller("agent", updateStrategy=rolling)],
        "replicasets": [{"metadata": meta("web-5d9", owner("Deployment", "web")), "spec": kept}],
        "controllerrevisions": [
            {"metadata": meta(f"{name}-1", owner(kind, name)), "revision": 1,
             "data": {"spec": {"template": template()}}}
            for kind, name in (("StatefulSet", "db"), ("DaemonSet", "agent"))
        ],
        "pods": [pod()],
        "events": [_event()],
        "horizontalpodautoscalers": [_autoscaler()],
        "services": [_service()],
        "ingresses": [_ingress()],
        "endpointslices": [_slice()],
        "endpoints": [{"metadata": meta("web"), "subsets": [
            {"addresses": [{"ip": "10.1.0.4"}], "notReadyAddresses": [{"ip": "10.1.0.5"}]}]}],
        "nodes": [_node()],
        "namespaces": [
            {"metadata": meta("default", namespace=""),
             "status": {"phase": "Active", "conditions": [condition("Deleting", "False")]}}
        ],
        "configmaps": [
            {"metadata": meta("web"), "data": {"a": "1"}, "binaryData": {"b": "AAE="},
             "immutable": True}
        ],
        "jobs": [_job()],
        "cronjobs": [_cron_job()],
    }  # fmt: skip


_OF_ALL = ("nodes", "namespaces", "statefulsets", "daemonsets", "controllerrevisions")


def many(workloads: int) -> dict[str, list[Manifest]]:
    """So many workloads: ``rich`` with Deployments ``web0``, ``web1`` and on, each with its own.

    Those beside them are the StatefulSet and the DaemonSet. Each Deployment has an older revision;
    in the namespace ``other`` there is nothing.
    """
    one = rich()
    older = json.dumps(one["replicasets"]).replace("5d9", "4c8")
    older = older.replace('": "3"', '": "2"').replace("web:1", "web:0")
    one["replicasets"] += json.loads(older)
    text = json.dumps({key: value for key, value in one.items() if key not in _OF_ALL})
    copies = [json.loads(text.replace("web", f"web{number}")) for number in range(workloads - 2)]
    one |= {key: [item for copy in copies for item in copy[key]] for key in copies[0]}
    one["namespaces"] += [{"metadata": meta("other", namespace="")}]
    return one
