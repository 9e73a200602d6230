"""The objects of the stand-in, their versions, and what happened to them lately.

An object in here is never changed, only replaced: whoever holds one (a list's snapshot, a watch's
history) may keep it without copying.
"""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from dashborion.demo.kubernetes.errors import conflict, exists, not_found, precondition_failed
from dashborion.demo.kubernetes.resources import BY_PLURAL, Object

_REMEMBERED = 4000  # changes; a watch that is further behind gets 410
_SNAPSHOTS = 32  # lists that clients may go on paging through


@dataclass(frozen=True)
class Change:
    """One write; with ``before`` a watch sees whether a selector began or ceased to match."""

    version: int
    plural: str
    item: Object
    before: Object | None
    is_deleted: bool = False


class Store:
    """Safe from several threads; hold ``lock`` around a read that a write depends on."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.version = 0
        self.forgotten = 0  # the newest version whose change is no longer known
        self._items: dict[str, dict[tuple[str, str], Object]] = {plural: {} for plural in BY_PLURAL}
        self._history: deque[Change] = deque()
        self._snapshots: OrderedDict[tuple[int, str, str], list[Object]] = OrderedDict()

    def get(self, plural: str, namespace: str, name: str) -> Object | None:
        with self.lock:
            return self._items[plural].get((namespace, name))

    def all(self, plural: str, namespace: str = "") -> list[Object]:
        """All objects, sorted by namespace and name."""
        with self.lock:
            items = sorted(self._items[plural].items())
        return [item for (where, _), item in items if not namespace or where == namespace]

    def snapshot(self, plural: str, namespace: str) -> tuple[int, list[Object]]:
        """The current list, kept so that it can be paged through."""
        with self.lock:
            key = (self.version, plural, namespace)
            if key not in self._snapshots:
                self._snapshots[key] = self.all(plural, namespace)
            self._snapshots.move_to_end(key)
            while len(self._snapshots) > _SNAPSHOTS:
                self._snapshots.popitem(last=False)
            return self.version, self._snapshots[key]

    def earlier(self, version: int, plural: str, namespace: str) -> Iterable[Object] | None:
        with self.lock:
            return self._snapshots.get((version, plural, namespace))

    def since(self, version: int) -> list[Change] | None:
        """The changes after that version, or None when they are no longer known."""
        with self.lock:
            if version < self.forgotten:
                return None
            changes: list[Change] = []
            for change in reversed(self._history):
                if change.version <= version:
                    break
                changes.append(change)
            return changes[::-1]

    def create(self, plural: str, item: Object, *, dry_run: bool = False) -> Object:
        resource = BY_PLURAL[plural]
        with self.lock:
            metadata = dict(item.get("metadata") or {})
            if not metadata.get("name") and metadata.get("generateName"):
                metadata["name"] = f"{metadata['generateName']}{uuid.uuid4().hex[:5]}"
            key = _key({"metadata": metadata})
            if key in self._items[plural]:
                raise exists(resource, metadata["name"])
            metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": stamp(self.clock())}
            if "spec" in item and resource.has_status:
                metadata["generation"] = 1
            whole = {"apiVersion": resource.group_version, "kind": resource.kind}
            created = {**whole, **item, "metadata": metadata}
            return created if dry_run else self._write(plural, key, created, None)

    def replace(
        self, plural: str, item: Object, *, is_status: bool = False, dry_run: bool = False
    ) -> Object:
        """Replace an object: only its status, or everything but its status.

        A ``resourceVersion`` in it must be the current one. What would change nothing is not
        written.
        """
        resource = BY_PLURAL[plural]
        with self.lock:
            given = item["metadata"]
            old = self._items[plural].get(_key(item))
            if old is None:
                raise not_found(resource, given["name"])
            version, uid = old["metadata"]["resourceVersion"], old["metadata"]["uid"]
            if given.get("resourceVersion", version) != version:
                raise conflict(resource, given["name"])
            if given.get("uid", uid) != uid:
                raise precondition_failed(resource, given["name"], "UID", given["uid"], uid)
            combined = _combined(old, item, is_status=is_status, has_status=resource.has_status)
            if combined == old or dry_run:
                return combined
            return self._write(plural, _key(item), combined, old)

    def set_status(self, plural: str, item: Object, status: Object) -> Object:
        """Set an object's status whatever its version."""
        with self.lock:
            old = self.current(plural, item)
            if old is None or old.get("status") == status:
                return old or item
            return self._write(plural, _key(item), {**old, "status": status}, old)

    def remove(self, plural: str, item: Object) -> None:
        """Delete an object, if it still exists."""
        with self.lock:
            old = self.current(plural, item)
            if old is None:
                return
            del self._items[plural][_key(item)]
            self.version += 1
            last = {**old, "metadata": {**old["metadata"], "resourceVersion": str(self.version)}}
            self._remember(Change(self.version, plural, last, old, is_deleted=True))

    def mark_for_deletion(self, plural: str, item: Object, at: datetime, grace: int) -> Object:
        """Set the deletion timestamp; the pod's kubelet removes it later."""
        with self.lock:
            old = self._items[plural][_key(item)]
            marks = {"deletionTimestamp": stamp(at), "deletionGracePeriodSeconds": grace}
            marked = {**old, "metadata": old["metadata"] | marks}
            return self._write(plural, _key(item), marked, old)

    def current(self, plural: str, item: Object) -> Object | None:
        """The object as it is now, unless it is another one of that name."""
        old = self._items[plural].get(_key(item))
        is_same = old is not None and old["metadata"]["uid"] == item["metadata"]["uid"]
        return old if is_same else None

    def clear(self) -> None:
        with self.lock:
            for plural in self._items:
                for item in self.all(plural):
                    self.remove(plural, item)

    def _write(
        self, plural: str, key: tuple[str, str], item: Object, before: Object | None
    ) -> Object:
        self.version += 1
        metadata = {**item["metadata"], "resourceVersion": str(self.version)}
        if plural in _TRACED and _traced(item) != _traced(before or {}):
            metadata["managedFields"] = [
                {
                    "manager": "kubectl",
                    "operation": "Update",
                    "apiVersion": item["apiVersion"],
                    "time": stamp(self.clock()),
                    "fieldsType": "FieldsV1",
                    "fieldsV1": _TRACED[plural],
                }
            ]
        item = {**item, "metadata": metadata}
        self._items[plural][key] = item
        self._remember(Change(self.version, plural, item, before))
        return item

    def _remember(self, change: Change) -> None:
        self._history.append(change)
        if len(self._history) > _REMEMBERED:
            self.forgotten = self._history.popleft().version
        self.changed.notify_all()


# What is noted in ``managedFields`` when it is written, of the resources of which a client asks.
_TRACED: dict[str, Object] = {
    "deployments": {"f:spec": {"f:template": {}}},
    "controllerrevisions": {"f:revision": {}},
}


def _traced(item: Object) -> object:
    return item.get("revision") or (item.get("spec") or {}).get("template")


def _key(item: Object) -> tuple[str, str]:
    return item["metadata"].get("namespace", ""), item["metadata"]["name"]


def _combined(old: Object, new: Object, *, is_status: bool, has_status: bool) -> Object:
    if is_status:
        return {**old, "status": new.get("status") or {}}
    had, given = old["metadata"], new["metadata"]
    metadata = {
        **{key: value for key, value in given.items() if value not in (None, {}, [])},
        "uid": had["uid"],
        "creationTimestamp": had["creationTimestamp"],
        "resourceVersion": had["resourceVersion"],
    }
    for key in ("generation", "deletionTimestamp", "deletionGracePeriodSeconds"):
        metadata.pop(key, None)
        if key in had:
            metadata[key] = had[key]
    combined = {**new, "apiVersion": old["apiVersion"], "kind": old["kind"], "metadata": metadata}
    if has_status:
        combined.pop("status", None)
        if "status" in old:
            combined["status"] = old["status"]
    if "generation" in had and combined.get("spec") != old.get("spec"):
        metadata["generation"] = had["generation"] + 1
    return combined


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
