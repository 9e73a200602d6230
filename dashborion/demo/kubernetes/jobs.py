"""The controllers of Jobs (one pod, which ends well or does not) and of CronJobs.

Of schedules those are known that begin every so many minutes: ``*/5 * * * *``.
"""

from __future__ import annotations

import re
from datetime import datetime

from dashborion.demo.kubernetes.defaults import with_defaults
from dashborion.demo.kubernetes.objects import World, controlled_by, is_active, suffix
from dashborion.demo.kubernetes.resources import Object
from dashborion.demo.kubernetes.store import stamp

_EVERY = re.compile(r"\*/(\d+) \* \* \* \*")


def run_jobs(world: World) -> None:
    for job in world.store.all("jobs"):
        metadata, status = job["metadata"], job.get("status") or {}
        conditions = status.get("conditions") or ()
        if status.get("completionTime") or any(one["type"] == "Failed" for one in conditions):
            continue
        pods = world.owned("pods", job)
        if not pods:
            name = f"{metadata['name']}-{suffix(metadata['uid'])}"
            labels = dict.fromkeys(("job-name", "batch.kubernetes.io/job-name"), metadata["name"])
            world.start_pod(job, job["spec"]["template"], name, labels)
        _report_job(world, job, pods)


def _report_job(world: World, job: Object, pods: list[Object]) -> None:
    phases = [pod["status"].get("phase") for pod in pods]
    status: Object = {"startTime": (job.get("status") or {}).get("startTime") or world.stamp}
    over = {"status": "True", "lastTransitionTime": world.stamp}
    if "Succeeded" in phases:
        condition = {"type": "Complete", **over}
        status |= {"succeeded": 1, "completionTime": world.stamp, "conditions": [condition]}
        world.event(job, "Completed", "Job completed", source="job-controller")
    elif "Failed" in phases:
        message = "Job has reached the specified backoff limit"
        why = {"reason": "BackoffLimitExceeded", "message": message}
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
    world.event(cronjob, "SuccessfulCreate", f"Created job {name}", source="cronjob-controller")
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
