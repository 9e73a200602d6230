"""The page for contributors names files, functions and chores that are there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = (
    "", "dashborion", "dashborion/orchestrators", "dashborion/orchestrators/ecs",
    "dashborion/orchestrators/kubernetes",
)  # fmt: skip
PAGE = (ROOT / "dashborion" / "README.md").read_text()
WORDS = re.findall(r"`([^`\n]+)`", PAGE)
PATHS = sorted({word for word in WORDS if re.fullmatch(r"[.\w/-]+(/|\.py|\.toml)", word)})
IN_EACH_ADAPTER = re.findall(r"`(\w+\.py)`", PAGE.partition("## Where to add")[0].partition(
    "## The two adapters read alike")[2])  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_every_file_that_it_names_exists(path: str) -> None:
    assert any((ROOT / room / path).exists() for room in ROOMS)


@pytest.mark.parametrize("adapter", ["ecs", "kubernetes"])
@pytest.mark.parametrize("path", IN_EACH_ADAPTER)
def test_both_adapters_have_the_files_of_the_table(adapter: str, path: str) -> None:
    assert (ROOT / "dashborion" / "orchestrators" / adapter / path).exists()


@pytest.mark.parametrize("chore", re.findall(r"bin/poe (\w+)", PAGE))
def test_every_chore_that_it_names_exists(chore: str) -> None:
    tasks = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["poe"]["tasks"]
    assert chore in tasks


@pytest.mark.parametrize("layer", re.findall(r"^(\w+/|\w+\.py) ", PAGE, flags=re.MULTILINE))
def test_every_room_of_the_picture_exists(layer: str) -> None:
    assert (ROOT / "dashborion" / layer).exists()
