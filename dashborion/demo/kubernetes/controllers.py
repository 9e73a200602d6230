"""The smaller controllers: of Jobs, CronJobs, autoscalers, and of the endpoints of Services.

A Job has one pod, which ends well or does not. Of the schedules of CronJobs those are known that
begin every so many minutes: ``*/5 * * * *``.
"""

from __future__ import annotations

import re
from datetime import datetime

from dashborion.demo.kubernetes.defaults import CPU_USED, with_defaults
from dashborion.demo.kubernetes.objects import (
    World,
    controlled_by,
    is_active,
    is_ready,
    is_terminating,
    suffix,
)
from dashborion.demo.kubernetes.resources import BY_KIND, Object
from dashborion.demo.kubernetes.store import stamp
from dashborion.demo.kubernetes.troubles import TROUBLES, trouble_of

_NO_METRICS = (
    "FailedGetResourceMetric",
    (
        "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to "
        "get metrics for resource cpu: unable to fetch metrics from resource metrics API: the "
        "server could not find the requested resource (get pods.metrics.k8s.io)"
    ),
)
_GIVEN_UP = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
_LATE = ("DeadlineExceeded", "Job was active longer than specified deadline")
_EVERY = re.compile(r"\*/(\d+) \* \* \* \*")


def run_jobs(world: World) -> None:
    for job in world.store.all("jobs"):
        metadata, status = job["metadata"], job.get("status") or {}
        conditions = status.get("conditions") or ()
        if status.get("completionTime") or any(one["type"] == "Failed" for one in conditions):
            continue
        pods = world.owned("pods", job)
        if _is_late(world, job):
            _end_late(world, job, pods)
            continue
        if not pods and status.get("active") and job["spec"].get("backoffLimit") == 0:
            _fail(world, job, *_GIVEN_UP)  # its pod was deleted
            continue
        if not pods:
            name = f"{metadata['name']}-{suffix(metadata['uid'])}"
            labels = dict.fromkeys(("job-name", "batch.kubernetes.io/job-name"), metadata["name"])
            world.start_pod(job, job["spec"]["template"], name, labels)
        _report_job(world, job, pods)


def _is_late(world: World, job: Object) -> bool:
    started, most = (
        (job.get("status") or {}).get("startTime"),
        job["spec"].get("activeDeadlineSeconds"),
    )
    return bool(started and most and world.seconds_since(started) >= most)


def _end_late(world: World, job: Object, pods: list[Object]) -> None:
    for pod in pods:
        world.end_pod(pod)
    _fail(world, job, *_LATE)


def _fail(world: World, job: Object, reason: str, message: str) -> None:
    failed = {"type": "Failed", "status": "True", "lastTransitionTime": world.stamp}
    failed |= {"reason": reason, "message": message}
    status = {**job["status"], "failed": 1, "conditions": [failed]}
    status.pop("active", None)
    world.store.set_status("jobs", job, status)
    world.event(job, reason, message, kind="Warning")


def _report_job(world: World, job: Object, pods: list[Object]) -> None:
    phases = [pod["status"].get("phase") for pod in pods]
    status: Object = {"startTime": (job.get("status") or {}).get("startTime") or world.stamp}
    over = {"status": "True", "lastTransitionTime": world.stamp}
    if "Succeeded" in phases:
        condition = {"type": "Complete", **over}
        status |= {"succeeded": 1, "completionTime": world.stamp, "conditions": [condition]}
        world.event(job, "Completed", "Job completed")
    elif "Failed" in phases:
        why = dict(zip(("reason", "message"), _GIVEN_UP, strict=True))
        status |= {"failed": 1, "conditions": [{"type": "Failed", **over, **why}]}
    else:
        status |= {"active": sum(map(is_active, pods)) or 1, "ready": 0}
    world.store.set_status("jobs", job, status)


def run_cronjobs(world: World) -> None:
    """Create the newest job that is due, and delete the oldest completed ones."""
    for cronjob in world.store.all("cronjobs"):
        spec, status = cronjob["spec"], cronjob.get("status") or {}
        due = _due(spec["schedule"], world.now)
        jobs = world.owned("jobs", cronjob)
        if due and not spec.get("suspend") and status.get("lastScheduleTime", "") < stamp(due):
            jobs.append(_begin(world, cronjob, due))
            status = {**status, "lastScheduleTime": stamp(due)}
        over = [job for job in jobs if (job.get("status") or {}).get("completionTime")]
        over.sort(key=lambda job: str(job["metadata"]["creationTimestamp"]))
        for job in over[: max(0, len(over) - spec.get("successfulJobsHistoryLimit", 3))]:
            world.store.remove("jobs", job)
        _report_cronjob(world, cronjob, jobs, status)


def _due(text: str, now: datetime) -> datetime | None:
    every = _EVERY.fullmatch(text)
    if every is None:
        return None
    return now.replace(minute=now.minute - now.minute % int(every[1]), second=0, microsecond=0)


def _begin(world: World, cronjob: Object, due: datetime) -> Object:
    metadata = cronjob["metadata"]
    name = f"{metadata['name']}-{int(due.timestamp()) // 60}"
    job = {
        "metadata": {
            "name": name,
            "namespace": metadata["namespace"],
            "labels": metadata.get("labels") or {},
            "ownerReferences": [controlled_by(cronjob)],
        },
        "spec": cronjob["spec"]["jobTemplate"]["spec"],
    }
    world.event(cronjob, "SuccessfulCreate", f"Created job {name}")
    return world.store.create("jobs", with_defaults("jobs", job))


def _report_cronjob(world: World, cronjob: Object, jobs: list[Object], status: Object) -> None:
    status = {key: value for key, value in status.items() if key != "active"}
    ended = [(job.get("status") or {}).get("completionTime") for job in jobs]
    head = {"kind": "Job", "apiVersion": "batch/v1"}
    running = [job["metadata"] for job, end in zip(jobs, ended, strict=True) if not end]
    if running:
        keys = ("name", "namespace", "uid")
        status["active"] = [{**head, **{key: job[key] for key in keys}} for job in running]
    if last := max(filter(None, ended), default=None):
        status["lastSuccessfulTime"] = last
    world.store.set_status("cronjobs", cronjob, status)


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
        if trouble_of(target["spec"]["template"]["spec"]) is TROUBLES["autoscaler-metrics"]:
            status["conditions"] = world.condition(
                autoscaler.get("status") or {}, "ScalingActive", False, *_NO_METRICS
            )
            world.event(autoscaler, *_NO_METRICS, kind="Warning", every=15)
        elif count:
            status[CPU_USED] = 41
        world.store.set_status("horizontalpodautoscalers", autoscaler, status)


def connect_services(world: World) -> None:
    """Write Endpoints and an EndpointSlice for every Service that selects pods."""
    for service in world.store.all("services"):
        selector = service["spec"].get("selector")
        if not selector:
            continue
        pods = [
            pod
            for pod in world.store.all("pods", service["metadata"]["namespace"])
            if selector.items() <= (pod["metadata"].get("labels") or {}).items()
            and pod["status"].get("podIP")
            and pod["status"].get("phase") not in ("Succeeded", "Failed")
        ]
        _write_endpoints(world, "endpoints", _endpoints(service, pods))
        _write_endpoints(world, "endpointslices", _endpoint_slice(service, pods))


def _write_endpoints(world: World, plural: str, new: Object) -> None:
    metadata = new["metadata"]
    old = world.store.get(plural, metadata["namespace"], metadata["name"])
    if old is None:
        world.store.create(plural, new)
        return
    parts = [key for key in ("subsets", "endpoints", "ports") if key in new or key in old]
    if any(old.get(key) != new.get(key) for key in parts):
        world.store.replace(plural, {**old, **{key: new.get(key, []) for key in parts}})


def _pod_target(pod: Object) -> Object:
    reference = {key: pod["metadata"][key] for key in ("name", "namespace", "uid")}
    return {"nodeName": pod["spec"]["nodeName"], "targetRef": {"kind": "Pod", **reference}}


def _service_ports(service: Object) -> list[Object]:
    ports = []
    for port in service["spec"].get("ports") or ():
        number = port["targetPort"] if isinstance(port["targetPort"], int) else port["port"]
        named = {"name": port["name"]} if "name" in port else {}
        ports.append({**named, "port": number, "protocol": port["protocol"]})
    return ports


def _endpoints(service: Object, pods: list[Object]) -> Object:
    metadata = {key: service["metadata"][key] for key in ("name", "namespace")}
    labels = service["metadata"].get("labels") or {}
    subset: Object = {}
    for name, ready in (("addresses", True), ("notReadyAddresses", False)):
        alive = [pod for pod in pods if not is_terminating(pod) and is_ready(pod) == ready]
        if alive:
            subset[name] = [{"ip": pod["status"]["podIP"], **_pod_target(pod)} for pod in alive]
    subsets = {"subsets": [{**subset, "ports": _service_ports(service)}]} if subset else {}
    return {"metadata": {**metadata, "labels": labels}, **subsets}


def _endpoint_slice(service: Object, pods: list[Object]) -> Object:
    metadata = service["metadata"]
    name, uid = metadata["name"], metadata["uid"]
    endpoints = [
        {
            "addresses": [pod["status"]["podIP"]],
            "conditions": {
                "ready": is_ready(pod) and not is_terminating(pod),
                "serving": is_ready(pod),
                "terminating": is_terminating(pod),
            },
            **_pod_target(pod),
        }
        for pod in pods
    ]
    owner = {"apiVersion": "v1", "kind": "Service", "name": name, "uid": uid, "controller": True}
    return {
        "metadata": {
            "name": f"{name}-{suffix(uid)}",
            "namespace": metadata["namespace"],
            "labels": {
                "kubernetes.io/service-name": name,
                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
            },
            "ownerReferences": [owner],
        },
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": _service_ports(service),
    }
