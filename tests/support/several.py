"""A config file with several environments, and what is said of each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from tests.support.cli import Result
from tests.support.fleet_on_ecs import REGION


def on_ecs(name: str, region: str = REGION) -> dict[str, str]:
    return {"orchestrator": "ecs", "cluster": name, "region": region}


def write(home: Path, **projects: dict[str, Any]) -> None:
    path = home / ".config" / "dashborion" / "config.yaml"
    path.parent.mkdir(parents=True)
    content = {name: {"environments": body} for name, body in projects.items()}
    path.write_text(yaml.safe_dump({"projects": content}))


def errors(seen: Result) -> dict[str | None, str]:
    """What was said of each environment."""
    found = [json.loads(line)["error"] for line in seen.err.splitlines() if '"error"' in line]
    return {one["environment"]: one["code"] for one in found}
