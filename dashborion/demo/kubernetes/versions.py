"""Autoscalers are kept as `autoscaling/v1` and served as `v2` too: one object, two spellings.

Of `v2`'s metrics the share of CPU is all that `v1` has room for, and all that is kept.
"""

from typing import Any

from dashborion.demo.kubernetes.resources import Object

_KEPT, _NEWER = "autoscaling/v1", "autoscaling/v2"
_TARGET, _CURRENT = "targetCPUUtilizationPercentage", "currentCPUUtilizationPercentage"


def served(item: Object, group_version: str) -> Object:
    """A kept object as the asked version spells it."""
    if group_version != _NEWER:
        return item
    spec, status = dict(item["spec"]), dict(item.get("status") or {})
    percentage, now = spec.pop(_TARGET, None), status.pop(_CURRENT, None)
    if percentage is not None:
        target = {"type": "Utilization", "averageUtilization": percentage}
        spec["metrics"] = [_cpu("target", target)]
    status["currentMetrics"] = [] if now is None else [_cpu("current", _used(now))]
    return {**item, "apiVersion": _NEWER, "spec": spec, "status": status}


def kept(item: Object, group_version: str) -> Object:
    """A given object as it is kept."""
    if group_version != _NEWER:
        return item
    spec = dict(item.get("spec") or {})
    for each in spec.pop("metrics", None) or ():
        resource: Any = each.get("resource") or {}
        percentage = (resource.get("target") or {}).get("averageUtilization")
        if resource.get("name") == "cpu" and percentage is not None:
            spec[_TARGET] = percentage
    item = {key: value for key, value in item.items() if key != "status"}
    return {**item, "apiVersion": _KEPT, "spec": spec}


def _cpu(what: str, value: Object) -> Object:
    return {"type": "Resource", "resource": {"name": "cpu", what: value}}


def _used(percentage: int) -> Object:
    return {"averageUtilization": percentage, "averageValue": f"{percentage}m"}
