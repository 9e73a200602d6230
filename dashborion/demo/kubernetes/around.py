"""What stands around workloads: endpoints, autoscalers, jobs, and the collection of orphans."""

from dashborion.demo.kubernetes.objects import World, is_active, is_ready, is_terminating, suffix
from dashborion.demo.kubernetes.resources import BY_KIND, Object
from dashborion.demo.kubernetes.store import stamp

_OWNED = ("jobs", "replicasets", "pods", "controllerrevisions", "endpointslices")


def collect_orphans(world: World) -> None:
    """What a deleted owner leaves behind goes too."""
    for plural in _OWNED:
        for each in world.store.all(plural):
            for reference in each["metadata"].get("ownerReferences") or ():
                owners = BY_KIND[reference["kind"]].plural
                where = each["metadata"]["namespace"]
                found = world.store.get(owners, where, reference["name"])
                if found is None or found["metadata"]["uid"] != reference["uid"]:
                    if plural == "pods":
                        world.end_pod(each)
                    else:
                        world.store.remove(plural, each)
                    break


def connect_services(world: World) -> None:
    """Endpoints and an EndpointSlice for every Service that selects pods."""
    for service in world.store.all("services"):
        selector = service["spec"].get("selector")
        if not selector:
            continue
        namespace = service["metadata"]["namespace"]
        pods = [
            pod
            for pod in world.store.all("pods", namespace)
            if selector.items() <= (pod["metadata"].get("labels") or {}).items()
            and pod["status"].get("podIP")
            and pod["status"].get("phase") not in ("Succeeded", "Failed")
        ]
        _write(world, "endpoints", _endpoints(service, pods))
        _write(world, "endpointslices", _slice(service, pods))


def _write(world: World, plural: str, made: Object) -> None:
    metadata = made["metadata"]
    old = world.store.get(plural, metadata["namespace"], metadata["name"])
    if old is None:
        world.store.create(plural, made)
        return
    parts = [key for key in ("subsets", "endpoints", "ports") if key in made or key in old]
    if any(old.get(key) != made.get(key) for key in parts):
        world.store.replace(plural, {**old, **{key: made.get(key, []) for key in parts}})


def _target(pod: Object) -> Object:
    metadata = pod["metadata"]
    named = {key: metadata[key] for key in ("name", "namespace", "uid")}
    return {"kind": "Pod", **named}


def _ports(service: Object, key: str = "targetPort") -> list[Object]:
    return [
        {
            **({"name": each["name"]} if "name" in each else {}),
            "port": each[key] if isinstance(each[key], int) else each["port"],
            "protocol": each["protocol"],
        }
        for each in service["spec"].get("ports") or ()
    ]


def _endpoints(service: Object, pods: list[Object]) -> Object:
    metadata = service["metadata"]
    subset: Object = {}
    for name, ready in (("addresses", True), ("notReadyAddresses", False)):
        found = [
            {
                "ip": pod["status"]["podIP"],
                "nodeName": pod["spec"]["nodeName"],
                "targetRef": _target(pod),
            }
            for pod in pods
            if not is_terminating(pod) and is_ready(pod) == ready
        ]
        if found:
            subset[name] = found
    made: Object = {
        "metadata": {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "labels": metadata.get("labels") or {},
        }
    }
    if subset:
        made["subsets"] = [{**subset, "ports": _ports(service)}]
    return made


def _slice(service: Object, pods: list[Object]) -> Object:
    metadata = service["metadata"]
    endpoints = [
        {
            "addresses": [pod["status"]["podIP"]],
            "conditions": {
                "ready": is_ready(pod) and not is_terminating(pod),
                "serving": is_ready(pod),
                "terminating": is_terminating(pod),
            },
            "nodeName": pod["spec"]["nodeName"],
            "targetRef": _target(pod),
        }
        for pod in pods
    ]
    owner = {
        "apiVersion": "v1",
        "kind": "Service",
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
    }
    return {
        "metadata": {
            "name": f"{metadata['name']}-{suffix(metadata['uid'])}",
            "namespace": metadata["namespace"],
            "labels": {
                "kubernetes.io/service-name": metadata["name"],
                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
            },
            "ownerReferences": [owner],
        },
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": _ports(service),
    }


def autoscale(world: World) -> None:
    """Keeps the count within its bounds, and reports; there is no load to follow."""
    for each in world.store.all("horizontalpodautoscalers"):
        spec, metadata = each["spec"], each["metadata"]
        reference = spec["scaleTargetRef"]
        plural = BY_KIND[reference["kind"]].plural
        target = world.store.get(plural, metadata["namespace"], reference["name"])
        if target is None:
            continue
        count = target["spec"]["replicas"]
        wanted = max(spec.get("minReplicas", 1), min(spec["maxReplicas"], count)) if count else 0
        if wanted != count:
            target = world.scale(plural, target, wanted)
            reason = "above" if wanted > count else "below"
            message = f"New size: {wanted}; reason: Current number of replicas {reason} bounds"
            source = "horizontal-pod-autoscaler"
            world.event(each, "SuccessfulRescale", message, source=source)
        current = (target.get("status") or {}).get("replicas", 0)
        status = {"currentReplicas": current, "desiredReplicas": wanted}
        if count:
            status["currentCPUUtilizationPercentage"] = 41
        world.store.set_status("horizontalpodautoscalers", each, status)


def work(world: World) -> None:
    """Jobs: one pod, which ends well or does not."""
    for each in world.store.all("jobs"):
        status = each.get("status") or {}
        if status.get("completionTime") or any(
            one["type"] == "Failed" for one in status.get("conditions") or ()
        ):
            continue
        metadata = each["metadata"]
        pods = world.owned("pods", each)
        if not pods:
            name = f"{metadata['name']}-{suffix(metadata['uid'])}"
            labels = dict.fromkeys(("job-name", "batch.kubernetes.io/job-name"), metadata["name"])
            world.create_pod(each, each["spec"]["template"], name, labels)
            message = f"Created pod: {name}"
            world.event(each, "SuccessfulCreate", message, source="job-controller")
        _report_job(world, each, pods)


def _report_job(world: World, item: Object, pods: list[Object]) -> None:
    phases = [pod["status"].get("phase") for pod in pods]
    started = (item.get("status") or {}).get("startTime") or stamp(world.now)
    status: Object = {"startTime": started}
    if "Succeeded" in phases:
        found = {"type": "Complete", "status": "True", "lastTransitionTime": world.stamp}
        status |= {"succeeded": 1, "completionTime": world.stamp, "conditions": [found]}
        world.event(item, "Completed", "Job completed", source="job-controller")
    elif "Failed" in phases:
        found = {
            "type": "Failed",
            "status": "True",
            "reason": "BackoffLimitExceeded",
            "message": "Job has reached the specified backoff limit",
            "lastTransitionTime": world.stamp,
        }
        status |= {"failed": 1, "conditions": [found]}
    else:
        status |= {"active": len([pod for pod in pods if is_active(pod)]) or 1, "ready": 0}
    world.store.set_status("jobs", item, status)
