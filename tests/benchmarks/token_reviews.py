"""What EKS has beside its API server: a webhook that says whose an AWS user's token is."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

_ADMIN = {"username": "admin", "groups": ["system:masters"]}


class TokenReviews:
    """Takes every token of the form that EKS has; ``arguments`` are for the API server."""

    def __init__(self, kubeconfig: Path) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Reviewer)
        url = f"http://127.0.0.1:{self._server.server_port}/"
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "webhook", "cluster": {"server": url}}],
            "users": [{"name": "api-server"}],
            "contexts": [{"name": "one", "context": {"cluster": "webhook", "user": "api-server"}}],
            "current-context": "one",
        }
        kubeconfig.write_text(json.dumps(config), encoding="utf-8")
        self.arguments = (
            f"--authentication-token-webhook-config-file={kubeconfig}",
            "--authentication-token-webhook-version=v1",
        )

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Reviewer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = asked["spec"]["token"].startswith("k8s-aws-v1.")
        status = {"authenticated": True, "user": _ADMIN} if known else {"authenticated": False}
        body = json.dumps({**asked, "status": status}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""
