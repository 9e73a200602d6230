"""The background process: one at a time, found again, gone when it shall be."""

import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from dashborion.demo import process
from dashborion.demo.process import DemoFolder, NotStarted, Running
from dashborion.demo.server import Demo
from tests.support.waiting import PATIENCE_SECONDS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    found = tmp_path_factory.mktemp("demo")
    yield found
    process.stop(found)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_two_concurrent_starts_get_the_same_process(folder: Path) -> None:
    found: list[Running] = []
    threads = [
        threading.Thread(target=lambda: found.append(process.start(folder))) for _ in range(2)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found[0].pid == found[1].pid
    assert sorted(each.was_running for each in found) == [False, True]


def test_its_files_are_readable_by_its_user_only(folder: Path) -> None:
    running = process.start(folder)
    assert process.start(folder).was_running
    assert _mode(folder) == 0o700
    for name in ("state.json", "kubeconfig", "log", "alive"):
        assert _mode(folder / name) == 0o600
    contexts = json.loads(Path(running.kubeconfig).read_text())["contexts"]
    assert [each["name"] for each in contexts] == ["media-staging", "media-production"]


def test_the_process_holds_no_inherited_descriptors(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from dashborion.demo import process; "
    code += "print(process.start(Path(sys.argv[1])).pid)"
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr  # and the pipes have come to their end
    assert process.stop(tmp_path)


def test_a_reset_keeps_the_addresses(folder: Path) -> None:
    before = process.start(folder)
    after = process.reset(folder)
    assert after.was_running
    assert (after.pid, after.aws_url, after.token) == (before.pid, before.aws_url, before.token)


def test_a_killed_process_is_not_running(folder: Path) -> None:
    running = process.start(folder)
    os.kill(running.pid, signal.SIGKILL)
    process._wait(lambda: process.status(folder) is None, PATIENCE_SECONDS)
    assert process.status(folder) is None
    assert not DemoFolder(folder).state.exists()
    assert process.stop(folder) is False
    assert not process.start(folder).was_running


def idle(folder: Path, seconds: float) -> subprocess.Popen[bytes]:
    """The process as it is started, but for how long it waits for somebody to ask."""
    code = "import sys; from pathlib import Path; from dashborion.demo.__main__ import main; "
    code += "sys.exit(main(Path(sys.argv[1]), 1.0, idle_seconds=float(sys.argv[2])))"
    return subprocess.Popen([sys.executable, "-c", code, str(folder), str(seconds)])


def test_an_idle_process_ends_by_itself(tmp_path: Path) -> None:
    with idle(tmp_path, 0.5) as child:
        assert child.wait(PATIENCE_SECONDS) == 0
    assert not DemoFolder(tmp_path).state.exists()
    assert not DemoFolder(tmp_path).kubeconfig.exists()


@pytest.mark.parametrize("path", ["/version", "/api/v1/namespaces?watch=true"])
def test_requests_and_streams_keep_the_process_alive(path: str) -> None:
    """Bug: whoever follows a log for longer than that loses the demo: it was one request."""
    with Demo(is_ticking=False) as demo:
        born = demo._asked
        head = {"Authorization": f"Bearer {demo.token}"}
        with urllib3.PoolManager(retries=False, ca_cert_data=demo.identity.authority) as pool:
            url = f"{demo.kubernetes.api.url}{path}"
            answer = pool.request("GET", url, headers=head, preload_content=False)
            first = demo._asked
            assert first > born
            if "watch" in path:  # nothing more is asked
                assert process._wait(lambda: demo._asked > first, PATIENCE_SECONDS)
            answer.close()
        assert answer.status == 200


def test_stop_ends_the_process(folder: Path) -> None:
    process.start(folder)
    assert process.stop(folder)
    assert process.status(folder) is None
    assert not DemoFolder(folder).kubeconfig.exists()


def test_a_process_that_fails_to_start_names_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho it broke >&2\nexit 3\n")
    broken.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(broken))
    with pytest.raises(NotStarted) as caught:
        process.start(tmp_path / "demo")
    assert caught.value.log is not None
    assert caught.value.log.read_text() == "it broke\n"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotStarted, match="cannot write in"):
        process.start(tmp_path / "file" / "demo")
