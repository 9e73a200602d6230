"""Objects of every kind with random statuses, the same for the same seed.

What is drawn is what the API server lets a status say, likely or not: the printer of the
server and ours have to agree about all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any, Final

Json = dict[str, Any]
SPACE: Final = "random"
NOW: Final = datetime.now(UTC).replace(microsecond=0)
_WAITING = ["", "ContainerCreating", "PodInitializing", "CrashLoopBackOff", "ImagePullBackOff"]
_ENDED = ["", "Completed", "Error", "OOMKilled", "ContainerCannotRun", "StartError"]
_POD_REASONS = ["Evicted", "NodeLost", "Preempting", "UnexpectedAdmissionError"]


NOT_BEGUN = {
    "ready": False,
    "restartCount": 0,
    "started": False,
    "state": {"waiting": {"reason": "PodInitializing"}},
    "lastState": {},
}


def some(random: Random, *choices: Any) -> Any:
    return random.choice(choices)


def chance(random: Random, percent: int) -> bool:
    return random.random() * 100 < percent


def stamp(random: Random) -> str:
    return (NOW - timedelta(seconds=random.randrange(1, 500_000))).strftime("%Y-%m-%dT%H:%M:%SZ")


def meta(kind: str, version: str, name: str, **more: Any) -> Json:
    metadata = {"name": name, "namespace": SPACE, **more}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def template(random: Random, name: str) -> Json:
    containers = [{"name": f"c{n}", "image": f"example.test/{name}:{n}"} for n in range(2)]
    return {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": containers[: random.randint(1, 2)]},
    }


# --- Pods ---------------------------------------------------------------------------------------


def pod(random: Random, number: int, *, is_modern: bool = True) -> Json:
    """``is_modern`` ones have sidecars and scheduling gates, of which 1.20 knows nothing."""
    spec = _pod_spec(random, is_modern=is_modern)
    status = _pod_status(random, spec, is_modern=is_modern)
    item = meta("Pod", "v1", f"pod-{number}")
    # What is over is Terminating to 1.20 only.
    if chance(random, 8) and (is_modern or status["phase"] in ("Pending", "Running")):
        item["metadata"]["finalizers"] = ["example.test/kept"]
    if chance(random, 70):
        status["podIP"] = f"10.1.{number // 250}.{number % 250 + 1}"
        status["podIPs"] = [{"ip": status["podIP"]}]
    return item | {"spec": spec, "status": status}


def _pod_spec(random: Random, *, is_modern: bool) -> Json:
    inits = [f"i{n}" for n in range(some(random, 0, 0, 0, 1, 2))]
    sidecars = {name for name in inits if is_modern and chance(random, 30)}
    gates = ["example.test/gate"] if chance(random, 10) else []
    image = {"image": "example.test/app:1"}
    return {
        "containers": [{"name": f"c{n}", **image} for n in range(random.randint(1, 3))],
        "initContainers": [
            {"name": name, **image} | ({"restartPolicy": "Always"} if name in sidecars else {})
            for name in inits
        ],
        "restartPolicy": "Always" if sidecars else some(random, "Always", "Never", "OnFailure"),
        "readinessGates": [{"conditionType": gate} for gate in gates],
        **({"nodeName": "node-1"} if chance(random, 80) else {}),
    }


def _pod_status(random: Random, spec: Json, *, is_modern: bool) -> Json:
    phase = some(random, "Pending", "Running", "Running", "Running", "Succeeded", "Failed")
    if phase == "Pending" and chance(random, 40):
        reason = "SchedulingGated" if is_modern and chance(random, 50) else "Unschedulable"
        condition = {"type": "PodScheduled", "status": "False", "reason": reason}
        return {"phase": phase, "conditions": [condition]}
    names = [one["name"] for one in spec["containers"]]
    status: Json = {
        "phase": phase,
        "conditions": _pod_conditions(random, spec),
        "containerStatuses": [_container_status(random, name) for name in names],
        "initContainerStatuses": [
            _container_status(random, one["name"]) for one in spec["initContainers"]
        ],
        "startTime": stamp(random),
    }
    if chance(random, 10):
        status["reason"] = random.choice(_POD_REASONS)
    is_initializing = _is_initializing(spec, status)
    if is_initializing:
        status["containerStatuses"] = [
            _container_status(random, name) | NOT_BEGUN for name in names
        ]
    if not is_modern:  # 1.20 does not look at the condition
        for condition in status["conditions"]:
            if condition["type"] == "Initialized":
                condition["status"] = "False" if is_initializing else "True"
    if chance(random, 5):
        del status["containerStatuses"]
    return status


def _is_initializing(spec: Json, status: Json) -> bool:
    """Whether the regular containers cannot have begun yet; what has not begun is not ready."""
    restarted = {one["name"] for one in spec["initContainers"] if "restartPolicy" in one}
    is_initializing = False
    for one in status["initContainerStatuses"]:
        if is_initializing:
            one["ready"] = False
        is_done = one["started"] if one["name"] in restarted else _ended_well(one)
        is_initializing = is_initializing or not is_done
    return is_initializing


def _ended_well(status: Json) -> bool:
    return bool(status["state"].get("terminated", {"exitCode": 1})["exitCode"] == 0)


def _pod_conditions(random: Random, spec: Json) -> list[Json]:
    kinds = {"PodScheduled": 100, "Initialized": 70, "ContainersReady": 50, "Ready": 50}
    conditions = [
        {"type": kind, "status": "True" if chance(random, percent) else "False"}
        for kind, percent in kinds.items()
        if chance(random, 90)
    ]
    gate_status = some(random, "True", "False")
    gates = [gate["conditionType"] for gate in spec["readinessGates"]]
    return conditions + [{"type": gate, "status": gate_status} for gate in gates]


def _container_status(random: Random, name: str) -> Json:
    state = some(random, "running", "running", "waiting", "terminated", "nothing")
    status: Json = {
        "name": name,
        "image": "example.test/app:1",
        "imageID": "",
        "ready": state == "running" and chance(random, 70),
        "restartCount": some(random, 0, 0, 1, 7),
        "started": chance(random, 60),
        "state": {},
    }
    status["started"] |= status["ready"]
    if state != "nothing":
        status["state"] = {state: _state(random, state)}
    if status["restartCount"] and chance(random, 70):
        status["lastState"] = {"terminated": _state(random, "terminated")}
    return status


def _state(random: Random, state: str) -> Json:
    if state == "running":
        return {"startedAt": stamp(random)}
    if state == "waiting":
        return {"reason": random.choice(_WAITING)}
    code = some(random, 0, 0, 1, 137, 255)
    signal = {"signal": 9} if code and chance(random, 15) else {}
    ended = {"exitCode": code, "reason": random.choice(_ENDED), **signal}
    return ended | {"startedAt": stamp(random), "finishedAt": stamp(random)}


# --- Workloads and jobs -------------------------------------------------------------------------


def deployment(random: Random, number: int) -> Json:
    name = f"deployment-{number}"
    replicas, total = random.randint(0, 5), random.randint(0, 5)
    ready = random.randint(0, total)
    available = random.randint(0, ready)
    return meta("Deployment", "apps/v1", name) | {
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": template(random, name),
        },
        "status": {
            "replicas": total,
            "readyReplicas": ready,
            "updatedReplicas": random.randint(0, total),
            "availableReplicas": available,
            "unavailableReplicas": total - available,
        },
    }


def stateful_set(random: Random, number: int) -> Json:
    name = f"set-{number}"
    total = random.randint(0, 5)
    ready = random.randint(0, total)
    return meta("StatefulSet", "apps/v1", name) | {
        "spec": {
            "replicas": random.randint(0, 5),
            "serviceName": name,
            "selector": {"matchLabels": {"app": name}},
            "template": template(random, name),
        },
        "status": {
            "replicas": total,
            "readyReplicas": ready,
            "currentReplicas": random.randint(0, total),
            "updatedReplicas": random.randint(0, total),
            "availableReplicas": random.randint(0, ready),
        },
    }


def daemon_set(random: Random, number: int) -> Json:
    name = f"daemon-{number}"
    desired = random.randint(0, 5)
    ready = random.randint(0, desired)
    return meta("DaemonSet", "apps/v1", name) | {
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": template(random, name),
        },
        "status": {
            "desiredNumberScheduled": desired,
            "currentNumberScheduled": random.randint(0, desired),
            "numberMisscheduled": random.randint(0, 2),
            "numberReady": ready,
            "updatedNumberScheduled": random.randint(0, desired),
            "numberAvailable": random.randint(0, ready),
        },
    }


def job(random: Random, number: int) -> Json:
    name = f"job-{number}"
    spec = {
        "parallelism": random.randint(0, 3),
        "completions": some(random, None, 1, 3),
        "suspend": chance(random, 15),
        "template": template(random, name),
    }
    spec["template"]["spec"]["restartPolicy"] = "Never"
    item = meta("Job", "batch/v1", name) | {"spec": spec}
    if chance(random, 10):
        item["metadata"]["finalizers"] = ["example.test/kept"]
    # The server refuses what contradicts itself; what a Job goes through is drawn instead.
    status: Json = {"startTime": stamp(random)}
    ends = some(random, "", "", "SuccessCriteriaMet", "FailureTarget", "Complete", "Failed")
    if spec["suspend"] and not ends:
        del status["startTime"]
        status["conditions"] = [_condition("Suspended")] if chance(random, 80) else []
    if ends:
        before = {"Complete": "SuccessCriteriaMet", "Failed": "FailureTarget"}.get(ends)
        kinds = [before, ends] if before else [ends]
        status["conditions"] = [_condition(kind) for kind in kinds]
    if ends == "Complete":
        status["completionTime"] = NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
    status["succeeded"] = (spec["completions"] or 1) if ends == "Complete" else 0
    return item | {"status": status}


def _condition(kind: str) -> Json:
    at = NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"type": kind, "status": "True", "reason": "", "lastTransitionTime": at}


# --- Around them --------------------------------------------------------------------------------


def autoscaler(random: Random, number: int) -> Json:
    metrics = random.sample(list(_METRICS), random.randint(1, 3))
    spec: list[Json] = []
    current: list[Json] = []
    for kind in metrics:
        target, value = _METRICS[kind](random)
        spec.append(target)
        # As the controller writes it: in the order of the spec, an empty one where it failed.
        current.append(value if chance(random, 70) else {"type": ""})
    return meta("HorizontalPodAutoscaler", "autoscaling/v2", f"scaler-{number}") | {
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "minReplicas": random.randint(1, 3),
            "maxReplicas": random.randint(3, 9),
            "metrics": spec,
        },
        "status": {
            "currentReplicas": random.randint(0, 9),
            "desiredReplicas": random.randint(0, 9),
            "currentMetrics": current,
            "conditions": [],
        },
    }


def _resource(name: str) -> Callable[[Random], tuple[Json, Json]]:
    def draw(random: Random) -> tuple[Json, Json]:
        use, average = random.randint(1, 300), f"{random.randint(1, 900)}m"
        target: Json = {"type": "AverageValue", "averageValue": "500m"}
        if chance(random, 60):
            target = {"type": "Utilization", "averageUtilization": 80}
        value = {"averageUtilization": use, "averageValue": average}
        return _pair("Resource", "resource", {"name": name}, target, value)

    return draw


def _container_resource(random: Random) -> tuple[Json, Json]:
    target = {"type": "Utilization", "averageUtilization": 70}
    value = {"averageUtilization": random.randint(1, 300), "averageValue": "1"}
    named = {"name": "cpu", "container": "app"}
    return _pair("ContainerResource", "containerResource", named, target, value)


def _external(name: str, shard: str) -> Callable[[Random], tuple[Json, Json]]:
    def draw(random: Random) -> tuple[Json, Json]:
        metric = {"metric": {"name": name, "selector": {"matchLabels": {"shard": shard}}}}
        target = {"type": "AverageValue", "averageValue": "30"}
        value = {"averageValue": str(random.randint(1, 90)), "value": "0"}
        return _pair("External", "external", metric, target, value)

    return draw


def _pods(random: Random) -> tuple[Json, Json]:
    target = {"type": "AverageValue", "averageValue": "20"}
    value = {"averageValue": str(random.randint(1, 90))}
    return _pair("Pods", "pods", {"metric": {"name": "requests"}}, target, value)


def _pair(kind: str, key: str, named: Json, target: Json, value: Json) -> tuple[Json, Json]:
    return (
        {"type": kind, key: {**named, "target": target}},
        {"type": kind, key: {**named, "current": value}},
    )


_METRICS: Mapping[str, Callable[[Random], tuple[Json, Json]]] = {
    "cpu": _resource("cpu"),
    "memory": _resource("memory"),
    "container": _container_resource,
    "external": _external("queue", "one"),
    "the same external": _external("queue", "two"),
    "pods": _pods,
}


def node(random: Random, number: int) -> Json:
    item = meta("Node", "v1", f"random-{number}", labels={})
    del item["metadata"]["namespace"]
    if chance(random, 60):
        role = some(random, "worker", "control-plane", "gpu")
        item["metadata"]["labels"][f"node-role.kubernetes.io/{role}"] = ""
    conditions = [{"type": "MemoryPressure", "status": "False"}]
    if chance(random, 90):
        conditions.append({"type": "Ready", "status": some(random, "True", "False", "Unknown")})
    kinds = random.sample(["InternalIP", "ExternalIP", "Hostname"], random.randint(0, 3))
    return item | {
        "spec": {"unschedulable": chance(random, 20)},
        "status": {
            "conditions": conditions,
            "addresses": [{"type": kind, "address": f"10.9.0.{number % 250}"} for kind in kinds],
            "nodeInfo": {
                "machineID": "",
                "systemUUID": "",
                "bootID": "",
                "kernelVersion": some(random, "", "6.1.0"),
                "osImage": some(random, "", "An OS 12 (made up)"),
                "containerRuntimeVersion": some(random, "", "containerd://2.4.0"),
                "kubeletVersion": some(random, "", "v1.37.2"),
                "kubeProxyVersion": "",
                "operatingSystem": "linux",
                "architecture": some(random, "", "amd64", "arm64"),
            },
        },
    }


def service(random: Random, number: int) -> Json:
    kind = some(random, "ClusterIP", "NodePort", "LoadBalancer", "ExternalName")
    spec: Json = {"type": kind}
    if chance(random, 70):
        spec["selector"] = {"app": f"a{number}", "tier": "web"}
    if kind == "ExternalName":
        spec["externalName"] = "db.example.test"
    else:
        ports = [{"name": "web", "port": 80}, {"name": "dns", "port": 53, "protocol": "UDP"}]
        one_protocol = kind == "LoadBalancer"  # which 1.20 insists on
        spec["ports"] = ports[: 1 if one_protocol else random.randint(1, 2)]
        if kind == "ClusterIP" and chance(random, 30):
            spec["clusterIP"] = "None"
        if chance(random, 20):
            spec["externalIPs"] = ["192.0.2.7", "192.0.2.8"][: random.randint(1, 2)]
    status: Json = {}
    if kind == "LoadBalancer" and chance(random, 70):
        status = {"loadBalancer": {"ingress": _ways_in(random)}}
    return meta("Service", "v1", f"service-{number}") | {"spec": spec, "status": status}


def ingress(random: Random, number: int) -> Json:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    hosts = random.sample(["a.example.test", "b.example.test", "c.example.test", ""], 3)
    paths = {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}
    bucket = {"resource": {"apiGroup": "example.test", "kind": "Bucket", "name": "pictures"}}
    if chance(random, 20):
        paths["paths"].append({"path": "/pictures", "pathType": "Exact", "backend": bucket})
    rules: list[Json] = [
        ({"host": host} if host else {}) | ({"http": paths} if chance(random, 80) else {})
        for host in hosts[: random.randint(0, 3)]
    ]
    spec: Json = {"rules": rules}
    if not rules or chance(random, 30):
        spec["defaultBackend"] = some(random, backend, backend, bucket)
    if chance(random, 60):
        spec["ingressClassName"] = "made-up"
    if chance(random, 40):
        spec["tls"] = [{"hosts": ["a.example.test"], "secretName": "certificate"}]
    status = {"loadBalancer": {"ingress": _ways_in(random)}} if chance(random, 60) else {}
    item = meta("Ingress", "networking.k8s.io/v1", f"ingress-{number}")
    return item | {"spec": spec, "status": status}


def _ways_in(random: Random) -> list[Json]:
    ways = [{"ip": "198.51.100.4"}, {"hostname": "lb.example.test"}, {"ip": "198.51.100.9"}]
    return random.sample(ways, random.randint(1, 3))


KINDS: Mapping[str, Callable[[Random, int], Json]] = {
    "pods": pod,
    "deployments": deployment,
    "statefulsets": stateful_set,
    "daemonsets": daemon_set,
    "nodes": node,
    "services": service,
    "ingresses": ingress,
    "jobs": job,
    "horizontalpodautoscalers": autoscaler,
}
# What a server of 1.20 prints by rules that have changed since, or cannot hold.
NEWER = ("jobs", "horizontalpodautoscalers")


def kinds(*, is_modern: bool) -> Mapping[str, Callable[[Random, int], Json]]:
    """What a server of that age can hold, by its plural."""
    if is_modern:
        return KINDS
    old = {kind: draw for kind, draw in KINDS.items() if kind not in NEWER}
    return old | {"pods": partial(pod, is_modern=False)}


def objects(draw: Callable[[Random, int], Json], count: int, seed: int = 1) -> list[Json]:
    """That many of a kind; each is drawn by a generator of its own."""
    return [draw(Random(f"{seed}/{n}"), n) for n in range(count)]  # noqa: S311 - for tests
