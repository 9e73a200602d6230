"""A small fleet behind a stand-in API, and ways to press tab."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.kubeconfigs import Kube
from tests.support.stub_api import Api

COMMAND = Path(sys.executable).with_name("dashborion")

Offers = Callable[..., list[str]]


@pytest.fixture
def offers() -> Offers:
    """What the program answers a shell, with nothing on stderr."""

    def ask(text: str, **environ: str) -> list[str]:
        settings = {"_DASHBORION_COMPLETE": "complete_fish", "_TYPER_COMPLETE_ARGS": text}
        done = subprocess.run(
            [COMMAND], env={**os.environ, **settings, **environ}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.stderr == ""
        return [line.partition("\t")[0] for line in done.stdout.splitlines()]

    return ask


@pytest.fixture
def fleet(api: Api, kube: Kube) -> Api:
    """The stand-in, with $KUBECONFIG pointing at it."""
    kube(api.url)
    return api
