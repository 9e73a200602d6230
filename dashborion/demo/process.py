"""The demo's background process: started once, found again, stopped, put back. Imports no moto.

Everything is in one private folder: ``state.json`` says how to reach the process, ``alive`` holds
its number and is locked by it for as long as it lives (so a stale state file or a reused pid is
never believed), ``lock`` is held while somebody starts it, ``log`` is what it says.
"""

from __future__ import annotations

import base64
import fcntl
import http.client
import importlib.util
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import platformdirs

from dashborion import __version__

_EXTRA = ("moto", "jsonpatch", "trustme")
_POLL_SECONDS = 0.02
_PATIENCE_SECONDS = 30.0  # a reset plays a day forward
_FOREIGN = ("AWS_", "KUBE", "DASHBORION_")  # variables that are none of the demo's business


class MissingExtra(Exception):
    """The extra ``demo`` is not installed."""


class NotStarted(Exception):
    """The demo ended at once, did not answer in time, or cannot write its folder."""

    def __init__(self, message: str, log: Path | None = None) -> None:
        super().__init__(message)
        self.log = log


class Refused(Exception):
    """The demo does not do what it was asked for, and says why."""


class UnsafeFolder(Exception):
    """The demo's folder is not this user's own: what is in it is neither read nor run."""


class Running(msgspec.Struct, frozen=True, omit_defaults=True):
    """How to reach a running demo; ``kubeconfig`` has the contexts of ``media``."""

    pid: int
    version: str
    speed: float
    started: str
    aws_url: str
    region: str
    access_key: str
    secret_key: str
    kubernetes_url: str
    token: str
    kubeconfig: str
    log: str
    was_running: bool = True


class DemoFolder:
    """The private folder of one background process, and the files in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.state, self.kubeconfig = path / "state.json", path / "kubeconfig"
        self.alive, self.lock, self.log = path / "alive", path / "lock", path / "log"

    def make(self) -> None:
        """Create the folder, readable by its owner only; raises NotStarted and UnsafeFolder."""
        existing = _nearest(self.path)
        if os.geteuid() == 0 and existing.stat().st_uid != 0:  # `sudo` with $HOME kept
            raise UnsafeFolder(f"{existing} is another user's, and root keeps nothing there")
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self.is_there():
                raise NotStarted(f"{self.path} was taken away")
            self.lock.touch(0o600)
        except OSError as error:
            raise NotStarted(f"cannot write in {self.path}: {error.strerror}") from error

    def is_there(self) -> bool:
        """Whether the folder exists; asked before anything in it is read, written or signalled.

        Raises:
            UnsafeFolder: somebody else could have put something into it, or it is a link.
        """
        try:
            status = self.path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise NotStarted(f"cannot look at {self.path}: {error.strerror}") from error
        if not stat.S_ISDIR(status.st_mode):
            raise UnsafeFolder(f"{self.path} is no folder")
        if status.st_uid != os.geteuid():
            raise UnsafeFolder(f"{self.path} belongs to somebody else")
        if status.st_mode & 0o022:  # what they have put into it would stay there
            raise UnsafeFolder(f"{self.path} may be written by other users: remove it")
        if status.st_mode & 0o077:
            raise UnsafeFolder(f"{self.path} is open to other users: `chmod 700` it")
        return True

    def write(self, path: Path, text: str) -> None:
        """Write a file atomically, readable by its owner only."""
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        fresh.replace(path)


def default_folder() -> Path:
    """In the user's state folder, or where that is read-only, in ``$XDG_RUNTIME_DIR`` if it is set.

    Never in a folder that users share: what others prepare there would be run.
    """
    folder = Path(platformdirs.user_state_dir("dashborion")) / "demo"
    private = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.access(_nearest(folder), os.W_OK) or not Path(private).is_absolute():
        return folder
    return Path(private) / "dashborion-demo"


def _nearest(path: Path) -> Path:
    """The path itself, or the first folder above it that exists."""
    return next(parent for parent in (path, *path.parents) if parent.exists())


def start(path: Path, *, speed: float = 1.0, wait_seconds: float = 30.0) -> Running:
    """The running demo, which is started if there is none of this version.

    Raises:
        MissingExtra: moto is not installed.
        NotStarted: with the path of the log, where there is one.
    """
    folder = DemoFolder(path)
    if running := _usable(folder):
        return running
    if not all(map(importlib.util.find_spec, _EXTRA)):
        raise MissingExtra
    folder.make()
    with folder.lock.open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if running := _usable(folder):
            return running  # somebody else was quicker
        stop(folder.path)  # one of another version, or that nobody knows how to reach
        return _spawn(folder, speed, wait_seconds)


def _usable(folder: DemoFolder) -> Running | None:
    """The running demo of this version; one that was killed holds its lock for a moment more."""
    running = status(folder.path)
    if running is None or running.version != __version__:
        return None
    address = urlsplit(running.kubernetes_url)
    try:
        socket.create_connection((address.hostname or "", address.port or 0), timeout=1).close()
    except OSError:
        return None
    return running


def status(path: Path) -> Running | None:
    """The running demo, or None; what a killed one has left behind is taken away."""
    folder = DemoFolder(path)
    if not folder.is_there():
        return None
    if not _is_held(folder.alive):
        with suppress(OSError):
            folder.state.unlink(missing_ok=True)
        return None
    try:
        return msgspec.json.decode(folder.state.read_bytes(), type=Running)
    except (OSError, msgspec.DecodeError):
        return None  # it has just begun, or is of another version


def stop(path: Path, *, wait_seconds: float = 10.0) -> bool:
    """End the demo; False if it did not run."""
    folder = DemoFolder(path)
    pid = _holder(folder.alive) if folder.is_there() else None
    if pid is None or not _is_demo(pid, folder):
        return False
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            break
        if _wait(lambda: not _is_held(folder.alive), wait_seconds):
            break
    folder.state.unlink(missing_ok=True)
    return True


def reset(path: Path) -> Running:
    """Put the fleets back, at the same addresses; starts the demo if it does not run."""
    running = start(path)
    if running.was_running:
        ask(running, "reset")
    return running


def ask(running: Running, what: str, **given: str) -> Any:
    """Ask something of the demo itself, with its own token and over its own certificate.

    Raises:
        Refused: it does not do that.
        NotStarted: it has gone.
    """
    address = urlsplit(running.kubernetes_url)
    try:
        kubeconfig = msgspec.json.decode(Path(running.kubeconfig).read_bytes())
        authority = kubeconfig["clusters"][0]["cluster"]["certificate-authority-data"]
        trusted = ssl.create_default_context(cadata=base64.b64decode(authority).decode())
        connection = http.client.HTTPSConnection(
            address.hostname or "", address.port, context=trusted, timeout=_PATIENCE_SECONDS
        )
        with closing(connection):
            headers = {"Authorization": f"Bearer {running.token}"}
            connection.request("POST", f"/demo/{what}", msgspec.json.encode(given), headers)
            answer = connection.getresponse()
            told = msgspec.json.decode(answer.read())
    except (OSError, http.client.HTTPException, msgspec.DecodeError) as error:
        raise NotStarted(f"it does not answer: {error}", Path(running.log)) from error
    if answer.status != 200:
        raise Refused(told["message"])
    return told


def _spawn(folder: DemoFolder, speed: float, wait_seconds: float) -> Running:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(_FOREIGN)}
    # moto is made of botocore, which would read the user's own files, broken ones too.
    environment |= dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
    paths = [str(Path(__file__).resolve().parents[2]), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    command = [sys.executable, "-m", "dashborion.demo", str(folder.path), str(speed)]
    with os.fdopen(os.open(folder.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as log:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=environment,
            start_new_session=True,
        )

    def started() -> Running | None:
        running = status(folder.path)
        return running if running and running.pid == child.pid else None

    _wait(lambda: started() is not None or child.poll() is not None, wait_seconds)
    if running := started():
        child.returncode = 0  # it is nobody's child from now on: no warning at our own end
        return msgspec.structs.replace(running, was_running=False)
    if child.poll() is None:
        child.kill()
        child.wait()
        raise NotStarted(f"the demo did not start within {wait_seconds:g} seconds", folder.log)
    raise NotStarted("the demo ended as soon as it was started", folder.log)


def hold(path: Path, *, wait_seconds: float = 2.0) -> bool:
    """Lock a file until this process ends and write its pid there; False if it is locked.

    Whoever looks whether it is held takes it for an instant: that is no reason to give up.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    if not _wait(lambda: _locks(descriptor, fcntl.LOCK_EX), wait_seconds):
        os.close(descriptor)
        return False
    os.truncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return True


def _is_demo(pid: int, folder: DemoFolder) -> bool:
    """Whether a process is the demo of that folder, and nobody else's."""
    process = Path("/proc") / str(pid)
    if process.is_dir():
        owner = str(process.stat().st_uid)
        command = (process / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
    else:  # macOS has no /proc, and slim images of Linux have no `ps`
        words = ["ps", "-ww", "-o", "uid=,command=", "-p", str(pid)]
        shown = subprocess.run(words, capture_output=True, text=True, check=False, errors="replace")
        owner, _, command = shown.stdout.strip().partition(" ")
    return owner == str(os.geteuid()) and f"dashborion.demo {folder.path} " in f"{command} "


def _holder(path: Path) -> int | None:
    """The pid of the process that holds the lock, unless it is just taking it."""
    with suppress(OSError, ValueError):
        return int(path.read_text(encoding="ascii")) if _is_held(path) else None
    return None


def _is_held(path: Path) -> bool:
    try:
        with path.open("r+b") as file:
            return not _locks(file.fileno(), fcntl.LOCK_SH)
    except OSError:
        return False  # there is none


def _locks(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(is_done: Callable[[], bool], seconds: float) -> bool:
    ends = time.monotonic() + seconds
    while not is_done():
        if time.monotonic() > ends:
            return False
        time.sleep(_POLL_SECONDS)
    return True
