"""Jobs by the clock, for schedules that begin every so many minutes: `*/5 * * * *`."""

import re
from datetime import datetime

from dashborion.demo.kubernetes.defaults import admitted
from dashborion.demo.kubernetes.objects import World, controlled_by
from dashborion.demo.kubernetes.resources import Object
from dashborion.demo.kubernetes.store import stamp

_EVERY = re.compile(r"\*/(\d+) \* \* \* \*")


def schedule(world: World) -> None:
    """Makes the newest job that is due, and forgets the oldest that are over."""
    for each in world.store.all("cronjobs"):
        spec, status = each["spec"], each.get("status") or {}
        due = _due(spec["schedule"], world.now)
        jobs = world.owned("jobs", each)
        if due and not spec.get("suspend") and status.get("lastScheduleTime", "") < stamp(due):
            jobs.append(_begin(world, each, due))
            status = {**status, "lastScheduleTime": stamp(due)}
        _forget(world, jobs, spec.get("successfulJobsHistoryLimit", 3))
        _report(world, each, jobs, status)


def _due(text: str, now: datetime) -> datetime | None:
    found = _EVERY.fullmatch(text)
    if found is None:
        return None
    minute = now.minute - now.minute % int(found[1])
    return now.replace(minute=minute, second=0, microsecond=0)


def _begin(world: World, item: Object, due: datetime) -> Object:
    name = f"{item['metadata']['name']}-{int(due.timestamp()) // 60}"
    job = {
        "metadata": {
            "name": name,
            "namespace": item["metadata"]["namespace"],
            "labels": item["metadata"].get("labels") or {},
            "ownerReferences": [controlled_by(item)],
        },
        "spec": item["spec"]["jobTemplate"]["spec"],
    }
    world.event(item, "SuccessfulCreate", f"Created job {name}", source="cronjob-controller")
    return world.store.create("jobs", admitted("jobs", job))


def _forget(world: World, jobs: list[Object], limit: int) -> None:
    over = [each for each in jobs if (each.get("status") or {}).get("completionTime")]
    over.sort(key=lambda each: str(each["metadata"]["creationTimestamp"]))
    for each in over[: max(0, len(over) - limit)]:
        world.store.remove("jobs", each)


def _report(world: World, item: Object, jobs: list[Object], status: Object) -> None:
    ended = [(each.get("status") or {}).get("completionTime") for each in jobs]
    running = [each for each, end in zip(jobs, ended, strict=True) if not end]
    status = {key: value for key, value in status.items() if key != "active"}
    if running:
        kept = ("name", "namespace", "uid")
        status["active"] = [
            {"kind": "Job", "apiVersion": "batch/v1", **{k: each["metadata"][k] for k in kept}}
            for each in running
        ]
    if last := max(filter(None, ended), default=None):
        status["lastSuccessfulTime"] = last
    world.store.set_status("cronjobs", item, status)
