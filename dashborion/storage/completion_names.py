"""Names for completion, as lists have seen them: small private files, one for each environment.

They are read on every tab, so with the standard library alone. Beside them lies an
index of the environments that a command line means; it holds as long as the files
that decide this are unchanged, and then no YAML has to be read.

A file that cannot be read counts as empty, one that cannot be written is not kept.
"""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from dashborion.storage.files import (
    CACHE_LOCK_SECONDS,
    cache_folder,
    locked,
    make_own_folder,
    read_own,
    write_private,
)

FRESH_SECONDS = 60.0
LOCK_SECONDS = 15.0
ALL_NAMESPACES = "*"  # the scope of a list of all namespaces
MOST_ROWS = 5000  # of one scope
MOST_SCOPES = 50
MOST_FILES = 200
MOST_ENTRIES = 100  # of the index
MOST_BYTES = 8 << 20

_DECIDING_VARIABLES = (
    "HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "KUBECONFIG", "KUBERNETES_SERVICE_HOST",
    "DASHBORION_CONFIG", "DASHBORION_ENV", "DASHBORION_PROJECT",
    "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_ECS", "AWS_ACCESS_KEY_ID",
)  # fmt: skip


class NameSource(NamedTuple):
    """An environment, and the file with the names that its lists have seen.

    ``namespace`` is the one that commands use unless another is named, None for all.
    ``may_fetch`` is False where a tab must not connect.
    """

    label: str
    file: str
    namespace: str | None
    may_fetch: bool


class NameTable(NamedTuple):
    """Rows of names, and when they were listed: 0 if they are not all that there are."""

    listed_at: float
    rows: list[list[Any]]

    def is_fresh(self, now: float) -> bool:
        """Whether they need not be fetched again."""
        return self.listed_at <= now < self.listed_at + FRESH_SECONDS


def read_table(file: str, kind: str, namespace: str | None) -> NameTable | None:
    """The newest rows of a kind, of a namespace or of all (None).

    Of revisions, whose scope is a workload in a namespace, ``*`` is any. Gives None if they were
    never listed.
    """
    tables = _read_kinds(cache_folder() / file).get(kind, {})
    scopes = {namespace or ALL_NAMESPACES, ALL_NAMESPACES}
    anywhere = (namespace or "").startswith(f"{ALL_NAMESPACES}/")
    if anywhere:
        scopes = {scope for scope in tables if scope.endswith(str(namespace)[1:])}
    listed = [tables[scope] for scope in scopes if scope in tables]
    if not listed:
        return None
    newest = max(listed, key=lambda table: float(table["at"]))
    rows = [row for row in newest["rows"] if namespace is None or anywhere or row[0] == namespace]
    return NameTable(float(newest["at"]), rows)


def save_rows(
    file: str, kind: str, scope: str, rows: Iterable[Sequence[Any]], *, complete: bool, now: float
) -> None:
    """Save rows of a kind under a scope; those of an incomplete list are added to the old ones."""
    kept = {str(list(row[:3])): row for row in rows}
    path = cache_folder() / file
    with suppress(OSError), locked(path, seconds=CACHE_LOCK_SECONDS):
        document = _read_kinds(path)
        _replace_rows(document.setdefault(kind, {}), scope, kept, now if complete else None)
        _write(path, document)
    _delete_oldest_files()


def _replace_rows(
    tables: dict[str, Any], scope: str, kept: dict[str, Sequence[Any]], listed_at: float | None
) -> None:
    """Put the rows in the place of those of a scope; beside them if not all were listed (None)."""
    before = tables.pop(scope, None)
    at = listed_at
    if at is None:
        at = before["at"] if before else 0.0
        kept |= {str(row[:3]): row for row in (before["rows"] if before else ())}
    tables[scope] = {"at": at, "rows": list(kept.values())[:MOST_ROWS]}
    for oldest in list(tables)[:-MOST_SCOPES]:
        del tables[oldest]


def index_key(typed: Sequence[Any], environ: Mapping[str, str]) -> str:
    """All that decides which environments are meant, except files: line, folder and variables."""
    variables = [environ.get(name) for name in _DECIDING_VARIABLES]
    try:
        folder = os.getcwd()  # noqa: PTH109 - a tab's time counts
    except FileNotFoundError:  # it has been deleted
        folder = ""
    return json.dumps([folder, *typed, *variables])


def read_index(key: str) -> list[NameSource] | None:
    """The environments of a key; None if it is unknown or a file has changed since."""
    entry = _read(_index_file()).get(key)
    try:
        if entry is None or any(_state(path) != state for path, state in entry["files"].items()):
            return None
        return [NameSource(*source) for source in entry["environments"]]
    except (TypeError, KeyError, AttributeError):  # not written by this program
        return None


def write_index(key: str, sources: Iterable[NameSource], files: Iterable[Path]) -> None:
    """Keep the environments of a key, with all files that decide them, missing ones too."""
    states = {str(path): _state(path) for path in files}
    entry = {"files": states, "environments": [list(source) for source in sources]}
    with suppress(OSError), locked(_index_file(), seconds=CACHE_LOCK_SECONDS):
        document = _read(_index_file())
        document.pop(key, None)
        document[key] = entry
        _write(_index_file(), dict(list(document.items())[-MOST_ENTRIES:]))


def lock(file: str, *, seconds: float = LOCK_SECONDS) -> bool:
    """Whether this process may fetch the names of a file, as no other one is doing so.

    A lock that is older than ``seconds`` was left behind.
    """
    path = _lock_file(file)
    with suppress(OSError):
        make_own_folder(path.parent)
        if path.exists() and time.time() - path.stat().st_mtime > seconds:
            path.unlink()
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        return True
    return False


def is_locked(file: str) -> bool:
    """Whether a process is fetching the names of a file."""
    return _lock_file(file).exists()


def unlock(file: str) -> None:
    """Let other processes fetch the names of a file."""
    with suppress(OSError):
        _lock_file(file).unlink()


def _lock_file(file: str) -> Path:
    return cache_folder() / f"{file}.renewing"


def _index_file() -> Path:
    return cache_folder() / "completion.json"


def _state(path: Path | str) -> list[int] | None:
    """What changes when a file is changed; of a folder only that it exists."""
    try:
        state = os.stat(path)  # noqa: PTH116 - a tab's time counts
    except (OSError, ValueError):
        return None
    if stat.S_ISDIR(state.st_mode):
        return [0]
    if not stat.S_ISREG(state.st_mode):
        return [time.time_ns()]  # what comes out of a pipe is never known before
    return [state.st_mtime_ns, state.st_size, state.st_ino]


def _read_kinds(path: Path) -> dict[str, dict[str, Any]]:
    """The tables of each kind; empty if the file is not as this program writes it."""
    document = _read(path)
    try:
        tables = [table for kind in document.values() for table in kind.values()]
        valid = all(
            isinstance(table["at"], float) and all(isinstance(row, list) for row in table["rows"])
            for table in tables
        )
    except (TypeError, KeyError, AttributeError):
        return {}
    return document if valid else {}


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(read_own(path, most_bytes=MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _write(path: Path, document: Mapping[str, Any]) -> None:
    write_private(path, json.dumps(document, separators=(",", ":")).encode())


def _delete_oldest_files() -> None:
    with suppress(OSError):
        files = sorted(cache_folder().glob("names-*"), key=lambda path: path.stat().st_mtime)
        for oldest in files[:-MOST_FILES]:
            oldest.unlink()
