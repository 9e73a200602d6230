"""What controllers share: owners, conditions, events, pods made from templates."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dashborion.demo.kubernetes.defaults import with_defaults
from dashborion.demo.kubernetes.resources import Object
from dashborion.demo.kubernetes.store import Store, stamp
from dashborion.demo.kubernetes.troubles import told, trouble_of

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
SCHEDULER = "default-scheduler"
_MOST_EVENTS = 2000
MOST_PODS = 200  # of one controller: this is no real cluster, and its memory is the user's


@dataclass
class World:
    """What controllers work on; ``now`` is this tick's moment, ``speed`` shortens every wait."""

    store: Store
    now: datetime
    speed: float = 1.0

    @property
    def stamp(self) -> str:
        return stamp(self.now)

    @property
    def moment(self) -> str:
        """With microseconds, as the newer kind of events has it."""
        return self.now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def seconds_since(self, when: str | datetime) -> float:
        """Simulated seconds: those that would have passed at speed 1."""
        at = datetime.fromisoformat(when) if isinstance(when, str) else when
        return (self.now - at).total_seconds() * self.speed

    def owned(self, plural: str, owner: Object) -> list[Object]:
        uid = owner["metadata"]["uid"]
        namespace = owner["metadata"]["namespace"]
        return [item for item in self.store.all(plural, namespace) if owner_uid(item) == uid]

    def event(
        self,
        about: Object,
        reason: str,
        message: str,
        *,
        kind: str = "Normal",
        source: str = "",
        field_path: str = "",
        every: float = 0.0,
    ) -> None:
        """Create an event, or count it up if it exists; from the object's own controller.

        It is counted only ``every`` so many seconds.
        """
        source = source or f"{about['kind'].lower()}-controller"
        metadata = about["metadata"]
        namespace = metadata.get("namespace", "default")
        text = f"{metadata['uid']} {reason} {message} {field_path}"
        name = f"{metadata['name']}.{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        known = self.store.get("events", namespace, name)
        if known is not None:
            if self.seconds_since(last_told(known)) >= every:
                self.store.replace("events", {**known, **self._told_again(known)})
            return
        involved = {key: about[key] for key in ("kind", "apiVersion")} | {"namespace": namespace}
        involved |= {key: metadata[key] for key in ("name", "uid", "resourceVersion")}
        involved |= {"fieldPath": field_path} if field_path else {}
        event: Object = {
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": involved,
            "reason": reason,
            "message": message,
            "type": kind,
            "reportingComponent": source,
        }
        if source == SCHEDULER:  # by way of events.k8s.io/v1
            action = "Binding" if reason == "Scheduled" else "Scheduling"
            times = {"firstTimestamp": None, "lastTimestamp": None, "eventTime": self.moment}
            event |= {"action": action, "reportingInstance": SCHEDULER, "source": {}, **times}
        else:
            times = {"firstTimestamp": self.stamp, "lastTimestamp": self.stamp, "eventTime": None}
            event |= {"reportingInstance": "", "source": {"component": source}, "count": 1, **times}
        self.store.create("events", event)

    def _told_again(self, event: Object) -> Object:
        if "count" in event:
            return {"count": event["count"] + 1, "lastTimestamp": self.stamp}
        count = event.get("series", {"count": 1})["count"] + 1
        return {"series": {"count": count, "lastObservedTime": self.moment}}

    def forget_old_events(self) -> None:
        """Delete the oldest events; a real server keeps them for an hour."""
        events = self.store.all("events")
        if len(events) > _MOST_EVENTS:
            events.sort(key=last_told)
            for event in events[: len(events) - _MOST_EVENTS * 4 // 5]:
                self.store.remove("events", event)

    def start_pod(
        self, owner: Object, template: Object, name: str, labels: Mapping[str, str], **spec: Any
    ) -> Object:
        """Create a pod of the owner's from a template."""
        given = template.get("metadata") or {}
        metadata = {
            "name": name,
            "namespace": owner["metadata"]["namespace"],
            "labels": {**(given.get("labels") or {}), **labels},
            "ownerReferences": [controlled_by(owner)],
        }
        metadata |= {key: given[key] for key in ("annotations", "finalizers") if given.get(key)}
        pod = {"metadata": metadata, "spec": {**template["spec"], **spec}}
        created = self.store.create("pods", with_defaults("pods", pod))
        self._pod_event(owner, "SuccessfulCreate", "Create", name)
        return created

    def refuses(self, owner: Object, status: Object | None = None) -> bool:
        """Whether the API server lets the owner create no pod; an event and ``status`` say why."""
        template, name = owner["spec"]["template"], owner["metadata"]["name"]
        text = trouble_of(template["spec"]).refused
        if not text:
            return False
        pod = f"{name}-{'0' if owner['kind'] == 'StatefulSet' else suffix(name)}"
        about = {"name": pod, "namespace": owner["metadata"]["namespace"]}
        why = told(text, {"metadata": about, "spec": template["spec"]})
        told_by = f"Error creating: {why}"
        if owner["kind"] == "StatefulSet":
            told_by = f"Create Pod {pod} in StatefulSet {name} failed error: {why}"
        self.event(owner, "FailedCreate", told_by, kind="Warning", every=10)
        if status is not None:
            status["conditions"] = self.condition(
                owner.get("status") or {}, "ReplicaFailure", True, "FailedCreate", why
            )
        return True

    def stop_pod(self, owner: Object, pod: Object) -> None:
        """Delete a pod of the owner's."""
        if not is_terminating(pod):
            self.end_pod(pod)
            self._pod_event(owner, "SuccessfulDelete", "Delete", pod["metadata"]["name"])

    def _pod_event(self, owner: Object, reason: str, verb: str, pod: str) -> None:
        message = f"{verb}d pod: {pod}"
        if owner["kind"] == "StatefulSet":
            message = f"{verb} Pod {pod} in StatefulSet {owner['metadata']['name']} successful"
        self.event(owner, reason, message)

    def end_pod(self, pod: Object) -> None:
        """Mark a pod for deletion by its kubelet; one without a node is deleted at once."""
        if not pod["spec"].get("nodeName"):
            self.store.remove("pods", pod)
        elif not is_terminating(pod):
            grace = pod["spec"]["terminationGracePeriodSeconds"]
            self.store.mark_for_deletion("pods", pod, self.now + timedelta(seconds=grace), grace)

    def scale(self, plural: str, item: Object, count: int) -> Object:
        return self.store.replace(plural, {**item, "spec": {**item["spec"], "replicas": count}})

    def annotate(self, plural: str, item: Object, **annotations: str) -> Object:
        metadata = item["metadata"]
        merged = {**(metadata.get("annotations") or {}), **annotations}
        return self.store.replace(plural, {**item, "metadata": {**metadata, "annotations": merged}})

    def count_available(self, owner: Object, pods: Iterable[Object]) -> int:
        """How many of the owner's pods have been ready for long enough."""
        wait = owner["spec"].get("minReadySeconds", 0)
        ready = [condition_of(pod, "Ready")["lastTransitionTime"] for pod in pods if is_ready(pod)]
        return sum(not wait or self.seconds_since(since) >= wait for since in ready)

    def condition(
        self, status: Object, kind: str, value: bool, reason: str, message: str
    ) -> list[Object]:
        """The conditions with this one updated; its times change only with its values."""
        conditions: list[Object] = list(status.get("conditions") or ())
        old = next((known for known in conditions if known["type"] == kind), None)
        text = "True" if value else "False"
        if old and (old["status"], old["reason"], old["message"]) == (text, reason, message):
            return conditions
        stays = old is not None and old["status"] == text
        new = {
            "type": kind,
            "status": text,
            "lastUpdateTime": self.stamp,
            "lastTransitionTime": old["lastTransitionTime"] if old and stays else self.stamp,
            "reason": reason,
            "message": message,
        }
        return [known for known in conditions if known["type"] != kind] + [new]


def last_told(event: Object) -> str:
    """When an event of either kind was told last."""
    observed = (event.get("series") or {}).get("lastObservedTime") or event.get("eventTime")
    return str(event.get("lastTimestamp") or observed or event["metadata"]["creationTimestamp"])


def controlled_by(owner: Object) -> Object:
    reference = {key: owner[key] for key in ("apiVersion", "kind")}
    reference |= {key: owner["metadata"][key] for key in ("name", "uid")}
    return {**reference, "controller": True, "blockOwnerDeletion": True}


def owner_uid(item: Object) -> str:
    for reference in item["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            return str(reference["uid"])
    return ""


def condition_of(item: Object, kind: str) -> Object:
    conditions = (item.get("status") or {}).get("conditions") or ()
    return next((condition for condition in conditions if condition["type"] == kind), {})


def is_ready(item: Object) -> bool:
    return condition_of(item, "Ready").get("status") == "True"


def is_terminating(item: Object) -> bool:
    return "deletionTimestamp" in item["metadata"]


def is_active(pod: Object) -> bool:
    return not is_terminating(pod) and pod["status"].get("phase") not in ("Succeeded", "Failed")


def without_zeros(status: Object) -> Object:
    """The API leaves out counts that are zero, where zero is their default."""
    return {key: value for key, value in status.items() if value not in (0, [], None)}


def template_hash(template: Object) -> str:
    """Ten letters, the same for the same template."""
    return _letters(json.dumps(template, sort_keys=True), 10)


def suffix(*parts: object) -> str:
    """Five letters for a pod's name."""
    return _letters(" ".join(map(str, parts)), 5)


def _letters(text: str, count: int) -> str:
    number = int(hashlib.sha256(text.encode()).hexdigest(), 16)
    return "".join(_LETTERS[number // 27**at % 27] for at in range(count))


def scaled(value: Any, of: int, *, up: bool) -> int:
    """A count, or a share such as ``25%``."""
    if isinstance(value, int):
        return value
    share = int(str(value).removesuffix("%")) * of / 100
    return math.ceil(share) if up else math.floor(share)
