"""What the API server fills in, and what it refuses, when an object is written."""

import hashlib
from typing import Any

from dashborion.demo.kubernetes.errors import invalid
from dashborion.demo.kubernetes.resources import BY_PLURAL, Object

_TEMPLATED = ("deployments", "statefulsets", "daemonsets", "replicasets", "jobs")
_ROLLING = {"maxUnavailable": "25%", "maxSurge": "25%"}


def admitted(plural: str, item: Object) -> Object:
    """The object with its defaults, or a refusal."""
    metadata = item["metadata"]
    name = metadata.get("name", metadata.get("generateName", ""))
    spec = dict(item.get("spec") or {})
    if plural == "pods":
        item = {"status": {"phase": "Pending", "qosClass": "BestEffort"}, **item}
        spec = pod_spec(spec)
    elif plural in _TEMPLATED:
        item = {"status": {}, **item}
        _refuse_bad_counts(plural, name, spec)
        _refuse_foreign_labels(plural, name, spec)
        template = dict(spec.get("template") or {})
        spec["template"] = template | {
            "metadata": {"creationTimestamp": None, **(template.get("metadata") or {})},
            "spec": pod_spec(template.get("spec") or {}),
        }
        spec = _WORKLOADS[plural](spec)
    elif plural == "services":
        spec = _service(spec, metadata)
    elif plural == "namespaces":
        item = {"status": {"phase": "Active"}, **item}
        spec.setdefault("finalizers", ["kubernetes"])
    elif "spec" not in item:
        return item
    if plural in ("services", "ingresses"):
        item = {"status": {"loadBalancer": {}}, **item}
    return {**item, "spec": spec}


def pod_spec(spec: Object) -> Object:
    found: Object = {
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
        **spec,
    }
    for part in ("initContainers", "containers"):
        if part in spec:
            found[part] = [_container(each) for each in spec[part]]
    return found


def _container(given: Object) -> Object:
    latest = ":" not in given.get("image", "").rsplit("/", 1)[-1]
    found: Object = {
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "Always" if latest else "IfNotPresent",
        **given,
    }
    if "ports" in given:
        found["ports"] = [{"protocol": "TCP", **each} for each in given["ports"]]
    return found


def _deployment(spec: Object) -> Object:
    strategy = dict(spec.get("strategy") or {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = _ROLLING | (strategy.get("rollingUpdate") or {})
    return {
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
        **spec,
        "strategy": strategy,
    }


def _stateful_set(spec: Object) -> Object:
    update = {"type": "RollingUpdate", **(spec.get("updateStrategy") or {})}
    if update["type"] == "RollingUpdate":
        update["rollingUpdate"] = {"partition": 0} | (update.get("rollingUpdate") or {})
    return {
        "replicas": 1,
        "podManagementPolicy": "OrderedReady",
        "revisionHistoryLimit": 10,
        **spec,
        "updateStrategy": update,
    }


def _daemon_set(spec: Object) -> Object:
    update = {"type": "RollingUpdate", **(spec.get("updateStrategy") or {})}
    if update["type"] == "RollingUpdate":
        rolling = {"maxUnavailable": 1, "maxSurge": 0} | (update.get("rollingUpdate") or {})
        update["rollingUpdate"] = rolling
    return {"revisionHistoryLimit": 10, **spec, "updateStrategy": update}


def _job(spec: Object) -> Object:
    return {"completions": 1, "parallelism": 1, "backoffLimit": 6, "suspend": False, **spec}


def _replica_set(spec: Object) -> Object:
    return {"replicas": 1, **spec}


_WORKLOADS = {
    "deployments": _deployment,
    "statefulsets": _stateful_set,
    "daemonsets": _daemon_set,
    "replicasets": _replica_set,
    "jobs": _job,
}


def _service(spec: Object, metadata: Object) -> Object:
    found = {"type": "ClusterIP", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster"}
    ports = [
        {"protocol": "TCP", "targetPort": each["port"], **each} for each in spec.get("ports") or ()
    ]
    digest = hashlib.sha256(f"{metadata.get('namespace')}/{metadata['name']}".encode()).digest()
    address = spec.get("clusterIP") or f"10.96.{digest[0]}.{1 + digest[1] % 250}"
    addresses = {"clusterIP": address, "clusterIPs": [address], "ipFamilies": ["IPv4"]}
    if spec.get("type", "ClusterIP") == "ExternalName":
        addresses = {}
    return {**found, "ipFamilyPolicy": "SingleStack", **addresses, **spec, "ports": ports}


def _refuse_bad_counts(plural: str, name: str, spec: Object) -> None:
    replicas: Any = spec.get("replicas", 0)
    if not isinstance(replicas, int) or replicas < 0:
        problem = f"Invalid value: {replicas}: must be greater than or equal to 0"
        raise invalid(BY_PLURAL[plural], name, "spec.replicas", problem)


def _refuse_foreign_labels(plural: str, name: str, spec: Object) -> None:
    if plural == "jobs":
        return
    wanted = (spec.get("selector") or {}).get("matchLabels") or {}
    template = spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    if not wanted and not (spec.get("selector") or {}).get("matchExpressions"):
        raise invalid(BY_PLURAL[plural], name, "spec.selector", "Required value")
    if not wanted.items() <= labels.items():
        problem = f"Invalid value: {labels}: `selector` does not match template `labels`"
        raise invalid(BY_PLURAL[plural], name, "spec.template.metadata.labels", problem)
    if not (template.get("spec") or {}).get("containers"):
        field = "spec.template.spec.containers"
        raise invalid(BY_PLURAL[plural], name, field, "Required value")


def refuse_changed_selector(plural: str, old: Object, new: Object) -> None:
    if plural not in _TEMPLATED:
        return
    before, after = old["spec"].get("selector"), (new.get("spec") or {}).get("selector")
    if before != after:
        problem = f"Invalid value: {after}: field is immutable"
        raise invalid(BY_PLURAL[plural], old["metadata"]["name"], "spec.selector", problem)
