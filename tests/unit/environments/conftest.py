"""Config files and kubeconfigs, written where a user has them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

HOMES = """\
default: homebox/staging
projects:
  homebox:
    environments:
      staging: {orchestrator: ecs, cluster: homebox-staging, region: eu-west-3, profile: homebox}
      production: {orchestrator: ecs, cluster: homebox-prod, region: eu-west-3, protected: true}
  rubix:
    environments:
      staging: {orchestrator: kubernetes, context: rubix-staging, namespace: rubix}
      production: {orchestrator: eks, cluster: rubix-prod, region: eu-west-3, read_only: true}
"""


@pytest.fixture
def folder_file() -> Callable[[str], Path]:
    """Write ``dashborion.yaml`` in the current folder."""

    def write(text: str = HOMES) -> Path:
        path = Path("dashborion.yaml").absolute()
        path.write_text(text)
        return path

    return write


@pytest.fixture
def user_file(home: Path) -> Callable[[str], Path]:
    """Write the user's own config file."""

    def write(text: str = HOMES) -> Path:
        path = home / ".config" / "dashborion" / "config.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


@pytest.fixture
def kubeconfig(home: Path) -> Callable[..., Path]:
    """Write a kubeconfig with these contexts, the first of them current."""

    def write(
        *contexts: str, name: str = "config", current: str | None = "", namespace: str = ""
    ) -> Path:
        path = home / ".kube" / name
        path.parent.mkdir(exist_ok=True)
        chosen = contexts[0] if current == "" and contexts else current
        lines = ["apiVersion: v1", "kind: Config"]
        if chosen:
            lines.append(f"current-context: {chosen}")
        lines.append("contexts:")
        extra = f", namespace: {namespace}" if namespace else ""
        lines += [
            f"- {{name: '{one}', context: {{cluster: c, user: u{extra}}}}}" for one in contexts
        ]
        lines += ["clusters:", "- {name: c, cluster: {server: 'https://127.0.0.1:9'}}"]
        lines += ["users:", "- {name: u, user: {token: made-up}}"]
        path.write_text("\n".join(lines))
        return path

    return write
