"""The few words of HTTP that test code says to a Kubernetes API server.

Deliberately not the client of the package under test: what proves it must not share its mistakes.
"""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import urllib3

from tests.support.waiting import PATIENCE_SECONDS

Manifest = dict[str, Any]

_NOT_FOUND = 404
_CONFLICT = 409
# Where each kind of the test manifests lives, and whether it lives in a namespace.
_PLURALS = {
    "Ingress": "ingresses",
    "NetworkPolicy": "networkpolicies",
    "Endpoints": "endpoints",
    "StorageClass": "storageclasses",
    "PriorityClass": "priorityclasses",
}
_CLUSTER_WIDE = {
    "Namespace",
    "Node",
    "ClusterRole",
    "ClusterRoleBinding",
    "PersistentVolume",
    "StorageClass",
    "PriorityClass",
    "ValidatingWebhookConfiguration",
    "APIService",
    "CustomResourceDefinition",
}


class ApiError(Exception):
    """The API server said no."""

    def __init__(self, method: str, path: str, status: int, answer: str) -> None:
        super().__init__(f"{method} {path}: {status} {answer}")
        self.status = status

    @property
    def is_about_an_older_state(self) -> bool:
        """The object has gone, or is a different one by now."""
        return self.status in (_NOT_FOUND, _CONFLICT)


class Watch:
    """One watch request: an iterator of raw events that another thread may end."""

    def __init__(self, response: urllib3.BaseHTTPResponse) -> None:
        self._response = response
        self._is_ended = False

    def __iter__(self) -> Iterator[bytes]:
        rest = b""
        try:
            while chunk := self._response.read1():
                *lines, rest = (rest + chunk).split(b"\n")
                yield from lines
        except (urllib3.exceptions.HTTPError, OSError, ValueError):
            if not self._is_ended:  # else the end came in the middle of a chunk
                raise
        finally:
            self._response.close()

    def end(self) -> None:
        self._is_ended = True
        with contextlib.suppress(OSError, ValueError):  # it has ended by itself
            self._response.shutdown()


class ApiClient:
    """Keep-alive connections to one API server as one user; safe to share between threads."""

    def __init__(self, url: str, *, ca_file: Path, token: str) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        self._pool = urllib3.PoolManager(
            ca_certs=str(ca_file),
            maxsize=32,
            retries=False,
            timeout=PATIENCE_SECONDS,
        )

    def close(self) -> None:
        self._pool.clear()

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> Any:
        """The decoded answer; text where the server speaks no JSON (such as /readyz and logs)."""
        response = self._pool.request(
            method,
            self._url + path,
            body=None if body is None else msgspec.json.encode(body),
            headers={**self._headers, "Content-Type": content_type, "Accept": accept},
        )
        if response.status >= 400:
            raise ApiError(method, path, response.status, response.data.decode(errors="replace"))
        if response.headers.get("Content-Type", "").startswith("application/json"):
            return msgspec.json.decode(response.data)
        return response.data.decode()

    def merge(self, path: str, change: Mapping[str, Any]) -> Any:
        """A strategic merge patch: what `kubectl patch` sends."""
        return self.request("PATCH", path, change, "application/strategic-merge-patch+json")

    def apply(self, manifest: Manifest) -> None:
        """Creates the object; one that is there already stays as it is."""
        try:
            self.request("POST", collection_of(manifest), manifest)
        except ApiError as error:
            if error.status != _CONFLICT:
                raise

    def watch(self, path: str) -> Watch:
        response = self._pool.request(
            "GET",
            self._url + path,
            headers=self._headers,
            preload_content=False,
            timeout=urllib3.Timeout(connect=PATIENCE_SECONDS, read=None),
        )
        if response.status >= 400:
            raise ApiError("WATCH", path, response.status, response.data.decode(errors="replace"))
        return Watch(response)


def collection_of(manifest: Manifest) -> str:
    """The path that a manifest is posted to."""
    version, kind = manifest["apiVersion"], manifest["kind"]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    plural = _PLURALS.get(kind, f"{kind.lower()}s")
    if kind in _CLUSTER_WIDE:
        return f"{root}/{plural}"
    return f"{root}/namespaces/{manifest['metadata'].get('namespace', 'default')}/{plural}"
