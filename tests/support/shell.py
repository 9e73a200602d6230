"""Lines of shell that have the demo in them, and the ends of what they start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.waiting import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[2]
KUBECTL = Path(sys.executable).with_name("kubectl")
AWS = Path(sys.executable).with_name("aws")
_PROGRAMS = f"""
dashborion() {{ {sys.executable} -m dashborion "$@"; }}
kubectl() {{ {KUBECTL} "$@"; }}
aws() {{ {AWS} "$@"; }}
"""
Done = subprocess.CompletedProcess[str]


def sh(script: str, variables: Mapping[str, str] | None = None, *, user: int | None = None) -> Done:
    """A line in which ``dashborion``, ``kubectl`` and ``aws`` are those of this environment."""
    return subprocess.run(
        ["/bin/sh", "-c", _PROGRAMS + script],
        env={**os.environ, "PYTHONPATH": str(ROOT), **(variables or {})},
        user=user,
        timeout=PATIENCE_SECONDS,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def folder_of(home: Path) -> Path:
    return home / ".local" / "state" / "dashborion" / "demo"


def state_of(home: Path) -> Any:
    return json.loads((folder_of(home) / "state.json").read_text())


def before(place: Path, code: str) -> str:
    """A PYTHONPATH on which this code runs before any other."""
    place.mkdir()
    (place / "sitecustomize.py").write_text(code)
    return f"{place}{os.pathsep}{ROOT}"


def end_all_in(folder: Path) -> None:
    """Also a demo that its own command line does not find any more."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"dashborion.demo" in words and os.fsencode(folder) in words:
            os.kill(int(path.parent.name), signal.SIGKILL)
