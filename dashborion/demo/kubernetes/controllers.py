"""The smaller controllers: of Jobs, CronJobs, autoscalers, and of the endpoints of Services.

A Job has one pod, which ends well or does not. Of the schedules of CronJobs those are known that
begin every so many minutes: ``*/5 * * * *``.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

from dashborion.demo.kubernetes.defaults import CPU_USED, with_defaults
from dashborion.demo.kubernetes.objects import (
    World,
    controlled_by,
    is_active,
    is_ready,
    is_terminating,
    suffix,
    without_zeros,
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
_EVERY = re.compile(r"\*/(\d+) \* \* \* \*")


class _Verdict(NamedTuple):
    """What becomes of a Job: the condition that says so, the one at its end, and why."""

    target: str
    end: str
    counted: str
    reason: str
    message: str


_FAILS = ("FailureTarget", "Failed", "failed")
_GIVEN_UP = _Verdict(*_FAILS, "BackoffLimitExceeded", "Job has reached the specified backoff limit")
_LATE = _Verdict(*_FAILS, "DeadlineExceeded", "Job was active longer than specified deadline")
_DONE = _Verdict(
    *("SuccessCriteriaMet", "Complete", "succeeded"),
    *("CompletionsReached", "Reached expected number of succeeded pods"),
)


def run_jobs(world: World) -> None:
    """A Job has its verdict first, and is over when its pods have ended."""
    for job in world.store.all("jobs"):
        status, name = job.get("status") or {}, job["metadata"]["name"]
        had = {one["type"] for one in status.get("conditions") or ()}
        if had & {_DONE.end, _LATE.end}:
            continue
        pods = world.owned("pods", job)
        verdict = _verdict(world, job, pods)
        if verdict is None and not pods:
            labels = dict.fromkeys(("job-name", "batch.kubernetes.io/job-name"), name)
            pod = f"{name}-{suffix(job['metadata']['uid'])}"
            pods = [world.start_pod(job, job["spec"]["template"], pod, labels)]
        if verdict is _LATE:
            for one in pods:
                world.stop_pod(job, one)
        _report_job(world, job, pods, verdict)


def _verdict(world: World, job: Object, pods: list[Object]) -> _Verdict | None:
    spec, status = job["spec"], job.get("status") or {}
    phases, most = [pod["status"].get("phase") for pod in pods], spec.get("activeDeadlineSeconds")
    if "Succeeded" in phases:
        return _DONE
    is_late = most and "startTime" in status and world.seconds_since(status["startTime"]) >= most
    if status.get("conditions") or is_late:
        return _LATE
    # One that may not be tried again fails with its pod, and if that is deleted.
    is_lost = not pods and status.get("active") and spec.get("backoffLimit") == 0
    return _GIVEN_UP if "Failed" in phases or is_lost else None


def _report_job(world: World, job: Object, pods: list[Object], verdict: _Verdict | None) -> None:
    status, going = job.get("status") or {}, [pod for pod in pods if is_terminating(pod)]
    active, conditions = [pod for pod in pods if is_active(pod)], status.get("conditions") or []
    counts: Object = {"ready": sum(map(is_ready, active)), "terminating": len(going)}
    counts |= without_zeros({"active": len(active)})
    if verdict:
        is_over = not active and not going
        known = [one["type"] for one in conditions]
        why = {"status": "True", "reason": verdict.reason, "message": verdict.message}
        conditions = conditions + [
            {"type": kind, "lastTransitionTime": world.stamp, **why}
            for kind in (verdict.target, verdict.end)[: 1 + is_over]
            if kind not in known
        ]
        if is_over:
            counts[verdict.counted] = 1
            is_done = verdict is _DONE
            counts |= {"completionTime": world.stamp} if is_done else {}
            said = ("Completed", "Job completed") if is_done else (verdict.reason, verdict.message)
            world.event(job, *said, kind="Normal" if is_done else "Warning")
    since = {"startTime": status.get("startTime") or world.stamp}
    counts |= {"conditions": conditions} if conditions else {}
    world.store.set_status("jobs", job, since | counts)


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
