"""Reading files that people name and files of our own, within bounds; writing private files."""

from __future__ import annotations

import errno
import os
import select
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MOST_BYTES = 4 << 20  # a kubeconfig of a thousand clusters is 3 MB; more is not a config
PIPE_SECONDS = 5.0
LOCK_SECONDS = 10.0
CACHE_LOCK_SECONDS = 0.5  # what is not kept this time is kept the next
_POLL_SECONDS = 0.02
_CHUNK = 1 << 16

# A pipe can be read once, but a config is needed again: by name, device and inode.
_pipes: dict[tuple[str, int, int], bytes] = {}
_are_pipes_read = True


@contextmanager
def without_pipes() -> Iterator[None]:
    """Refuse pipes in this process: a tab would wait for their writer, and leave them empty."""
    global _are_pipes_read  # noqa: PLW0603 - it is about all threads
    before, _are_pipes_read = _are_pipes_read, False
    try:
        yield
    finally:
        _are_pipes_read = before


def read_named(path: str | Path, *, most_bytes: int = MOST_BYTES) -> bytes:
    """The content of a file whose name comes from a person, a config or a variable.

    A pipe will do (``<(…)``, ``/dev/stdin``): what its writer has written when it closes it.
    What was read of one is remembered, for the next call.

    Raises:
        OSError: with a ``strerror`` for people; it is unreadable, a directory or a socket, holds
            more than ``most_bytes``, or is a pipe that is not closed within ``PIPE_SECONDS``.
    """
    descriptor = _open(path)
    try:
        status = os.fstat(descriptor)
        _refuse_folder(status, path)
        if stat.S_ISBLK(status.st_mode):
            raise OSError(errno.EINVAL, "a disk, not a file", str(path))
        if stat.S_ISREG(status.st_mode):
            return _read(descriptor, path, most_bytes, 0.0)
        if not _are_pipes_read:
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        key = str(path), status.st_dev, status.st_ino
        if key not in _pipes:
            _pipes[key] = _read(descriptor, path, most_bytes, PIPE_SECONDS)
        return _pipes[key]
    finally:
        os.close(descriptor)


def read_own(path: Path, *, most_bytes: int) -> bytes:
    """The content of a file that this program wrote.

    Raises:
        OSError: it is unreadable, not a regular file, or holds more than ``most_bytes``.
    """
    return _read_regular(_open(path), path, most_bytes)


def read_trusted(
    path: Path, *, most_bytes: int, distrust: Callable[[os.stat_result], str | None]
) -> bytes:
    """The content of a file in a folder to which others may write.

    What is read is what ``distrust`` has looked at, whatever the name stands for by then.

    Raises:
        OSError: it is a link, there is a reason to distrust it, or as ``read_own``.
    """
    descriptor = _open(path, os.O_NOFOLLOW)
    if reason := distrust(os.fstat(descriptor)):
        os.close(descriptor)
        raise OSError(errno.EPERM, f"it has just been replaced: {reason}", str(path))
    return _read_regular(descriptor, path, most_bytes)


def _read_regular(descriptor: int, path: Path, most_bytes: int) -> bytes:
    try:
        status = os.fstat(descriptor)
        _refuse_folder(status, path)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        return _read(descriptor, path, most_bytes, 0.0)
    finally:
        os.close(descriptor)


def is_there(path: Path) -> bool:
    """Whether a name stands for anything, be it a pipe, a folder or a link to nowhere.

    Reading it says what is wrong with it: it must not be passed over.
    """
    return os.path.lexists(path)


def expanded(text: str) -> Path:
    """The path, ``~`` and ``~user`` expanded; as it stands if there is no such user."""
    return Path(os.path.expanduser(text))  # noqa: PTH111 - which raises RuntimeError


def absolute(path: Path) -> Path:
    """The path from the root on; as it stands if the current folder has been deleted."""
    try:
        return path.absolute()
    except FileNotFoundError:
        return path


def resolved(path: Path) -> Path:
    """The path without links; as ``absolute``."""
    try:
        return path.resolve()
    except FileNotFoundError:
        return path


def make_own_folder(path: Path) -> None:
    """Create a folder for what is this user's own, with mode 0700, unless it is there.

    Raises:
        OSError: it cannot be created, or this is root in another user's home (``sudo`` with
            ``$HOME`` kept): what root left there, its owner could not change.
    """
    existing = next(parent for parent in (path, *path.parents) if parent.exists())
    if os.geteuid() == 0 and existing.stat().st_uid != 0:
        raise OSError(errno.EPERM, "another user's folder, in which root keeps nothing", str(path))
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def is_private(path: Path) -> bool:
    """Whether a folder is there, is no link, and nobody but this user can have put things in it."""
    try:
        status = path.lstat()
    except OSError:
        return False
    is_own = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
    return is_own and not status.st_mode & 0o077


@contextmanager
def locked(path: Path, *, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Keep other processes of ours from changing a file until it is read, changed and written.

    The lock is a file beside it, which is removed again. File systems that have no locks are
    used without.

    Raises:
        OSError: the folder cannot be written to, or another process holds the lock for longer
            than ``seconds``.
    """
    make_own_folder(path.parent)
    lock = path.with_name(f".{path.name}.lock")
    descriptor = _locked(lock, time.monotonic() + seconds)
    try:
        yield
    finally:
        with suppress(OSError):
            lock.unlink()
        os.close(descriptor)


def _locked(lock: Path, ends: float) -> int:
    """The descriptor of a lock file that this process holds."""
    import fcntl

    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), os.lstat(lock)):
                    return descriptor  # and not one that its holder has removed since
        except OSError as error:
            if error.errno in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
                return descriptor
            if not isinstance(error, BlockingIOError):
                os.close(descriptor)
                raise
        os.close(descriptor)
        if time.monotonic() > ends:
            raise OSError(errno.EAGAIN, "another process is changing it", str(lock))
        time.sleep(_POLL_SECONDS)


def _open(path: str | Path, flags: int = 0) -> int:
    """A descriptor of which no read blocks; opening does not wait for a pipe's writer either."""
    try:
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY | flags)
    except ValueError as error:  # a null character
        raise OSError(errno.EINVAL, "not the name of a file", "") from error
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise OSError(errno.ENXIO, "a socket, not a file", str(path)) from error
        raise


def _refuse_folder(status: os.stat_result, path: str | Path) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))


def _read(descriptor: int, path: str | Path, most_bytes: int, seconds: float) -> bytes:
    """All bytes up to the end.

    A pipe that nobody has opened for writing reads as ended: what tells it from an empty one is
    the hang-up that ``poll`` reports when a writer has gone.
    """
    ends, hung_up, content = time.monotonic() + seconds, not seconds, bytearray()
    while len(content) <= most_bytes:
        try:
            chunk = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            chunk = None
        if chunk:
            content += chunk
        elif chunk is not None and (content or hung_up):
            return bytes(content)
        else:
            hung_up = _wait(descriptor, path, ends, seconds)
        if seconds and time.monotonic() > ends:
            raise _too_slow(path, seconds)
    raise OSError(errno.EFBIG, f"larger than {_size(most_bytes)}", str(path))


def _wait(descriptor: int, path: str | Path, ends: float, seconds: float) -> bool:
    """Wait for bytes or the end; gives whether it is the end."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    ready = poll.poll(max(0.0, ends - time.monotonic()) * 1000)
    if not ready:
        raise _too_slow(path, seconds)
    # A character device such as /dev/null is always ready, and at its end at once.
    is_pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    return not is_pipe or bool(ready[0][1] & select.POLLHUP)


def _too_slow(path: str | Path, seconds: float) -> OSError:
    return OSError(errno.ETIMEDOUT, f"not written to its end within {seconds:g}s", str(path))


def _size(number: int) -> str:
    return f"{number >> 20} MB" if number >= 1 << 20 else f"{number >> 10} kB"


def write_private(path: Path, content: bytes) -> None:
    """Write or replace a file atomically, with mode 0600 in a folder of mode 0700.

    Raises:
        OSError: the folder cannot be created or written to.
    """
    import tempfile

    make_own_folder(path.parent)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def cache_folder() -> Path:
    """The folder for caches: ``$DASHBORION_CACHE_DIR``, or the system's default."""
    if named := os.environ.get("DASHBORION_CACHE_DIR"):
        return Path(named)
    import platformdirs

    return platformdirs.user_cache_path("dashborion")
