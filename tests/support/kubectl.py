"""kubectl, from the same wheel index as everything else: the peer that answers are held against."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PROGRAM = Path(sys.executable).with_name("kubectl")


def kubectl(kubeconfig: Path, command: str) -> str:
    """What it prints."""
    words = [str(PROGRAM), "--kubeconfig", str(kubeconfig), *command.split()]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def kubectl_items(kubeconfig: Path, command: str) -> list[Any]:
    """The items of what it prints as JSON."""
    items: list[Any] = json.loads(kubectl(kubeconfig, f"{command} -o json"))["items"]
    return items
