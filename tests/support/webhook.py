"""An admission webhook: a server that refuses all that the API server asks it for."""

from __future__ import annotations

import base64
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import trustme

from tests.support.api import Manifest

POLICY = "the label cost-centre is missing"


class _Refusal(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = msgspec.json.decode(self.rfile.read(int(self.headers["Content-Length"])))
        answer = {
            "apiVersion": asked["apiVersion"],
            "kind": asked["kind"],
            "response": {
                "uid": asked["request"]["uid"],
                "allowed": False,
                "status": {"message": POLICY, "code": 403},
            },
        }
        body = msgspec.json.encode(answer)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def refusing() -> Iterator[tuple[str, str]]:
    """The URL of one, and the authority of its certificate as a configuration takes it."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Refusal)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    bundle = base64.b64encode(authority.cert_pem.bytes()).decode()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}/", bundle
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def configuration(name: str, url: str, bundle: str, *, namespace: str) -> Manifest:
    """Asked of every pod that is to be made in a namespace; without its answer none is."""
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [
            {
                "name": f"{name}.example.com",
                "clientConfig": {"url": url, "caBundle": bundle},
                "rules": [
                    {
                        "apiGroups": [""],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE"],
                        "resources": ["pods"],
                    }
                ],
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "failurePolicy": "Fail",
                "timeoutSeconds": 5,
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
            }
        ],
    }
