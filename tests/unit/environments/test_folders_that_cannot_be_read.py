"""Commands typed in a folder that was deleted, or that nobody lets us look into."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import Cli
from tests.support.kubeconfigs import document, write

COMMANDS = [
    "--help", "--version", "env list", "env check", "env discover", "env use k8s:here",
    "workloads list", "workloads scale web -r 1", "instances list", "k8s nodes list",
    "ecs clusters list -e ecs:eu-west-3/c", "api /api/a/workloads/b", "schema", "demo status",
    "--config mine.yaml env list", "--config mine.yaml env discover --add --yes",
]  # fmt: skip
AS_NOBODY = """
import os, sys
from contextlib import suppress
from io import StringIO
from dashborion.__main__ import main
sys.stdout, out = StringIO(), sys.stdout  # what is imported later on, nobody may read
sys.stderr, err = StringIO(), sys.stderr
main(sys.argv[2:])
sys.stdout, sys.stderr = out, err
os.chdir(sys.argv[1])
os.setegid(65534)
os.seteuid(65534)
sys.exit(main(sys.argv[2:]))
"""


@pytest.fixture
def outer(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "outer"
    (folder / "inner").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / "dashborion.yaml").write_text("environments: {}\n")
    yield folder
    folder.chmod(0o700)
    (folder / "inner").chmod(0o700)


def require_a_message(done: subprocess.CompletedProcess[str]) -> None:
    assert "Traceback" not in done.stderr
    assert "unexpected" not in done.stderr, done.stderr
    assert done.returncode in (0, 1, 2, 4, 6), done.stderr
    assert done.stdout or done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_a_deleted_folder(
    dashborion: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    content = document("http://127.0.0.1:1", cluster={"certificate-authority": "ca.pem"})
    write(tmp_path / "kubeconfig", content)
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    monkeypatch.setenv("KUBECONFIG", "../kubeconfig")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    seen = dashborion(command, cwd=folder, fails_with_rows=True)
    monkeypatch.chdir(tmp_path)  # pytest needs one, too

    assert "unexpected" not in seen.err
    assert seen.exit_code in (0, 1, 2, 4, 6)
    assert seen.out or seen.err


@pytest.mark.parametrize("pwd", ["/nowhere", None], ids=["kept", "unset"])
def test_a_deleted_folder_from_the_start_on(tmp_path: Path, pwd: str | None) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    script = f'cd "$0" && rmdir "$0" && {"unset" if pwd is None else "export"} PWD && exec "$@"'

    done = subprocess.run(
        ["/bin/sh", "-c", script, folder, sys.executable, "-m", "dashborion", "env", "list"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip

    require_a_message(done)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize("command", ["env list", "workloads list"])
@pytest.mark.parametrize("closed", ["outer", "inner", "both"])
def test_a_folder_or_a_parent_that_cannot_be_read(
    outer: Path, home: Path, closed: str, command: str
) -> None:
    for folder in (outer, outer / "inner"):
        folder.chmod(0o755)
    for folder in (outer, outer / "inner") if closed == "both" else [outer]:
        folder.chmod(0o700)
    if closed == "inner":
        outer.chmod(0o755)
        (outer / "inner").chmod(0o700)

    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(outer / "inner"), *command.split()],
        env=os.environ | {"KUBECONFIG": "/nowhere", "AWS_EC2_METADATA_DISABLED": "true"},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip

    require_a_message(done)
