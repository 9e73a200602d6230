"""The Deployment and ReplicaSet controllers: one step a tick, each as the real one decides it."""

from __future__ import annotations

from dataclasses import dataclass

from dashborion.demo.kubernetes.objects import (
    MOST_PODS,
    World,
    condition_of,
    controlled_by,
    is_active,
    is_ready,
    is_terminating,
    owner_uid,
    scaled,
    suffix,
    template_hash,
    without_zeros,
)
from dashborion.demo.kubernetes.resources import Object

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
FORMER = "deployment.kubernetes.io/revision-history"


def run_replica_sets(world: World) -> None:
    """Give every ReplicaSet its replicas."""
    for replica_set in world.store.all("replicasets"):
        metadata, spec = replica_set["metadata"], replica_set["spec"]
        pods = [pod for pod in world.owned("pods", replica_set) if is_active(pod)]
        wanted, extra = min(spec["replicas"], MOST_PODS), Object()
        if wanted > len(pods) and world.refuses(replica_set, extra):
            wanted = len(pods)
        for number in range(wanted - len(pods)):
            code = suffix(metadata["uid"], world.store.version, number)
            name = f"{metadata['name']}-{code}"
            pods.append(world.start_pod(replica_set, spec["template"], name, {}))
        if len(pods) == MOST_PODS < spec["replicas"]:
            message = f"Error creating: the demo runs no more than {MOST_PODS} pods of a set"
            world.event(replica_set, "FailedCreate", message, kind="Warning")
        ranked = _first_to_go(pods)
        surplus = max(0, len(pods) - spec["replicas"])
        for pod in ranked[:surplus]:
            world.stop_pod(replica_set, pod)
        extra["terminatingReplicas"] = sum(map(is_terminating, world.owned("pods", replica_set)))
        _report_on_set(world, replica_set, ranked[surplus:], extra)


def _first_to_go(pods: list[Object]) -> list[Object]:
    """A ReplicaSet's choice: unplaced, not running, not ready, then the youngest."""

    def rank(pod: Object) -> tuple[bool, bool, bool]:
        phase = pod["status"].get("phase")
        return bool(pod["spec"].get("nodeName")), phase == "Running", is_ready(pod)

    youngest = sorted(pods, key=lambda pod: pod["metadata"]["creationTimestamp"], reverse=True)
    return sorted(youngest, key=rank)


def _report_on_set(world: World, item: Object, pods: list[Object], extra: Object) -> None:
    counts = {
        "fullyLabeledReplicas": len(pods),
        "readyReplicas": sum(map(is_ready, pods)),
        "availableReplicas": world.count_available(item, pods),
        "observedGeneration": item["metadata"]["generation"],
    }
    status = {"replicas": len(pods), **without_zeros(counts), **extra}
    world.store.set_status("replicasets", item, status)


@dataclass
class _Rollout:
    """One Deployment and its ReplicaSets in this tick."""

    world: World
    item: Object
    sets: list[Object]
    new: Object | None = None

    @property
    def desired(self) -> int:
        return int(self.item["spec"]["replicas"])

    @property
    def old(self) -> list[Object]:
        new = self.new["metadata"]["uid"] if self.new else ""
        return [replica_set for replica_set in self.sets if replica_set["metadata"]["uid"] != new]

    def scale(self, item: Object, count: int) -> None:
        had = item["spec"]["replicas"]
        if had == count:
            return
        changed = self.world.scale("replicasets", item, count)
        self.sets = [changed if replica_set is item else replica_set for replica_set in self.sets]
        if self.new is item:
            self.new = changed
        way = "up" if count > had else "down"
        message = f"Scaled {way} replica set {item['metadata']['name']} from {had} to {count}"
        self.world.event(self.item, "ScalingReplicaSet", message)


def run_deployments(world: World) -> None:
    """Every Deployment moves a step towards its newest template."""
    for deployment in world.store.all("deployments"):
        sets = world.owned("replicasets", deployment)
        rollout = _Rollout(world, deployment, sets)
        rollout.new = _newest(rollout)
        if rollout.new is not None:
            is_paused, active = deployment["spec"].get("paused"), _active(rollout.sets)
            if len(active) == 1 and (is_paused or active[0] is rollout.new):
                rollout.scale(active[0], rollout.desired)
            if not is_paused:
                _step(rollout)
        _report(rollout)
        _drop_old_sets(rollout)


def _active(sets: list[Object]) -> list[Object]:
    return [replica_set for replica_set in sets if replica_set["spec"]["replicas"] > 0]


def _newest(rollout: _Rollout) -> Object | None:
    """The ReplicaSet of the current template; created unless the Deployment is paused."""
    template = rollout.item["spec"]["template"]
    code = template_hash(template)
    newest = next((e for e in rollout.sets if e["metadata"]["labels"][HASH] == code), None)
    revisions = [_revision(replica_set) for replica_set in rollout.sets]
    if rollout.item["spec"].get("paused") and newest is None:
        return max(rollout.sets, key=_revision, default=None)
    world, number = rollout.world, max(revisions, default=0)
    if newest is None:
        newest = _new_set(rollout, code, number + 1)
        rollout.sets.append(newest)
    elif _revision(newest) < number or not _revision(newest):
        at = rollout.sets.index(newest)
        annotations = newest["metadata"].get("annotations") or {}
        former = ",".join(filter(None, (annotations.get(FORMER), annotations.get(REVISION))))
        marks = {REVISION: str(number + 1), FORMER: former}
        newest = world.annotate("replicasets", newest, **marks)
        rollout.sets[at] = newest
    revision = str(_revision(newest))
    if (rollout.item["metadata"].get("annotations") or {}).get(REVISION) != revision:
        rollout.item = world.annotate("deployments", rollout.item, **{REVISION: revision})
    return newest


def _new_set(rollout: _Rollout, code: str, revision: int) -> Object:
    item, spec = rollout.item, rollout.item["spec"]
    metadata, template = item["metadata"], spec["template"]
    labels = {**(template["metadata"].get("labels") or {}), HASH: code}
    kept = {
        key: value
        for key, value in (metadata.get("annotations") or {}).items()
        if key not in (REVISION, "kubectl.kubernetes.io/last-applied-configuration")
    }
    selector = {**spec["selector"]}
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), HASH: code}
    return rollout.world.store.create(
        "replicasets",
        {
            "metadata": {
                "name": f"{metadata['name']}-{code}",
                "namespace": metadata["namespace"],
                "labels": labels,
                "annotations": {**kept, REVISION: str(revision)},
                "ownerReferences": [controlled_by(item)],
            },
            "spec": {
                "replicas": 0,
                "minReadySeconds": spec.get("minReadySeconds", 0),
                "selector": selector,
                "template": {
                    **template,
                    "metadata": {**template["metadata"], "labels": labels},
                },
            },
            "status": {"replicas": 0},
        },
    )


def _revision(item: Object) -> int:
    return int((item["metadata"].get("annotations") or {}).get(REVISION, 0))


def _step(rollout: _Rollout) -> None:
    strategy = rollout.item["spec"]["strategy"]
    if strategy["type"] == "Recreate":
        for replica_set in rollout.old:
            rollout.scale(replica_set, 0)
        uids = {replica_set["metadata"]["uid"] for replica_set in rollout.old}
        pods = rollout.world.store.all("pods", rollout.item["metadata"]["namespace"])
        if not any(owner_uid(pod) in uids for pod in pods) and rollout.new:
            rollout.scale(rollout.new, rollout.desired)
        return
    surge = scaled(strategy["rollingUpdate"]["maxSurge"], rollout.desired, up=True)
    unavailable = scaled(strategy["rollingUpdate"]["maxUnavailable"], rollout.desired, up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    if not _scale_up(rollout, rollout.desired + surge):
        _scale_down(rollout, rollout.desired - min(unavailable, rollout.desired))


def _scale_up(rollout: _Rollout, most: int) -> bool:
    new = rollout.new
    if new is None or new["spec"]["replicas"] == rollout.desired:
        return False
    if new["spec"]["replicas"] > rollout.desired:
        rollout.scale(new, rollout.desired)
        return True
    room = most - sum(replica_set["spec"]["replicas"] for replica_set in rollout.sets)
    if room <= 0:
        return False
    had = new["spec"]["replicas"]
    rollout.scale(new, had + min(room, rollout.desired - had))
    return True


def _scale_down(rollout: _Rollout, fewest: int) -> None:
    """Remove old pods: unavailable ones first, then available ones down to ``fewest``."""
    new = rollout.new
    if new is None or not _active(rollout.old):
        return
    total = sum(replica_set["spec"]["replicas"] for replica_set in rollout.sets)
    may_go = total - fewest - _unavailable(new)
    for replica_set in sorted(_active(rollout.old), key=_revision):
        drop = min(may_go, _unavailable(replica_set))
        observed = replica_set["status"].get("observedGeneration")
        if drop > 0 and observed == replica_set["metadata"]["generation"]:
            rollout.scale(replica_set, replica_set["spec"]["replicas"] - drop)
            may_go -= drop
    may_go = _sum(rollout.sets, "availableReplicas") - fewest
    for replica_set in sorted(_active(rollout.old), key=_revision):
        drop = min(may_go, replica_set["spec"]["replicas"])
        if drop > 0:
            rollout.scale(replica_set, replica_set["spec"]["replicas"] - drop)
            may_go -= drop


def _unavailable(replica_set: Object) -> int:
    return int(replica_set["spec"]["replicas"]) - _sum([replica_set], "availableReplicas")


def _report(rollout: _Rollout) -> None:
    item, new = rollout.item, rollout.new
    status = item.get("status") or {}
    code = template_hash(item["spec"]["template"])
    fresh = new is not None and new["metadata"]["labels"].get(HASH) == code
    counts = {
        "replicas": _sum(rollout.sets, "replicas"),
        "updatedReplicas": _sum([new], "replicas") if new and fresh else 0,
        "readyReplicas": _sum(rollout.sets, "readyReplicas"),
        "availableReplicas": _sum(rollout.sets, "availableReplicas"),
    }
    counts["unavailableReplicas"] = max(
        0, max(rollout.desired, counts["replicas"]) - counts["availableReplicas"]
    )
    report = {"observedGeneration": item["metadata"]["generation"], **without_zeros(counts)}
    report["terminatingReplicas"] = _sum(rollout.sets, "terminatingReplicas")
    report["conditions"] = status.get("conditions") or []
    report["conditions"] = _progress(rollout, counts, report)
    strategy = item["spec"]["strategy"]
    rolling = strategy.get("rollingUpdate") or {"maxUnavailable": 0}
    spare = scaled(rolling["maxUnavailable"], rollout.desired, up=False)
    enough = counts["availableReplicas"] >= rollout.desired - spare
    reason = "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable"
    message = f"Deployment {'has' if enough else 'does not have'} minimum availability."
    report["conditions"] = rollout.world.condition(report, "Available", enough, reason, message)
    failure = condition_of(new, "ReplicaFailure") if new else {}
    report["conditions"] = [
        had for had in report["conditions"] if had["type"] != "ReplicaFailure"
    ] + ([failure] if failure else [])
    rollout.world.store.set_status("deployments", item, report)


def _sum(sets: list[Object], key: str) -> int:
    return sum((replica_set.get("status") or {}).get(key, 0) for replica_set in sets)


def _progress(rollout: _Rollout, counts: dict[str, int], report: Object) -> list[Object]:
    """The Progressing condition; its deadline runs from the last progress."""
    world, item = rollout.world, rollout.item
    status, before = item.get("status") or {}, condition_of(item, "Progressing")
    conditions: list[Object] = report["conditions"]

    def progressing(reason: str, message: str, *, value: bool = True) -> list[Object]:
        return world.condition(report, "Progressing", value, reason, message)

    if item["spec"].get("paused"):
        if before.get("reason") == "DeploymentPaused" or not before:
            return conditions
        return progressing("DeploymentPaused", "Deployment is paused")
    name = rollout.new["metadata"]["name"] if rollout.new else ""
    totals = (counts["replicas"], counts["updatedReplicas"], counts["availableReplicas"])
    if totals == (rollout.desired,) * 3:
        message = f'ReplicaSet "{name}" has successfully progressed.'
        return progressing("NewReplicaSetAvailable", message)
    is_same = before and name in before["message"]
    if before.get("reason") == "NewReplicaSetAvailable" and is_same:
        return conditions  # complete once, and pods that fail later do not change it
    keys = ("updatedReplicas", "readyReplicas", "availableReplicas")
    has_more = any(counts[key] > status.get(key, 0) for key in keys)
    old_before = status.get("replicas", 0) - status.get("updatedReplicas", 0)
    has_fewer = counts["replicas"] - counts["updatedReplicas"] < old_before
    if not is_same or has_more or has_fewer:
        report["conditions"] = [had for had in conditions if had["type"] != "Progressing"]
        return progressing("ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.')
    deadline = item["spec"]["progressDeadlineSeconds"]
    is_late = world.seconds_since(before["lastUpdateTime"]) > deadline
    if before["reason"] != "ProgressDeadlineExceeded" and is_late:
        message = f'ReplicaSet "{name}" has timed out progressing.'
        return progressing("ProgressDeadlineExceeded", message, value=False)
    return conditions


def _drop_old_sets(rollout: _Rollout) -> None:
    idle = [
        replica_set
        for replica_set in rollout.old
        if not replica_set["spec"]["replicas"] and not replica_set["status"].get("replicas")
    ]
    surplus = len(idle) - rollout.item["spec"]["revisionHistoryLimit"]
    for replica_set in sorted(idle, key=_revision)[: max(0, surplus)]:
        rollout.world.store.remove("replicasets", replica_set)
