"""A registry on this machine that refuses each image in its own way: ``HOST/WAY:TAG``.

What a runtime makes of its answers is then the runtime's own text. It is asked without TLS, as
runtimes do at a loopback address.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

from tests.support.misbehaviour import Exchange

_INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
_FOREIGN = {
    "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "digest": f"sha256:{'0' * 64}",
    "size": 2,
    "platform": {"os": "linux", "architecture": "s390x"},
}
_INDEX = json.dumps(
    {"schemaVersion": 2, "mediaType": _INDEX_TYPE, "manifests": [_FOREIGN]}
).encode()
_STATUSES = {"missing": 404, "private": 401, "forbidden": 403, "busy": 429}


class _Answers(Exchange):
    default_request_version = (
        "HTTP/1.1"  # of a request that is none: a client then goes without TLS
    )

    def do_GET(self) -> None:  # noqa: N802 - as it is called
        way = self.path.removeprefix("/v2/").partition("/")[0]
        if way == "foreign":
            digest = f"sha256:{hashlib.sha256(_INDEX).hexdigest()}"
            self.respond(200, _INDEX, _INDEX_TYPE, {"Docker-Content-Digest": digest})
        else:
            self.respond(_STATUSES.get(way, 200), b"{}")

    do_HEAD = do_GET  # noqa: N815 - as it is called

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def registry() -> Iterator[str]:
    """Its host and port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
