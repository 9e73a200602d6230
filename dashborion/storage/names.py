"""Names for completion: what lists have seen, in small private files, one an environment.

Read on every tab, so with the standard library alone. Beside the names lies an
index: which environments a command line means, as long as the files that decide
it stay as they are; then no YAML has to be read either.

A file that cannot be read is empty, one that cannot be written is not kept.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from dashborion.storage.files import cache_folder, write_private

FRESH_SECONDS = 60.0
EVERYWHERE = "*"  # what was seen when all namespaces were listed
MOST_ROWS = 5000  # of one namespace, or of all of them together
MOST_TABLES = 50
MOST_FILES = 200
MOST_ENTRIES = 100  # of the index
MOST_BYTES = 8 << 20

_DECIDING = (
    "HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "KUBECONFIG", "KUBERNETES_SERVICE_HOST",
    "DASHBORION_CONFIG", "DASHBORION_ENV", "DASHBORION_PROJECT",
    "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_ECS", "AWS_ACCESS_KEY_ID",
)  # fmt: skip


class Place(NamedTuple):
    """An environment that a command line means.

    ``namespace`` is the one that it is about unless another is named, None for all.
    ``askable`` is False for those that are never asked on a tab.
    """

    label: str
    file: str
    namespace: str | None
    askable: bool


class Table(NamedTuple):
    """Rows, and when they were seen; a time of 0 for some that are not all there are."""

    at: float
    rows: list[list[Any]]

    def fresh(self, now: float) -> bool:
        """Whether nobody needs to look again."""
        return self.at <= now < self.at + FRESH_SECONDS


def table(file: str, kind: str, namespace: str | None) -> Table | None:
    """The newest rows of a kind in a namespace or in all; None if they were never listed."""
    tables = _kinds(cache_folder() / file).get(kind, {})
    fitting = [tables[key] for key in {namespace or EVERYWHERE, EVERYWHERE} if key in tables]
    if not fitting:
        return None
    found = max(fitting, key=lambda one: float(one["at"]))
    rows = [row for row in found["rows"] if namespace is None or row[0] == namespace]
    return Table(float(found["at"]), rows)


def keep(
    file: str, kind: str, scope: str, rows: Iterable[Sequence[Any]], *, whole: bool, now: float
) -> None:
    """Keep rows under a scope; those of a list that was restricted join what is known."""
    path = cache_folder() / file
    document = _kinds(path)
    tables = document.setdefault(kind, {})
    before = tables.pop(scope, None)
    kept = {str(list(row[:3])): row for row in rows}
    at = now
    if not whole:
        at = before["at"] if before else 0.0
        kept |= {str(row[:3]): row for row in (before["rows"] if before else ())}
    tables[scope] = {"at": at, "rows": list(kept.values())[:MOST_ROWS]}
    for oldest in list(tables)[:-MOST_TABLES]:
        del tables[oldest]
    _write(path, document)
    _prune()


def key(typed: Sequence[Any], environ: Mapping[str, str]) -> str:
    """What decides which environments are meant, besides files: the line, the folder, variables."""
    variables = [environ.get(name) for name in _DECIDING]
    return json.dumps([os.getcwd(), *typed, *variables])  # noqa: PTH109 - a tab's time counts


def find(key: str) -> list[Place] | None:
    """The environments that the index has under a key, None if it has none or files changed."""
    entry = _read(_index()).get(key)
    try:
        if entry is None or any(_state(path) != state for path, state in entry["files"].items()):
            return None
        return [Place(*one) for one in entry["places"]]
    except (TypeError, KeyError, AttributeError):  # not ours
        return None


def note(key: str, places: Iterable[Place], files: Iterable[Path]) -> None:
    """Put environments into the index, with all the files that decided, missing ones too."""
    document = _read(_index())
    document.pop(key, None)
    states = {str(path): _state(path) for path in files}
    document[key] = {"files": states, "places": [list(one) for one in places]}
    _write(_index(), dict(list(document.items())[-MOST_ENTRIES:]))


def claim(file: str, *, seconds: float = 15.0) -> bool:
    """Whether the names of this file are this process' to renew: nobody else is at it."""
    mark = _mark(file)
    with suppress(OSError):
        mark.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if mark.exists() and time.time() - mark.stat().st_mtime > seconds:
            mark.unlink()
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        return True
    return False


def claimed(file: str) -> bool:
    """Whether somebody is renewing the names of this file."""
    return _mark(file).exists()


def release(file: str) -> None:
    """Let others renew it."""
    with suppress(OSError):
        _mark(file).unlink()


def _mark(file: str) -> Path:
    return cache_folder() / f"{file}.renewing"


def _index() -> Path:
    return cache_folder() / "completion.json"


def _state(path: Path | str) -> list[int] | None:
    """What changes when a file does; of a folder, that it is there."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a tab's time counts
    except OSError:
        return None
    if not os.path.isfile(path):  # noqa: PTH113
        return [0]
    return [found.st_mtime_ns, found.st_size, found.st_ino]


def _kinds(path: Path) -> dict[str, dict[str, Any]]:
    """The tables of each kind; nothing of a file that is not as we write it."""
    found = _read(path)
    try:
        tables = [table for kind in found.values() for table in kind.values()]
        sound = all(
            isinstance(table["at"], float) and all(isinstance(row, list) for row in table["rows"])
            for table in tables
        )
    except (TypeError, KeyError, AttributeError):
        return {}
    return found if sound else {}


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(MOST_BYTES + 1))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, document: Mapping[str, Any]) -> None:
    with suppress(OSError):
        write_private(path, json.dumps(document, separators=(",", ":")).encode())


def _prune() -> None:
    """Forget the environments that nobody has listed for the longest time."""
    with suppress(OSError):
        files = sorted(cache_folder().glob("names-*"), key=lambda one: one.stat().st_mtime)
        for oldest in files[:-MOST_FILES]:
            oldest.unlink()
