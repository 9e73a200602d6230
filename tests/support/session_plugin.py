"""A stand-in for AWS' session-manager-plugin that forwards a port: to an HTTP server of its own."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

_PROGRAM = """#!{python}
import http.server, json, os, sys
if sys.argv[1:] == ["--version"]:
    print("1.2.707.0")
    sys.exit()
name, region, operation, profile, asked, endpoint = sys.argv[1:]
asked = json.loads(asked)
called = {{"pid": os.getpid(), "asked": asked, "endpoint": endpoint,
          "session": json.loads(os.environ[name])}}
with open({told!r}, "a") as file:
    file.write(json.dumps(called) + "\\n")
if {fails!r}:
    sys.exit({fails!r})

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/end":
            os._exit(0)
        body = asked["Target"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

port = int(asked["Parameters"]["localPortNumber"][0])
server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
print(f"Port {{port}} opened for sessionId user-1.", flush=True)
server.serve_forever()
"""


class Plugin:
    """Installed on the PATH; ``fails`` is what it says instead of listening."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._program, self._told = folder / "bin/session-manager-plugin", folder / "called.jsonl"
        self._program.parent.mkdir()
        self.install()
        patch.setenv("PATH", f"{self._program.parent}{os.pathsep}{os.environ['PATH']}")

    def install(self, *, fails: str = "") -> None:
        text = _PROGRAM.format(python=sys.executable, told=str(self._told), fails=fails)
        self._program.write_text(text)
        self._program.chmod(0o700)

    @property
    def calls(self) -> list[dict[str, Any]]:
        """How it was called, each time."""
        lines = self._told.read_text().splitlines() if self._told.exists() else []
        return [json.loads(line) for line in lines]
