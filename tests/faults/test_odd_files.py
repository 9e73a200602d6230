"""Files that are none: pipes, devices, folders and sockets, and files that are broken or huge."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from dashborion.config.edit import ConfigFile
from dashborion.config.remembered import RememberedEnvironments
from dashborion.config.targets import Config, EcsTarget, Environment, Origin
from dashborion.errors import ConfigError
from dashborion.storage import files
from dashborion.storage.cache import FileCache
from tests.support.cli import Cli
from tests.support.kubeconfigs import document, write
from tests.support.stub_api import Api
from tests.support.waiting import PATIENCE_SECONDS

CONFIG = "environments: {only: {orchestrator: kubernetes, context: here}}"
KUBECONFIG = "current-context: here\ncontexts: [{name: here, context: {}}]\n"
DEEP = b'{"in_use": ' + b"[" * 5000 + b"]" * 5000 + b"}"

Place = Callable[[Path], None]


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(path.parent)  # a socket's path has at most 107 characters
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(path.name)
    finally:
        os.fchdir(here)
        os.close(here)


def _zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 33)


def _loop(path: Path) -> None:
    path.symlink_to(path)


def _nowhere(path: Path) -> None:
    path.symlink_to("nothing")


ODD = {
    "a pipe that nobody writes": (_fifo, "not written to its end"),
    "a device without an end": (_zeros, "larger than 4 MB"),
    "a folder": (Path.mkdir, "Is a directory"),
    "a socket": (_socket, "a socket"),
    "eight gigabytes": (_large, "larger than 4 MB"),
    "a link to itself": (_loop, "symbolic link"),
}
# What is in a folder is read only if it is a file.
IN_A_FOLDER = {
    "not written to its end": "not a regular file",
    "larger than 4 MB": "larger than 64 kB",
}
odd = pytest.mark.parametrize(("place", "said"), ODD.values(), ids=ODD)


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PIPE_SECONDS", 0.2)


@contextmanager
def _written(path: Path, content: bytes) -> Iterator[None]:
    """Somebody writes into a pipe, as in ``<(…)``."""
    writer = threading.Thread(target=path.write_bytes, args=[content])
    writer.start()
    yield
    writer.join(PATIENCE_SECONDS)


# --- What a person names --------------------------------------------------------------------------


@odd
@pytest.mark.parametrize(
    "where", ["--config", "$DASHBORION_CONFIG", "$KUBECONFIG", "the folder's", "the user's own"]
)
def test_a_config_that_is_no_file_is_an_error_that_names_it(
    dashborion: Cli,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    place: Place,
    said: str,
) -> None:
    path, command = home / "odd", "workloads list -o json"
    if where == "--config":
        command += f" --config {path}"
    elif where.startswith("$"):
        monkeypatch.setenv(where[1:], str(path))
    elif where == "the folder's":
        path = Path("dashborion.yaml").absolute()
    else:
        path = home / ".config" / "dashborion" / "config.yaml"
        path.parent.mkdir(parents=True)
    place(path)

    seen = dashborion(command)

    assert seen.exit_code == 2
    assert dashborion.took < PATIENCE_SECONDS / 2
    if path.is_symlink() and where == "the folder's":
        assert "is ignored: it is a link" in seen.err
        return
    assert seen.error["code"] == "config"
    assert str(path) in seen.error["message"]
    words = IN_A_FOLDER.get(said, said) if where == "the folder's" else said
    assert words in seen.error["message"]


@pytest.mark.parametrize("named", ["--config", "$DASHBORION_CONFIG"])
def test_a_config_that_is_a_link_to_nowhere_is_not_passed_over(
    dashborion: Cli, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    _nowhere(Path("config.yaml"))
    if named.startswith("$"):
        monkeypatch.setenv(named[1:], "config.yaml")

    seen = dashborion(f"workloads list {'' if named.startswith('$') else '--config config.yaml'}")

    assert seen.exit_code == 2
    assert "config.yaml: No such file" in seen.err


def test_a_user_that_does_not_exist_is_part_of_a_files_name(dashborion: Cli) -> None:
    seen = dashborion("env list --config ~nobody-of-this-name/config.yaml")

    assert seen.exit_code == 2
    assert "~nobody-of-this-name/config.yaml: No such file" in seen.err


@pytest.mark.parametrize("blocks", [1, 3000], ids=["small", "larger than a pipe holds"])
def test_a_config_may_be_a_pipe(dashborion: Cli, tmp_path: Path, blocks: int) -> None:
    path = tmp_path / "pipe"
    _fifo(path)

    with _written(path, CONFIG.encode() + b"\n# a comment of 40 characters\n" * blocks):
        seen = dashborion(f"env list -o name --config {path}")

    assert (seen.exit_code, seen.lines) == (0, ["only"])


def test_a_kubeconfig_may_be_a_pipe_though_it_is_needed_several_times(
    dashborion: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api: Api
) -> None:
    path = tmp_path / "pipe"
    _fifo(path)
    monkeypatch.setenv("KUBECONFIG", str(path))
    content = write(tmp_path / "plain", document(api.url)).read_bytes()

    with _written(path, content):
        seen = dashborion("workloads list -o name")

    assert (seen.exit_code, seen.lines) == (0, ["api", "db", "web"])


def test_a_shells_process_substitution_is_a_config(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG)
    typed = f'"$0" -m dashborion env list -o name --config <(cat {tmp_path}/config.yaml)'

    done = subprocess.run(
        ["/bin/bash", "-c", typed, sys.executable],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )

    assert (done.stdout, done.stderr, done.returncode) == ("only\n", "", 0)


def test_the_null_device_is_an_empty_kubeconfig(
    dashborion: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", os.devnull)

    seen = dashborion("workloads list")

    assert seen.exit_code == 2
    assert "no environment" in seen.err


def test_a_folder_that_was_deleted_holds_no_config(tmp_path: Path) -> None:
    typed = 'mkdir gone && cd gone && rmdir ../gone && "$0" -m dashborion env list -o json'

    done = subprocess.run(
        ["/bin/sh", "-c", typed, sys.executable],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )

    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("env use ecs:eu-west-3/\udcff", 2),
        ("env list --config \udcff.yaml", 2),
        ("workloads list -e k8s:\udcff", 2),
        ("workloads list -p \udcff", 2),
    ],
)
def test_bytes_that_are_no_text_are_wrong_usage(dashborion: Cli, command: str, code: int) -> None:
    """Python hands them on as surrogates, which no encoder takes."""
    seen = dashborion(command)

    assert seen.exit_code == code


# --- What this program writes itself --------------------------------------------------------------


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(_fifo, id="a pipe"),
        pytest.param(_zeros, id="a device without an end"),
        pytest.param(_socket, id="a socket"),
        pytest.param(_large, id="eight gigabytes"),
        pytest.param(_loop, id="a link to itself"),
        pytest.param(lambda path: path.write_bytes(b"\x91" * 100_000), id="deep MessagePack"),
        pytest.param(lambda path: path.write_bytes(b"\xff\x00{["), id="junk"),
        pytest.param(lambda path: path.write_bytes(b""), id="empty"),
    ],
)
def test_a_cache_that_is_no_cache_is_empty_and_written_again(home: Path, place: Place) -> None:
    cache = FileCache("kind", ("key",), str)
    cache.path.parent.mkdir(parents=True)
    place(cache.path)

    assert cache.read() == {}
    cache.add({"a": "b"})
    assert cache.read() == {"a": "b"}


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(_fifo, id="a pipe"),
        pytest.param(_zeros, id="a device without an end"),
        pytest.param(Path.mkdir, id="a folder"),
        pytest.param(lambda path: path.write_bytes(DEEP), id="deep JSON"),
        pytest.param(lambda path: path.write_bytes(b'{"in_use'), id="half of it"),
        pytest.param(lambda path: path.write_bytes(b'{"in_use": [1]}'), id="another type"),
    ],
)
def test_a_state_file_that_is_none_is_told_and_can_be_written_again(
    dashborion: Cli, home: Path, place: Place
) -> None:
    Path("dashborion.yaml").write_text(f"default: only\n{CONFIG}\n  ")
    state = home / ".local" / "state" / "dashborion" / "state.json"
    state.parent.mkdir(parents=True)
    place(state)

    seen = dashborion("env show -o json")

    assert (seen.exit_code, seen.json["name"]) == (0, "only")
    assert f"{state} is ignored" in seen.err
    assert "env use" in seen.err
    used = dashborion("env use only")
    if state.is_dir():
        assert used.exit_code == 2
        assert f"cannot write {state}" in used.err
    else:
        assert used.exit_code == 0
        assert "ignored" not in dashborion("env show").err


@pytest.mark.parametrize("content", [DEEP, b"{", b"[" * 100_000, b'{"workloads": 1}'])
def test_names_for_completion_that_are_broken_do_not_end_a_command(
    dashborion: Cli, cluster: Api, home: Path, content: bytes
) -> None:
    dashborion("workloads list")
    (kept,) = (home / ".cache" / "dashborion").glob("names-*")
    before = kept.read_bytes()
    kept.write_bytes(content)

    assert dashborion("workloads list").exit_code == 0
    assert kept.read_bytes()[:20] == before[:20]


# --- Several processes at once --------------------------------------------------------------------


def _environments(number: int) -> list[Environment]:
    target = EcsTarget(cluster=f"cluster-{number}", region="eu-west-3")
    return [Environment(project="shop", name=f"stage-{number}", target=target)]


def _at_once(calls: list[Callable[[], object]]) -> None:
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)


def test_what_eight_add_to_a_config_at_once_is_all_in_it(home: Path) -> None:
    path = home / "config.yaml"
    opened = [ConfigFile.open(path, Origin.NAMED) for _ in range(8)]

    _at_once([partial(file.add, _environments(n)) for n, file in enumerate(opened)])

    added = ConfigFile.open(path, Origin.NAMED).config.environments
    assert {one.label for one in added} == {f"shop/stage-{number}" for number in range(8)}
    assert [one.name for one in home.iterdir()] == ["config.yaml"], "no lock is left behind"


def test_what_another_process_has_added_meanwhile_is_not_added_again(home: Path) -> None:
    path = home / "config.yaml"
    first, second, third = (ConfigFile.open(path, Origin.NAMED) for _ in range(3))

    assert first.add(_environments(1)) == 1
    assert second.add(_environments(1)) == 0
    other = [Environment(project="shop", name="stage-1", target=EcsTarget(cluster="other"))]
    with pytest.raises(ConfigError, match="another process has added 'shop/stage-1'"):
        third.add(other)


def test_what_eight_remember_at_once_is_all_remembered(home: Path) -> None:
    remembered = RememberedEnvironments(home / "state.json")
    configs = [Config(path=home / f"{number}.yaml") for number in range(8)]

    _at_once([partial(remembered.set, c, str(c.path)) for c in configs])

    assert [remembered.get(config) for config in configs] == [str(one.path) for one in configs]


def test_what_eight_keep_in_a_cache_at_once_is_all_kept(home: Path) -> None:
    cache = FileCache("kind", ("key",), str)

    _at_once([partial(cache.add, {f"key {n}": "value"}) for n in range(8)])

    assert len(cache.read()) == 8


def test_a_lock_that_is_held_for_too_long_is_an_error(home: Path) -> None:
    path = home / "config.yaml"
    with files.locked(path), pytest.raises(OSError, match="another process is changing it"):  # noqa: SIM117
        with files.locked(path, seconds=0.05):
            pass


@pytest.mark.parametrize("command", ["env use only", "env use --forget"])
def test_a_folder_that_cannot_be_written_to_is_an_error_that_names_the_file(
    dashborion: Cli, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    Path("dashborion.yaml").write_text(CONFIG)
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/self")  # not even root can write there

    seen = dashborion(command)

    assert seen.exit_code == 2
    assert "cannot write /proc/self/dashborion/state.json" in seen.err
