"""Autoscalers: kept as ``autoscaling/v1`` and served as ``v2`` too, and their controller.

Of ``v2``'s metrics the share of CPU is all that ``v1`` has room for, and all that is kept.
"""

from __future__ import annotations

from typing import Any

from dashborion.demo.kubernetes.objects import World
from dashborion.demo.kubernetes.resources import BY_KIND, Object

_KEPT, _NEWER = "autoscaling/v1", "autoscaling/v2"
_TARGET, _CURRENT = "targetCPUUtilizationPercentage", "currentCPUUtilizationPercentage"


def as_served(item: Object, group_version: str) -> Object:
    """A stored object in the requested version."""
    if group_version != _NEWER:
        return item
    spec, status = dict(item["spec"]), dict(item.get("status") or {})
    percentage, used = spec.pop(_TARGET, None), status.pop(_CURRENT, None)
    if percentage is not None:
        target = {"type": "Utilization", "averageUtilization": percentage}
        spec["metrics"] = [_cpu("target", target)]
    current = {"averageUtilization": used, "averageValue": f"{used}m"}
    status["currentMetrics"] = [] if used is None else [_cpu("current", current)]
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
            spec[_TARGET] = percentage
    item = {key: value for key, value in item.items() if key != "status"}
    return {**item, "apiVersion": _KEPT, "spec": spec}


def _cpu(key: str, value: Object) -> Object:
    return {"type": "Resource", "resource": {"name": "cpu", key: value}}


def run_autoscalers(world: World) -> None:
    """Keep replicas within their bounds; there is no load to follow."""
    for autoscaler in world.store.all("horizontalpodautoscalers"):
        spec, namespace = autoscaler["spec"], autoscaler["metadata"]["namespace"]
        plural = BY_KIND[spec["scaleTargetRef"]["kind"]].plural
        target = world.store.get(plural, namespace, spec["scaleTargetRef"]["name"])
        if target is None:
            continue
        count = target["spec"]["replicas"]
        wanted = max(spec.get("minReplicas", 1), min(spec["maxReplicas"], count)) if count else 0
        if wanted != count:
            target = world.scale(plural, target, wanted)
            reason = "above" if wanted > count else "below"
            message = f"New size: {wanted}; reason: Current number of replicas {reason} bounds"
            source = "horizontal-pod-autoscaler"
            world.event(autoscaler, "SuccessfulRescale", message, source=source)
        current = (target.get("status") or {}).get("replicas", 0)
        status = {"currentReplicas": current, "desiredReplicas": wanted}
        status |= {_CURRENT: 41} if count else {}
        world.store.set_status("horizontalpodautoscalers", autoscaler, status)
