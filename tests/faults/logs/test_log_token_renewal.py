"""A token that runs out while a log is followed is renewed, and no line is missing for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import Cli, lines
from tests.support.kubeconfigs import RENEWED, TOKEN, Plugin, credential, document, write
from tests.support.misbehaviour import Exchange, status
from tests.support.stub_api import Api
from tests.support.stub_objects import pod
from tests.support.waiting import PATIENCE_SECONDS

STAMP = "2026-01-01T00:00:0{0}.000000001Z"
ALL = [f"{STAMP.format(n)} said {n}\n".encode() for n in range(4)]


def test_the_plugin_is_run_again_and_the_log_read_on(
    dashborion: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = pod()
    made["status"]["containerStatuses"][0]["containerID"] = "containerd://1"
    plugin = Plugin.write(tmp_path / "log-in", credential(TOKEN), credential(RENEWED))
    with Api(objects={"pods": [made], "namespaces": []}, token=TOKEN) as api:

        def serve(exchange: Exchange) -> None:
            """Two lines, and the token is worth nothing any more; then the rest for the new one."""
            if exchange.headers["Authorization"] != f"Bearer {api.token}":
                status(401, "Unauthorized", reason="Unauthorized")(exchange)
                return
            sent = b"".join(ALL[:2] if api.token == TOKEN else ALL[1:])
            exchange.begin({"Transfer-Encoding": "chunked"}, b"%x\r\n%s\r\n" % (len(sent), sent))
            if api.token == RENEWED:
                exchange.over.wait(PATIENCE_SECONDS)
            api.token = RENEWED

        api.on("*/log", serve)
        path = write(tmp_path / "kubeconfig", document(api.url, user=plugin.user))
        monkeypatch.setenv("KUBECONFIG", str(path))
        seen = dashborion("instances logs web-1 -f -e k8s:here", enough=lines(4))
    assert seen.out == "said 0\nsaid 1\nsaid 2\nsaid 3\n"
    assert seen.exit_code == 130
    assert plugin.runs == 2
