"""An API that has as many pods as its path says, made while they are asked for."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

CHUNK = 500
_NAMES = 50_000  # in one namespace
_POD: dict[str, Any] = {
    "metadata": {
        "name": "NAME",
        "namespace": "SPACE",
        "uid": "00000000-0000-4000-8000-NUMBER",
        "creationTimestamp": "2026-01-02T03:04:05Z",
        "labels": {"app": "web", "team": "media"},
        "annotations": {"checksum/config": "0" * 64},
    },
    "spec": {
        "nodeName": "node-1",
        "containers": [
            {
                "name": "app",
                "image": "example.com/app:1.0",
                "env": [{"name": f"SETTING_{one}", "value": "made-up"} for one in range(12)],
                "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
            }
        ],
    },
    "status": {
        "phase": "Running",
        "podIP": "10.0.0.1",
        "startTime": "2026-01-02T03:04:05Z",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [
            {
                "name": "app",
                "image": "example.com/app:1.0",
                "ready": True,
                "restartCount": 0,
                "state": {"running": {"startedAt": "2026-01-02T03:04:05Z"}},
            }
        ],
    },
}
POD = json.dumps(_POD)
"""A pod whose name, namespace and number are to be put in."""


class LongLists:
    """The server; a context manager."""

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def write_kubeconfig(self, path: Path, *counts: int) -> Path:
        """A context ``rows-COUNT`` for each number of pods."""
        address = f"http://127.0.0.1:{self._server.server_address[1]}"
        names = {count: f"rows-{count}" for count in counts}
        content = {
            "clusters": [
                {"name": name, "cluster": {"server": f"{address}/{count}"}}
                for count, name in names.items()
            ],
            "users": [{"name": "somebody", "user": {"token": "made-up"}}],
            "contexts": [
                {"name": name, "context": {"cluster": name, "user": "somebody"}}
                for name in names.values()
            ],
        }
        path.write_text(json.dumps(content), encoding="utf-8")
        return path


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        count = int(parts.path.split("/")[1])
        start = int(parse_qs(parts.query).get("continue", ["0"])[0])
        body = (
            _chunk(start, count) if parts.path.endswith("/pods") else b'{"metadata":{},"items":[]}'
        )
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


def _chunk(start: int, count: int) -> bytes:
    end = min(start + CHUNK, count)
    pods = ",".join(_pod(number) for number in range(start, end))
    token = f'"{end}"' if end < count else "null"
    return f'{{"metadata":{{"continue":{token}}},"items":[{pods}]}}'.encode()


def _pod(number: int) -> str:
    place = {"NAME": f"web-{number:06}", "SPACE": f"space-{number // _NAMES}"}
    text = POD.replace("NUMBER", f"{number:012}")
    for word, value in place.items():
        text = text.replace(word, value)
    return text
