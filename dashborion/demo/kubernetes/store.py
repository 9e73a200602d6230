"""The objects of the stand-in, their versions, and what happened to them lately.

An object in here is never changed, only replaced: whoever holds one (a list's snapshot, a watch's
history) may keep it without copying.
"""

import threading
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from dashborion.demo.kubernetes.errors import conflict, exists, not_found
from dashborion.demo.kubernetes.resources import BY_PLURAL, Object

_REMEMBERED = 4000  # changes; a watch that is further behind gets 410
_SNAPSHOTS = 32  # lists that clients may go on paging through


@dataclass(frozen=True)
class Change:
    """One write, as a watch tells it; `before` decides whether a selector sees it come or go."""

    version: int
    plural: str
    item: Object
    before: Object | None
    is_deleted: bool = False


class Store:
    """Safe from several threads; hold `lock` around a read that a write depends on."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.version = 0
        self.forgotten = 0  # the newest version whose change is no longer known
        self._items: dict[str, dict[tuple[str, str], Object]] = {each: {} for each in BY_PLURAL}
        self._history: deque[Change] = deque()
        self._snapshots: OrderedDict[tuple[int, str, str], list[Object]] = OrderedDict()

    def get(self, plural: str, namespace: str, name: str) -> Object | None:
        with self.lock:
            return self._items[plural].get((namespace, name))

    def all(self, plural: str, namespace: str = "") -> list[Object]:
        """In the order of namespace and name."""
        with self.lock:
            items = sorted(self._items[plural].items())
        return [item for (where, _), item in items if not namespace or where == namespace]

    def count(self, plural: str) -> int:
        return len(self._items[plural])

    def snapshot(self, plural: str, namespace: str) -> tuple[int, list[Object]]:
        """The list as it is, kept for a while so that it can be paged through."""
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
            found: list[Change] = []
            for each in reversed(self._history):
                if each.version <= version:
                    break
                found.append(each)
            return found[::-1]

    def create(self, plural: str, item: Object, *, dry_run: bool = False) -> Object:
        resource = BY_PLURAL[plural]
        with self.lock:
            metadata = dict(item.get("metadata") or {})
            if not metadata.get("name") and metadata.get("generateName"):
                metadata["name"] = f"{metadata['generateName']}{uuid.uuid4().hex[:5]}"
            key = (metadata.get("namespace", ""), metadata["name"])
            if key in self._items[plural]:
                raise exists(resource, metadata["name"])
            metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": stamp(self.clock())}
            if "spec" in item and resource.has_status:
                metadata["generation"] = 1
            whole = {"apiVersion": resource.group_version, "kind": resource.kind}
            found = {**whole, **item, "metadata": metadata}
            return found if dry_run else self._write(plural, key, found, None)

    def replace(
        self, plural: str, item: Object, *, is_status: bool = False, dry_run: bool = False
    ) -> Object:
        """One that is there; only its status, or everything but its status.

        A `resourceVersion` in it must be the current one. What would change nothing is not
        written.
        """
        resource = BY_PLURAL[plural]
        with self.lock:
            given = item["metadata"]
            key = (given.get("namespace", ""), given["name"])
            old = self._items[plural].get(key)
            if old is None:
                raise not_found(resource, given["name"])
            mine = old["metadata"]
            if given.get("resourceVersion", mine["resourceVersion"]) != mine["resourceVersion"]:
                raise conflict(resource, given["name"])
            if given.get("uid", mine["uid"]) != mine["uid"]:
                why = (
                    f"Precondition failed: UID in precondition: {given['uid']}, "
                    f"UID in object meta: {mine['uid']}"
                )
                raise conflict(resource, given["name"], why)
            found = _combined(old, item, is_status=is_status, has_status=resource.has_status)
            if found == old or dry_run:
                return found
            return self._write(plural, key, found, old)

    def set_status(self, plural: str, item: Object, status: Object) -> Object:
        """A controller's report on the object as it is now, whatever its version."""
        with self.lock:
            metadata = item["metadata"]
            old = self._items[plural].get((metadata.get("namespace", ""), metadata["name"]))
            if old is None or old["metadata"]["uid"] != metadata["uid"]:
                return item
            if old.get("status") == status:
                return old
            key = (metadata.get("namespace", ""), metadata["name"])
            return self._write(plural, key, {**old, "status": status}, old)

    def remove(self, plural: str, item: Object) -> None:
        """Gone at once; nothing if it has gone already."""
        with self.lock:
            metadata = item["metadata"]
            key = (metadata.get("namespace", ""), metadata["name"])
            old = self._items[plural].get(key)
            if old is None or old["metadata"]["uid"] != metadata["uid"]:
                return
            del self._items[plural][key]
            self.version += 1
            last = {**old, "metadata": {**old["metadata"], "resourceVersion": str(self.version)}}
            self._remember(Change(self.version, plural, last, old, is_deleted=True))

    def mark_for_deletion(self, plural: str, item: Object, at: datetime, grace: int) -> Object:
        """The pod's kubelet, which watches, ends it and then removes it."""
        with self.lock:
            metadata = item["metadata"]
            key = (metadata.get("namespace", ""), metadata["name"])
            old = self._items[plural][key]
            marks = {"deletionTimestamp": stamp(at), "deletionGracePeriodSeconds": grace}
            return self._write(plural, key, {**old, "metadata": old["metadata"] | marks}, old)

    def clear(self) -> None:
        with self.lock:
            for plural in self._items:
                for each in self.all(plural):
                    self.remove(plural, each)

    def _write(
        self, plural: str, key: tuple[str, str], item: Object, before: Object | None
    ) -> Object:
        self.version += 1
        item = {**item, "metadata": {**item["metadata"], "resourceVersion": str(self.version)}}
        self._items[plural][key] = item
        self._remember(Change(self.version, plural, item, before))
        return item

    def _remember(self, change: Change) -> None:
        self._history.append(change)
        if len(self._history) > _REMEMBERED:
            self.forgotten = self._history.popleft().version
        self.changed.notify_all()


def _combined(old: Object, new: Object, *, is_status: bool, has_status: bool) -> Object:
    if is_status:
        return {**old, "status": new.get("status") or {}}
    mine, given = old["metadata"], new["metadata"]
    metadata = {
        **{key: value for key, value in given.items() if value not in (None, {}, [])},
        "uid": mine["uid"],
        "creationTimestamp": mine["creationTimestamp"],
        "resourceVersion": mine["resourceVersion"],
    }
    for key in ("generation", "deletionTimestamp", "deletionGracePeriodSeconds"):
        metadata.pop(key, None)
        if key in mine:
            metadata[key] = mine[key]
    found = {**new, "apiVersion": old["apiVersion"], "kind": old["kind"], "metadata": metadata}
    if has_status:
        found.pop("status", None)
        if "status" in old:
            found["status"] = old["status"]
    if "generation" in mine and found.get("spec") != old.get("spec"):
        metadata["generation"] = mine["generation"] + 1
    return found


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
