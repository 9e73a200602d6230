"""A stand-in cluster that tests move by hand, and a client that speaks its HTTP."""

import http.client
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from dashborion.demo.http_server import Answer
from dashborion.demo.kubernetes.cluster import KubernetesCluster
from tests.support.manifests import namespace
from tests.support.waiting import PATIENCE_SECONDS

TOKEN = "made-up-token"
MERGE = "application/merge-patch+json"
DEPLOYMENTS = "/apis/apps/v1/namespaces/media/deployments"
PODS = "/api/v1/namespaces/media/pods"


class ByHand:
    """The clock stands still unless `passes` is called."""

    def __init__(self, *, nodes: int = 2) -> None:
        self.now = datetime(2026, 11, 23, 12, tzinfo=UTC)
        self.cluster = KubernetesCluster(TOKEN, nodes=nodes)
        self.cluster.tick(self.now)
        self.cluster.put(namespace("media"))

    def passes(self, seconds: float) -> None:
        """In steps, as the controllers would have taken them."""
        for _ in range(round(seconds * 4)):
            self.now += timedelta(seconds=0.25)
            self.cluster.tick(self.now)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        kind: str = "application/json",
        accept: str = "application/json",
        token: str = TOKEN,
    ) -> tuple[int, Any]:
        answer = self.answer(method, path, body, kind=kind, accept=accept, token=token)
        if answer.chunks is not None:
            return answer.status, answer.chunks
        is_json = answer.headers["Content-Type"] == "application/json"
        return answer.status, json.loads(answer.body) if is_json else answer.body

    def answer(
        self, method: str, path: str, body: Any, *, kind: str, accept: str, token: str
    ) -> Answer:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": kind, "Accept": accept}
        content = b"" if body is None else json.dumps(body).encode()
        return self.cluster.api.answer(method, path, headers, content)

    def get(self, path: str) -> Any:
        status, found = self.ask("GET", path)
        assert status == 200, found
        return found

    def deployment(self, name: str) -> Any:
        return self.get(f"{DEPLOYMENTS}/{name}")

    def pods(self, name: str) -> list[Any]:
        found: list[Any] = self.get(f"{PODS}?labelSelector=app%3D{name}")["items"]
        return found

    def set_image(self, name: str, image: str) -> None:
        containers = [{"name": "app", "image": image}]
        patch = {"spec": {"template": {"spec": {"containers": containers}}}}
        kind = "application/strategic-merge-patch+json"
        status, found = self.ask("PATCH", f"{DEPLOYMENTS}/{name}", patch, kind=kind)
        assert status == 200, found


def connect(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    assert parts.hostname
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE_SECONDS)
