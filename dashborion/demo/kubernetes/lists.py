"""Lists in chunks over a snapshot, and watches."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from dashborion.demo.kubernetes.defaults import as_served
from dashborion.demo.kubernetes.errors import Refused, bad_request
from dashborion.demo.kubernetes.request import Request
from dashborion.demo.kubernetes.resources import Object, Resource
from dashborion.demo.kubernetes.selectors import Test, field_test, label_test
from dashborion.demo.kubernetes.store import Change, Store
from dashborion.demo.kubernetes.tables import table

_BOOKMARK_SECONDS = 5.0
_LONGEST_WATCH = 1800.0
_PARTIAL = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can "
    "start a new list without the continue parameter, or use the continue token in this response "
    "to retrieve the remainder of the results. Continuing with the provided token results in an "
    "inconsistent list - objects that were created, modified, or deleted between the time the "
    "first chunk was returned and now may show up in the list."
)


def matching(request: Request) -> Test:
    """A test for the request's selectors and namespace."""
    labels = label_test(request.query.get("labelSelector", ""))
    fields = field_test(request.query.get("fieldSelector", ""), request.plural)
    namespace = request.namespace
    return lambda item: (
        (not namespace or item["metadata"].get("namespace") == namespace)
        and labels(item)
        and fields(item)
    )


def representation(store: Store, resource: Resource, request: Request, item: Object) -> Object:
    """One object in the requested representation."""
    if request.accepts("Table"):
        metadata = {"resourceVersion": item["metadata"]["resourceVersion"]}
        return table(resource, [item], store.clock(), metadata)
    if request.accepts("PartialObjectMetadata"):
        return {**_PARTIAL, "metadata": item["metadata"]}
    return as_served(item, resource.group_version)


def list_chunk(store: Store, resource: Resource, request: Request) -> Object:
    """One chunk: ``kind`` and ``apiVersion`` are the list's, its items go without."""
    test = matching(request)
    version, start, items = _from(store, request)
    chosen = [item for item in items if _key(item) > start and test(item)]
    limit = request.number("limit") or len(chosen)
    metadata: Object = {"resourceVersion": str(version)}
    if len(chosen) > limit:
        metadata["continue"] = _token(version, _key(chosen[limit - 1]))
        if not request.query.get("labelSelector") and not request.query.get("fieldSelector"):
            metadata["remainingItemCount"] = len(chosen) - limit
    chosen = chosen[:limit]
    if request.accepts("Table"):
        return table(resource, chosen, store.clock(), metadata)
    kind = {"kind": f"{resource.kind}List", "apiVersion": resource.group_version}
    if request.accepts("PartialObjectMetadataList"):
        kind = {**_PARTIAL, "kind": "PartialObjectMetadataList"}
        items = [{"metadata": item["metadata"]} for item in chosen]
    else:
        chosen = [as_served(item, resource.group_version) for item in chosen]
        items = [{k: v for k, v in item.items() if k not in kind} for item in chosen]
    return {**kind, "metadata": metadata, "items": items}


def _from(store: Store, request: Request) -> tuple[int, str, list[Object]]:
    """The version, the key to continue after, and all objects of that version."""
    token, version, start = request.query.get("continue"), -1, ""
    if token:
        try:
            position = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
            version, start = int(position["rv"]), str(position["start"])
        except (ValueError, KeyError, TypeError) as error:
            raise bad_request("continue key is not valid: encoding is invalid") from error
    if version < 0:  # no token, or one that came with a 410: on in today's list
        version, items = store.snapshot(request.plural, request.namespace)
        return version, start, items
    snapshot = store.earlier(version, request.plural, request.namespace)
    if snapshot is None:
        refused = Refused(410, "Expired", _TOO_OLD)
        refused.status["metadata"] = {"continue": _token(-1, start)}
        raise refused
    return version, start, list(snapshot)


def _key(item: Object) -> str:
    return f"{item['metadata'].get('namespace', '')}/{item['metadata']['name']}"


def _token(version: int, start: str) -> str:
    position = json.dumps({"v": "meta.k8s.io/v1", "rv": version, "start": start}).encode()
    return base64.urlsafe_b64encode(position).decode().rstrip("=")


def watch_lines(
    store: Store, resource: Resource, request: Request, is_over: Callable[[], bool]
) -> Iterator[bytes]:
    """Yield one JSON object per line; empty bytes while nothing happens, to probe the reader."""
    test = matching(request)
    given = request.query.get("resourceVersion", "")
    if given and not given.isdecimal():
        raise bad_request(f"resourceVersion: Invalid value: {given!r}: strconv.ParseUint")
    version = int(given or 0)
    write = _Writer(resource, store, request)
    if not version or request.query.get("sendInitialEvents") == "true":
        version, items = store.snapshot(resource.plural, request.namespace)
        yield b"".join(write("ADDED", item) for item in items if test(item))
        if request.query.get("sendInitialEvents") == "true":  # a list by way of a watch
            yield write.bookmark(version, annotations={"k8s.io/initial-events-end": "true"})
    else:
        yield b""  # sends the headers
    bookmarks = request.flag("allowWatchBookmarks")
    ends = time.monotonic() + min(request.number("timeoutSeconds") or _LONGEST_WATCH, 86400)
    marked = time.monotonic()
    while time.monotonic() < ends and not is_over():
        with store.changed:
            if store.version == version:
                store.changed.wait(min(0.5, max(0.01, ends - time.monotonic())))
            changes, newest = store.since(version), store.version
        if changes is None:
            message = f"too old resource version: {version} ({newest})"
            yield write.raw("ERROR", Refused(410, "Expired", message).status)
            return
        version = newest
        yield b"".join(write.change(change, test) for change in changes)
        if bookmarks and time.monotonic() - marked > _BOOKMARK_SECONDS:
            marked = time.monotonic()
            yield write.bookmark(version)


class _Writer:
    """The lines of one watch."""

    def __init__(self, resource: Resource, store: Store, request: Request) -> None:
        self._resource, self._store, self._request = resource, store, request

    def __call__(self, kind: str, item: Object) -> bytes:
        return self.raw(kind, representation(self._store, self._resource, self._request, item))

    def raw(self, kind: str, item: Object) -> bytes:
        event: Any = {"type": kind, "object": item}
        return msgspec.json.encode(event) + b"\n"

    def change(self, change: Change, test: Test) -> bytes:
        had = change.before is not None and test(change.before)
        has = not change.is_deleted and test(change.item)
        if change.plural != self._resource.plural or not (had or has):
            return b""
        kind = "DELETED" if not has else "MODIFIED" if had else "ADDED"
        return self(kind, change.item)

    def bookmark(self, version: int, **more: Object) -> bytes:
        kind = {"kind": self._resource.kind, "apiVersion": self._resource.group_version}
        metadata = {"resourceVersion": str(version), **more}
        if self._request.accepts("Table"):
            return self.raw("BOOKMARK", table(self._resource, [], self._store.clock(), metadata))
        return self.raw("BOOKMARK", {**kind, "metadata": metadata})
