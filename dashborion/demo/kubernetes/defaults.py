"""What the API server fills in, converts and refuses when an object is written.

Autoscalers are kept as ``autoscaling/v1`` and served as ``v2`` too. Of ``v2``'s metrics the share
of CPU is all that ``v1`` has room for, and all that is kept.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec

from dashborion.demo.kubernetes.errors import invalid
from dashborion.demo.kubernetes.resources import BY_PLURAL, Object

_DEFAULTS: Object = msgspec.yaml.decode(Path(__file__).with_suffix(".yaml").read_bytes())
_TEMPLATED: dict[str, Object] = _DEFAULTS["templated"]  # the spec's, of kinds with a pod template
_STATUS: dict[str, Object] = _DEFAULTS["status"]  # until a controller knows better
_ROLLING: dict[str, list[Any]] = _DEFAULTS["rolling"]  # where the strategy is, and how it replaces
_KEPT, _NEWER = "autoscaling/v1", "autoscaling/v2"
_CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"  # where v1 has those of v2
_CPU_TARGET, CPU_USED = "targetCPUUtilizationPercentage", "currentCPUUtilizationPercentage"


def with_defaults(plural: str, item: Object) -> Object:
    """The object with its defaults, or a refusal."""
    metadata = item["metadata"]
    name = metadata.get("name", metadata.get("generateName", ""))
    spec = dict(item.get("spec") or {})
    if plural in _STATUS:
        item = {"status": _STATUS[plural], **item}
    if plural == "pods":
        spec = pod_spec(spec)
    elif plural in _TEMPLATED:
        _refuse_bad_spec(plural, name, spec)
        template = dict(spec.get("template") or {})
        spec["template"] = template | {
            "metadata": template.get("metadata") or {},
            "spec": pod_spec(template.get("spec") or {}),
        }
        spec = _TEMPLATED[plural] | spec
        if plural in _ROLLING:
            key, rolling = _ROLLING[plural]
            spec[key] = {"type": "RollingUpdate", **(spec.get(key) or {})}
            if spec[key]["type"] == "RollingUpdate":
                spec[key]["rollingUpdate"] = rolling | (spec[key].get("rollingUpdate") or {})
    elif plural == "services":
        spec = _service(spec, metadata)
    elif plural == "namespaces":
        spec.setdefault("finalizers", ["kubernetes"])
    elif "spec" not in item:
        return item
    return {**item, "spec": spec}


def pod_spec(spec: Object) -> Object:
    filled: Object = {**_DEFAULTS["pod"], **spec}
    for part in ("initContainers", "containers"):
        if part in spec:
            filled[part] = [_container(container) for container in spec[part]]
    return filled


def _container(given: Object) -> Object:
    latest = ":" not in given.get("image", "").rsplit("/", 1)[-1]
    policy = {"imagePullPolicy": "Always" if latest else "IfNotPresent"}
    filled: Object = {**_DEFAULTS["container"], **policy, **given}
    if "ports" in given:
        filled["ports"] = [{"protocol": "TCP", **port} for port in given["ports"]]
    return filled


def _service(spec: Object, metadata: Object) -> Object:
    ports = [
        {"protocol": "TCP", "targetPort": port["port"], **port} for port in spec.get("ports") or ()
    ]
    digest = hashlib.sha256(f"{metadata.get('namespace')}/{metadata['name']}".encode()).digest()
    address = spec.get("clusterIP") or f"10.96.{digest[0]}.{1 + digest[1] % 250}"
    addresses = {"clusterIP": address, "clusterIPs": [address], "ipFamilies": ["IPv4"]}
    if spec.get("type", "ClusterIP") == "ExternalName":
        addresses = {}
    return {**_DEFAULTS["service"], **addresses, **spec, "ports": ports}


def _refuse_bad_spec(plural: str, name: str, spec: Object) -> None:
    resource, replicas = BY_PLURAL[plural], spec.get("replicas", 0)
    if not isinstance(replicas, int) or replicas < 0:
        problem = f"Invalid value: {replicas}: must be greater than or equal to 0"
        raise invalid(resource, name, "spec.replicas", problem)
    if plural == "jobs":
        return
    selector, template = spec.get("selector") or {}, spec.get("template") or {}
    wanted = selector.get("matchLabels") or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    if not wanted and not selector.get("matchExpressions"):
        raise invalid(resource, name, "spec.selector", "Required value")
    if not wanted.items() <= labels.items():
        problem = f"Invalid value: {labels}: `selector` does not match template `labels`"
        raise invalid(resource, name, "spec.template.metadata.labels", problem)
    if not (template.get("spec") or {}).get("containers"):
        raise invalid(resource, name, "spec.template.spec.containers", "Required value")


def refuse_changed_selector(plural: str, old: Object, new: Object) -> None:
    if plural not in _TEMPLATED:
        return
    before, after = old["spec"].get("selector"), (new.get("spec") or {}).get("selector")
    if before != after:
        problem = f"Invalid value: {after}: field is immutable"
        raise invalid(BY_PLURAL[plural], old["metadata"]["name"], "spec.selector", problem)


def as_served(item: Object, group_version: str) -> Object:
    """A stored object in the requested version."""
    conditions = (item.get("status") or {}).get("conditions")
    if group_version == _KEPT and conditions:
        metadata = item["metadata"]
        had, text = metadata.get("annotations") or {}, json.dumps(conditions)
        metadata = {**metadata, "annotations": {**had, _CONDITIONS: text}}
        status = {key: value for key, value in item["status"].items() if key != "conditions"}
        return {**item, "metadata": metadata, "status": status}
    if group_version != _NEWER:
        return item
    spec, status = dict(item["spec"]), dict(item.get("status") or {})
    percentage, used = spec.pop(_CPU_TARGET, None), status.pop(CPU_USED, None)
    if percentage is not None:
        target = {"type": "Utilization", "averageUtilization": percentage}
        spec["metrics"] = [_cpu_metric("target", target)]
    current = {"averageUtilization": used, "averageValue": f"{used}m"}
    status["currentMetrics"] = [] if used is None else [_cpu_metric("current", current)]
    return {**item, "apiVersion": _NEWER, "spec": spec, "status": status}


def as_kept(item: Object, group_version: str) -> Object:
    """A given object in the stored version."""
    if group_version != _NEWER:
        return item
    spec = dict(item.get("spec") or {})
    for metric in spec.pop("metrics", None) or ():
        resource: Any = metric.get("resource") or {}
        percentage = (resource.get("target") or {}).get("averageUtilization")
        if resource.get("name") == "cpu" and percentage is not None:
            spec[_CPU_TARGET] = percentage
    item = {key: value for key, value in item.items() if key != "status"}
    return {**item, "apiVersion": _KEPT, "spec": spec}


def _cpu_metric(key: str, value: Object) -> Object:
    return {"type": "Resource", "resource": {"name": "cpu", key: value}}
