"""A demo of the test's own, or one that several tests look at; each ends with its user."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.shell import end_all_in, folder_of, sh


@pytest.fixture
def new_home(home: Path) -> Iterator[Path]:
    """A HOME with no demo in it yet."""
    yield home
    end_all_in(folder_of(home))


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("home")
    done = sh("dashborion demo start --speed 10", {"HOME": str(home)})
    assert done.returncode == 0, done.stderr
    yield home
    end_all_in(folder_of(home))


@pytest.fixture
def running(started: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The HOME of a demo that runs already, and is left as it is."""
    monkeypatch.setenv("HOME", str(started))
    return started
